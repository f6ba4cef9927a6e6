#include "vtpm/libtpms/state_change.h"

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

// Where the clock is; 0 if there is none, or more than one place that could be it.
std::size_t FindClock(ByteView state) {
  std::size_t found = 0;
  for (std::size_t i = 0; i + kClockOffset + kPlainSize <= state.size(); ++i) {
    if (state[i] != kOrderlyMagic[0]) continue;
    if (!Equal(state.subspan(i, kOrderlyMagic.size()), kOrderlyMagic) ||
        !Equal(state.subspan(i + kGeneratorMagicOffset, kGeneratorMagic.size()), kGeneratorMagic)) {
      continue;
    }
    if (found != 0) return 0;
    found = i + kClockOffset;
  }
  return found;
}

}  // namespace

StateChange CompareStates(ByteView before, ByteView after) {
  if (before.size() != after.size()) return StateChange::kMatters;
  std::size_t first = 0;
  std::size_t end = before.size();
  while (first < end && before[first] == after[first]) ++first;
  while (end > first && before[end - 1] == after[end - 1]) --end;
  if (first == end) return StateChange::kNone;
  if (end - first > kPlainSize) return StateChange::kMatters;
  const std::size_t clock = FindClock(before);
  const bool plain =
      clock != 0 && clock == FindClock(after) && first >= clock && end <= clock + kPlainSize;
  return plain ? StateChange::kPlain : StateChange::kMatters;
}

}  // namespace svsm::vtpm
