// A file's data: IV | CBC(bytes | PKCS#7 padding | zeros), laid over its extents one after the
// other.
#ifndef SVSM_SRC_COCOONFS_ENCRYPTED_EXTENTS_H_
#define SVSM_SRC_COCOONFS_ENCRYPTED_EXTENTS_H_

#include <cstdint>

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

// Allocation blocks that a file of `size_bytes` takes, one at least.
std::uint64_t FileBlocks(const ImageLayout& layout, std::uint64_t size_bytes);

// The end of a file's plaintext, found from behind. Feed decrypted pieces from the last to the
// first until it knows.
class PaddingFinder {
 public:
  // `piece` are whole cipher blocks, decrypted; what follows them has been fed before. `offset` is
  // where the piece begins in the plaintext. Gives the file's size once it is known, kNotYet
  // otherwise. Errors: kMalformed (Region::kFileData).
  static constexpr std::uint64_t kNotYet = ~std::uint64_t{0};
  static Result<std::uint64_t> Feed(ByteView piece, std::uint64_t offset);
};

// Turns a file's bytes into what goes to its extents, piece by piece, front to back.
class FileEncryptor {
 public:
  // `cipher` has the file's key. Keeps references.
  FileEncryptor(crypto::BlockCipher& cipher, crypto::Rng& rng) : cipher_(cipher), rng_(rng) {}
  ~FileEncryptor() { Wipe(tail_); }
  FileEncryptor(const FileEncryptor&) = delete;
  FileEncryptor& operator=(const FileEncryptor&) = delete;

  // The first 16 bytes of the stream. Errors: those of the rng.
  Status Begin(FixedSpan<crypto::kCipherBlockSize> iv);
  // Encrypts the next `data`, any size, and says how many bytes of `out` it filled: data.size()
  // rounded up or down to cipher blocks with what was left over before. `out` has room for
  // data.size() + 15. Errors: kInternal.
  Result<std::size_t> Update(ByteView data, ByteSpan out) {
    return Update(data, out,
                  [this](FixedView<crypto::kCipherBlockSize> iv, ByteView in, ByteSpan to) {
                    return cipher_.EncryptCbc(iv, in, to);
                  });
  }
  // As it, but `encrypt` is called for the cipher's EncryptCbc() of whole blocks, as far as they
  // are in `data`.
  template <typename Encrypt>
  Result<std::size_t> Update(ByteView data, ByteSpan out, Encrypt&& encrypt) {
    SVSM_ASSIGN_OR_RETURN(const std::size_t filled, FillTail(data, out));
    if (tail_size_ != 0) return filled;
    const std::size_t whole = data.size() & ~(crypto::kCipherBlockSize - 1);
    if (whole != 0) {
      const ByteSpan blocks = out.subspan(filled, whole);
      SVSM_TRY(encrypt(FixedView<crypto::kCipherBlockSize>(carry_), data.first(whole), blocks));
      Copy(carry_, blocks.last(crypto::kCipherBlockSize));
    }
    tail_size_ = data.size() - whole;
    Copy(tail_, data.subspan(whole));
    return filled + whole;
  }
  // Fills `out`, all the rest of the extents: what is left over, padding, zeros. A multiple of 16,
  // 16 at least. Errors: kInternal.
  Status Finish(ByteSpan out);

 private:
  // Takes from `data` what the block that was begun lacks, and encrypts it once it is whole.
  Result<std::size_t> FillTail(ByteView& data, ByteSpan out);

  crypto::BlockCipher& cipher_;
  crypto::Rng& rng_;
  Bytes<crypto::kCipherBlockSize> carry_{};
  Bytes<crypto::kCipherBlockSize> tail_{};
  std::size_t tail_size_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_ENCRYPTED_EXTENTS_H_
