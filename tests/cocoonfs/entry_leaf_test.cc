#include "cocoonfs/entry_leaf.h"

#include <gtest/gtest.h>

#include "cocoonfs/keys.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

TEST(EntryLeafTest, EveryByteAndTheCipherCount) {
  TestAllocator allocator;
  TestRng rng;
  KeySet keys(LinkedBackend(), allocator);
  ASSERT_THAT(keys.Init(ImageLayout(), ByteView(), Ascii("key")), IsOk());
  const Result<OwnedHmac> hmac = keys.NewHmac(KeyPurpose::kPreauth, 3, Subdomain::kData);
  ASSERT_THAT(hmac, IsOk());
  const ByteVector block = RandomBytes(rng, 128);
  Bytes<64> base{}, other{};
  ASSERT_THAT(EntryLeafDigest(**hmac, ImageLayout(), block, base), IsOk());
  EXPECT_TRUE(IsZero(ByteView(base).subspan(32)));
  for (std::size_t i = 0; i < block.size(); ++i) {
    ByteVector changed = block;
    changed[i] ^= 0x80;
    ASSERT_THAT(EntryLeafDigest(**hmac, ImageLayout(), changed, other), IsOk());
    EXPECT_NE(base, other) << i;
  }
  ImageLayout strong;
  strong.key_bits = 256;
  ASSERT_THAT(EntryLeafDigest(**hmac, strong, block, other), IsOk());
  EXPECT_NE(base, other);
}

}  // namespace
}  // namespace svsm::cocoonfs
