#include "cocoonfs/journal_log.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "support.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

const Status kBad = Malformed(Region::kJournalLog);
constexpr JournalLogShape kShape{.num_blocks = 4096,
                                 .io_block_log2 = 2,
                                 .data_block_log2 = 3,
                                 .data_digest_size = 48,
                                 .preauth_digest_size = 32};

void FillLog(JournalLog& log, bool optional) {
  ASSERT_THAT(log.tree_extents.PushBack({512, 64}), IsOk());
  ASSERT_THAT(log.tree_extents.PushBack({128, 8}), IsOk());
  ASSERT_THAT(log.bitmap_extents.PushBack({256, 8}), IsOk());
  for (const std::uint64_t first : {256u, 264u, 4088u}) {
    ASSERT_THAT(log.fragments.PushBack(first), IsOk());
    for (std::uint8_t i = 0; i < 48; ++i) ASSERT_THAT(log.fragment_digests.PushBack(i), IsOk());
  }
  log.fragments_hmac[0] = 0xAB;
  log.fragments_hmac[31] = 0xCD;
  ASSERT_THAT(log.writes.PushBack({4, 1000, 4}), IsOk());
  ASSERT_THAT(log.writes.PushBack({8, 600, 8}), IsOk());
  ASSERT_THAT(log.writes.PushBack({700, 700, 4}), IsOk());
  ASSERT_THAT(log.writes.PushBack({4092, 1024, 4}), IsOk());
  ASSERT_THAT(log.digest_ranges.PushBack({8, 16}), IsOk());
  ASSERT_THAT(log.digest_ranges.PushBack({4088, 8}), IsOk());
  if (!optional) return;
  log.has_trims = true;
  ASSERT_THAT(log.trims.PushBack({20, 4}), IsOk());
  log.has_disguise = true;
  log.disguise.cipher = 0x06;
  log.disguise.key_bits = 192;
  for (std::uint8_t i = 0; i < 24; ++i) {
    log.disguise.key.writable()[i] = i;
    log.disguise.iv_key.writable()[i] = static_cast<std::uint8_t>(100 + i);
  }
}

Status DecodeAll(ByteView bytes, JournalLog& out) {
  FragmentsSubject subject;
  return DecodeJournalLog(bytes, kShape, out, subject);
}

class JournalLogCodec : public ::testing::TestWithParam<bool> {};

TEST_P(JournalLogCodec, ComesBack) {
  TestAllocator allocator;
  JournalLog log(allocator);
  FillLog(log, GetParam());
  Vec<std::uint8_t> bytes(allocator);
  EncodedLog encoded;
  ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
  EXPECT_EQ(bytes.size(), EncodedJournalLogSize(log, kShape));
  EXPECT_EQ(bytes[encoded.hmac_offset], 0xAB);
  EXPECT_EQ(bytes[encoded.hmac_offset + 31], 0xCD);

  JournalLog back(allocator);
  FragmentsSubject subject;
  ASSERT_THAT(DecodeJournalLog(bytes.view(), kShape, back, subject), IsOk());
  EXPECT_TRUE(Equal(subject.bitmap_list, encoded.subject.bitmap_list));
  EXPECT_TRUE(Equal(subject.records, encoded.subject.records));
  EXPECT_EQ(subject.records.size(), 3 * (48 + 1) + 1u);
  Vec<std::uint8_t> again(allocator);
  EncodedLog unused;
  ASSERT_THAT(EncodeJournalLog(back, kShape, again, unused), IsOk());
  EXPECT_TRUE(Equal(again.view(), bytes.view()));
  EXPECT_EQ(back.has_trims, GetParam());
  EXPECT_EQ(back.has_disguise, GetParam());
}

TEST_P(JournalLogCodec, RefusesEveryCutAndAnythingBehind) {
  TestAllocator allocator;
  JournalLog log(allocator);
  FillLog(log, GetParam());
  Vec<std::uint8_t> bytes(allocator);
  EncodedLog encoded;
  ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    JournalLog back(allocator);
    const Status status = DecodeAll(ByteView(bytes.view()).first(size), back);
    if (status.ok()) ++accepted;
  }
  // Without one or both of the optional fields it is whole again.
  EXPECT_EQ(accepted, GetParam() ? 2u : 0u);
  ASSERT_THAT(bytes.PushBack(0), IsOk());
  JournalLog back(allocator);
  EXPECT_EQ(DecodeAll(bytes.view(), back), kBad);
}

INSTANTIATE_TEST_SUITE_P(Optional, JournalLogCodec, ::testing::Bool());

TEST(JournalLog, SurvivesEveryChangedByte) {
  TestAllocator allocator;
  JournalLog log(allocator);
  FillLog(log, true);
  Vec<std::uint8_t> bytes(allocator);
  EncodedLog encoded;
  ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << bit);
      JournalLog back(allocator);
      const Status status = DecodeAll(bytes.view(), back);
      if (status.ok()) {
        // What is accepted is spelled in one way only.
        Vec<std::uint8_t> again(allocator);
        EncodedLog unused;
        ASSERT_THAT(EncodeJournalLog(back, kShape, again, unused), IsOk());
        EXPECT_TRUE(Equal(again.view(), bytes.view())) << at << " " << bit;
      } else {
        EXPECT_TRUE(status == kBad || status == Malformed(Region::kExtentsList) ||
                    status == Status(Code::kUnsupported, Source::kCocoonfs));
      }
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << bit);
    }
  }
}

TEST(JournalLog, RefusesSourcesThatAreTargets) {
  const std::vector<ApplyRecord> bad = {{100, 8, 4}, {12, 12, 4}, {4, 1000, 4}};
  for (const ApplyRecord& source :
       {ApplyRecord{2000, 8, 4}, ApplyRecord{2000, 0, 8}, ApplyRecord{2000, 12, 4}}) {
    TestAllocator allocator;
    JournalLog log(allocator);
    FillLog(log, false);
    log.writes.Clear();
    ASSERT_THAT(log.writes.PushBack({4, 1000, 8}), IsOk());
    ASSERT_THAT(log.writes.PushBack({12, 12, 4}), IsOk());
    ASSERT_THAT(log.writes.PushBack(source), IsOk());
    Vec<std::uint8_t> bytes(allocator);
    EncodedLog encoded;
    ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
    JournalLog back(allocator);
    EXPECT_EQ(DecodeAll(bytes.view(), back), kBad);
  }
}

TEST(JournalLog, RefusesUnknownCiphers) {
  for (const auto& [cipher, bits] :
       {std::pair<unsigned, unsigned>{0x03, 128}, {0x13, 256}, {0x06, 64}}) {
    TestAllocator allocator;
    JournalLog log(allocator);
    FillLog(log, true);
    log.disguise.cipher = static_cast<std::uint16_t>(cipher);
    log.disguise.key_bits = static_cast<std::uint16_t>(bits);
    Vec<std::uint8_t> bytes(allocator);
    EncodedLog encoded;
    ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
    JournalLog back(allocator);
    EXPECT_THAT(DecodeAll(bytes.view(), back), IsStatus(Code::kUnsupported, Source::kCocoonfs, 0));
  }
}

TEST(JournalLog, SaysWhenMemoryIsShort) {
  TestAllocator allocator;
  JournalLog log(allocator);
  FillLog(log, true);
  Vec<std::uint8_t> bytes(allocator);
  EncodedLog encoded;
  ASSERT_THAT(EncodeJournalLog(log, kShape, bytes, encoded), IsOk());
  for (std::size_t n = 1; n < 8; ++n) {
    JournalLog back(allocator);
    allocator.FailAt(n);
    EXPECT_THAT(DecodeAll(bytes.view(), back), IsStatus(Code::kOutOfMemory, Source::kCore)) << n;
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
