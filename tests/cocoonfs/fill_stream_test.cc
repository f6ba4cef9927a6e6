#include "cocoonfs/fill_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

TEST(FillStreamTest, NeverRepeatsItself) {
  TestAllocator allocator;
  TestRng rng;
  FillStream stream;
  ASSERT_THAT(stream.Init(LinkedBackend(), ImageLayout(), rng, allocator), IsOk());
  std::set<ByteVector> seen;
  for (int i = 0; i < 300; ++i) {  // the counter's last byte goes round
    ByteVector bytes(48);
    ASSERT_THAT(stream.Fill(bytes), IsOk());
    for (std::size_t at = 0; at < bytes.size(); at += 16) {
      EXPECT_TRUE(seen.emplace(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                               bytes.begin() + static_cast<std::ptrdiff_t>(at) + 16)
                      .second);
    }
  }
}

TEST(FillStreamTest, PiecesDoNotMatter) {
  TestAllocator allocator;
  ByteVector whole(1024), pieces(1024, 0xEE);
  TestRng one(7), other(7);
  FillStream a, b;
  ASSERT_THAT(a.Init(LinkedBackend(), ImageLayout(), one, allocator), IsOk());
  ASSERT_THAT(b.Init(LinkedBackend(), ImageLayout(), other, allocator), IsOk());
  ASSERT_THAT(a.Fill(whole), IsOk());
  for (std::size_t at = 0; at < pieces.size(); at += 128) {
    ASSERT_THAT(b.Fill(ByteSpan(pieces).subspan(at, 128)), IsOk());
  }
  EXPECT_EQ(whole, pieces);
}

TEST(FillStreamTest, OutOfMemory) {
  TestAllocator allocator;
  TestRng rng;
  FillStream stream;
  allocator.FailAt(1);
  EXPECT_EQ(stream.Init(LinkedBackend(), ImageLayout(), rng, allocator).code(), Code::kOutOfMemory);
  allocator.FailAt(0);
}

}  // namespace
}  // namespace svsm::cocoonfs
