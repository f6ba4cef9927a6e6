#include "cocoonfs/chained_extents.h"

#include "cocoonfs/index_node.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

class ChainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(keys_.Init(ImageLayout(), Ascii("salt"), Ascii("key")), IsOk());
    Result<OwnedCipher> cipher = keys_.NewCipher(7, Subdomain::kExtentsList);
    ASSERT_THAT(cipher, IsOk());
    cipher_ = *std::move(cipher);
    Result<OwnedHmac> hmac = keys_.NewHmac(KeyPurpose::kPreauth, 7, Subdomain::kExtentsList);
    ASSERT_THAT(hmac, IsOk());
    hmac_ = *std::move(hmac);
  }

  crypto::Hmac* HmacFor(const ChainFormat& format) {
    return format.tag_bytes == 0 ? nullptr : &*hmac_;
  }

  // Extents of those sizes in blocks, one behind the other from block 100 on.
  std::vector<ByteVec> Make(const ChainFormat& format, const ByteVec& payload,
                            const std::vector<std::uint64_t>& counts) {
    std::vector<ByteVec> extents;
    ChainEncoder encoder(format, *cipher_, HmacFor(format), data_);
    ByteView left = payload;
    std::uint64_t next_first = 100;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      ByteVec extent(counts[i] * format.block_bytes);
      if (i == 0) Fill(ByteSpan(extent).first(format.plain_header_bytes), 0x48);
      next_first += counts[i];
      const Extent next{next_first, i + 1 < counts.size() ? counts[i + 1] : 0};
      const Result<std::size_t> taken =
          encoder.Next(left, i + 1 < counts.size() ? &next : nullptr, rng_, extent);
      EXPECT_THAT(taken, IsOk());
      if (!taken.ok()) return extents;
      left = left.subspan(*taken);
      extents.push_back(extent);
    }
    EXPECT_TRUE(left.empty());
    return extents;
  }

  Status Read(const ChainFormat& format, const std::vector<ByteVec>& extents, ByteVec& out) {
    ChainDecoder decoder(format, *cipher_, HmacFor(format), data_);
    Vec<std::uint8_t> bytes(allocator_);
    std::uint64_t next_first = 100;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      next_first += extents[i].size() / format.block_bytes;
      SVSM_ASSIGN_OR_RETURN(const ExtentPointer next,
                            decoder.Next(extents[i], bytes, Region::kJournalLog));
      EXPECT_EQ(next.nil, i + 1 == extents.size());
      EXPECT_TRUE(next.nil || next.extent.first == next_first);
    }
    SVSM_TRY(decoder.Finish(bytes, Region::kJournalLog));
    out.assign(bytes.begin(), bytes.end());
    return OkStatus();
  }

  TestAllocator allocator_;
  TestRng rng_{1};
  KeySet keys_{LinkedBackend(), allocator_};
  OwnedCipher cipher_;
  OwnedHmac hmac_;
  Bytes<10> data_ = ListAssociatedData(7);
};

TEST_F(ChainTest, RoundTrip) {
  for (const ChainFormat& format :
       {ListChainFormat(ImageLayout(), 7), ListChainFormat(ImageLayout(), kTreeInode),
        JournalChainFormat(ImageLayout())}) {
    const std::vector<std::uint64_t> counts = {2, 1, 3, 1};
    std::size_t room = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) room += format.Capacity(counts[i], i == 0);
    const std::size_t least = room - format.Capacity(1, false);
    for (std::size_t size = least; size < room; ++size) {
      const ByteVec payload = RandomBytes(rng_, size);
      const std::vector<ByteVec> extents = Make(format, payload, counts);
      ByteVec out;
      ASSERT_THAT(Read(format, extents, out), IsOk());
      EXPECT_EQ(out, payload);
    }
  }
}

TEST_F(ChainTest, OneExtent) {
  const ChainFormat format = ListChainFormat(ImageLayout(), 7);
  EXPECT_EQ(format.Capacity(1, true), 128u - 16 - 8);
  for (std::size_t size = 0; size < format.Capacity(1, true); ++size) {
    const ByteVec payload = RandomBytes(rng_, size);
    ByteVec out;
    ASSERT_THAT(Read(format, Make(format, payload, {1}), out), IsOk());
    EXPECT_EQ(out, payload);
  }
}

TEST_F(ChainTest, TagsNoticeEveryBit) {
  const ChainFormat format = JournalChainFormat(ImageLayout());
  const ByteVec payload = RandomBytes(rng_, format.Capacity(2, true) + 20);
  const std::vector<ByteVec> extents = Make(format, payload, {2, 1});
  for (std::size_t e = 0; e < extents.size(); ++e) {
    for (std::size_t bit = 0; bit < 8 * extents[e].size(); ++bit) {
      std::vector<ByteVec> changed = extents;
      changed[e][bit / 8] = static_cast<std::uint8_t>(changed[e][bit / 8] ^ 1 << bit % 8);
      ByteVec out;
      ASSERT_EQ(Read(format, changed, out), AuthFailed(Region::kJournalLog)) << e << ":" << bit;
    }
  }
  // Other associated data, and an extent in the place of another.
  std::vector<ByteVec> swapped = {extents[0], extents[0]};
  ByteVec out;
  EXPECT_EQ(Read(format, swapped, out), AuthFailed(Region::kJournalLog));
  data_ = ListAssociatedData(8);
  EXPECT_EQ(Read(format, extents, out), AuthFailed(Region::kJournalLog));
}

TEST_F(ChainTest, RefusesBadPadding) {
  const ChainFormat format = ListChainFormat(ImageLayout(), 7);
  ChainDecoder decoder(format, *cipher_, nullptr, ByteView());
  const auto finish = [&](std::initializer_list<std::uint8_t> bytes) {
    Vec<std::uint8_t> out(allocator_);
    EXPECT_THAT(out.Append(std::span(bytes.begin(), bytes.size())), IsOk());
    return decoder.Finish(out, Region::kExtentsList);
  };
  const Status bad = Malformed(Region::kExtentsList);
  EXPECT_THAT(finish({9, 1, 0, 0}), IsOk());
  EXPECT_THAT(finish({9, 2, 2}), IsOk());
  EXPECT_EQ(finish({}), bad);
  EXPECT_EQ(finish({0, 0}), bad);
  EXPECT_EQ(finish({9, 2}), bad);
  EXPECT_EQ(finish({3}), bad);
  EXPECT_EQ(finish({17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17}), bad);
}

TEST_F(ChainTest, RefusesSizes) {
  const ChainFormat format = JournalChainFormat(ImageLayout());
  Vec<std::uint8_t> bytes(allocator_);
  ChainDecoder decoder(format, *cipher_, &*hmac_, data_);
  EXPECT_EQ(decoder.Next(ByteVec(96), bytes, Region::kJournalLog).status(),
            Malformed(Region::kJournalLog));
  ChainEncoder encoder(format, *cipher_, &*hmac_, data_);
  ByteVec extent(256);
  const Status bad(Code::kInvalidArgument, Source::kCocoonfs);
  EXPECT_EQ(encoder.Next(ByteVec(300), nullptr, rng_, extent).status(), bad);  // does not fit
  const Extent next{200, 1};
  EXPECT_EQ(encoder.Next(ByteVec(3), &next, rng_, extent).status(), bad);  // does not fill
  EXPECT_EQ(encoder.Next(ByteVec(3), nullptr, rng_, ByteSpan(extent).first(64)).status(), bad);
}

}  // namespace
}  // namespace svsm::cocoonfs
