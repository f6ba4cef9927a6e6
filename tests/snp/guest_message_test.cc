#include "svsm/snp/guest_message.h"

#include <string>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/fake_amd_sp.h"
#include "tests/snp/vector_file.h"

namespace svsm::snp {
namespace {

using snp::testing::ReadVectorFile;
using snp::testing::SealInPlace;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

using Page = Bytes<kGuestMessageSize>;

TEST(GuestMessageTest, SealsAndOpensTheVectors) {
  const auto records = ReadVectorFile("guest_messages.txt");
  ASSERT_EQ(records.size(), 20u);
  for (const auto& record : records) {
    SCOPED_TRACE(record.Text("name"));
    crypto::OpensslAesGcm aead;
    ASSERT_THAT(aead.SetKey(record.Hex("key")), IsOk());
    GuestMessageInfo info;
    info.type = static_cast<MessageType>(record.Number("type"));
    info.version = static_cast<std::uint8_t>(record.Number("version"));
    info.vmpck = VmpckId(static_cast<std::uint8_t>(record.Number("vmpck")));
    info.sequence_number = record.Number("seqno");
    const ByteVector payload = record.Hex("payload");
    const ByteVector expected = record.Hex("page");
    Page page;
    page.fill(0xEE);
    ASSERT_THAT(SealGuestMessage(aead, info, payload, page), IsOk());
    EXPECT_THAT(ByteView(page).first(expected.size()), SameBytes(expected));
    EXPECT_TRUE(IsZero(ByteView(page).subspan(expected.size())));

    ByteVector opened(kMaxGuestPayloadSize);
    SVSM_ASSERT_OK_AND_ASSIGN(const GuestMessageInfo found, OpenGuestMessage(aead, page, opened));
    EXPECT_EQ(found.type, info.type);
    EXPECT_EQ(found.version, info.version);
    EXPECT_EQ(found.vmpck, info.vmpck);
    EXPECT_EQ(found.sequence_number, info.sequence_number);
    ASSERT_EQ(found.payload_bytes, payload.size());
    EXPECT_THAT(ByteView(opened).first(payload.size()), SameBytes(payload));
  }
}

class GuestMessageErrorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < key_.size(); ++i) key_[i] = static_cast<std::uint8_t>(i);
    ASSERT_THAT(aead_.SetKey(key_), IsOk());
    info_.sequence_number = 9;
    info_.vmpck = VmpckId(2);
    ASSERT_THAT(SealGuestMessage(aead_, info_, payload_, page_), IsOk());
  }
  crypto::OpensslAesGcm aead_;
  Bytes<32> key_{};
  GuestMessageInfo info_;
  ByteVector payload_ = ByteVector(96, 7);
  Page page_{};
  ByteVector out_ = ByteVector(kMaxGuestPayloadSize, 0xEE);
};

TEST_F(GuestMessageErrorTest, SealRefusesWrongArguments) {
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  Page page;
  page.fill(0xEE);
  EXPECT_THAT(SealGuestMessage(aead_, info_, {}, page), refused);
  EXPECT_TRUE(IsZero(page));
  EXPECT_THAT(SealGuestMessage(aead_, info_, ByteVector(4001), page), refused);
  info_.vmpck = VmpckId(4);
  EXPECT_THAT(SealGuestMessage(aead_, info_, payload_, page), refused);
}

TEST_F(GuestMessageErrorTest, SealTakesTheLongestPayload) {
  EXPECT_THAT(SealGuestMessage(aead_, info_, ByteVector(4000, 1), page_), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestMessageInfo info, OpenGuestMessage(aead_, page_, out_));
  EXPECT_EQ(info.payload_bytes, 4000u);
  EXPECT_THAT(out_, SameBytes(ByteVector(4000, 1)));
}

TEST_F(GuestMessageErrorTest, SealWithoutAKeyLeavesZeros) {
  aead_.Wipe();
  EXPECT_THAT(SealGuestMessage(aead_, info_, payload_, page_),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  EXPECT_TRUE(IsZero(page_));
}

TEST_F(GuestMessageErrorTest, EveryHeaderFieldIsChecked) {
  struct Field {
    std::size_t begin;
    std::size_t end;
    std::size_t detail;
  };
  constexpr Field kFields[] = {
      {0x28, 0x30, 0x28}, {0x30, 0x31, 0x30}, {0x31, 0x32, 0x31},
      {0x32, 0x34, 0x32}, {0x38, 0x3C, 0x38}, {0x3D, 0x60, 0x3D},
  };
  for (const Field& field : kFields) {
    for (std::size_t at = field.begin; at < field.end; ++at) {
      Page page = page_;
      page[at] ^= 0x40;
      SealInPlace(key_, page, payload_.size());  // authentic, and still refused
      EXPECT_THAT(DecodeGuestMessageHeader(page),
                  IsStatus(Code::kMalformed, Source::kSnp, field.detail));
      Fill(out_, 0xEE);
      EXPECT_THAT(OpenGuestMessage(aead_, page, out_),
                  IsStatus(Code::kMalformed, Source::kSnp, field.detail));
      EXPECT_TRUE(IsZero(out_));
    }
  }
  for (const unsigned size : {0u, 4001u, 0xFFFFu}) {
    Page page = page_;
    page[0x36] = static_cast<std::uint8_t>(size);
    page[0x37] = static_cast<std::uint8_t>(size >> 8);
    EXPECT_THAT(DecodeGuestMessageHeader(page), IsStatus(Code::kMalformed, Source::kSnp, 0x36));
  }
  Page page = page_;
  page[0x3C] = 4;
  EXPECT_THAT(DecodeGuestMessageHeader(page), IsStatus(Code::kMalformed, Source::kSnp, 0x3C));
}

TEST_F(GuestMessageErrorTest, NoBitOfTheMessageMayFlip) {
  // Tag, sequence number, type, version, size (to another good one), VMPCK, ciphertext.
  for (const std::size_t at :
       {0x00u, 0x0Fu, 0x20u, 0x27u, 0x34u, 0x35u, 0x36u, 0x3Cu, 0x60u, 0xBFu}) {
    Page page = page_;
    page[at] ^= 1;
    Fill(out_, 0xEE);
    EXPECT_THAT(OpenGuestMessage(aead_, page, out_), IsStatus(Code::kAuthFailed, Source::kSnp))
        << at;
    EXPECT_TRUE(IsZero(out_));
  }
}

TEST_F(GuestMessageErrorTest, PaddingOfTheTagIsNotLookedAt) {
  page_[0x1F] = 1;
  EXPECT_THAT(OpenGuestMessage(aead_, page_, out_), IsOk());
}

TEST_F(GuestMessageErrorTest, OpenNamesTheSizeItNeeds) {
  EXPECT_THAT(OpenGuestMessage(aead_, page_, ByteSpan(out_).first(95)),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 96));
  EXPECT_TRUE(IsZero(ByteView(out_).first(95)));
}

TEST_F(GuestMessageErrorTest, OpenWithoutAKeySaysSo) {
  aead_.Wipe();
  EXPECT_THAT(OpenGuestMessage(aead_, page_, out_),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
}

}  // namespace
}  // namespace svsm::snp
