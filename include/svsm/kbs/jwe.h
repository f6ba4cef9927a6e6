// svsm/kbs/jwe.h: secrets encrypted to one key: ECDH-ES+A256KW with A256GCM, on P-521 and P-256.
//
//   SVSM_ASSIGN_OR_RETURN(const JweMessage jwe, DecodeJwe(body, workspace));
//   SVSM_ASSIGN_OR_RETURN(const ByteView secret,
//       OpenJwe(primitives, jwe, EpkPlace::kProtected, more_workspace, buffer));
//
// Intermediate keys are wiped; the private key in `primitives.ecdh` stays as it was.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure; the primitives are used by
// one thread. Spec: RFC 7516, RFC 7518 4.6, 4.4 and 5.3.
#ifndef SVSM_KBS_JWE_H_
#define SVSM_KBS_JWE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/ecdh.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/rng.h"

namespace svsm::kbs {

inline constexpr std::size_t kContentKeySize = 32;
inline constexpr std::size_t kEncryptedKeySize = 40;
// Characters of a protected header in base64url.
inline constexpr std::size_t kMaxProtectedSize = 8192;

// A public key: `point` has CoordinateSize(curve) bytes a coordinate.
struct EcJwk {
  crypto::Curve curve = crypto::Curve::kP521;
  crypto::EcPointView point;
};

// What the protected header says. `svsm` is the text of the member of that name, empty if there is
// none (svsm/kbs/secret_signature.h).
struct JweHeader {
  std::optional<EcJwk> epk;
  ByteView apu;
  ByteView apv;
  ByteView svsm;
};

// Reads a header's JSON text; views are of `text` and of `workspace`, which text.size() bytes
// suffice for. Unknown members are passed over, as the RFC says. Errors: those of
// JsonReader::Finish() and DecodeBase64(); kMalformed (detail = offset; a member is missing or has
// another form), kUnsupported (detail = offset; another algorithm or curve, `crit` or `zip`),
// kBufferTooSmall (the workspace; detail = bytes that the next byte string needs).
[[nodiscard]] Result<JweHeader> DecodeJweHeader(ByteView text, ByteSpan workspace);

// The text of the header that this library and Trustee's broker make: alg, enc, epk, and `svsm` if
// that is not empty; every object's members are sorted, so that a proxy that sorts them changes
// nothing. Errors: kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> EncodeJweHeader(const EcJwk& epk, ByteView svsm, ByteSpan out);

// An encrypted message, in parts. `protected_text` is the header in base64url as it came: the bytes
// that are authenticated. `epk` is what stood outside of it.
struct JweMessage {
  ByteView protected_text = {};
  std::optional<EcJwk> epk = {};
  ByteView encrypted_key = {};
  ByteView iv = {};
  ByteView ciphertext = {};
  ByteView tag = {};
};

// Reads the flattened JSON serialization (RFC 7516, 7.2.2), with `header` holding at most an epk.
// Views and errors: as DecodeJweHeader(); kMalformed also for an `aad` member.
[[nodiscard]] Result<JweMessage> DecodeJwe(ByteView text, ByteSpan workspace);

// The text of a message, in Trustee's order and form; a `header` member follows `protected` where
// there is an epk outside. Errors: kInvalidArgument (the protected text would need escapes),
// kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> EncodeJwe(const JweMessage& jwe, ByteSpan out);

// Where an ephemeral key may stand. It is never taken from two places at once.
enum class EpkPlace : std::uint8_t { kProtected, kAnywhere };

struct JwePrimitives {
  crypto::Ecdh& ecdh;  // with the private key to open, without one to seal
  crypto::BlockCipher& aes;
  crypto::Aead& aead;
  const crypto::Hash& sha256;
};

// Decrypts to the start of `plaintext`. `workspace` is as large as jwe.protected_text, twice.
// Errors: those of DecodeBase64(), DecodeJweHeader() and Ecdh::Agree(); kMalformed (a key, iv or
// tag of another size; no ephemeral key, or one in both places; a header beyond
// kMaxProtectedSize), kUnsupported (the ephemeral key is on another curve than ecdh's),
// kPermissionDenied (it stands outside and may not), kAuthFailed (made for another key, or
// changed), kBufferTooSmall (the plaintext; detail = bytes needed). `plaintext` is zero then.
[[nodiscard]] Result<ByteView> OpenJwe(const JwePrimitives& primitives, const JweMessage& jwe,
                                       EpkPlace place, ByteSpan workspace, ByteSpan plaintext);

// The keys of one message to be sealed.
struct JweKeys {
  crypto::Curve curve = crypto::Curve::kP521;
  Bytes<crypto::kMaxCoordinateSize> epk_x{};
  Bytes<crypto::kMaxCoordinateSize> epk_y{};
  Secret<kContentKeySize> content_key;
  Bytes<kEncryptedKeySize> encrypted_key{};
  Bytes<crypto::kGcmNonceSize> iv{};

  EcJwk epk() const {
    const std::size_t size = crypto::CoordinateSize(curve);
    return {curve, {ByteView(epk_x).first(size), ByteView(epk_y).first(size)}};
  }
};

// Draws an ephemeral key on ecdh's curve, a content key and an iv, and wraps the content key for
// `recipient`. The ephemeral private key is wiped, from `primitives.ecdh` too. Errors:
// kInvalidArgument (recipient on another curve), and those of Rng::Generate() and Ecdh. `keys` is
// of no use then.
[[nodiscard]] Status MakeJweKeys(const JwePrimitives& primitives, crypto::Rng& rng,
                                 const EcJwk& recipient, JweKeys& keys);

// Encrypts under `keys`, which are for one plaintext only: the ciphertext does not depend on the
// header, so a first call with an empty `protected_text` gives the ciphertext that a signature in
// the header covers, and a second one the tag. A tag of the first call must not leave the program.
// Errors: those of Aead::Seal().
[[nodiscard]] Status SealJwe(crypto::Aead& aead, const JweKeys& keys, ByteView protected_text,
                             ByteView plaintext, ByteSpan ciphertext,
                             FixedSpan<crypto::kGcmTagSize> tag);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_JWE_H_
