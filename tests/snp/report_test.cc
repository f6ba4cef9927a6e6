// Covers: svsm/snp/report_layout.h
#include "svsm/snp/report.h"

#include <string>
#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;
using ::testing::Eq;

// Offsets are spelled as the specification's table does, not taken from the layout struct.
void PutLe(ByteSpan bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

ByteVector MakeReport(std::uint32_t version) {
  ByteVector bytes(kReportSize, 0);
  PutLe(bytes, 0x000, version, 4);
  PutLe(bytes, 0x004, 0x01020304, 4);
  PutLe(bytes, 0x008, 0x30000, 8);
  for (std::size_t i = 0; i < 16; ++i) bytes[0x010 + i] = static_cast<std::uint8_t>(0x10 + i);
  for (std::size_t i = 0; i < 16; ++i) bytes[0x020 + i] = static_cast<std::uint8_t>(0x20 + i);
  PutLe(bytes, 0x030, 2, 4);
  PutLe(bytes, 0x034, 1, 4);
  PutLe(bytes, 0x038, 0xDC18000000000004, 8);
  PutLe(bytes, 0x040, 0x27, 8);
  PutLe(bytes, 0x048, 0x05, 4);
  const auto fill = [&bytes](std::size_t offset, std::size_t size, std::uint8_t value) {
    Fill(ByteSpan(bytes).subspan(offset, size), value);
  };
  fill(0x050, 64, 0x50);
  fill(0x090, 48, 0x90);
  fill(0x0C0, 32, 0xC0);
  fill(0x0E0, 48, 0xE0);
  fill(0x110, 48, 0x11);
  fill(0x140, 32, 0x14);
  fill(0x160, 32, 0xFF);
  PutLe(bytes, 0x180, 0xD918000000000004, 8);
  if (version >= 3) PutLe(bytes, 0x188, 0x010119, 3);
  fill(0x1A0, 64, 0x1A);
  PutLe(bytes, 0x1E0, 0xDB18000000000004, 8);
  PutLe(bytes, 0x1E8, 0x01371D, 3);
  PutLe(bytes, 0x1EC, 0x01371C, 3);
  PutLe(bytes, 0x1F0, 0xDA18000000000004, 8);
  if (version >= 5) {
    PutLe(bytes, 0x1F8, 0x3F, 8);
    PutLe(bytes, 0x200, 0x7F, 8);
  }
  for (std::size_t i = 0; i < 48; ++i) {
    bytes[0x2A0 + i] = static_cast<std::uint8_t>(i);
    bytes[0x2E8 + i] = static_cast<std::uint8_t>(0x80 + i);
  }
  return bytes;
}

TEST(ReportTest, EveryFieldIsFound) {
  const ByteVector bytes = MakeReport(5);
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
  EXPECT_EQ(report.version(), 5u);
  EXPECT_EQ(report.guest_svn(), 0x01020304u);
  EXPECT_EQ(report.policy(), 0x30000u);
  EXPECT_EQ(report.family_id()[0], 0x10);
  EXPECT_EQ(report.family_id()[15], 0x1F);
  EXPECT_EQ(report.image_id()[0], 0x20);
  EXPECT_EQ(report.image_id()[15], 0x2F);
  EXPECT_EQ(report.vmpl(), Vmpl(2));
  EXPECT_FALSE(report.made_by_host());
  EXPECT_EQ(report.platform_info(), 0x27u);
  EXPECT_TRUE(report.author_key_enabled());
  EXPECT_FALSE(report.mask_chip_key());
  EXPECT_EQ(report.signing_key(), SigningKey::kVlek);
  EXPECT_TRUE(report.is_signed());
  const ByteView view(bytes);
  EXPECT_THAT(report.report_data(), SameBytes(view.subspan(0x50, 64)));
  EXPECT_THAT(report.measurement(), SameBytes(view.subspan(0x90, 48)));
  EXPECT_THAT(report.host_data(), SameBytes(view.subspan(0xC0, 32)));
  EXPECT_THAT(report.id_key_digest(), SameBytes(view.subspan(0xE0, 48)));
  EXPECT_THAT(report.author_key_digest(), SameBytes(view.subspan(0x110, 48)));
  EXPECT_THAT(report.report_id(), SameBytes(view.subspan(0x140, 32)));
  EXPECT_THAT(report.report_id_ma(), SameBytes(view.subspan(0x160, 32)));
  EXPECT_THAT(report.chip_id(), SameBytes(view.subspan(0x1A0, 64)));
  EXPECT_TRUE(report.has_cpuid());
  EXPECT_EQ(report.cpuid_family(), 0x19);
  EXPECT_EQ(report.cpuid_model(), 0x01);
  EXPECT_EQ(report.cpuid_stepping(), 0x01);
  EXPECT_EQ(report.current_version(), (FirmwareVersion{1, 0x37, 0x1D}));
  EXPECT_EQ(report.committed_version(), (FirmwareVersion{1, 0x37, 0x1C}));
  EXPECT_TRUE(report.has_mitigation_vectors());
  EXPECT_EQ(report.launch_mit_vector(), 0x3Fu);
  EXPECT_EQ(report.current_mit_vector(), 0x7Fu);
  EXPECT_THAT(report.product(), IsOkAnd(Eq(Product::kMilan)));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportTcbs tcbs, DecodeReportTcbs(report, Product::kMilan));
  EXPECT_EQ(tcbs.current.microcode, 0xDC);
  EXPECT_EQ(tcbs.reported.microcode, 0xD9);
  EXPECT_EQ(tcbs.committed.microcode, 0xDB);
  EXPECT_EQ(tcbs.launch.microcode, 0xDA);
  EXPECT_EQ(tcbs.launch, (TcbVersion{TcbLayout::kMilan, 0, 4, 0, 0x18, 0xDA}));
}

TEST(ReportTest, KeepsTheSignedBytesAndTurnsTheSignatureRound) {
  ByteVector bytes = MakeReport(3);
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
  const ByteVector signed_bytes(bytes.begin(), bytes.begin() + 0x2A0);
  Fill(bytes, 0xEE);  // the report does not borrow
  EXPECT_THAT(report.signed_bytes(), SameBytes(signed_bytes));
  for (std::size_t i = 0; i < 48; ++i) {
    EXPECT_EQ(report.signature_r()[i], 47 - i);
    EXPECT_EQ(report.signature_s()[i], 0x80 + 47 - i);
  }
  const ReportSignature encoded = EncodeReportSignature(report.signature_r(), report.signature_s());
  EXPECT_THAT(wire::ToBytes(encoded), SameBytes(ByteView(MakeReport(3)).subspan(0x2A0)));
}

TEST(ReportTest, SizeMustBeExact) {
  ByteVector bytes = MakeReport(3);
  EXPECT_THAT(DecodeReport({}), IsStatus(Code::kTruncated, Source::kSnp, 0x4A0));
  EXPECT_THAT(DecodeReport(ByteView(bytes).first(0x49F)),
              IsStatus(Code::kTruncated, Source::kSnp, 0x4A0));
  bytes.push_back(0);
  EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x4A0));
}

TEST(ReportTest, OnlyVersionsTwoToFiveAreKnown) {
  for (const std::uint32_t version : {2u, 3u, 4u, 5u}) {
    EXPECT_THAT(DecodeReport(MakeReport(version)), IsOk()) << version;
  }
  for (const std::uint32_t version : {0u, 1u, 6u, 100u, 0x10003u, 0xFFFFFFFFu}) {
    ByteVector bytes = MakeReport(3);
    PutLe(bytes, 0, version, 4);
    EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kUnsupported, Source::kSnp, version));
  }
}

// Flips one bit at a time of every byte that must be zero.
TEST(ReportTest, ReservedBytesOfEachVersionAreRefused) {
  struct Reserved {
    std::size_t begin;
    std::size_t end;
    std::size_t detail;
    std::uint32_t before_version;  // reserved in versions below this one
  };
  constexpr Reserved kReserved[] = {
      {0x04C, 0x050, 0x04C, 99}, {0x188, 0x18B, 0x188, 3},  {0x18B, 0x1A0, 0x18B, 99},
      {0x1EB, 0x1EC, 0x1EB, 99}, {0x1EF, 0x1F0, 0x1EF, 99}, {0x1F8, 0x200, 0x1F8, 5},
      {0x200, 0x208, 0x200, 5},  {0x208, 0x2A0, 0x208, 99}, {0x2D0, 0x2E8, 0x2D0, 99},
      {0x318, 0x330, 0x318, 99}, {0x330, 0x4A0, 0x330, 99},
  };
  for (const std::uint32_t version : {2u, 3u, 4u, 5u}) {
    for (const Reserved& range : kReserved) {
      for (std::size_t at = range.begin; at < range.end; ++at) {
        ByteVector bytes = MakeReport(version);
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 0x80);
        if (version < range.before_version) {
          EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, range.detail))
              << "version " << version << " offset " << at;
        } else {
          EXPECT_THAT(DecodeReport(bytes), IsOk()) << "version " << version << " offset " << at;
        }
      }
    }
  }
}

TEST(ReportTest, VmplIsOneOfFourOrTheHosts) {
  ByteVector bytes = MakeReport(3);
  for (std::uint32_t vmpl = 0; vmpl < 4; ++vmpl) {
    PutLe(bytes, 0x30, vmpl, 4);
    SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
    EXPECT_EQ(report.vmpl(), Vmpl(vmpl));
  }
  PutLe(bytes, 0x30, 0xFFFFFFFF, 4);
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
  EXPECT_TRUE(report.made_by_host());
  for (const std::uint32_t vmpl : {4u, 0x100u, 0xFFFFFFFEu}) {
    PutLe(bytes, 0x30, vmpl, 4);
    EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x30));
  }
}

TEST(ReportTest, PolicyNeedsBitSeventeenAndNoReservedBit) {
  ByteVector bytes = MakeReport(3);
  PutLe(bytes, 8, 0x10000, 8);
  EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 8));
  for (int bit = 0; bit < 64; ++bit) {
    PutLe(bytes, 8, 0x20000 | 1ull << bit, 8);
    if (bit < 26) {
      EXPECT_THAT(DecodeReport(bytes), IsOk()) << bit;
    } else {
      EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 8)) << bit;
    }
  }
}

TEST(ReportTest, ReservedPlatformInfoBitsPass) {
  ByteVector bytes = MakeReport(5);
  PutLe(bytes, 0x40, 0xFFFFFFFFFFFFFFFF, 8);
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
  EXPECT_EQ(report.platform_info() & platform_info::kReserved, 0xFFFFFFFFFFFFFF40u);
}

TEST(ReportTest, SignatureAlgorithmMustBeTheOneThatIsKnown) {
  ByteVector bytes = MakeReport(3);
  for (const std::uint32_t algo : {0u, 2u, 0x101u}) {
    PutLe(bytes, 0x34, algo, 4);
    EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x34));
  }
}

TEST(ReportTest, KeyInfoNamesAKnownSigningKey) {
  for (std::uint32_t key = 0; key < 8; ++key) {
    ByteVector bytes = MakeReport(3);
    PutLe(bytes, 0x48, key << 2, 4);
    if (key == 7) Fill(ByteSpan(bytes).subspan(0x2A0), 0);
    const auto report = DecodeReport(bytes);
    if (key == 0 || key == 1 || key == 7) {
      ASSERT_THAT(report, IsOk());
      EXPECT_EQ(report->signing_key(), static_cast<SigningKey>(key));
      EXPECT_EQ(report->is_signed(), key != 7);
    } else {
      EXPECT_THAT(report, IsStatus(Code::kMalformed, Source::kSnp, 0x48));
    }
  }
  ByteVector bytes = MakeReport(3);
  PutLe(bytes, 0x48, 0x20, 4);
  EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x48));
}

TEST(ReportTest, WhereNothingSignsThereIsNoSignature) {
  for (const std::uint32_t key_info : {0x02u, 0x1Cu, 0x1Eu}) {
    ByteVector bytes = MakeReport(3);
    PutLe(bytes, 0x48, key_info, 4);
    EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x2A0));
    Fill(ByteSpan(bytes).subspan(0x2A0, 48), 0);
    EXPECT_THAT(DecodeReport(bytes), IsStatus(Code::kMalformed, Source::kSnp, 0x2A0));
    Fill(ByteSpan(bytes).subspan(0x2E8, 48), 0);
    SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
    EXPECT_FALSE(report.is_signed());
  }
}

TEST(ReportTest, ProductComesFromCpuidOrTheChipId) {
  ByteVector bytes = MakeReport(4);
  PutLe(bytes, 0x188, 0x0002A019, 3);
  EXPECT_THAT(DecodeReport(bytes)->product(), IsOkAnd(Eq(Product::kGenoa)));
  PutLe(bytes, 0x188, 0x00010217, 3);
  EXPECT_THAT(DecodeReport(bytes)->product(), IsStatus(Code::kUnsupported, Source::kSnp, 0x1702));

  bytes = MakeReport(2);
  EXPECT_FALSE(DecodeReport(bytes)->has_cpuid());
  EXPECT_THAT(DecodeReport(bytes)->product(), IsStatus(Code::kNotFound, Source::kSnp));
  Fill(ByteSpan(bytes).subspan(0x1A8, 56), 0);
  EXPECT_THAT(DecodeReport(bytes)->product(), IsOkAnd(Eq(Product::kTurin)));
  Fill(ByteSpan(bytes).subspan(0x1A0, 8), 0);
  EXPECT_THAT(DecodeReport(bytes)->product(), IsStatus(Code::kNotFound, Source::kSnp));
}

TEST(ReportTest, ReservedTcbBytesAreNamedByTheirOffset) {
  for (const std::size_t offset : {0x38u, 0x180u, 0x1E0u, 0x1F0u}) {
    ByteVector bytes = MakeReport(3);
    bytes[offset + 5] = 1;
    SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(bytes));
    EXPECT_THAT(DecodeReportTcbs(report, Product::kMilan),
                IsStatus(Code::kMalformed, Source::kSnp, offset + 5));
  }
}

}  // namespace
}  // namespace svsm::snp
