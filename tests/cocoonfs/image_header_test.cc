#include "cocoonfs/image_header.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

constexpr std::uint32_t Detail(Region region) { return static_cast<std::uint32_t>(region); }

StaticHeader MakeHeader(std::size_t salt_size) {
  StaticHeader header;
  header.salt.size = static_cast<std::uint8_t>(salt_size);
  for (std::size_t i = 0; i < salt_size; ++i) {
    header.salt.bytes[i] = static_cast<std::uint8_t>(i * 3);
  }
  return header;
}

ByteVec Encode(const StaticHeader& header) {
  ByteVec bytes(StaticHeaderBytes(header.layout, header.salt.size), 0xEE);
  EXPECT_THAT(EncodeStaticHeader(header, bytes), IsOk());
  return bytes;
}

TEST(StaticHeaderTest, RoundTrip) {
  for (const std::size_t salt_size : {0u, 1u, 3u, 255u}) {
    for (const std::uint8_t io_log2 : std::initializer_list<std::uint8_t>{0, 2, 6}) {
      StaticHeader header = MakeHeader(salt_size);
      header.layout.io_block_log2 = io_log2;
      ByteVec bytes = Encode(header);
      EXPECT_EQ(bytes.size() % header.layout.io_block_bytes(), 0u);
      const Result<StaticHeader> peek = PeekStaticHeader(bytes);
      ASSERT_THAT(peek, IsOk());
      EXPECT_EQ(peek->layout, header.layout);
      EXPECT_EQ(peek->salt.size, salt_size);
      const Result<StaticHeader> decoded = DecodeStaticHeader(bytes);
      ASSERT_THAT(decoded, IsOk());
      EXPECT_EQ(decoded->layout, header.layout);
      EXPECT_TRUE(Equal(decoded->salt.view(), header.salt.view()));
    }
  }
}

TEST(StaticHeaderTest, RefusesWhatIsNoHeader) {
  ByteVec bytes = Encode(MakeHeader(3));
  ByteVec zero(bytes.size());
  EXPECT_THAT(PeekStaticHeader(zero), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  ByteVec torn = bytes;
  torn[300] ^= 1;
  EXPECT_THAT(PeekStaticHeader(torn), IsOk());
  EXPECT_THAT(DecodeStaticHeader(torn), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  ByteVec short_one(bytes.begin(), bytes.begin() + 256);
  EXPECT_THAT(DecodeStaticHeader(short_one), IsStatus(Code::kDataLoss, Source::kCocoonfs));
}

// Changes a byte of the header as it is without protection.
ByteVec Changed(std::size_t at, std::uint8_t value) {
  ByteVec bytes = Encode(MakeHeader(3));
  EXPECT_TRUE(RemoveIntegrity(StaticHeaderIntegrity(2), bytes));
  bytes[at] = value;
  ApplyIntegrity(StaticHeaderIntegrity(2), bytes);
  return bytes;
}

TEST(StaticHeaderTest, RefusesBadFields) {
  EXPECT_THAT(PeekStaticHeader(Changed(8, 2)), IsStatus(Code::kUnsupported, Source::kCocoonfs, 2));
  EXPECT_THAT(PeekStaticHeader(Changed(10, 9)),
              IsStatus(Code::kMalformed, Source::kCocoonfs, Detail(Region::kStaticHeader)));
  ByteVec padding = Changed(500, 1);
  EXPECT_THAT(DecodeStaticHeader(padding),
              IsStatus(Code::kMalformed, Source::kCocoonfs, Detail(Region::kStaticHeader)));
}

TEST(StaticHeaderTest, PlacesFollowEachOther) {
  ImageLayout layout;
  Result<HeaderPlaces> places = PlacesOf(layout, 3);
  ASSERT_THAT(places, IsOk());
  EXPECT_EQ(places->mutable_header, (Extent{4, 1}));  // 112 bytes
  EXPECT_EQ(places->end, 5u);
  EXPECT_EQ(places->journal_head, (Extent{8, 4}));
  layout.data_block_log2 = 6;
  places = PlacesOf(layout, 3);
  ASSERT_THAT(places, IsOk());
  EXPECT_EQ(places->journal_head, (Extent{64, 64}));
}

TEST(MutableHeaderTest, RoundTrip) {
  ImageLayout layout;
  layout.root_hash = crypto::HashAlg::kSha512;
  MutableHeader header;
  header.aux_heads[0] = 7;
  for (std::size_t i = 0; i < 64; ++i) header.root_digest[i] = static_cast<std::uint8_t>(i);
  Fill(header.encrypted_counter, 0xCC);
  Fill(ByteSpan(header.entry_leaf_digest).first(32), 0xDD);
  header.entry_leaf = 12;
  header.num_blocks = 512;
  ByteVec bytes(256, 0xFF);
  EncodeMutableHeader(layout, header, bytes);
  EXPECT_EQ(MutableHeaderBytes(layout), 16u + 64 + 16 + 32 + 8 + 8);
  EXPECT_TRUE(IsZero(ByteView(bytes).subspan(MutableHeaderBytes(layout))));
  const Result<MutableHeader> decoded = DecodeMutableHeader(layout, bytes);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->aux_heads[0], 7u);
  EXPECT_EQ(decoded->aux_heads[1], kNilPointer);
  EXPECT_EQ(decoded->root_digest, header.root_digest);
  EXPECT_EQ(decoded->encrypted_counter, header.encrypted_counter);
  EXPECT_EQ(decoded->entry_leaf_digest, header.entry_leaf_digest);
  EXPECT_EQ(decoded->entry_leaf, 12u);
  EXPECT_EQ(decoded->num_blocks, 512u);
}

TEST(MutableHeaderTest, RefusesBadFields) {
  const ImageLayout layout;
  const auto decode = [&](std::uint64_t entry_leaf, std::uint64_t num_blocks) {
    MutableHeader header;
    header.entry_leaf = entry_leaf;
    header.num_blocks = num_blocks;
    ByteVec bytes(128);
    EncodeMutableHeader(layout, header, bytes);
    return DecodeMutableHeader(layout, bytes).status();
  };
  const Status bad = Malformed(Region::kMutableHeader);
  EXPECT_THAT(decode(12, 512), IsOk());
  EXPECT_EQ(decode(0, 512), bad);
  EXPECT_EQ(decode(512, 512), bad);
  EXPECT_EQ(decode(12, 511), bad);
  EXPECT_EQ(decode(12, 0), bad);
  EXPECT_EQ(decode(12, std::uint64_t{1} << 60), bad);
}

TEST(CounterTest, GoesUpByOne) {
  Bytes<kCounterBytes> counter{};
  counter[0] = 0xFE;
  IncrementCounter(counter);
  EXPECT_EQ(counter[0], 0xFF);
  IncrementCounter(counter);
  EXPECT_EQ(counter[0], 0);
  EXPECT_EQ(counter[1], 1);
  Fill(counter, 0xFF);
  IncrementCounter(counter);
  EXPECT_TRUE(IsZero(counter));
}

}  // namespace
}  // namespace svsm::cocoonfs
