#include "svsm/broker/policy_file.h"

#include <utility>

#include "broker/base64_text.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/policy_json.h"

namespace svsm::broker {
namespace {

Result<std::shared_ptr<const PolicyFile::Content>> Understand(std::string_view text,
                                                              std::string& error) {
  PolicyFile::Content content;
  SVSM_ASSIGN_OR_RETURN(content.policy, snp::ParsePolicyJson(text, error));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<crypto::kSha256Size> digest{};
  SVSM_TRY(sha256.Digest(AsBytes(text), digest));
  content.text = std::string(text);
  content.id = "sha256-" + ToHex(digest);
  return std::shared_ptr<const PolicyFile::Content>(
      std::make_shared<PolicyFile::Content>(std::move(content)));
}

}  // namespace

Result<std::unique_ptr<PolicyFile>> PolicyFile::Open(const std::string& path, std::string& error) {
  const Result<ByteVector> file = ReadFile(path, snp::kMaxPolicySize);
  if (!file.ok()) {
    error = path + ": " + ToString(file.status());
    return file.status();
  }
  std::unique_ptr<PolicyFile> policy(new PolicyFile(path));
  SVSM_ASSIGN_OR_RETURN(policy->current_, Understand(AsText(*file), error));
  return policy;
}

std::shared_ptr<const PolicyFile::Content> PolicyFile::current() const {
  const std::lock_guard guard(mutex_);
  return current_;
}

Status PolicyFile::Replace(std::string_view text, std::string& error) {
  SVSM_ASSIGN_OR_RETURN(std::shared_ptr<const Content> content, Understand(text, error));
  const std::lock_guard one_at_a_time(replace_mutex_);
  const Status written = WriteFileAtomically(path_, AsBytes(text), FileMode::kPublic);
  if (!written.ok()) {
    error = path_ + ": " + ToString(written);
    return written;
  }
  const std::lock_guard guard(mutex_);
  current_ = std::move(content);
  return OkStatus();
}

}  // namespace svsm::broker
