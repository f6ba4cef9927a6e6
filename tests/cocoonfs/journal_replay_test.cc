#include "cocoonfs/journal_replay.h"

#include <algorithm>

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/file_system_state.h"
#include "cocoonfs/integrity.h"
#include "cocoonfs/journal_head.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/test_image.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

class JournalReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    image_.Write({{16, 2000}, {17, 9000}, {18, 10}});
    FileSystem fs(image_.device(), LinkedBackend(), image_.rng(), image_.allocator());
    ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
    const Result<Transaction*> transaction = fs.Begin();
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT((*transaction)->Write(17, new_data_, 0), IsOk());
    ASSERT_THAT((*transaction)->Remove(18), IsOk());
    const Result<PendingCommit*> commit = (*transaction)->Prepare();
    ASSERT_THAT(commit, IsOk());
    ASSERT_THAT((*commit)->WriteJournal(), IsOk());
    good_.assign(image_.device().image().begin(), image_.device().image().end());
  }

  void Flip(std::size_t at) {
    image_.device().Poke(at, ByteVec(1, static_cast<std::uint8_t>(good_[at] ^ 0x04)));
  }
  void Restore(std::size_t at) { image_.device().Poke(at, ByteVec(1, good_[at])); }

  TestImage image_{LinkedBackend(), 65536};
  ByteVec new_data_ = ByteVec(7000, 0x77);
  ByteVec good_;
  FileSystem fs_{image_.device(), LinkedBackend(), image_.rng(), image_.allocator()};
};

TEST_F(JournalReplayTest, ShowsTheNewStateAndWritesNothing) {
  image_.device().ResetCounts();
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  ByteVec out(7000);
  EXPECT_THAT(fs_.ReadAll(17, out), IsOk());
  EXPECT_EQ(out, new_data_);
  EXPECT_THAT(fs_.Stat(18), IsStatus(Code::kNotFound, Source::kCocoonfs));
  out.resize(2000);
  EXPECT_THAT(fs_.ReadAll(16, out), IsOk());
  EXPECT_EQ(out, image_.files().at(16));
  VerifyReport report;
  EXPECT_THAT(Verify(fs_, report), IsOk());
  EXPECT_EQ(image_.device().count(testing::DeviceCall::kWrite), 0u);
  EXPECT_THAT(fs_.Begin(), IsStatus(Code::kFailedPrecondition, Source::kCocoonfs));
}

// Whatever byte is changed: the state is the old one (if the head is torn), the new one, or
// refused.
TEST_F(JournalReplayTest, NoByteMakesAThirdState) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  const ByteVec new_root(fs_.root_digest().begin(), fs_.root_digest().end());
  const Extent head = FileSystemAccess::StateOf(fs_)->volume.places.journal_head;
  fs_.Close();
  std::size_t refused = 0, old_state = 0;
  for (std::size_t at = 7; at < good_.size(); at += 97) {
    Flip(at);
    const Status status = fs_.Open(kImageKey, OpenOptions{});
    if (!status.ok()) {
      ++refused;
      EXPECT_TRUE(status.code() == Code::kAuthFailed || status.code() == Code::kMalformed ||
                  status.code() == Code::kDataLoss)
          << at;
    } else if (head.Contains(at / 128)) {
      EXPECT_FALSE(Equal(fs_.root_digest(), new_root));
      ++old_state;
    } else {
      EXPECT_TRUE(Equal(fs_.root_digest(), new_root));
      ByteVec out(7000);
      const Result<std::size_t> size = fs_.ReadAll(17, out);
      EXPECT_TRUE(!size.ok() || out == new_data_) << at;
    }
    fs_.Close();
    Restore(at);
  }
  EXPECT_GT(refused, 10u);
  EXPECT_GT(old_state, 2u);
}

TEST_F(JournalReplayTest, TellsAWrongKey) {
  EXPECT_THAT(fs_.Open(Ascii("another key"), OpenOptions{}),
              IsStatus(Code::kAuthFailed, Source::kCocoonfs,
                       static_cast<std::uint32_t>(Region::kJournalLog)));
}

// A log that is changed and authenticated again, as only who has the key can.
class ResealedJournalTest : public JournalReplayTest {
 protected:
  void SetUp() override {
    JournalReplayTest::SetUp();
    ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
    ReadPayload();
  }

  Volume& volume() { return FileSystemAccess::StateOf(fs_)->volume; }
  Result<OwnedCipher> Cipher() { return volume().keys.NewCipher(kJournalInode, Subdomain::kData); }
  Result<OwnedHmac> Hmac() {
    return volume().keys.NewHmac(KeyPurpose::kPreauth, kJournalInode, Subdomain::kData);
  }

  void ReadPayload() {
    const ImageLayout& layout = volume().layout;
    const HeaderPlaces& places = volume().places;
    Vec<std::uint8_t> extent(image_.allocator()), payload(image_.allocator());
    ASSERT_THAT(ReadJournalHead(volume().device_view, layout, places, extent),
                testing::IsOkAnd(true));
    const ByteView header = ByteView(extent.view()).first(JournalPlainHeaderBytes(layout));
    header_.assign(header.begin(), header.end());
    SVSM_ASSERT_OK_AND_ASSIGN(const OwnedCipher cipher, Cipher());
    SVSM_ASSERT_OK_AND_ASSIGN(const OwnedHmac hmac, Hmac());
    const auto data = JournalAssociatedData(layout);
    ChainDecoder decoder(JournalChainFormat(layout), *cipher, &*hmac, data);
    extents_ = {places.journal_head};
    for (;;) {
      SVSM_ASSERT_OK_AND_ASSIGN(const ExtentPointer next,
                                decoder.Next(extent.view(), payload, Region::kJournalLog));
      if (next.nil) break;
      extents_.push_back(next.extent);
      ASSERT_THAT(extent.Resize(SizeOf(next.extent)), IsOk());
      ASSERT_THAT(volume().device_view.Read(next.extent.first, extent.view()), IsOk());
    }
    ASSERT_THAT(decoder.Finish(payload, Region::kJournalLog), IsOk());
    payload_.assign(payload.view().begin(), payload.view().end());
  }

  void WritePayload(ByteView payload) {
    const ImageLayout& layout = volume().layout;
    SVSM_ASSERT_OK_AND_ASSIGN(const OwnedCipher cipher, Cipher());
    SVSM_ASSERT_OK_AND_ASSIGN(const OwnedHmac hmac, Hmac());
    const auto data = JournalAssociatedData(layout);
    ChainEncoder encoder(JournalChainFormat(layout), *cipher, &*hmac, data);
    for (std::size_t i = 0; i < extents_.size(); ++i) {
      ByteVec extent(SizeOf(extents_[i]));
      if (i == 0) std::copy(header_.begin(), header_.end(), extent.begin());
      const Extent* const next = i + 1 < extents_.size() ? &extents_[i + 1] : nullptr;
      SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t taken,
                                encoder.Next(payload, next, image_.rng(), extent));
      payload = payload.subspan(taken);
      if (i == 0) ApplyIntegrity(JournalHeadIntegrity(IntegritySlots(layout)), extent);
      image_.device().Poke(extents_[i].first * layout.allocation_block_bytes(), extent);
    }
  }

  std::size_t SizeOf(const Extent& extent) {
    return static_cast<std::size_t>(extent.count) * volume().layout.allocation_block_bytes();
  }

  // Where the log has the HMAC over the digests of the bitmap.
  std::size_t FragmentsHmacOffset() {
    const ImageLayout& layout = volume().layout;
    const JournalLogShape shape = {volume().device_view.num_blocks(), layout.io_block_log2,
                                   layout.data_block_log2, volume().digests.data_digest_bytes(),
                                   crypto::DigestSize(layout.preauth_hash)};
    JournalLog log(image_.allocator());
    FragmentsSubject subject;
    EXPECT_THAT(DecodeJournalLog(payload_, shape, log, subject), IsOk());
    const auto found =
        std::search(payload_.begin(), payload_.end(), log.fragments_hmac.begin(),
                    log.fragments_hmac.begin() + static_cast<long>(shape.preauth_digest_size));
    return static_cast<std::size_t>(found - payload_.begin());
  }

  ByteVec header_, payload_;
  std::vector<Extent> extents_;
};

TEST_F(ResealedJournalTest, TheSameLogIsTaken) {
  WritePayload(payload_);
  fs_.Close();
  EXPECT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
}

TEST_F(ResealedJournalTest, DigestsOfTheBitmapHaveAnHmacOfTheirOwn) {
  const std::size_t at = FragmentsHmacOffset();
  ASSERT_LT(at, payload_.size());
  ByteVec changed = payload_;
  changed[at] ^= 1;
  WritePayload(changed);
  fs_.Close();
  EXPECT_THAT(fs_.Open(kImageKey, OpenOptions{}),
              IsStatus(Code::kAuthFailed, Source::kCocoonfs,
                       static_cast<std::uint32_t>(Region::kJournalLog)));
}

TEST_F(JournalReplayTest, OutOfMemoryAnywhere) {
  for (std::size_t n = 1; n < 2000; ++n) {
    image_.allocator().FailAt(n);
    const Status status = fs_.Open(kImageKey, OpenOptions{});
    image_.allocator().FailAt(0);
    if (status.ok()) return;
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << n;
    EXPECT_FALSE(fs_.is_open());
  }
  FAIL();
}

TEST_F(JournalReplayTest, ReadErrorAnywhere) {
  for (std::uint64_t n = 1; n < 2000; ++n) {
    image_.device().FailNth(testing::kFailReads, n, testing::Failing::kOnce);
    const Status status = fs_.Open(kImageKey, OpenOptions{});
    image_.device().FailNth(0, 0, testing::Failing::kOnce);
    if (status.ok()) return;
    EXPECT_THAT(status, IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError)) << n;
  }
  FAIL();
}

}  // namespace
}  // namespace svsm::cocoonfs
