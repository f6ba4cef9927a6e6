// svsm/sim/recording.h: all that came from outside while something ran, as text.
//
//   const std::string text = EncodeRecording(recording, Secrets::kRedacted);
//   SVSM_ASSIGN_OR_RETURN(const Recording again, DecodeRecording(text));
//
// One event a line: what kind it was, what was asked, what came. Random bytes are secrets (the keys
// of a boot come from them); redacted, there is their SHA-256 instead. What the host sees anyway is
// none.
//
//   svsm-recording 1
//   setting product=Milan seed=1
//   entropy 20000000 sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
//   monotonic - d204000000000000
//   result 7265706f7274 03000000...
//   end 3
//
// Profile: hosted. Allocates: yes. Threads: functions are pure.
#ifndef SVSM_SIM_RECORDING_H_
#define SVSM_SIM_RECORDING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::sim {

enum class EventKind : std::uint8_t {
  kEntropy,      // random bytes; asked: how many, u32
  kCpuWord,      // RDSEED or RDRAND; asked: 0 or 1; answer: whether there was one, and the u64
  kMonotonic,    // answer: u64, milliseconds
  kUnixSeconds,  // answer: u64
  kSleep,        // asked: u64, milliseconds
  kExchange,     // a guest request: see src/sim/outside.cc
  kResult,       // what was made of it all; asked: its name
};

struct RecordedEvent {
  EventKind kind = EventKind::kResult;
  ByteVector asked;
  ByteVector answer;  // empty if redacted
  bool redacted = false;
  Bytes<32> digest{};  // SHA-256 of a redacted answer
  friend bool operator==(const RecordedEvent&, const RecordedEvent&) = default;
};

struct Recording {
  std::string setting;  // what it began with: printable ASCII, as the recorder likes
  std::vector<RecordedEvent> events;
  friend bool operator==(const Recording&, const Recording&) = default;
};

inline constexpr std::size_t kMaxRecordedEvents = 1u << 20;

enum class Secrets : std::uint8_t { kRedacted, kIncluded };

// The kind's word in the text, a static string.
const char* EventKindName(EventKind kind);
// Whether answers of this kind are redacted.
constexpr bool IsSecret(EventKind kind) {
  return kind == EventKind::kEntropy || kind == EventKind::kCpuWord;
}

// Panics if the setting has a character outside printable ASCII. What is redacted already stays so.
// Errors: kInternal (the hash).
Result<std::string> EncodeRecording(const Recording& recording, Secrets secrets);

// Errors: kMalformed (detail = number of the first wrong line, from 1), kTruncated (the last line
// is missing), kUnsupported (another version), kOutOfRange (more than kMaxRecordedEvents).
Result<Recording> DecodeRecording(std::string_view text);

}  // namespace svsm::sim

#endif  // SVSM_SIM_RECORDING_H_
