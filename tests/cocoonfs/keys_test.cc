#include "cocoonfs/keys.h"

#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/encrypted_extents.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

Bytes<32> KeyOf(const ImageLayout& layout, ByteView salt, ByteView user_key, KeyPurpose purpose,
                std::uint64_t domain, Subdomain subdomain) {
  TestAllocator allocator;
  KeySet keys(LinkedBackend(), allocator);
  EXPECT_THAT(keys.Init(layout, salt, user_key), IsOk());
  Bytes<32> key{};
  EXPECT_THAT(keys.Derive(purpose, domain, subdomain, key), IsOk());
  return key;
}

TEST(KeySetTest, EveryInputCounts) {
  const ImageLayout layout;
  const auto salt = Ascii("abc");
  const auto user = Ascii("0123456789abcdef");
  const auto base = KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData);
  EXPECT_EQ(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 17, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kPreauth, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kExtentsList));
  EXPECT_NE(base, KeyOf(layout, Ascii("abd"), user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, ByteView(), user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, ByteView(), KeyPurpose::kEncrypt, 16, Subdomain::kData));
  ImageLayout other = layout;
  other.node_hash = crypto::HashAlg::kSha512;
  EXPECT_NE(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  other = layout;
  other.key_bits = 256;
  EXPECT_NE(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  other = layout;
  other.io_block_log2 = 3;  // geometry is authenticated elsewhere
  EXPECT_EQ(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
}

TEST(KeySetTest, OutOfMemory) {
  TestAllocator allocator;
  for (std::uint64_t n = 1; n < 3; ++n) {
    allocator.FailAt(n);
    KeySet keys(LinkedBackend(), allocator);
    const Status status = keys.Init(ImageLayout(), ByteView(), ByteView());
    EXPECT_EQ(status.code(), Code::kOutOfMemory);
    allocator.FailAt(0);
  }
}

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
