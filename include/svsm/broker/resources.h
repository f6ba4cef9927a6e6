// svsm/broker/resources.h: what the broker gives out, by names of three parts.
//
//   SVSM_ASSIGN_OR_RETURN(const auto resources, DirectoryResources::Open("/var/lib/kbs/repo"));
//   SVSM_ASSIGN_OR_RETURN(ByteVector secret, resources->Get("default/sample/test"));
//   ...
//   Wipe(secret);
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_RESOURCES_H_
#define SVSM_BROKER_RESOURCES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"

namespace svsm::broker {

// Bytes of a resource.
inline constexpr std::size_t kMaxResourceBytes = std::size_t{1} << 20;

// Whether `name` is "repository/type/tag": each part begins with a letter, digit, '_' or '-', goes
// on with those and '.', and the whole has at most kbs::kMaxResourceSize characters.
bool IsResourceName(std::string_view name);

// Every call takes a name; one that is not IsResourceName() is kInvalidArgument.
class Resources {
 public:
  // The caller wipes what it got. Errors: kInvalidArgument, kNotFound, kDataLoss (larger than
  // kMaxResourceBytes), kPermissionDenied, kIoError (detail = errno).
  virtual Result<ByteVector> Get(std::string_view name) const = 0;
  // Makes or replaces; after a failure or a crash, old or new stands as a whole. Errors:
  // kInvalidArgument, kOutOfRange (detail = kMaxResourceBytes), kPermissionDenied, kIoError.
  virtual Status Put(std::string_view name, ByteView bytes) = 0;
  // Errors: kInvalidArgument, kNotFound, kPermissionDenied, kIoError.
  virtual Status Remove(std::string_view name) = 0;
  // All names, sorted. Errors: kPermissionDenied, kIoError.
  virtual Result<std::vector<std::string>> List() const = 0;

 protected:
  ~Resources() = default;
};

// A folder `repository/type/tag`, as Trustee's local store has it: its files are understood. New
// folders get mode 0700, files 0600. What is not named as a resource is passed over.
class DirectoryResources final : public Resources {
 public:
  // Makes the folder if it is missing; its parent must exist. Errors: kNotFound (the parent, or no
  // folder), kPermissionDenied, kIoError (detail = errno).
  static Result<std::unique_ptr<DirectoryResources>> Open(const std::string& folder);

  Result<ByteVector> Get(std::string_view name) const override;
  Status Put(std::string_view name, ByteView bytes) override;
  Status Remove(std::string_view name) override;
  Result<std::vector<std::string>> List() const override;

 private:
  explicit DirectoryResources(std::string folder) : folder_(std::move(folder)) {}
  std::string PathOf(std::string_view name) const { return folder_ + '/' + std::string(name); }

  std::string folder_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_RESOURCES_H_
