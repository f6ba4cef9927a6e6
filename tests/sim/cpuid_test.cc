#include "sim/cpuid.h"

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

TEST(Cpuid, PacksFamilyModelAndStepping) {
  EXPECT_EQ(PackCpuid(kMilan), 0x00A00F10u + kMilan.stepping);
  EXPECT_EQ(PackCpuid(kGenoa), 0x00A10F10u + kGenoa.stepping);
  EXPECT_EQ(PackCpuid(kTurin), 0x00B00F20u + kTurin.stepping);
}

TEST(Cpuid, CorrectsWhatItKnowsAndNothingElse) {
  snp::CpuidFunction functions[] = {
      {.leaf = 1, .eax = PackCpuid(kMilan), .ebx = 7},
      {.leaf = 7, .ebx = 0xFFFFFFFF},
      {.leaf = 0x8000001F, .eax = 0x1B, .ebx = 51 | 5 << 6},
  };
  EXPECT_FALSE(CorrectCpuid(kMilan, functions));
  functions[0].eax = PackCpuid(kGenoa);
  functions[2].eax = 0xFFFFFFFF;
  functions[2].ebx = 47;
  EXPECT_TRUE(CorrectCpuid(kMilan, functions));
  EXPECT_EQ(functions[0], (snp::CpuidFunction{.leaf = 1, .eax = PackCpuid(kMilan), .ebx = 7}));
  EXPECT_EQ(functions[1].ebx, 0xFFFFFFFF);
  EXPECT_EQ(functions[2].eax & 0x80000000, 0u);
  EXPECT_EQ(functions[2].ebx, 51u | 5u << 6);
  EXPECT_FALSE(CorrectCpuid(kMilan, functions));
}

}  // namespace
}  // namespace svsm::sim
