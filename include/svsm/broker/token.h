// svsm/broker/token.h: what the broker found, as a signed token: an EAT Attestation Result (EAR) in
// a JWT, ES256.
//
//   SVSM_ASSIGN_OR_RETURN(const std::string token,
//       IssueToken(*ring.active(), claims, EarSpelling::kDotted));
//   SVSM_ASSIGN_OR_RETURN(const TokenClaims again,
//       VerifyToken(token, ring.PublicKeys(), clock.UnixSeconds()));
//
// The draft that defines EAR has spelt its claims "ear.status" and later "ear_status". Either is
// written, both are read; a token that mixes them, or says a thing twice, is refused.
//
// Profile: hosted. Allocates: the heap. Threads: functions are pure.
// Spec: draft-ietf-rats-ear, RFC 7515, RFC 7519.
#ifndef SVSM_BROKER_TOKEN_H_
#define SVSM_BROKER_TOKEN_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "svsm/broker/signing_key.h"
#include "svsm/core/result.h"

namespace svsm::broker {

// Characters of a token.
inline constexpr std::size_t kMaxTokenSize = 16384;

enum class EarSpelling : std::uint8_t {
  kDotted,       // "ear.status": Trustee and its clients
  kUnderscored,  // "ear_status": the draft since 2026
};

// Trustworthiness tiers.
enum class EarStatus : std::uint8_t {
  kNone = 0,
  kAffirming = 2,
  kWarning = 32,
  kContraindicated = 96
};
// "none", "affirming", "warning", "contraindicated"; "?" for a value outside the list.
const char* EarStatusName(EarStatus status);

// The eight claims of a trustworthiness vector, -128..127, in the order of the draft.
enum class TrustClaim : std::uint8_t {
  kInstanceIdentity,
  kConfiguration,
  kExecutables,
  kFileSystem,
  kHardware,
  kRuntimeOpaque,
  kStorageOpaque,
  kSourcedData
};
inline constexpr std::size_t kNumTrustClaims = 8;
using TrustVector = std::array<std::int8_t, kNumTrustClaims>;

struct TokenClaims {
  std::int64_t issued_at = 0;   // seconds since 1970
  std::int64_t expires_at = 0;  // the first second in which it counts no more
  std::string issuer;
  std::string verifier_developer;
  std::string verifier_build;
  std::string submodule = "cpu0";
  EarStatus status = EarStatus::kContraindicated;
  TrustVector vector{};
  std::string policy_id;
  // JSON text of the annotated evidence: an object, or empty for none.
  std::string evidence;
};

// Texts are printable ASCII without '"' and '\'. Errors: kUnsupported (the key is not on P-256),
// kInvalidArgument (a text, a negative time, or evidence that is not one JSON object), kOutOfRange
// (longer than kMaxTokenSize; detail = that).
Result<std::string> IssueToken(const SigningKey& key, const TokenClaims& claims,
                               EarSpelling spelling);

// Reads a token that one of `keys` signed and that counts at `now_unix` (up to a minute of a clock
// that runs ahead). The key that stands in a token is not looked at. Of several submodules the
// worst status is given, with the first one's name and claims.
// Errors: kOutOfRange (longer than kMaxTokenSize), kMalformed (not three parts of base64url, or not
// such claims), kUnsupported (another algorithm, a `crit` header, another profile), kAuthFailed
// (none of the keys), kPermissionDenied (not yet, or no more).
Result<TokenClaims> VerifyToken(std::string_view token, std::span<const PublicKey> keys,
                                std::int64_t now_unix);

// The JSON text of `runtime_data_claims` / `tee-pubkey` in the evidence. Errors: kNotFound (there
// is none), kMalformed (not JSON).
Result<std::string> TeeKeyOf(const TokenClaims& claims);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_TOKEN_H_
