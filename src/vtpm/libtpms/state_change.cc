#include "vtpm/libtpms/state_change.h"

#include <algorithm>
#include <cstring>

namespace svsm::vtpm {
namespace {

// The section of the state that begins with the clock: a magic number, the least version that must
// be known, 2 bytes; then the clock, 8 bytes, whether it is safe, 1 byte; then the TPM's generator,
// which is stored whenever the clock is: version, 2 bytes, magic number, least version, 2 bytes,
// 8 + 4 + 2 + 48 bytes of state, 2 + 16 bytes of the last output.
constexpr Bytes<4> kOrderlyMagic = {0x56, 0x65, 0x78, 0x87};
constexpr Bytes<4> kGeneratorMagic = {0x6F, 0xE8, 0x3E, 0xA1};
constexpr std::size_t kClockOffset = kOrderlyMagic.size() + 2;
constexpr std::size_t kGeneratorMagicOffset = kClockOffset + 8 + 1 + 2;
constexpr std::size_t kPlainSize = 8 + 1 + 2 + kGeneratorMagic.size() + 2 + 62 + 18;

// Whether the section is at `at`, whole.
bool IsSection(ByteView state, std::size_t at) {
  return at + kClockOffset + kPlainSize <= state.size() && state[at] == kOrderlyMagic[0] &&
         Equal(state.subspan(at, kOrderlyMagic.size()), kOrderlyMagic) &&
         Equal(state.subspan(at + kGeneratorMagicOffset, kGeneratorMagic.size()), kGeneratorMagic);
}

// A section in which the bytes from `first` to `end` are clock and generator; state.size() if there
// is none.
std::size_t FindSection(ByteView state, std::size_t first, std::size_t end) {
  const std::size_t reach = kClockOffset + kPlainSize;
  for (std::size_t at = end > reach ? end - reach : 0; at + kClockOffset <= first; ++at) {
    if (IsSection(state, at)) return at;
  }
  return state.size();
}

bool HasOneSection(ByteView state) {
  std::size_t found = 0;
  for (std::size_t at = 0; at < state.size(); ++at) found += IsSection(state, at) ? 1 : 0;
  return found == 1;
}

// Bytes that are compared at once; the C library's memcmp() takes many in a step.
constexpr std::size_t kStep = 256;

bool SameAt(ByteView a, ByteView b, std::size_t at, std::size_t size) {
  return std::memcmp(a.data() + at, b.data() + at, size) == 0;
}

struct Range {
  std::size_t first = 0;
  std::size_t end = 0;
};

// From the first byte that differs to the last one; empty if none does. Both have one size.
Range FindDifference(ByteView a, ByteView b) {
  Range range{0, a.size()};
  while (range.first < range.end) {
    const std::size_t size = std::min(kStep, range.end - range.first);
    if (!SameAt(a, b, range.first, size)) break;
    range.first += size;
  }
  while (range.first < range.end && a[range.first] == b[range.first]) ++range.first;
  while (range.end > range.first) {
    const std::size_t size = std::min(kStep, range.end - range.first);
    if (!SameAt(a, b, range.end - size, size)) break;
    range.end -= size;
  }
  while (range.end > range.first && a[range.end - 1] == b[range.end - 1]) --range.end;
  return range;
}

}  // namespace

StateChange CompareStates(ByteView before, ByteView after) {
  if (before.size() != after.size()) return StateChange::kMatters;
  const auto [first, end] = FindDifference(before, after);
  if (first == end) return StateChange::kNone;
  // Mostly it is somewhere else, and that is seen at once.
  const std::size_t section = FindSection(before, first, end);
  const bool plain = section != before.size() && IsSection(after, section) &&
                     HasOneSection(before) && HasOneSection(after);
  return plain ? StateChange::kPlain : StateChange::kMatters;
}

}  // namespace svsm::vtpm
