// svsm/kbs/secret_signature.h: which broker a secret comes from: its signature with a static key,
// carried in the JWE's protected header as the member `svsm`, so that proxies pass it on unchanged.
//
//   SVSM_ASSIGN_OR_RETURN(const auto signature, DecodeSecretSignature(header.svsm, workspace));
//   SVSM_TRY(VerifySecret(verifier, sha384, signature, secret));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure; a verifier is used by one
// thread.
#ifndef SVSM_KBS_SECRET_SIGNATURE_H_
#define SVSM_KBS_SECRET_SIGNATURE_H_

#include <compare>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/kbs/jwe.h"

namespace svsm::kbs {

inline constexpr std::uint32_t kSecretSignatureVersion = 1;
// Characters of a resource's name.
inline constexpr std::size_t kMaxResourceSize = 256;

// Counts the boots of a guest. The broker releases it with the secret; the guest's encrypted state
// keeps the last one.
struct BootNumber {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const BootNumber&, const BootNumber&) = default;
};

// Whether `released` comes after what the state holds. Errors: kDataLoss (it does not: the state or
// the broker's answer is older than it must be).
[[nodiscard]] Status CheckBootNumber(BootNumber stored, BootNumber released);

// The member `svsm`: {"boot", "crv", "res", "sig", "v", "x", "y"}. The boot number is 8 bytes,
// big-endian; byte strings are base64url; the signer's key is on P-256 or P-384 and given with it.
struct SecretSignature {
  EcJwk signer;
  BootNumber boot;
  ByteView resource;
  crypto::EcdsaSignatureView signature;
};

// Views are of `text` and `workspace`, which text.size() bytes suffice for. Errors: those of
// JsonReader::Finish() and DecodeBase64(); kMalformed (detail = offset; a member is missing or has
// another form), kUnsupported (detail = offset; another version or curve).
[[nodiscard]] Result<SecretSignature> DecodeSecretSignature(ByteView text, ByteSpan workspace);

// The text of the member. Errors: kInvalidArgument (a curve, a size, or a resource that would need
// escapes), kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> EncodeSecretSignature(const SecretSignature& signature,
                                                     ByteSpan out);

// All that a broker signs for, beside boot number and resource.
struct SecretContext {
  ByteView nonce;
  crypto::EcPointView svsm_key;
  crypto::EcPointView epk;
  FixedView<crypto::kSha384Size> report_digest;  // SHA-384 of the report that was sent
  FixedView<kEncryptedKeySize> encrypted_key;
  FixedView<crypto::kGcmNonceSize> iv;
  ByteView ciphertext;
};

// The digest that is signed, with P-256 as with P-384: SHA-384(be16 size, label, be32 version, then
// of nonce, the two keys' coordinates, report digest, resource, boot number and
// SHA-384(encrypted key || iv || ciphertext) be64 size, bytes). Errors: kInvalidArgument (another
// hash).
[[nodiscard]] Result<Bytes<crypto::kSha384Size>> SecretDigest(const crypto::Hash& sha384,
                                                              const SecretContext& context,
                                                              ByteView resource, BootNumber boot);

// Whether `signature` is the signer's over `context`. Whose key that is, is for a policy to say.
// Errors: kAuthFailed, kUnsupported (the signer is on another curve than the verifier), and those
// of SecretDigest() and EcdsaVerifier.
[[nodiscard]] Status VerifySecret(crypto::EcdsaVerifier& verifier, const crypto::Hash& sha384,
                                  const SecretSignature& signature, const SecretContext& context);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_SECRET_SIGNATURE_H_
