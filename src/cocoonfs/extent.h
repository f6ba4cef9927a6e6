// Ranges of allocation blocks, and the two packed pointers that name them on disk.
#ifndef SVSM_SRC_COCOONFS_EXTENT_H_
#define SVSM_SRC_COCOONFS_EXTENT_H_

#include <cstdint>

#include "svsm/core/result.h"

namespace svsm::cocoonfs {

// A run of allocation blocks, not empty once it is in use.
struct Extent {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  constexpr std::uint64_t end() const { return first + count; }
  // Whether `other` shares a block with this one. Neither may wrap.
  constexpr bool Overlaps(const Extent& other) const {
    return first < other.end() && other.first < end();
  }
  constexpr bool Contains(std::uint64_t block) const {
    return block >= first && block - first < count;
  }
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

// "No extent": all ones in either kind of pointer.
inline constexpr std::uint64_t kNilPointer = ~std::uint64_t{0};
// The most that one extent pointer covers.
inline constexpr std::uint64_t kMaxPointerBlocks = 64;
// Positions have their upper 7 bits clear, as an allocation block has 128 bytes at least.
inline constexpr std::uint64_t kMaxPosition = (std::uint64_t{1} << 57) - 1;

struct ExtentPointer {
  Extent extent;          // {0, 0} when nil
  bool indirect = false;  // the extent begins a chained extents list
  bool nil = true;
};

// Errors: kMalformed (detail = Region::kDevice; an extent that starts at block 0 or leaves the
// address space). The image's size is the caller's to check.
Result<ExtentPointer> DecodeExtentPointer(std::uint64_t raw);
// `extent` has 1 to 64 blocks and ends at kMaxPosition + 1 at most.
constexpr std::uint64_t EncodeExtentPointer(const Extent& extent, bool indirect) {
  return extent.first << 7 | (extent.count - 1) << 1 | (indirect ? 1U : 0U);
}

// The position that a block pointer names, or kNilPointer.
// Errors: kMalformed (a reserved bit is set, or position 0).
Result<std::uint64_t> DecodeBlockPointer(std::uint64_t raw);
constexpr std::uint64_t EncodeBlockPointer(std::uint64_t first) { return first << 7; }

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_EXTENT_H_
