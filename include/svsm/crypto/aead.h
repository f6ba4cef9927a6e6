// svsm/crypto/aead.h: authenticated encryption: AES-GCM with 96-bit nonces and 128-bit tags.
//
//   SVSM_TRY(aead.SetKey(key.view()));
//   SVSM_TRY(aead.Seal(nonce, header, plaintext, ciphertext, tag));
//   SVSM_TRY(aead.Open(nonce, header, ciphertext, tag, plaintext));
//
// Sealing twice under one key and one nonce gives away both plaintexts and the authentication key.
// Nothing here can notice that: the nonce belongs to a named type above (snp::GuestMessageSession
// counts; sealed_file and kbs draw it).
//
// Profile: freestanding. Allocates: never here; a backend may at construction and in SetKey().
// Spec: NIST SP 800-38D. Threads: one object, one thread.
#ifndef SVSM_CRYPTO_AEAD_H_
#define SVSM_CRYPTO_AEAD_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::crypto {

inline constexpr std::size_t kGcmNonceSize = 12;
inline constexpr std::size_t kGcmTagSize = 16;

class Aead {
 public:
  // 16, 24 or 32 bytes. Errors: kInvalidArgument (size), kInternal; there is no key then.
  virtual Status SetKey(ByteView key) = 0;
  // Encrypts `plaintext` to `ciphertext` (same size; the same memory, or no overlap) and gives the
  // tag. Errors: kFailedPrecondition (no key), kInvalidArgument (sizes), kInternal; `ciphertext`
  // and `tag` are zero then.
  virtual Status Seal(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView plaintext,
                      ByteSpan ciphertext, FixedSpan<kGcmTagSize> tag) = 0;
  // Decrypts if the tag is right. Errors: kAuthFailed, and as Seal(); `plaintext` is zero then.
  virtual Status Open(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView ciphertext,
                      FixedView<kGcmTagSize> tag, ByteSpan plaintext) = 0;
  // Forgets the key; calls fail with kFailedPrecondition until the next SetKey().
  virtual void Wipe() = 0;

 protected:
  ~Aead() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_AEAD_H_
