// svsm/kbs/proxy_protocol.h: the COCONUT attestation proxy's protocol 0.1.0, both sides of it.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(NegotiationRequest{}, buffer));
//   SVSM_TRY(stream.WriteAll(frame));
//   SVSM_TRY(ReadExactly(stream, header));
//   SVSM_ASSIGN_OR_RETURN(const std::size_t size, FrameBodySize(header, kMaxFrameBodySize));
//   SVSM_TRY(ReadExactly(stream, body.first(size)));
//   SVSM_ASSIGN_OR_RETURN(const auto reply,
//                         DecodeNegotiationResponse(body.first(size), workspace));
//
// One connection carries NegotiationRequest, NegotiationResponse, AttestationRequest and
// AttestationResponse, the SVSM speaking first. A frame is the little-endian 64-bit size of its
// body, then the body: one JSON object, whose byte strings are standard base64.
//
// Decoders take the body alone. Byte strings are decoded to `workspace`, which body.size() bytes
// always suffice for, and results are views of it and of the body: both must outlive them and stay
// unchanged. Members that the protocol does not know are checked as JSON and passed over, as peers
// do.
//
// Errors of all decoders: those of JsonReader::Finish() and DecodeBase64(); kMalformed (detail =
// offset; a member is missing, has another form or a size that its field cannot have), kUnsupported
// (detail = offset; a name that this version does not know), kBufferTooSmall (the workspace; detail
// = bytes that the next byte string needs of it). Errors of all encoders: kBufferTooSmall (detail =
// bytes needed), kInvalidArgument (detail = the size that a field must have, or its bound; 0 for a
// text that would need escapes).
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_PROXY_PROTOCOL_H_
#define SVSM_KBS_PROXY_PROTOCOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"

namespace svsm::kbs {

// The port on which proxies listen over vsock, at the host (CID 2).
inline constexpr std::uint32_t kProxyVsockPort = 1995;

inline constexpr std::size_t kFrameHeaderSize = 8;
// The largest body that our own side takes and makes.
inline constexpr std::size_t kMaxFrameBodySize = 32768;
// Bytes of a challenge.
inline constexpr std::size_t kMinChallengeSize = 16;
inline constexpr std::size_t kMaxChallengeSize = 64;
// The client's key is on P-521.
inline constexpr std::size_t kProxyCoordinateSize = 66;
inline constexpr std::size_t kMaxBindingParams = 4;
// Bytes of a report and of a certificate table.
inline constexpr std::size_t kMaxReportSize = 4096;
inline constexpr std::size_t kMaxCertificatesSize = 16384;

// The size of the body behind this header, before any of it is read or memory is set aside.
// Errors: kMalformed (0), kOutOfRange (detail = limit; larger than `limit`).
[[nodiscard]] Result<std::size_t> FrameBodySize(FixedView<kFrameHeaderSize> header,
                                                std::size_t limit);

struct ProtocolVersion {
  std::array<std::uint32_t, 3> parts = {0, 1, 0};
  friend bool operator==(const ProtocolVersion&, const ProtocolVersion&) = default;
};
inline constexpr ProtocolVersion kProxyProtocolVersion;

// The only TEE so far is "snp". The version is the peer's, for the proxy to judge.
struct NegotiationRequest {
  ProtocolVersion version;
};
[[nodiscard]] Result<NegotiationRequest> DecodeNegotiationRequest(ByteView body);

// What the proxy wants to see bound, in its order.
enum class BindingParam : std::uint8_t { kEcPublicKeyBytes, kChallenge };
struct NegotiationResponse {
  ByteView challenge;
  std::array<BindingParam, kMaxBindingParams> params{};
  std::size_t num_params = 0;
};
[[nodiscard]] Result<NegotiationResponse> DecodeNegotiationResponse(ByteView body,
                                                                    ByteSpan workspace);

struct AttestationRequest {
  ByteView report;
  ByteView certificates;  // empty: the member is left out
  ByteView challenge;
  crypto::EcPointView key;  // P-521
};
[[nodiscard]] Result<AttestationRequest> DecodeAttestationRequest(ByteView body,
                                                                  ByteSpan workspace);

// The parts of a JWE that are not the ciphertext. `aad` is the ASCII of the protected header in
// base64url, as the broker sent it. A missing decryption, or the one of a refusal, is null.
struct ProxyDecryption {
  crypto::EcPointView epk;
  ByteView wrapped_cek;
  ByteView aad;
  ByteView iv;
  ByteView tag;
};
struct ProxyToken {
  enum class Kind : std::uint8_t { kJwt, kCwt };
  Kind kind = Kind::kJwt;
  ByteView text;
};
struct AttestationResponse {
  bool success = false;
  std::optional<ByteView> secret;  // the ciphertext
  std::optional<ProxyDecryption> decryption;
  std::optional<ProxyToken> token;
};
[[nodiscard]] Result<AttestationResponse> DecodeAttestationResponse(ByteView body,
                                                                    ByteSpan workspace);

// A whole frame, header and body, at the start of `out`: the bytes that peers send for the same
// values.
[[nodiscard]] Result<ByteView> EncodeFrame(const NegotiationRequest& message, ByteSpan out);
[[nodiscard]] Result<ByteView> EncodeFrame(const NegotiationResponse& message, ByteSpan out);
[[nodiscard]] Result<ByteView> EncodeFrame(const AttestationRequest& message, ByteSpan out);
[[nodiscard]] Result<ByteView> EncodeFrame(const AttestationResponse& message, ByteSpan out);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_PROXY_PROTOCOL_H_
