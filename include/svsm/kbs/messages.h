// svsm/kbs/messages.h: the bodies of the key broker protocol (KBS) 0.4.0, both ways, and the names
// around them: paths, the session's cookie, TEEs and errors.
//
//   SVSM_ASSIGN_OR_RETURN(const Challenge challenge, DecodeChallenge(reply));
//   SVSM_ASSIGN_OR_RETURN(const TeeKey key, TeeKeyOf(own_key, texts));
//   SVSM_ASSIGN_OR_RETURN(const ByteView body,
//       EncodeAttestation({.nonce = challenge.nonce, .key = key, .primary_evidence = evidence},
//                         buffer));
//
// A boot is POST auth, POST attest with the cookie that auth gave, GET resource/R/T/G with it.
//
// Texts come out as peers write them: the same members in the same order, without spaces. Members
// that a message does not have are checked as JSON and passed over, as peers do. Results are views
// of the body and, where a string has escapes, of `workspace`, which body.size() bytes suffice for:
// both must outlive them and stay unchanged. What a member is named here, it is named there, with
// '-' for '_' in some.
//
// Errors of all decoders: those of JsonReader::Finish(); kMalformed (detail = offset; a member is
// missing or has another form), kUnsupported (detail = offset; a name that this version does not
// know), kBufferTooSmall (the workspace; detail = bytes that the next string needs of it). Errors
// of all encoders: kBufferTooSmall (detail = bytes needed), kInvalidArgument (a text that would
// need escapes where there are none).
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_MESSAGES_H_
#define SVSM_KBS_MESSAGES_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/jwe.h"

namespace svsm::kbs {

inline constexpr auto kKbsVersion = Ascii("0.4.0");
inline constexpr auto kAuthPath = Ascii("/kbs/v0/auth");
inline constexpr auto kAttestPath = Ascii("/kbs/v0/attest");
inline constexpr auto kResourcePath = Ascii("/kbs/v0/resource/");  // then the name
inline constexpr auto kSessionCookie = Ascii("kbs-session-id");

// Bytes of a nonce, and characters of its base64.
inline constexpr std::size_t kMinNonceSize = 16;
inline constexpr std::size_t kMaxNonceSize = 64;
inline constexpr std::size_t kMaxNonceText = EncodedSize(Base64::kStandard, kMaxNonceSize);
// Characters of a token that our own side takes.
inline constexpr std::size_t kMaxTokenSize = 16384;

// An empty JSON string.
inline constexpr auto kEmptyJsonString = Ascii("\"\"");

// Whether a peer of `version` is one that we speak with: 0.4.0, build metadata after '+' aside.
// Errors: kMalformed (not a semantic version; detail = offset), kUnsupported (another version).
[[nodiscard]] Status CheckKbsVersion(ByteView version);

// The bytes of a nonce that came as text. Errors: kMalformed (detail = offset; not standard base64,
// or of another size than kMinNonceSize to kMaxNonceSize, where the offset is the text's size).
[[nodiscard]] Result<ByteView> DecodeNonce(ByteView text, FixedSpan<kMaxNonceSize> out);

// POST auth. `tee` is one of the protocol's names in lower case; kUnsupported for others. The
// version is the peer's, for CheckKbsVersion(). `extra_params` is JSON text.
struct AuthRequest {
  ByteView version;
  ByteView tee;
  ByteView extra_params = kEmptyJsonString;
};
[[nodiscard]] Result<AuthRequest> DecodeAuthRequest(ByteView body);
[[nodiscard]] Result<ByteView> EncodeAuthRequest(const AuthRequest& message, ByteSpan out);
// The one that the SVSM sends: this version, "snp".
[[nodiscard]] Result<ByteView> EncodeAuthRequest(ByteSpan out);

// The answer to it. `nonce` is a text that DecodeNonce() takes; its text is what is bound and sent
// back.
struct Challenge {
  ByteView nonce;
  ByteView extra_params = kEmptyJsonString;
};
[[nodiscard]] Result<Challenge> DecodeChallenge(ByteView body);
[[nodiscard]] Result<ByteView> EncodeChallenge(const Challenge& message, ByteSpan out);

// The key of a TEE as a JWK, in the texts that came; what they say is not judged. Other members of
// the JWK are passed over, and do not count in what is hashed. kUnsupported for other types.
struct TeeKey {
  enum class Type : std::uint8_t { kEc, kRsa };
  Type type = Type::kEc;
  ByteView alg;
  ByteView crv;  // the rest of kEc
  ByteView x;
  ByteView y;
  ByteView n;  // the rest of kRsa
  ByteView e;
};

// The point of a kEc key, decoded to `workspace`, of x.size() + y.size() bytes. Whether it lies on
// its curve, Ecdh says. Errors: kUnsupported (another type, curve than P-256 or P-521, or algorithm
// than ECDH-ES+A256KW), kMalformed (a coordinate is not base64url or not as wide as the curve's),
// kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<EcJwk> EcKeyOf(const TeeKey& key, ByteSpan workspace);

// The key that stands for a point; texts are views of `workspace`, of kTeeKeyTextSize bytes.
// Errors: kUnsupported (P-384), kInvalidArgument (detail = the size that a coordinate must have),
// kBufferTooSmall (detail = bytes needed).
inline constexpr std::size_t kTeeKeyTextSize =
    2 * EncodedSize(Base64::kUrl, crypto::kMaxCoordinateSize);
[[nodiscard]] Result<TeeKey> TeeKeyOf(const EcJwk& key, ByteSpan workspace);

// POST attest. Evidence is JSON text for another reader; additional evidence, which has a form of
// its own, is a string that the broker judges (empty: none).
struct Attestation {
  // Clients leave the member out, or say null.
  enum class InitData : std::uint8_t { kAbsent, kNull, kGiven };
  InitData init_data = InitData::kAbsent;
  ByteView init_format;  // "toml", for instance
  ByteView init_body;    // UTF-8
  ByteView nonce;        // text, as in Challenge
  TeeKey key;
  ByteView primary_evidence;
  ByteView additional_evidence;  // UTF-8
};
[[nodiscard]] Result<Attestation> DecodeAttestation(ByteView body, ByteSpan workspace);
[[nodiscard]] Result<ByteView> EncodeAttestation(const Attestation& message, ByteSpan out);

// The answer to it: a JWT of at most kMaxTokenSize characters; kOutOfRange (detail = offset) beyond
// them.
struct TokenReply {
  ByteView token;
};
[[nodiscard]] Result<TokenReply> DecodeTokenReply(ByteView body);
[[nodiscard]] Result<ByteView> EncodeTokenReply(const TokenReply& message, ByteSpan out);

// What Trustee's broker answers instead, all but few with status 401: callers look at the name.
enum class KbsError : std::uint8_t {
  kOther,  // a name that is none of these
  kAdminAuthInitialization,
  kAttestationError,
  kInvalidRequestPath,
  kJweError,
  kParsePolicyError,
  kPluginInternalError,
  kPluginNotFound,
  kPolicyDeny,
  kPolicyEngineError,
  kRvpsError,
  kTokenNotFound,
  kTokenVerifierError,
};
// The name behind kErrorPrefix; "Other" for kOther.
const char* KbsErrorName(KbsError error);
inline constexpr auto kErrorPrefix =
    Ascii("https://github.com/confidential-containers/kbs/errors/");

struct ErrorReply {
  KbsError error = KbsError::kOther;
  ByteView detail;  // UTF-8
};
[[nodiscard]] Result<ErrorReply> DecodeErrorReply(ByteView body, ByteSpan workspace);
[[nodiscard]] Result<ByteView> EncodeErrorReply(const ErrorReply& message, ByteSpan out);

// The name of a resource: repository, type and tag, each of ASCII letters, digits, '_', '-' and,
// not at its start, '.'.
struct ResourceName {
  ByteView repository;
  ByteView type;
  ByteView tag;
};
// Takes "repository/type/tag" apart. Errors: kMalformed (detail = offset), kOutOfRange (detail =
// kMaxResourceSize; longer).
[[nodiscard]] Result<ResourceName> ParseResourceName(ByteView text);

// The session id in a request's Cookie header ("a=b; kbs-session-id=…"); empty if there is none.
ByteView SessionOfCookie(ByteView header);
// "name=value" of a reply's Set-Cookie header; empty if it has no such form or other than printable
// ASCII.
ByteView CookieOfSetCookie(ByteView header);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_MESSAGES_H_
