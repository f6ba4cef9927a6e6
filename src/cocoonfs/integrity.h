// The protection against torn writes that headers, the journal's head and auxiliary extents carry.
//
// A checksum, masked so that no byte of the first 128 is zero, is kept in a section within those
// 128 bytes ("commit id"), and again before each power of two from 256 bytes to the IO block's end,
// where a write may have stopped. What was there is saved in the section.
#ifndef SVSM_SRC_COCOONFS_INTEGRITY_H_
#define SVSM_SRC_COCOONFS_INTEGRITY_H_

#include <cstdint>

#include "cocoonfs/checksum.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"

namespace svsm::cocoonfs {

// What is protected without a size being known, and the least that an extent has.
inline constexpr std::size_t kIntegrityHeadBytes = 128;

struct IntegrityPlace {
  std::size_t skip = 0;     // bytes at the start that are not masked: a magic
  std::size_t section = 0;  // offset of the section
  std::uint32_t slots = 0;  // powers of two above 128 up to the IO block
};
constexpr std::size_t IntegritySectionBytes(std::uint32_t slots) {
  return kChecksumBytes + 1 + kChecksumBytes * slots;
}
constexpr std::uint32_t IntegritySlots(const ImageLayout& layout) {
  return std::uint32_t{layout.allocation_block_log2} + layout.io_block_log2;
}
inline constexpr std::size_t kMagicBytes = 8;
constexpr IntegrityPlace StaticHeaderIntegrity(std::uint32_t slots) { return {8, 31, slots}; }
constexpr IntegrityPlace CreationHeaderIntegrity(std::uint32_t slots) { return {8, 47, slots}; }
constexpr IntegrityPlace JournalHeadIntegrity(std::uint32_t slots) { return {8, 8, slots}; }
constexpr IntegrityPlace AuxIntegrity(std::uint32_t slots, bool group_head) {
  return {0, group_head ? 17U : 16U, slots};
}

// Whether the first 128 bytes were written as a whole; if so, takes their mask off, and the commit
// id and mask with it. `head` has 128 bytes; `place.slots` does not count.
bool RemoveHeadIntegrity(const IntegrityPlace& place, ByteSpan head);

// Whether the extent was written as a whole; if so, its bytes become what they were, the section
// zero. If not, the bytes are undefined. `extent` has the IO block's size at least.
bool RemoveIntegrity(const IntegrityPlace& place, ByteSpan extent);

// Protects an extent whose section is zero.
void ApplyIntegrity(const IntegrityPlace& place, ByteSpan extent);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_INTEGRITY_H_
