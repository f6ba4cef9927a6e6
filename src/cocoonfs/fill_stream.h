// Many random bytes, fast: a cipher in counter mode under a key that lives as long as the stream.
#ifndef SVSM_SRC_COCOONFS_FILL_STREAM_H_
#define SVSM_SRC_COCOONFS_FILL_STREAM_H_

#include "cocoonfs/keys.h"
#include "svsm/core/bytes.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

class FillStream {
 public:
  // Takes AES-128 where the backend has it, else the layout's cipher. Errors: kOutOfMemory, those
  // of the rng, kInternal.
  Status Init(const crypto::Symmetric& symmetric, const ImageLayout& layout, crypto::Rng& rng,
              Allocator& allocator);
  // Errors: kInternal.
  Status Fill(ByteSpan out);

 private:
  OwnedCipher cipher_;
  Bytes<crypto::kCipherBlockSize> counter_{};
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_FILL_STREAM_H_
