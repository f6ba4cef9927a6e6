// svsm/crypto/key_wrap.h: AES key wrap: a key encrypted under another, without a nonce.
//
//   SVSM_TRY(aes.SetKey(key_encryption_key.view()));
//   SVSM_TRY(WrapKey(aes, key.view(), wrapped));          // 8 bytes longer than the key
//   SVSM_TRY(UnwrapKey(aes, wrapped, key.writable()));
//
// Profile: freestanding. Allocates: never. Spec: RFC 3394, NIST SP 800-38F (KW). Threads: functions
// are pure; the cipher is used by one thread.
#ifndef SVSM_CRYPTO_KEY_WRAP_H_
#define SVSM_CRYPTO_KEY_WRAP_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/block_cipher.h"

namespace svsm::crypto {

// Bytes that wrapping adds.
inline constexpr std::size_t kKeyWrapOverhead = 8;

// Wraps `key`, a multiple of 8 bytes and 16 at least, under the key of `aes`. `wrapped` has
// key.size() + kKeyWrapOverhead bytes and does not overlap `key`. Errors: kInvalidArgument (sizes),
// and as BlockCipher::EncryptEcb(); `wrapped` is zero then.
Status WrapKey(BlockCipher& aes, ByteView key, ByteSpan wrapped);

// The inverse. Errors: kAuthFailed (changed, or wrapped under another key), kInvalidArgument
// (sizes), and as BlockCipher::DecryptEcb(); `key` is zero then.
Status UnwrapKey(BlockCipher& aes, ByteView wrapped, ByteSpan key);

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_KEY_WRAP_H_
