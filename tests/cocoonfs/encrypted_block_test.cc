#include "cocoonfs/encrypted_block.h"

#include <gtest/gtest.h>

#include "cocoonfs/keys.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using ByteVec = std::vector<std::uint8_t>;

TEST(EncryptedBlockTest, RoundTrip) {
  TestAllocator allocator;
  TestRng rng(2);
  KeySet keys(LinkedBackend(), allocator);
  ASSERT_THAT(keys.Init(ImageLayout(), ByteView(), ByteView()), IsOk());
  const Result<OwnedCipher> cipher = keys.NewCipher(3, Subdomain::kData);
  ASSERT_THAT(cipher, IsOk());
  for (const std::size_t size : {0u, 5u, 112u}) {
    const ByteVec payload = RandomBytes(rng, size);
    Bytes<128> block{};
    ASSERT_THAT(EncryptBlock(**cipher, rng, payload, block), IsOk());
    Bytes<112> out{};
    ASSERT_THAT(DecryptBlock(**cipher, block, out), IsOk());
    EXPECT_TRUE(Equal(ByteView(out).first(size), payload));
    EXPECT_TRUE(IsZero(ByteView(out).subspan(size)));
    ASSERT_THAT(DecryptBlock(**cipher, block, ByteSpan(block).subspan(16)), IsOk());
    EXPECT_TRUE(Equal(ByteView(block).subspan(16), out));
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
