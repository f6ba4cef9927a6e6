#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "broker/base64_text.h"
#include "svsm/broker/admin.h"
#include "svsm/crypto/openssl.h"

namespace svsm::broker {
namespace {

constexpr std::size_t kMinSize = 16;
constexpr std::size_t kMaxSize = 256;
constexpr std::size_t kDrawn = 32;
constexpr Status kDamaged(Code::kDataLoss, Source::kBroker);

Status FromErrno(int error) {
  const auto detail = static_cast<std::uint32_t>(error);
  if (error == ENOENT) return Status(Code::kNotFound, Source::kSystem, detail);
  if (error == EACCES) return Status(Code::kPermissionDenied, Source::kSystem, detail);
  return Status(Code::kIoError, Source::kSystem, detail);
}

Status Make(const std::string& path, crypto::Rng& rng) {
  Secret<kDrawn> drawn;
  SVSM_TRY(rng.Generate(drawn.writable()));
  Bytes<kbs::EncodedSize(kbs::Base64::kUrl, kDrawn) + 1> token{};
  token.back() = '\n';
  SVSM_TRY(kbs::EncodeBase64(kbs::Base64::kUrl, drawn.view(), token).status());
  const Status written = WriteFileAtomically(path, token, FileMode::kPrivate);
  Wipe(token);
  return written;
}

Result<Bytes<32>> Digest(std::string_view text) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> digest{};
  SVSM_TRY(sha256.Digest(AsBytes(text), digest));
  return digest;
}

}  // namespace

Result<AdminToken> AdminToken::Open(const std::string& path, crypto::Rng& rng) {
  struct ::stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return FromErrno(errno);
    SVSM_TRY(Make(path, rng));
    if (::stat(path.c_str(), &info) != 0) return FromErrno(errno);
  }
  const std::uint32_t mode = info.st_mode & 0777;
  if ((mode & 077) != 0) return Status(Code::kPermissionDenied, Source::kBroker, mode);
  Result<ByteVector> file = ReadFile(path, kMaxSize + 1);
  if (!file.ok()) return file.status().code() == Code::kOutOfRange ? kDamaged : file.status();
  Result<AdminToken> made = Of(AsText(*file));
  Wipe(*file);
  return made;
}

Result<AdminToken> AdminToken::Of(std::string_view token) {
  if (token.ends_with('\n')) token.remove_suffix(1);
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (token.size() < kMinSize || token.size() > kMaxSize || !printable) return kDamaged;
  AdminToken made;
  SVSM_ASSIGN_OR_RETURN(made.digest_, Digest(token));
  return made;
}

bool AdminToken::Matches(std::string_view token) const {
  const Result<Bytes<32>> digest = Digest(token);
  return digest.ok() && ConstantTimeEqual(*digest, digest_);
}

bool AdminToken::IsBearer(std::string_view authorization) const {
  static constexpr std::string_view kScheme = "Bearer ";
  return authorization.starts_with(kScheme) && Matches(authorization.substr(kScheme.size()));
}

bool AdminToken::IsBasic(std::string_view authorization) const {
  static constexpr std::string_view kScheme = "Basic ";
  if (!authorization.starts_with(kScheme)) return false;
  const Result<ByteVector> pair =
      FromBase64(kbs::Base64::kStandard, authorization.substr(kScheme.size()));
  if (!pair.ok()) return false;
  const std::string_view text = AsText(*pair);
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && Matches(text.substr(colon + 1));
}

}  // namespace svsm::broker
