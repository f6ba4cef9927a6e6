// The format's checksum: the CRC-32 of the bytes, then that of the bytes with the odd and even bits
// of each swapped, both little-endian.
#ifndef SVSM_SRC_COCOONFS_CHECKSUM_H_
#define SVSM_SRC_COCOONFS_CHECKSUM_H_

#include <cstdint>

#include "svsm/core/bytes.h"

namespace svsm::cocoonfs {

inline constexpr std::size_t kChecksumBytes = 8;

class Checksum {
 public:
  void Update(ByteView data);
  void UpdateZeros(std::size_t count);
  Bytes<kChecksumBytes> Finish() const;

 private:
  std::uint32_t plain_ = ~std::uint32_t{0};
  std::uint32_t swapped_ = ~std::uint32_t{0};
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_CHECKSUM_H_
