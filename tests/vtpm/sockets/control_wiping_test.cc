// A state that comes over the control channel is as secret as the TPM: no memory that the channel
// gives back has anything of it. By itself, as it watches all memory of the program.
// Covers: svsm/vtpm/control_channel.h
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "svsm/core/wire.h"
#include "svsm/vtpm/control_channel.h"
#include "tests/freed_memory.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint8_t kMark = 0xA7;
// Feeds a request, in pieces of `chunk` bytes.
void Feed(ByteView request, std::size_t chunk) {
  ControlFramer framer;
  auto event = ControlFramer::Event::kNeedMore;
  for (std::size_t at = 0; at < request.size(); at += chunk) {
    event = framer.Feed(request.subspan(at, std::min(chunk, request.size() - at)));
  }
  EXPECT_EQ(event, ControlFramer::Event::kRequest);
  EXPECT_TRUE(framer.request().well_sized);
  framer.Next();
}

TEST(ControlWiping, LeavesNothingOfAState) {
  constexpr std::size_t kChunk = 64 * 1024;
  for (const std::size_t size : {std::size_t{100}, kChunk, ControlFramer::kMaxPayload}) {
    ByteVector request(16, 0);
    request[3] = static_cast<std::uint8_t>(ControlCommand::kSetStateBlob);
    Copy(ByteSpan(request).subspan(12),
         wire::ToBytes(wire::Be32(static_cast<std::uint32_t>(size))));
    request.resize(request.size() + size, kMark);
    EXPECT_EQ(
        testing::Frees(std::string(16, static_cast<char>(kMark)), [&] { Feed(request, kChunk); }),
        0)
        << size;
  }
}

}  // namespace
}  // namespace svsm::vtpm
