// Reads one file's bytes from anywhere in it, with bounded memory. Its ciphertext is the extents
// one after the other: IV, then the cipher blocks; each is decrypted with the 16 bytes before it.
#ifndef SVSM_SRC_COCOONFS_FILE_READER_H_
#define SVSM_SRC_COCOONFS_FILE_READER_H_

#include <cstdint>

#include "cocoonfs/volume.h"

namespace svsm::cocoonfs {

// Ciphertext that is read and checked at once, if that is more than a data block.
inline constexpr std::size_t kFileBufferBytes = 16 * 1024;

class FileReader {
 public:
  explicit FileReader(Volume& volume)
      : volume_(volume), extents_(volume.allocator), buffer_(volume.allocator) {}
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  // Errors of all: as ReadFileExtents(), kMalformed (Region::kFileData), kAuthFailed, kOutOfMemory.

  // Begins with another file; does nothing if it is this one already.
  Status Open(const IndexEntry& entry);
  // Forgets all that was read: after a commit.
  void Close();

  std::uint64_t inode() const { return inode_; }
  std::span<const Extent> extents() const { return extents_.view(); }
  // The file's bytes; found from its end at the first call.
  Result<std::uint64_t> Size();
  // Fills `out`, which lies in the file. On failure `out` is undefined.
  Status Read(std::uint64_t offset, ByteSpan out);

 private:
  // Checked ciphertext of the stream from `offset` on, up to `limit` or less, whole cipher blocks.
  Result<ByteView> Load(std::uint64_t offset, std::uint64_t limit);
  Status LoadBlocks(const Extent& wanted);
  void Forget();
  // Decrypts plaintext from `begin` (a multiple of 16), out.size() bytes (likewise).
  Status Decrypt(std::uint64_t begin, ByteSpan out);

  Volume& volume_;
  std::uint64_t inode_ = 0;  // 0: none
  FileCipher cipher_;
  crypto::BlockCipher* decryptor_ = nullptr;
  Vec<Extent> extents_;
  std::uint64_t stream_bytes_ = 0;
  std::uint64_t size_ = kUnknown;
  // Where Load() was last: an extent, and the blocks before it.
  std::size_t cursor_ = 0;
  std::uint64_t cursor_blocks_ = 0;
  Vec<std::uint8_t> buffer_;
  Extent loaded_;  // the blocks that buffer_ holds
  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_FILE_READER_H_
