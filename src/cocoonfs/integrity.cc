#include "cocoonfs/integrity.h"

namespace svsm::cocoonfs {
namespace {

struct Head {
  Bytes<kChecksumBytes> commit_id{};
  std::uint8_t mask = 0;
};

std::size_t SlotOffset(const IntegrityPlace& place, std::uint32_t slot) {
  return place.section + kChecksumBytes + 1 + kChecksumBytes * slot;
}
std::size_t MarkerOffset(std::uint32_t slot) {
  return (2 * kIntegrityHeadBytes << slot) - kChecksumBytes;
}

void Mask(const IntegrityPlace& place, std::uint8_t mask, ByteSpan extent) {
  for (std::size_t i = place.skip; i < kIntegrityHeadBytes; ++i) extent[i] ^= mask;
}

bool TakeHead(const IntegrityPlace& place, ByteSpan extent, Head& head) {
  for (std::size_t i = place.skip; i < kIntegrityHeadBytes; ++i) {
    if (extent[i] == 0) return false;
  }
  const ByteSpan section = extent.subspan(place.section, kChecksumBytes + 1);
  Copy(head.commit_id, section.first(kChecksumBytes));
  head.mask = section[kChecksumBytes];
  Mask(place, head.mask, extent);
  Fill(section, 0);
  return true;
}

// A value that is not zero and is none of the checksum's bytes, nor of those that it will mask.
std::uint8_t ChooseMask(const IntegrityPlace& place, ByteView extent,
                        const Bytes<kChecksumBytes>& checksum) {
  Bytes<256> used{};
  used[0] = 1;
  for (std::size_t i = place.skip; i < kIntegrityHeadBytes; ++i) used[extent[i]] = 1;
  for (const std::uint8_t byte : checksum) used[byte] = 1;
  std::size_t mask = 1;
  while (used[mask] != 0) ++mask;  // 137 values at most are in use
  return static_cast<std::uint8_t>(mask);
}

}  // namespace

bool RemoveHeadIntegrity(const IntegrityPlace& place, ByteSpan head) {
  Head ignored;
  return TakeHead(place, head, ignored);
}

bool RemoveIntegrity(const IntegrityPlace& place, ByteSpan extent) {
  Head head;
  if (!TakeHead(place, extent, head)) return false;
  for (std::uint32_t slot = 0; slot < place.slots; ++slot) {
    const ByteSpan saved = extent.subspan(SlotOffset(place, slot), kChecksumBytes);
    const ByteSpan marker = extent.subspan(MarkerOffset(slot), kChecksumBytes);
    if (!Equal(marker, head.commit_id)) return false;
    Copy(marker, saved);
    Fill(saved, 0);
  }
  Checksum checksum;
  checksum.Update(extent);
  for (std::uint8_t& byte : head.commit_id) byte ^= head.mask;
  return Equal(checksum.Finish(), head.commit_id);
}

void ApplyIntegrity(const IntegrityPlace& place, ByteSpan extent) {
  Checksum checksum;
  checksum.Update(extent);
  Bytes<kChecksumBytes> commit_id = checksum.Finish();
  for (std::uint32_t slot = place.slots; slot-- > 0;) {
    Copy(extent.subspan(SlotOffset(place, slot), kChecksumBytes),
         extent.subspan(MarkerOffset(slot), kChecksumBytes));
  }
  const std::uint8_t mask = ChooseMask(place, extent, commit_id);
  Mask(place, mask, extent);
  for (std::uint8_t& byte : commit_id) byte ^= mask;
  Copy(extent.subspan(place.section, kChecksumBytes), commit_id);
  extent[place.section + kChecksumBytes] = mask;
  for (std::uint32_t slot = 0; slot < place.slots; ++slot) {
    Copy(extent.subspan(MarkerOffset(slot), kChecksumBytes), commit_id);
  }
}

}  // namespace svsm::cocoonfs
