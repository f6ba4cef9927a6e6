// The text of a recording: what is read and written again is the same text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "svsm/core/panic.h"
#include "svsm/sim/recording.h"

using namespace svsm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const Result<sim::Recording> recording = sim::DecodeRecording(text);
  if (!recording.ok()) return 0;
  const Result<std::string> again = sim::EncodeRecording(*recording, sim::Secrets::kIncluded);
  SVSM_CHECK(again.ok() && *again == text);
  const Result<std::string> redacted = sim::EncodeRecording(*recording, sim::Secrets::kRedacted);
  SVSM_CHECK(redacted.ok() && sim::DecodeRecording(*redacted).ok());
  return 0;
}
