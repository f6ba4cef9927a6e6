// svsm/crypto/block_cipher.h: AES, Camellia or SM4 by itself, in the modes ECB, CBC and CTR.
//
// None of them notices a changed byte: who needs that takes crypto::Aead or adds an HMAC.
//
//   SVSM_TRY(aes.SetKey(key.view()));
//   SVSM_TRY(aes.EncryptCbc(iv, block, block));
//
// Profile: freestanding. Allocates: never here; a backend may at construction and in calls.
// Spec: FIPS 197, RFC 3713, GB/T 32907, NIST SP 800-38A. Threads: one object, one thread.
#ifndef SVSM_CRYPTO_BLOCK_CIPHER_H_
#define SVSM_CRYPTO_BLOCK_CIPHER_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::crypto {

enum class BlockCipherAlg : std::uint8_t { kAes, kCamellia, kSm4 };

// All of them have blocks of this size.
inline constexpr std::size_t kAesBlockSize = 16;
inline constexpr std::size_t kCipherBlockSize = 16;
inline constexpr std::size_t kMaxCipherKeySize = 32;

// Whether the cipher takes keys of this many bytes.
constexpr bool IsCipherKeySize(BlockCipherAlg alg, std::size_t size) {
  return size == 16 || (alg != BlockCipherAlg::kSm4 && (size == 24 || size == 32));
}

class BlockCipher {
 public:
  virtual BlockCipherAlg algorithm() const = 0;
  // 16, 24 or 32 bytes; for SM4 16. Errors: kInvalidArgument (size), kInternal; there is no key
  // then.
  virtual Status SetKey(ByteView key) = 0;

  // All of these turn `in` into `out`, which has the same size and is the same memory or does not
  // overlap. ECB and CBC take whole blocks, without padding; CTR takes any size.
  // Errors: kFailedPrecondition (no key), kInvalidArgument (sizes), kInternal; `out` is zero then.

  // Each block by itself.
  virtual Status EncryptEcb(ByteView in, ByteSpan out) = 0;
  virtual Status DecryptEcb(ByteView in, ByteSpan out) = 0;
  // To go on where a call ended, pass its last ciphertext block as `iv`.
  virtual Status EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) = 0;
  virtual Status DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) = 0;
  // Encrypts and decrypts. `counter` is the first counter block, a big-endian number of 128 bits
  // that goes up by one a block and wraps.
  virtual Status Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) = 0;

  // Forgets the key.
  virtual void Wipe() = 0;

 protected:
  ~BlockCipher() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_BLOCK_CIPHER_H_
