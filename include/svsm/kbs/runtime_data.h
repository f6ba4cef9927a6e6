// svsm/kbs/runtime_data.h: what Trustee's brokers expect to find in REPORT_DATA: the digest of a
// JSON text of the nonce and the TEE's key.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView text,
//                         EncodeRuntimeData({.nonce = challenge.nonce, .key = key}, buffer));
//   SVSM_ASSIGN_OR_RETURN(const auto data, evidence::RuntimeReportData(sha384, text));
//
// For the SVSM that asks such a broker, and for a broker that judges such an SVSM: both call this.
// The text is canonical (RFC 8785): members sorted, no spaces,
//
//   {"additional-evidence":"","nonce":"...","tee-pubkey":{"alg":...,"crv":...,"kty":"EC",
//    "x":...,"y":...}}
//
// for the key of an RSA type {"alg","e","kty","n"}. The nonce is a part of it as text, so only
// plain base64 gets in: nothing from outside can end the string that it stands in.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: RFC 8785.
#ifndef SVSM_KBS_RUNTIME_DATA_H_
#define SVSM_KBS_RUNTIME_DATA_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/messages.h"

namespace svsm::kbs {

// Bytes that suffice for the text of a key on P-521 or P-256 without additional evidence.
inline constexpr std::size_t kEcRuntimeDataSize = 512;

struct RuntimeData {
  ByteView nonce;                     // as it came in the challenge
  TeeKey key;                         // its texts as they are sent
  ByteView additional_evidence = {};  // UTF-8
};

// Errors: kMalformed (the nonce; as DecodeNonce()), kInvalidArgument (a text of the key would
// need escapes), kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> EncodeRuntimeData(const RuntimeData& data, ByteSpan out);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_RUNTIME_DATA_H_
