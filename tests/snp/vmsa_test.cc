#include "svsm/snp/vmsa.h"

#include <string>

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

class VmsaTest : public ::testing::Test {
 protected:
  std::string Hex(std::size_t offset, std::size_t size) const {
    return ToHex(ByteView(page_).subspan(offset, size));
  }
  Bytes<kPageSize> page_{};
};

TEST_F(VmsaTest, QemuBootVcpu) {
  page_.fill(0xEE);
  BuildVmsa({VmsaProfile::kQemu, CpuSignature(25, 1, 1), 0x21}, kResetAddress, page_);
  EXPECT_EQ(Hex(0x10, 16), "00f09b00ffff00000000ffff00000000");  // CS
  EXPECT_EQ(Hex(0x20, 16), "00009300ffff00000000000000000000");  // SS
  EXPECT_EQ(Hex(0x90, 16), "00008b00ffff00000000000000000000");  // TR
  EXPECT_EQ(Hex(0x178, 8), "f0ff000000000000");                  // RIP
  EXPECT_EQ(Hex(0x268, 8), "0604070006040700");                  // PAT
  EXPECT_EQ(Hex(0x310, 8), "110fa00000000000");                  // RDX
  EXPECT_EQ(Hex(0x3B0, 8), "2100000000000000");                  // SEV_FEATURES
  EXPECT_EQ(Hex(0x408, 10), "801f0000000000007f03");             // MXCSR, x87 control word
  EXPECT_TRUE(IsZero(ByteView(page_).subspan(0x412)));
}

TEST_F(VmsaTest, ProfilesDiffer) {
  BuildVmsa({VmsaProfile::kQemuLegacy, 5, 1}, 0x0080B004, page_);
  EXPECT_EQ(Hex(0x10, 16), "00f09b00ffff00000000800000000000");
  EXPECT_EQ(Hex(0x178, 8), "04b0000000000000");
  EXPECT_EQ(Hex(0x310, 8), "0500000000000000");
  EXPECT_EQ(Hex(0x408, 10), "00000000000000000000");
  BuildVmsa({VmsaProfile::kEc2, 5, 1}, kResetAddress, page_);
  EXPECT_EQ(Hex(0x12, 2), "9a00");
  EXPECT_EQ(Hex(0x310, 8), "0006000000000000");
  BuildVmsa({VmsaProfile::kEc2RdxZero, 5, 1}, 0x0080B004, page_);
  EXPECT_EQ(Hex(0x12, 2), "9b00");
  EXPECT_EQ(Hex(0x310, 8), "0000000000000000");
  BuildVmsa({VmsaProfile::kGce, 5, 1}, kResetAddress, page_);
  EXPECT_EQ(Hex(0x268, 8), "0601070000000000");
  BuildVmsa({VmsaProfile::kKrun, 5, 1}, 0x0080B004, page_);
  EXPECT_EQ(Hex(0x12, 2), "9a00");
  BuildVmsa({VmsaProfile::kSvsmQemu, 5, 1}, 0xFF7F0040, page_);
  EXPECT_EQ(Hex(0x00, 16), "1000930cffffffff0000000000000000");
  EXPECT_EQ(Hex(0x10, 16), "08009b0cffffffff0000000000000000");
  EXPECT_EQ(Hex(0x158, 8), "1100000000000000");
  EXPECT_EQ(Hex(0x178, 8), "40007fff00000000");
  EXPECT_EQ(Hex(0x408, 10), "801f0000000000000000");
}

TEST_F(VmsaTest, SignaturesOfModels) {
  EXPECT_EQ(CpuSignature(23, 1, 2), 0x00800F12u);
  EXPECT_EQ(CpuSignature(23, 49, 0), 0x00830F10u);
  EXPECT_EQ(CpuSignature(26, 0, 0), 0x00B00F00u);
  EXPECT_EQ(CpuSignature(6, 0x2C, 3), 0x000206C3u);
  ASSERT_EQ(CpuModels().size(), 16u);
  for (const CpuModel& model : CpuModels()) {
    const bool is_genoa = std::string(model.name).starts_with("EPYC-Genoa");
    EXPECT_EQ(model.signature == 0x00A10F10u, is_genoa) << model.name;
  }
}

TEST(VmsaDeathTest, WantsAProfile) {
  Bytes<kPageSize> page{};
  EXPECT_DEATH(BuildVmsa({static_cast<VmsaProfile>(99), 0, 1}, 0, page), "not a VMSA profile");
}

}  // namespace
}  // namespace svsm::snp
