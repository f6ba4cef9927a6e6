#include "cocoonfs/replay_view.h"

#include <gtest/gtest.h>

#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

TEST(ReplayViewTest, ReadsThroughTheScript) {
  TestAllocator allocator;
  TestRng rng(3);
  const ByteVec image = RandomBytes(rng, 128 * 64);
  testing::FaultDevice device(128, image);
  DeviceView below(device, allocator);
  ASSERT_THAT(below.Init(0, 128), IsOk());
  DisguiseKeys keys;
  keys.cipher = 0x06;
  keys.key_bits = 128;
  Fill(keys.key.writable(), 1);
  Fill(keys.iv_key.writable(), 2);
  const ApplyRecord writes[] = {{8, 40, 4}, {12, 12, 4}, {20, 30, 2}};
  StagingDisguise disguise;
  ASSERT_THAT(disguise.Init(keys, LinkedBackend(), allocator), IsOk());
  ByteVec expected = image;
  Copy(ByteSpan(expected).subspan(8 * 128), ByteView(image).subspan(40 * 128, 4 * 128));
  Copy(ByteSpan(expected).subspan(20 * 128), ByteView(image).subspan(30 * 128, 2 * 128));
  for (const bool disguised : {false, true}) {
    if (disguised) {
      for (const ApplyRecord& write : writes) {
        if (write.source == write.target) continue;
        ByteVec blocks(
            expected.begin() + static_cast<std::ptrdiff_t>(write.target * 128),
            expected.begin() + static_cast<std::ptrdiff_t>((write.target + write.count) * 128));
        ASSERT_THAT(disguise.Apply(write.target, write.source, 128, blocks), IsOk());
        device.Poke(write.source * 128, blocks);
      }
    }
    const ByteView now = device.image();
    ByteVec all = expected;
    for (const std::size_t staging : {30u, 40u}) {
      Copy(ByteSpan(all).subspan(staging * 128), now.subspan(staging * 128, 4 * 128));
    }
    ReplayView view(below);
    ASSERT_THAT(view.Init(writes, disguised ? &keys : nullptr, 128, LinkedBackend(), allocator),
                IsOk());
    for (std::uint64_t first = 0; first < 28; ++first) {
      for (const std::uint64_t count : {1u, 3u, 16u, 30u}) {
        ByteVec out(count * 128);
        ASSERT_THAT(view.Read(first, out), IsOk());
        EXPECT_TRUE(Equal(out, ByteView(all).subspan(first * 128, out.size())));
      }
    }
  }
  keys.cipher = 0x99;
  ReplayView view(below);
  EXPECT_THAT(view.Init(writes, &keys, 128, LinkedBackend(), allocator),
              IsStatus(Code::kUnsupported, Source::kCocoonfs, 0x99));
}

}  // namespace
}  // namespace svsm::cocoonfs
