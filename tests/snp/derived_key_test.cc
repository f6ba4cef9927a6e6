#include "svsm/snp/derived_key.h"

#include "svsm/testing/matchers.h"
#include "tests/snp/vector_file.h"

namespace svsm::snp {
namespace {

using snp::testing::FindRecord;
using snp::testing::ReadVectorFile;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

TEST(DerivedKeyTest, RequestsOfTheGenerator) {
  const auto records = ReadVectorFile("guest_messages.txt");
  for (int i = 0; i < 4; ++i) {
    const auto record = FindRecord(records, "key-request-" + std::to_string(i));
    const auto version = static_cast<std::uint8_t>(record.Number("version"));
    EXPECT_EQ(version, i < 2 ? 1 : 2);
    SVSM_ASSERT_OK_AND_ASSIGN(const DerivedKeySelection selection,
                              DecodeKeyRequest(version, record.Hex("payload")));
    EXPECT_EQ(selection.root, i % 2 == 0 ? RootKey::kVcek : RootKey::kVmrk);
    EXPECT_EQ(selection.fields, i < 2
                                    ? derived_key_field::kPolicy | derived_key_field::kMeasurement |
                                          derived_key_field::kTcbVersion
                                    : 0x7Fu);
    EXPECT_EQ(selection.vmpl, Vmpl(static_cast<std::uint32_t>(i)));
    EXPECT_EQ(selection.guest_svn, 7u + static_cast<unsigned>(i));
    EXPECT_THAT(selection.tcb,
                SameBytes(snp::testing::VectorStream("tcb " + std::to_string(i), 8)));
    EXPECT_EQ(selection.launch_mit_vector, i < 2 ? 0u : 0x1122334455667788u);
    SVSM_ASSERT_OK_AND_ASSIGN(const EncodedKeyRequest encoded, EncodeKeyRequest(selection));
    EXPECT_EQ(encoded.message_version, version);
    EXPECT_THAT(encoded.view(), SameBytes(record.Hex("payload")));
  }
}

TEST(DerivedKeyTest, WrongSelectionsAreRefused) {
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  DerivedKeySelection selection;
  selection.vmpl = Vmpl(4);
  EXPECT_THAT(EncodeKeyRequest(selection), refused);
  selection = {};
  selection.fields = 0x80;
  EXPECT_THAT(EncodeKeyRequest(selection), refused);
  selection = {};
  selection.root = static_cast<RootKey>(2);
  EXPECT_THAT(EncodeKeyRequest(selection), refused);
}

TEST(DerivedKeyTest, AVectorThatIsNotSelectedIsNotSent) {
  DerivedKeySelection selection;
  selection.launch_mit_vector = 7;
  SVSM_ASSERT_OK_AND_ASSIGN(const EncodedKeyRequest encoded, EncodeKeyRequest(selection));
  EXPECT_EQ(encoded.message_version, 1);
  EXPECT_EQ(encoded.view().size(), 0x20u);
  EXPECT_TRUE(IsZero(encoded.bytes));
}

TEST(DerivedKeyTest, DecodingChecksEveryField) {
  ByteVector v1(0x20, 0);
  ByteVector v2(0x28, 0);
  EXPECT_THAT(DecodeKeyRequest(1, v1), IsOk());
  EXPECT_THAT(DecodeKeyRequest(2, v2), IsOk());
  EXPECT_THAT(DecodeKeyRequest(0, v1), IsStatus(Code::kUnsupported, Source::kSnp, 0));
  EXPECT_THAT(DecodeKeyRequest(3, v2), IsStatus(Code::kUnsupported, Source::kSnp, 3));
  EXPECT_THAT(DecodeKeyRequest(1, v2), IsStatus(Code::kMalformed, Source::kSnp, 0x20));
  EXPECT_THAT(DecodeKeyRequest(2, v1), IsStatus(Code::kMalformed, Source::kSnp, 0x28));
  EXPECT_THAT(DecodeKeyRequest(1, {}), IsStatus(Code::kMalformed, Source::kSnp, 0x20));
  struct Wrong {
    std::size_t at;
    std::uint8_t value;
    std::size_t detail;
  };
  for (const Wrong& wrong : {Wrong{0, 2, 0}, Wrong{4, 1, 4}, Wrong{7, 1, 4}, Wrong{8, 0x80, 8},
                             Wrong{15, 1, 8}, Wrong{0x10, 4, 0x10}, Wrong{0x13, 1, 0x10}}) {
    for (ByteVector bytes : {v1, v2}) {
      bytes[wrong.at] = wrong.value;
      EXPECT_THAT(DecodeKeyRequest(bytes.size() == 0x20 ? 1 : 2, bytes),
                  IsStatus(Code::kMalformed, Source::kSnp, wrong.detail))
          << wrong.at;
    }
  }
  // The mitigation vector cannot be selected in a message that has none.
  v1[8] = 0x40;
  EXPECT_THAT(DecodeKeyRequest(1, v1), IsStatus(Code::kMalformed, Source::kSnp, 8));
  v2[8] = 0x40;
  EXPECT_THAT(DecodeKeyRequest(2, v2), IsOk());
}

}  // namespace
}  // namespace svsm::snp
