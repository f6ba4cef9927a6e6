// svsm/kbs/broker_policy.h: which broker may give the key to a guest's storage, and what an SVSM
// remembers of the one that did.
//
//   BrokerPolicy policy;                          // refuses what is not signed
//   policy.known = pinned_key;                    // from measured memory
//   ...
//   if (!client.broker()) ...                     // after the boot: who it was
//
// With BrokerTrust::kRemembered the key is in the storage that it opens. So the first look at it is
// after the storage was opened: a foreign broker cannot have given the right root key, and an older
// answer of the right one shows in the boot number.
//
//   SVSM_ASSIGN_OR_RETURN(const BrokerMemory memory, DecodeBrokerMemory(blob));
//   SVSM_TRY(CheckBrokerMemory(memory, now));     // then store EncodeBrokerMemory(now)
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_BROKER_POLICY_H_
#define SVSM_KBS_BROKER_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/evidence/broker_manifest.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {

// Which broker may give the key.
enum class BrokerTrust : std::uint8_t {
  kPinned,      // the one whose key is known beforehand, from measured memory
  kRemembered,  // the known one; where none is known yet, any, to be looked at when storage is open
  kAny,         // any, whose key is then known for this boot
};
enum class UnsignedSecret : std::uint8_t { kRefuse, kAccept };

// A broker's public key on P-256 or P-384, each coordinate at the front of its field.
struct BrokerKey {
  crypto::Curve curve = crypto::Curve::kP384;
  Bytes<48> x{};
  Bytes<48> y{};
  friend bool operator==(const BrokerKey&, const BrokerKey&) = default;
};

// The key that a signature names. Errors: kInvalidArgument (another curve or size).
[[nodiscard]] Result<BrokerKey> BrokerKeyOf(const EcJwk& signer);

struct BrokerPolicy {
  BrokerTrust trust = BrokerTrust::kPinned;
  std::optional<BrokerKey> known = {};
  UnsignedSecret without_signature = UnsignedSecret::kRefuse;
};

// Details of kPermissionDenied in this room's clients.
enum class BrokerRefusal : std::uint32_t {
  kRefused = 1,        // the broker gave no secret
  kUnsigned = 2,       // the secret is not signed
  kOtherBroker = 3,    // it is signed by another broker than the policy's
  kOtherResource = 4,  // it is another secret than the one asked for
  kProxy = 5,          // the proxy did not get to a broker's answer, and says why
};

// Whether the policy can be met at all. Errors: kInvalidArgument (kPinned without a key, where
// unsigned secrets are refused).
[[nodiscard]] Status CheckPolicy(const BrokerPolicy& policy);

// Whether a secret that `key` signed may be used. Errors: kPermissionDenied (detail =
// BrokerRefusal::kOtherBroker).
[[nodiscard]] Status CheckBroker(const BrokerPolicy& policy, const BrokerKey& key);

// What the encrypted state keeps: who gave the key, and at which boot. It is stored in the form of
// svsm/evidence/broker_manifest.h, in which the SVSM also tells it to those who attest it.
struct BrokerMemory {
  BrokerKey key;
  BootNumber boot;
};
inline constexpr std::size_t kBrokerMemorySize = evidence::kBrokerManifestSize;

// Errors: as EncodeBrokerManifest().
[[nodiscard]] Result<Bytes<kBrokerMemorySize>> EncodeBrokerMemory(const BrokerMemory& memory);

// Errors: as DecodeBrokerManifest().
[[nodiscard]] Result<BrokerMemory> DecodeBrokerMemory(ByteView bytes);

// Whether `now` may follow `stored`. Errors: kPermissionDenied (detail =
// BrokerRefusal::kOtherBroker), and that of CheckBootNumber().
[[nodiscard]] Status CheckBrokerMemory(const BrokerMemory& stored, const BrokerMemory& now);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_BROKER_POLICY_H_
