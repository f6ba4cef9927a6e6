// svsm/kbs/binding.h: what the SVSM has signed when it asks a broker for a key.
//
//   SVSM_TRY(CheckBindingParams(negotiated));
//   SVSM_ASSIGN_OR_RETURN(const auto data, BindingReportData(BindingMode::kOwn, sha384,
//       {.key = {x, y}, .nonce = negotiated.challenge, .boot_context = context}));
//
// The SVSM alone composes it: nothing that comes from outside says what goes in, or in what order.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_BINDING_H_
#define SVSM_KBS_BINDING_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/evidence/report_data.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {

inline constexpr std::size_t kMaxBootContextSize = 256;

enum class BindingMode : std::uint8_t {
  // evidence::OwnKind::kBrokerBinding over x, y, nonce and boot context. Takes SHA-384.
  kOwn,
  // evidence::ReportDataKind::kBrokerKey, for brokers behind the COCONUT attestation proxy: a key
  // on P-521, and no boot context. Takes SHA-512.
  kProxyCompatible,
  // evidence::ReportDataKind::kRuntimeData, for Trustee's brokers: the nonce in base64 and the key
  // as a JWK (svsm/kbs/runtime_data.h), and no boot context. Takes SHA-384.
  kTrustee,
};

struct BindingInput {
  crypto::EcPointView key = {};  // the SVSM's own, on P-256 or P-521
  ByteView nonce = {};           // kMinChallengeSize to kMaxChallengeSize bytes
  ByteView boot_context = {};    // what the broker is to know of this boot
};

// REPORT_DATA of the mode. Errors: kInvalidArgument (detail = the size that a coordinate or the
// nonce must have, or its bound; kMaxBootContextSize for a boot context that is too long or that
// the mode cannot carry; 0 for another hash than the mode takes).
[[nodiscard]] Result<evidence::ReportData> BindingReportData(BindingMode mode,
                                                             const crypto::Hash& hash,
                                                             const BindingInput& input);

// Whether the proxy expects the key and then the challenge, which is all that the SVSM ever binds
// over this protocol. Errors: kUnsupported (detail = number of params; any other list).
[[nodiscard]] Status CheckBindingParams(const NegotiationResponse& negotiated);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_BINDING_H_
