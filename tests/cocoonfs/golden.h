// The images of SVSM_VECTORS_DIR/cocoonfs, made by another implementation, and what must be in
// them.
#ifndef SVSM_TESTS_COCOONFS_GOLDEN_H_
#define SVSM_TESTS_COCOONFS_GOLDEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"

namespace svsm::cocoonfs {

struct GoldenFile {
  std::uint64_t inode = 0;
  std::uint8_t flags = 0;
  ByteVector data;
};

struct GoldenAux {
  ByteVector uuid;
  ByteVector data;
};

struct GoldenImage {
  std::string name;
  ByteVector key;
  ByteVector salt;
  std::string hash;
  std::string cipher;
  std::size_t device_block_bytes = 0;
  std::string state;
  ByteVector root_digest;  // empty if the table says none
  ByteVector counter;      // 16 bytes, least significant first; empty likewise
  std::uint64_t allocated_blocks = 0;
  std::vector<GoldenFile> files;
  std::vector<GoldenAux> aux;

  // The bytes of the image, unpacked.
  ByteVector Load() const;
};

// All of them, in the order of the table; empty without the folder.
const std::vector<GoldenImage>& GoldenImages();
// Those whose state is, or begins with, the text.
std::vector<GoldenImage> GoldenImagesIn(const std::string& state);
const GoldenImage* FindGolden(const std::string& name);

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_GOLDEN_H_
