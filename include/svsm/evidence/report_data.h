// svsm/evidence/report_data.h: everything that this library puts into REPORT_DATA at VMPL 0, or
// accepts there. A closed list: whoever signs and whoever judges calls the same function.
//
//   SVSM_ASSIGN_OR_RETURN(const ReportData data,
//                         ServiceManifestReportData(sha512, nonce, manifest));
//   SVSM_TRY(attester.Attest(data, report, {}).status());
//
// Compatible kinds are spelled as others spell them, and their builders refuse every size that the
// kind does not name. Own kinds are SHA-384 over a labelled, versioned, length-prefixed encoding,
// followed by a 16-byte ASCII tag: no compatible kind ends so, except by chance of 2^-128.
//
// A `hash` argument of another algorithm than the kind's is kInvalidArgument; a backend's failure
// is handed through.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_EVIDENCE_REPORT_DATA_H_
#define SVSM_EVIDENCE_REPORT_DATA_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"

namespace svsm::evidence {

using ReportData = Bytes<kReportDataSize>;

enum class ReportDataKind : std::uint8_t {
  kEkTpm2b,          // SHA-512(TPM2B_PUBLIC of an EK): the ACSAC'23 SVSM-vTPM paper's
  kEkTpmt,           // SHA-512(TPMT_PUBLIC of an EK)
  kServiceManifest,  // SHA-512(nonce || manifest): the SVSM attestation protocol's (AMD 58019)
  kHclRuntimeData,   // SHA-256(JSON) || 32 zero bytes: the Azure paravisor's
  kBrokerKey,        // SHA-512(x || y || nonce), P-521: the COCONUT attestation proxy's
  kRuntimeData,      // SHA-384(JSON) || 16 zero bytes: Trustee's, of nonce and key
  kOwn,              // one of OwnKind
};
const char* ReportDataKindName(ReportDataKind kind);

// Bytes of the nonce in kServiceManifest.
inline constexpr std::size_t kServiceNonceSize = 64;
// Bytes of each coordinate, and of the nonce, in kBrokerKey. The key comes first and has one size,
// so that the nonce's end is the only thing that its size moves.
inline constexpr std::size_t kBrokerCoordinateSize = 66;
inline constexpr std::size_t kMinBrokerNonceSize = 16;
inline constexpr std::size_t kMaxBrokerNonceSize = 64;
// Bytes of the paravisor's JSON that kHclRuntimeData accepts: 1 to this many.
inline constexpr std::size_t kMaxHclRuntimeDataSize = 16384;
// Bytes of Trustee's JSON that kRuntimeData accepts.
inline constexpr std::size_t kMaxRuntimeDataSize = 65536;

// kEkTpm2b or kEkTpmt by the form of the bytes. Only the public area of a TCG EK template is
// accepted (MatchEkTemplate()), so that nothing else can be made to look like an EK.
// Errors: as MatchEkTemplate().
[[nodiscard]] Result<ReportData> EkReportData(const crypto::Hash& sha512, ByteView public_area);

// Which of the two EK kinds `data` is for this EK, given in either form.
// Errors: as EkReportData(); kAuthFailed (neither).
[[nodiscard]] Result<ReportDataKind> MatchEkReportData(const crypto::Hash& sha512,
                                                       FixedView<kReportDataSize> data,
                                                       ByteView public_area);

// kServiceManifest. The manifest is the services manifest or one service's, as it was given out.
// Errors: kInvalidArgument (detail = kServiceNonceSize; the nonce has another size).
[[nodiscard]] Result<ReportData> ServiceManifestReportData(const crypto::Hash& sha512,
                                                           ByteView nonce, ByteView manifest);

// kHclRuntimeData. Errors: kInvalidArgument (detail = kMaxHclRuntimeDataSize; empty or larger).
[[nodiscard]] Result<ReportData> HclReportData(const crypto::Hash& sha256, ByteView json);

// kBrokerKey. Errors: kInvalidArgument (detail = the size that a coordinate must have, or
// kMaxBrokerNonceSize for a nonce of another size).
[[nodiscard]] Result<ReportData> BrokerKeyReportData(const crypto::Hash& sha512, ByteView x,
                                                     ByteView y, ByteView nonce);

// kRuntimeData, of a text as svsm/kbs/runtime_data.h makes it. Errors: kInvalidArgument (detail =
// kMaxRuntimeDataSize; larger, or not an object whose first member is "additional-evidence").
[[nodiscard]] Result<ReportData> RuntimeReportData(const crypto::Hash& sha384, ByteView json);

// Our own kinds. A new one is a new row of the table in report_data.cc; a changed one is a new
// version and a new tag.
enum class OwnKind : std::uint8_t {
  kBrokerBinding,  // key-broker client: its own public key, the broker's nonce, the boot request
};

// The 16 ASCII bytes that `kind` ends with.
FixedView<16> OwnKindTag(OwnKind kind);

// Parts an own kind may bind.
inline constexpr std::size_t kMaxOwnParts = 8;

// SHA-384(be16 size, label, be32 version, be32 number of parts, then of each part be64 size, bytes)
// followed by the kind's tag. Parts keep their order; empty ones count.
// Errors: kInvalidArgument (detail = kMaxOwnParts; no part or more).
[[nodiscard]] Result<ReportData> OwnReportData(OwnKind kind, const crypto::Hash& sha384,
                                               std::span<const ByteView> parts);

// The own kind whose tag `data` ends with. Errors: kNotFound.
[[nodiscard]] Result<OwnKind> FindOwnKind(FixedView<kReportDataSize> data);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_REPORT_DATA_H_
