// AES-CBC of one message and HMAC-SHA-256 of others, step by step side by side.
//
// Each round of either waits for the one before it, so that a processor with instructions for both
// has half of its time left. libcrypto does so for records of TLS alone, which are digested before
// they are encrypted.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_CBC_BESIDE_MAC_H_
#define SVSM_SRC_CRYPTO_OPENSSL_CBC_BESIDE_MAC_H_

#include <openssl/sha.h>

#include <span>

#include "svsm/core/bytes.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/hash.h"

namespace svsm::crypto::openssl {

// Whether the processor has the instructions, and keys of this size go.
bool HasCbcBesideMac(std::size_t key_size);

// HMAC's states after the blocks that hold the key.
struct MacStates {
  const SHA256_CTX& inner;
  const SHA256_CTX& outer;
};

// Encrypts `in`, whole blocks, to `out` of the same size, which may be the same memory, and fills
// each message's `out`, of SHA256_DIGEST_LENGTH bytes. No message overlaps `out`, and of each,
// fewer than 56 bytes follow the last whole block of its first part. HasCbcBesideMac() is true.
void CbcBesideMac(ByteView key, FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out,
                  const MacStates& states, std::span<const HashMessage> messages);

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_CBC_BESIDE_MAC_H_
