// A state that comes over the control channel is as secret as the TPM: no memory that the channel
// gives back has anything of it. By itself, as it watches all memory of the program.
// Covers: svsm/vtpm/control_channel.h
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "svsm/core/wire.h"
#include "svsm/vtpm/control_channel.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint8_t kMark = 0xA7;
constexpr std::size_t kRun = 16;

bool watching = false;
std::size_t found = 0;

// Counts blocks with a run of marks in them.
void Look(const void* memory, std::size_t size) {
  if (!watching) return;
  const auto* const bytes = static_cast<const std::uint8_t*>(memory);
  std::size_t run = 0;
  for (std::size_t i = 0; i < size && run < kRun; ++i) run = bytes[i] == kMark ? run + 1 : 0;
  if (run == kRun) ++found;
}

TEST(ControlWiping, LeavesNothingOfAState) {
  constexpr std::size_t kChunk = 64 * 1024;
  for (const std::size_t size : {std::size_t{100}, kChunk, ControlFramer::kMaxPayload}) {
    ByteVector request(16, 0);
    request[3] = static_cast<std::uint8_t>(ControlCommand::kSetStateBlob);
    Copy(ByteSpan(request).subspan(12),
         wire::ToBytes(wire::Be32(static_cast<std::uint32_t>(size))));
    request.resize(request.size() + size, kMark);
    found = 0;
    watching = true;
    {
      ControlFramer framer;
      auto event = ControlFramer::Event::kNeedMore;
      for (std::size_t at = 0; at < request.size(); at += kChunk) {
        event = framer.Feed(ByteView(request).subspan(at, std::min(kChunk, request.size() - at)));
      }
      EXPECT_EQ(event, ControlFramer::Event::kRequest);
      EXPECT_TRUE(framer.request().well_sized);
      framer.Next();
    }
    watching = false;
    EXPECT_EQ(found, 0u) << size;
  }
}

}  // namespace
}  // namespace svsm::vtpm

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t size) noexcept {
  svsm::vtpm::Look(memory, size);
  std::free(memory);
}
