#include "sim/cpuid.h"

namespace svsm::sim {

namespace {

constexpr std::uint32_t kFamilyLeaf = 1;
constexpr std::uint32_t kExtendedFamilyLeaf = 0x80000001;
constexpr std::uint32_t kSevLeaf = 0x8000001F;
// Of leaf 8000_001Fh EAX: SME, SEV, page flush, SEV-ES, SEV-SNP, VMPL, Secure TSC, and a few that
// came with them.
constexpr std::uint32_t kSevFeatures = 0x0001FD3F;
// EBX: the C-bit is 51, and addresses are 5 bits shorter than they could be.
constexpr std::uint32_t kSevAddressing = 51 | 5 << 6;

}  // namespace

std::uint32_t PackCpuid(const ProductLine& line) {
  return static_cast<std::uint32_t>(line.family - 0xF) << 20 |
         static_cast<std::uint32_t>(line.model >> 4) << 16 | 0xFu << 8 |
         static_cast<std::uint32_t>(line.model & 0xF) << 4 | line.stepping;
}

bool CorrectCpuid(const ProductLine& line, std::span<snp::CpuidFunction> functions) {
  bool changed = false;
  for (snp::CpuidFunction& function : functions) {
    snp::CpuidFunction right = function;
    switch (function.leaf) {
      case kFamilyLeaf:
      case kExtendedFamilyLeaf:
        right.eax = PackCpuid(line);
        break;
      case kSevLeaf:
        right.eax &= kSevFeatures;
        right.ebx = kSevAddressing;
        break;
      default:
        break;
    }
    changed = changed || right != function;
    function = right;
  }
  return changed;
}

}  // namespace svsm::sim
