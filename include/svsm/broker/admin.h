// svsm/broker/admin.h: what the person who runs a broker may ask of it, over HTTP and with a token.
//
//   const std::optional<Response> response = admin.Handle(request);
//   return response.has_value() ? *response : broker.Handle(request);
//
// For everybody:
//   GET    /.well-known/jwks.json        the keys that verify tokens
// With "Authorization: Bearer TOKEN", or the token as the password that a browser asks for:
//   GET    /                             guests, boots and verdicts as a page (svsm/broker/page.h)
// With "Authorization: Bearer TOKEN":
//   POST   /kbs/v0/resource/R/T/G        makes or replaces a resource, of the body's bytes; or PUT
//   DELETE /kbs/v0/resource/R/T/G
//   GET    /admin/v0/resources           names
//   GET    /admin/v0/policy              what reports must satisfy; PUT replaces it
//   GET    /admin/v0/guests              guests and their boot numbers
//   GET    /admin/v0/boots               verdicts, the newest first, with reasons
//   GET    /admin/v0/boots/ID            those with this error id, which the client was told
//   GET    /admin/v0/secrets             which secrets went out
//   GET    /admin/v0/boot-requests       leave to boot that is still open
//   POST   /admin/v0/boot-requests       {"vm":HEX,"uses":N,"seconds":N}, all optional: gives the
//                                        id, and the HOST_DATA that the guest is launched with
//   DELETE /admin/v0/boot-requests/ID
//   GET    /admin/v0/keys                public keys; those that sign secrets are for pinning
//   POST   /admin/v0/keys/rotate         {"overlap_seconds":N}: new keys sign from now on; tokens
//                                        of the old ones count till then. To an SVSM that pinned
//                                        or remembers the old key, the new one is another broker's
//
// Errors have Trustee's form. Lists give at most kMaxListed entries.
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_ADMIN_H_
#define SVSM_BROKER_ADMIN_H_

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "svsm/broker/broker.h"
#include "svsm/broker/http.h"
#include "svsm/broker/policy_file.h"
#include "svsm/broker/resources.h"
#include "svsm/broker/signing_key.h"
#include "svsm/broker/store.h"
#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/log.h"
#include "svsm/core/result.h"
#include "svsm/crypto/rng.h"

namespace svsm::broker {

// The secret that tells the administrator from everybody else. Only its digest is in memory.
class AdminToken final {
 public:
  // Reads the token, a line of 16 to 256 printable characters; without a file, makes one of 43
  // random ones, mode 0600. Errors: kPermissionDenied (open to others than its owner, detail =
  // mode; or the system refuses), kDataLoss (no such line), kNotFound (the folder), kIoError
  // (detail = errno), and those of Rng::Generate().
  static Result<AdminToken> Open(const std::string& path, crypto::Rng& rng);

  // Whether a header says "Bearer TOKEN". Its time depends on the header's length alone.
  bool IsBearer(std::string_view authorization) const;
  // Whether it says "Basic" with any user and the token as password: how browsers ask for a
  // page. A browser sends that on behalf of any page, so it must not change anything.
  bool IsBasic(std::string_view authorization) const;

 private:
  static Result<AdminToken> Of(std::string_view token);
  bool Matches(std::string_view token) const;
  Bytes<32> digest_{};
};

// All outlive the Admin.
struct AdminParts {
  Broker& broker;
  Store& store;
  Resources& resources;
  PolicyFile& policy;
  KeyRing& secret_keys;
  KeyRing& token_keys;
  crypto::Rng& rng;  // called under a lock
  const Clock& clock;
  LogSink& log;
};

class Admin final {
 public:
  Admin(const AdminToken& token, const AdminParts& parts) : token_(token), parts_(parts) {}
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  // The answer, or nothing if the request is for the broker.
  std::optional<Response> Handle(const Request& request);

 private:
  Response Page(const Request& request);
  Response Route(const Request& request, std::string_view path);
  Response Resource(const Request& request, std::string_view name);
  Response Policy(const Request& request);
  Response Boots(std::string_view id);
  Response BootRequests(const Request& request);
  Response AddBootRequest(const Request& request);
  Response RemoveBootRequest(std::string_view id);
  Response Rotate(const Request& request);
  Response Failed(Status status, std::string_view doing);
  void Note(const Request& request, const std::string& what, LogLevel level = LogLevel::kInfo);

  const AdminToken token_;
  const AdminParts parts_;
  std::mutex rng_mutex_;
  std::mutex policy_mutex_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_ADMIN_H_
