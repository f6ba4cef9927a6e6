#include "cocoonfs/encrypted_extents.h"

#include <gtest/gtest.h>

#include "cocoonfs/keys.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using ByteVec = std::vector<std::uint8_t>;

TEST(FileEncryptorTest, PiecesDoNotMatterAndTheEndIsFound) {
  TestAllocator allocator;
  TestRng rng(2);
  KeySet keys(LinkedBackend(), allocator);
  ASSERT_THAT(keys.Init(ImageLayout(), ByteView(), ByteView()), IsOk());
  const Result<OwnedCipher> cipher = keys.NewCipher(16, Subdomain::kData);
  ASSERT_THAT(cipher, IsOk());
  for (std::size_t size = 0; size < 300; ++size) {
    const ByteVec data = RandomBytes(rng, size);
    const std::uint64_t blocks = FileBlocks(ImageLayout(), size);
    EXPECT_EQ(blocks, (16 + size / 16 * 16 + 16 + 127) / 128);
    ByteVec stream(blocks * 128);
    FileEncryptor encryptor(**cipher, rng);
    ASSERT_THAT(encryptor.Begin(FixedSpan<16>(ByteSpan(stream).first<16>())), IsOk());
    std::size_t at = 16;
    for (std::size_t done = 0; done < size;) {
      const std::size_t piece = rng.Below(40) + 1;
      const std::size_t here = piece < size - done ? piece : size - done;
      ByteVec out(here + 15);
      const Result<std::size_t> filled = encryptor.Update(ByteView(data).subspan(done, here), out);
      ASSERT_THAT(filled, IsOk());
      Copy(ByteSpan(stream).subspan(at), ByteView(out).first(*filled));
      at += *filled;
      done += here;
    }
    ASSERT_THAT(encryptor.Finish(ByteSpan(stream).subspan(at)), IsOk());
    ByteVec plain(stream.size() - 16);
    ASSERT_THAT((*cipher)->DecryptCbc(FixedView<16>(ByteView(stream).first<16>()),
                                      ByteView(stream).subspan(16), plain),
                IsOk());
    const Result<std::uint64_t> end = PaddingFinder::Feed(plain, 1000);
    ASSERT_THAT(end, IsOk());
    EXPECT_EQ(*end, 1000 + size);
    EXPECT_TRUE(Equal(ByteView(plain).first(size), data));
  }
}

TEST(PaddingFinderTest, RefusesWhatIsNoPadding) {
  Bytes<32> piece{};
  Result<std::uint64_t> end = PaddingFinder::Feed(piece, 0);
  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(*end, PaddingFinder::kNotYet);
  const Status bad = Malformed(Region::kFileData);
  piece[30] = 1;  // not at the end of a cipher block
  EXPECT_EQ(PaddingFinder::Feed(piece, 0).status(), bad);
  piece[31] = 17;
  EXPECT_EQ(PaddingFinder::Feed(piece, 0).status(), bad);
  piece[31] = 2;
  EXPECT_EQ(PaddingFinder::Feed(piece, 0).status(), bad);
  piece[30] = 2;
  EXPECT_THAT(PaddingFinder::Feed(piece, 0), IsOk());
}

}  // namespace
}  // namespace svsm::cocoonfs
