// svsm/evidence/broker_manifest.h: which key broker gave this boot its storage, as an SVSM tells it
// to those who attest it, and as its storage remembers it.
//
//   SVSM_ASSIGN_OR_RETURN(const auto manifest, EncodeBrokerManifest(broker));     // the SVSM
//
//   SVSM_ASSIGN_OR_RETURN(const BrokerManifest broker, DecodeBrokerManifest(entry.manifest));
//   if (Equal(broker.x, expected.x) && ...) ...                                   // who attests it
//
// In the SVSM attestation protocol it is version 0 of the manifest of service kBrokerService: an
// entry of the services manifest, or alone, and so covered by REPORT_DATA with the asker's nonce.
// It says whose signature the SVSM verified; an SVSM that took an unsigned secret has no such
// entry.
//
// 128 bytes, little-endian: label "svsm-broker" and zeros, 16; u32 version = 1; u32 curve, 256 or
// 384; u64 boot number; x and y, big-endian, 48 each, zeros behind a shorter one.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_EVIDENCE_BROKER_MANIFEST_H_
#define SVSM_EVIDENCE_BROKER_MANIFEST_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"

namespace svsm::evidence {

inline constexpr Guid kBrokerService = Guid::Parse("28f7f118-3fbf-4459-84ed-541003c585bd");
inline constexpr std::size_t kBrokerManifestSize = 128;

struct BrokerManifest {
  crypto::Curve curve = crypto::Curve::kP384;  // P-256 or P-384
  Bytes<48> x{};                               // the broker's public key, at the front of its field
  Bytes<48> y{};
  std::uint64_t boot = 0;  // that it released with the secret
  friend bool operator==(const BrokerManifest&, const BrokerManifest&) = default;
};

// Errors: kInvalidArgument (another curve, or bytes behind a shorter coordinate).
[[nodiscard]] Result<Bytes<kBrokerManifestSize>> EncodeBrokerManifest(
    const BrokerManifest& manifest);

// Whether the point is on its curve is not looked at. Errors: kMalformed (detail = offset; another
// label or form; kBrokerManifestSize: another size), kUnsupported (detail = offset; another version
// or curve).
[[nodiscard]] Result<BrokerManifest> DecodeBrokerManifest(ByteView bytes);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_BROKER_MANIFEST_H_
