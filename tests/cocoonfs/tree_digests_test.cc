#include "cocoonfs/tree_digests.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

class TreeDigestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(keys_.Init(ImageLayout(), ByteView(), Ascii("key")), IsOk());
    ASSERT_THAT(digests_.Init(keys_), IsOk());
  }
  ByteVector Data(std::uint64_t index, std::uint64_t word, ByteView data) {
    ByteVector out(32);
    EXPECT_THAT(digests_.DataBlock(index, word, data, out), IsOk());
    return out;
  }

  TestAllocator allocator_;
  TestRng rng_;
  KeySet keys_{LinkedBackend(), allocator_};
  TreeDigests digests_;
};

TEST_F(TreeDigestsTest, OnlyWhatIsAllocatedCounts) {
  const ByteVector data = RandomBytes(rng_, 512);
  for (std::uint64_t word = 0; word < 16; ++word) {
    const ByteVector digest = Data(9, word, data);
    for (std::size_t block = 0; block < 4; ++block) {
      ByteVector changed = data;
      changed[block * 128 + 60] ^= 1;
      EXPECT_EQ(Data(9, word, changed) != digest, (word >> block & 1) != 0) << word << block;
    }
    EXPECT_NE(Data(10, word, data), digest);
    EXPECT_NE(Data(9, word ^ 2, data), digest);
  }
  // The bytes may end where nothing counts any more.
  EXPECT_EQ(Data(9, 1, ByteView(data).first(128)), Data(9, 1, data));
  EXPECT_EQ(Data(9, 0, ByteView()), Data(9, 0, data));
}

TEST_F(TreeDigestsTest, ABatchSaysTheSame) {
  constexpr std::size_t kCount = 3 * TreeDigests::Batch::kMost + 1;
  const ByteVector data = RandomBytes(rng_, 512 * kCount);
  ByteVector out(32 * kCount);
  TreeDigests::Batch batch(digests_);
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_THAT(batch.Add(i, i % 16, ByteView(data).subspan(512 * i, 512),
                          ByteSpan(out).subspan(32 * i, 32)),
                IsOk());
  }
  ASSERT_THAT(batch.Finish(), IsOk());
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(Equal(ByteView(out).subspan(32 * i, 32),
                      Data(i, i % 16, ByteView(data).subspan(512 * i, 512))))
        << i;
  }
}

TEST_F(TreeDigestsTest, FreeBlocksHaveTheDigestsOfNothing) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2},
                                  TreeDigests::Batch::kMost, 2 * TreeDigests::Batch::kMost + 1}) {
    ByteVector out(32 * count);
    ASSERT_THAT(digests_.FreeBlocks(7, out), IsOk());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(Equal(ByteView(out).subspan(32 * i, 32), Data(7 + i, 0, ByteView()))) << i;
    }
  }
}

TEST_F(TreeDigestsTest, DigestsBlocksWhileItEncrypts) {
  const Result<OwnedCipher> cipher = keys_.NewCipher(16, Subdomain::kData);
  ASSERT_THAT(cipher, IsOk());
  const ByteVector data = RandomBytes(rng_, 512 * TreeDigests::kMostWhileEncrypting);
  const ByteView iv = ByteView(data).first(16);
  ByteVector expected(2048), out(2048);
  ASSERT_THAT((*cipher)->EncryptCbc(iv.first<16>(), ByteView(data).first(2048), expected), IsOk());
  for (const std::size_t count : {std::size_t{0}, std::size_t{3}, std::size_t{8}}) {
    ByteVector digests(32 * count);
    Fill(out, 0);
    ASSERT_THAT(
        digests_.BlocksWhileEncrypting(5, ByteView(data).first(512 * count), digests, **cipher,
                                       iv.first<16>(), ByteView(data).first(2048), out),
        IsOk());
    EXPECT_EQ(out, expected);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(Equal(ByteView(digests).subspan(32 * i, 32),
                        Data(5 + i, 15, ByteView(data).subspan(512 * i, 512))))
          << i;
    }
  }
}

TEST_F(TreeDigestsTest, NodesAndRootAreBoundToTheirPlace) {
  const ByteVector digests = RandomBytes(rng_, 1024);
  const ByteVector counter = RandomBytes(rng_, 16);
  const ByteVector context = RandomBytes(rng_, 32);
  ByteVector one(32), other(32);
  ASSERT_THAT(digests_.Node(31, digests, one), IsOk());
  ASSERT_THAT(digests_.Node(63, digests, other), IsOk());
  EXPECT_NE(one, other);
  ASSERT_THAT(digests_.Root(31, digests, counter, context, one), IsOk());
  ByteVector changed = counter;
  changed[0] ^= 1;
  ASSERT_THAT(digests_.Root(31, digests, changed, context, other), IsOk());
  EXPECT_NE(one, other);
  changed = context;
  changed[0] ^= 1;
  ASSERT_THAT(digests_.Root(31, digests, counter, changed, other), IsOk());
  EXPECT_NE(one, other);
}

TEST_F(TreeDigestsTest, TheContextBindsEveryPlace) {
  const std::vector<Extent> tree = {{16, 8}}, bitmap = {{32, 4}};
  const std::vector<Extent> elsewhere = {{40, 4}};
  ByteVector base(32), other(32);
  const auto context = [&](std::uint64_t leaf, std::uint64_t blocks, std::span<const Extent> a,
                           std::span<const Extent> b, ByteSpan out) {
    EXPECT_THAT(digests_.ImageContext(leaf, blocks, a, b, allocator_, out), IsOk());
  };
  context(5, 512, tree, bitmap, base);
  context(6, 512, tree, bitmap, other);
  EXPECT_NE(base, other);
  context(5, 516, tree, bitmap, other);
  EXPECT_NE(base, other);
  context(5, 512, elsewhere, bitmap, other);
  EXPECT_NE(base, other);
  context(5, 512, tree, elsewhere, other);
  EXPECT_NE(base, other);
}

}  // namespace
}  // namespace svsm::cocoonfs
