// svsm/broker/challenge.h: sessions and the nonces that a client must have signed.
//
//   SVSM_ASSIGN_OR_RETURN(const Challenge challenge, source.Issue(Tee::kSnp, now));
//   ...
//   SVSM_ASSIGN_OR_RETURN(const Challenge issued, source.Find(session, now));
//   if (!ConstantTimeEqual(issued.nonce, said)) return Refuse();
//
// MacChallenges keeps nothing: a session's id names its time, and the nonce is a MAC of the id.
// Whoever asks for a million nonces fills no table, and every broker with the same key knows them
// all. That a nonce serves once is for the store: it keeps the sessions that were judged.
//
// Profile: hosted. Allocates: never. Threads: any, at once.
#ifndef SVSM_BROKER_CHALLENGE_H_
#define SVSM_BROKER_CHALLENGE_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/openssl.h"
#include "svsm/crypto/rng.h"

namespace svsm::broker {

using SessionId = Bytes<16>;
inline constexpr std::size_t kNonceSize = 32;
// How long an unused nonce lives.
inline constexpr std::int64_t kChallengeSeconds = 300;

// The TEEs that KBS 0.4.0 names. The broker judges kSnp alone; the others get a nonce, as from
// other servers, and are refused by name when they attest.
enum class Tee : std::uint8_t {
  kSnp,
  kSample,
  kTdx,
  kSgx,
  kCca,
  kCsv,
  kHygonDcu,
  kSe,
  kTpm,
  kNvidia,
  kAzSnpVtpm,
  kAzTdxVtpm,
};
inline constexpr std::size_t kNumTees = static_cast<std::size_t>(Tee::kAzTdxVtpm) + 1;
// As it is written in messages: "snp", ...
const char* TeeName(Tee tee);

struct Challenge {
  SessionId session{};
  Tee tee = Tee::kSnp;
  Bytes<kNonceSize> nonce{};
};

class ChallengeSource {
 public:
  // A new session. `now` is in seconds since 1970. Errors: those of Rng::Generate(), kInternal.
  virtual Result<Challenge> Issue(Tee tee, std::int64_t now) = 0;
  // The challenge of a session that was begun at most kChallengeSeconds ago. Errors: kNotFound
  // (over, or never begun: with MacChallenges, an id that a client made up may pass, whose nonce it
  // cannot know).
  virtual Result<Challenge> Find(const SessionId& session, std::int64_t now) = 0;

 protected:
  ~ChallengeSource() = default;
};

class MacChallenges final : public ChallengeSource {
 public:
  // Copies the key; borrows `rng` for the object's life and for its use alone.
  MacChallenges(const Secret<32>& key, crypto::Rng& rng);

  Result<Challenge> Issue(Tee tee, std::int64_t now) override;
  Result<Challenge> Find(const SessionId& session, std::int64_t now) override;

 private:
  Status Nonce(Challenge& challenge);

  std::mutex mutex_;
  crypto::OpensslHmac hmac_;
  Status keyed_;
  crypto::Rng& rng_;
};

// The session id of a Cookie header, which may hold other cookies, too. Errors: kNotFound (none),
// kMalformed (not 32 hex digits).
Result<SessionId> SessionOfCookie(std::string_view cookie);

// The value of a Set-Cookie header for it, which ends at `expires` (seconds since 1970).
std::string CookieOf(const SessionId& session, std::int64_t expires);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_CHALLENGE_H_
