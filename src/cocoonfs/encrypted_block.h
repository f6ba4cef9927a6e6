// One block encrypted by itself, with its IV in front: index nodes, and blocks of the bitmap's
// file.
#ifndef SVSM_SRC_COCOONFS_ENCRYPTED_BLOCK_H_
#define SVSM_SRC_COCOONFS_ENCRYPTED_BLOCK_H_

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

// `payload` has block.size() - 16 bytes and may be the same memory as the block behind its IV.
// Errors: kInternal; `payload` is zero then.
Status DecryptBlock(crypto::BlockCipher& cipher, ByteView block, ByteSpan payload);
// Fills the whole of `block`; `payload` may be shorter than there is room, what is left is zeros
// before encryption. Errors: those of the rng, kInternal; `block` is zero then.
Status EncryptBlock(crypto::BlockCipher& cipher, crypto::Rng& rng, ByteView payload,
                    ByteSpan block);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_ENCRYPTED_BLOCK_H_
