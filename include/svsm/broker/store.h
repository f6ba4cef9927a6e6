// svsm/broker/store.h: what a broker must not forget: which nonces are spent, what was judged and
// why, how often each guest was booted, and which secrets left.
//
// Each function is one whole decision: an implementation makes it one transaction, durable before
// the function returns, so that an answer is given only for what is written. Many brokers may share
// one database; none keeps any of this in memory.
//
//   SVSM_ASSIGN_OR_RETURN(const Session session, store.RecordVerdict(verdict, rule));
//   SVSM_ASSIGN_OR_RETURN(const ByteVector reply,
//                         store.IssueSecret(session.id, "default/disk/key", made, now));
//   Send(reply);
//
// Errors of all functions: kIoError (the database fails; nothing has changed, or it is unknown
// whether it has: give no answer), kDataLoss (what is stored cannot be: the database is damaged or
// somebody else's), kBusy (another broker holds it too long).
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_STORE_H_
#define SVSM_BROKER_STORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/broker/challenge.h"
#include "svsm/broker/tee_key.h"
#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::broker {

// A guest: what has one encrypted state, boot after boot.
using VmId = Bytes<16>;
using RequestId = Bytes<16>;

// The outcome of one attestation. It spends the session's nonce, whatever it says.
struct Verdict {
  SessionId session{};
  std::int64_t at = 0;  // seconds since 1970
  std::string peer;
  bool affirmed = false;
  std::string reasons;         // why not, for the owner; empty if affirmed
  std::string error_id;        // what a refused client is told; not kept if affirmed
  Bytes<48> request_digest{};  // SHA-384 of the body that was judged
  Bytes<kNonceSize> nonce{};
  // What was judged, as far as it could be read; zero otherwise.
  kbs::BindingMode mode = kbs::BindingMode::kOwn;
  TeeKey key;
  Bytes<48> report_digest{};  // SHA-384 of the report
  Bytes<48> measurement{};
  Bytes<32> host_data{};
  Bytes<64> chip_id{};
  std::string token;  // what the client gets, if affirmed
};

// What else must hold for an affirmed verdict to begin a boot.
enum class BootRule : std::uint8_t {
  kOpen,       // nothing; HOST_DATA names the guest
  kRequested,  // HOST_DATA is the SHA-256 of the id of a boot request of the owner's, which is used
};

// A verdict as it is stored, with the boot that it began.
struct Session {
  Verdict verdict;
  VmId vm{};
  kbs::BootNumber boot;  // 0 if not affirmed
};

struct Guest {
  VmId vm{};
  kbs::BootNumber boots;     // the last one
  std::int64_t last_at = 0;  // when it began, in seconds since 1970
};

// The owner's leave to boot a guest.
struct BootRequest {
  RequestId id{};
  VmId vm{};
  std::uint32_t uses_left = 1;
  std::int64_t not_after = 0;  // seconds since 1970
};

struct IssuedSecret {
  SessionId session{};
  std::string resource;
  Bytes<48> reply_digest{};  // SHA-384 of what was sent
  std::int64_t at = 0;
};

// The guest that HOST_DATA names under BootRule::kOpen: the first bytes of
// SHA-256("svsm guest v1" || host_data).
Result<VmId> VmOfHostData(FixedView<32> host_data);

// Most rows that the lists below give at once.
inline constexpr std::size_t kMaxListed = 1000;

class Store {
 public:
  // Spends the nonce, writes the verdict down and, if it affirms, begins a boot: the guest's boot
  // number grows by one, a boot request loses one use. If the rule refuses what the policy
  // affirmed, the nonce is spent all the same, and the stored verdict is a refusal without token,
  // with a reason that says "boot request". Errors: kAlreadyExists (the session was judged before;
  // nothing has changed), kExhausted (boot numbers are used up).
  virtual Result<Session> RecordVerdict(const Verdict& verdict, BootRule rule) = 0;

  // Errors: kNotFound.
  virtual Result<Session> FindSession(const SessionId& session) = 0;
  // By the SHA-256 of its token. Errors: kNotFound.
  virtual Result<Session> FindToken(FixedView<32> token_digest) = 0;

  // Writes down that `session` gets `resource` by these bytes, and gives what is to be sent: the
  // bytes of the first call for the two, however many calls there are. Errors: kNotFound (no such
  // session, or it was not affirmed), kExhausted (of a wiped reply: it was sent long ago).
  virtual Result<ByteVector> IssueSecret(const SessionId& session, std::string_view resource,
                                         ByteView reply, std::int64_t now) = 0;
  // What the first call gave. Errors: kNotFound, kExhausted.
  virtual Result<ByteVector> FindSecret(const SessionId& session, std::string_view resource) = 0;

  // Errors: kAlreadyExists (the id).
  virtual Status AddBootRequest(const BootRequest& request) = 0;
  // Errors: kNotFound.
  virtual Status RemoveBootRequest(const RequestId& id) = 0;

  // The newest first, at most `limit` and kMaxListed.
  virtual Result<std::vector<Guest>> Guests(std::size_t limit) = 0;
  virtual Result<std::vector<Session>> Sessions(std::size_t limit) = 0;
  virtual Result<std::vector<BootRequest>> BootRequests(std::size_t limit) = 0;
  virtual Result<std::vector<IssuedSecret>> Issued(std::size_t limit) = 0;

  // Wipes replies and tokens of verdicts before `before`, and removes refusals before it but the
  // newest kMaxListed.
  virtual Status Prune(std::int64_t before) = 0;

 protected:
  ~Store() = default;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_STORE_H_
