// svsm/broker/policy_file.h: the policy that reports must satisfy, in a file, replaced as a whole.
//
//   std::string error;
//   SVSM_ASSIGN_OR_RETURN(const auto file, PolicyFile::Open("/etc/svsm-kbs/policy.json", error));
//   broker.SetPolicy(file->current()->policy, file->current()->id);
//
// The form is that of svsm/snp_verify/policy_json.h.
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_POLICY_FILE_H_
#define SVSM_BROKER_POLICY_FILE_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/snp_verify/policy.h"

namespace svsm::broker {

class PolicyFile final {
 public:
  struct Content {
    snp::Policy policy;
    std::string text;  // as it stands in the file
    std::string id;    // "sha256-" and the digest of the text, in hex
  };

  // Reads the file. After an error `error` says what is wrong, for people. Errors: those of
  // snp::ParsePolicyJson(), and kNotFound, kPermissionDenied, kIoError (detail = errno).
  static Result<std::unique_ptr<PolicyFile>> Open(const std::string& path, std::string& error);
  PolicyFile(const PolicyFile&) = delete;
  PolicyFile& operator=(const PolicyFile&) = delete;

  std::shared_ptr<const Content> current() const;
  // Takes another policy, in the file, too. Errors: as Open(); the policy is as before then.
  Status Replace(std::string_view text, std::string& error);

 private:
  explicit PolicyFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::mutex replace_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Content> current_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_POLICY_FILE_H_
