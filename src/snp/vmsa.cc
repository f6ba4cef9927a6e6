#include "svsm/snp/vmsa.h"

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"

namespace svsm::snp {
namespace {

struct Segment {
  wire::Le16 selector;
  wire::Le16 attributes;
  wire::Le32 limit;
  wire::Le64 base;
};
static_assert(wire::Struct<Segment> && sizeof(Segment) == 16);
static_assert(offsetof(Segment, attributes) == 2 && offsetof(Segment, limit) == 4);
static_assert(offsetof(Segment, base) == 8);

// Offsets of what launch sets.
constexpr std::size_t kEs = 0x000, kCs = 0x010, kSs = 0x020, kDs = 0x030, kFs = 0x040, kGs = 0x050;
constexpr std::size_t kGdtr = 0x060, kLdtr = 0x070, kIdtr = 0x080, kTr = 0x090;
constexpr std::size_t kEfer = 0x0D0, kCr4 = 0x148, kCr0 = 0x158, kDr7 = 0x160, kDr6 = 0x168;
constexpr std::size_t kRflags = 0x170, kRip = 0x178, kPat = 0x268, kRdx = 0x310;
constexpr std::size_t kSevFeatures = 0x3B0, kXcr0 = 0x3E8, kMxcsr = 0x408, kX87ControlWord = 0x410;

constexpr std::uint64_t kPatReset = 0x0007040600070406;

// In what VMMs differ.
struct Profile {
  std::uint16_t boot_cs_attributes;
  std::uint16_t cs_attributes;  // of the other vCPUs
  std::uint16_t ss_attributes;
  std::uint16_t tr_attributes;
  std::uint64_t pat;
  bool rdx_is_signature;
  std::uint16_t rdx;
  std::uint32_t mxcsr;
  std::uint16_t x87_control_word;
};
constexpr Profile kQemu = {0x9B, 0x9B, 0x93, 0x8B, kPatReset, true, 0, 0x1F80, 0x37F};
constexpr Profile kQemuLegacy = {0x9B, 0x9B, 0x93, 0x8B, kPatReset, true, 0, 0, 0};
constexpr Profile kEc2 = {0x9A, 0x9B, 0x92, 0x83, kPatReset, false, 0x600, 0, 0};
constexpr Profile kEc2RdxZero = {0x9A, 0x9B, 0x92, 0x83, kPatReset, false, 0, 0, 0};
constexpr Profile kGce = {0x9B, 0x9B, 0x93, 0x8B, 0x00070106, false, 0x600, 0, 0};
constexpr Profile kKrun = {0x9A, 0x9A, 0x92, 0x83, kPatReset, false, 0, 0, 0};
// The published digests of this layout have the x87 control word 0.
constexpr Profile kSvsmQemu = {0xC9B, 0xC9B, 0xC93, 0x8B, kPatReset, true, 0, 0x1F80, 0};

const Profile& Find(VmsaProfile profile) {
  switch (profile) {
    case VmsaProfile::kQemu:
      return kQemu;
    case VmsaProfile::kQemuLegacy:
      return kQemuLegacy;
    case VmsaProfile::kEc2:
      return kEc2;
    case VmsaProfile::kEc2RdxZero:
      return kEc2RdxZero;
    case VmsaProfile::kGce:
      return kGce;
    case VmsaProfile::kKrun:
      return kKrun;
    case VmsaProfile::kSvsmQemu:
      return kSvsmQemu;
  }
  svsm_panic("snp: not a VMSA profile");
}

template <wire::Struct T>
void Put(FixedSpan<kPageSize> page, std::size_t offset, const T& value) {
  Copy(page.subspan(offset), wire::ToBytes(value));
}

void PutU64(FixedSpan<kPageSize> page, std::size_t offset, std::uint64_t value) {
  Put(page, offset, wire::Le64(value));
}

void PutSegment(FixedSpan<kPageSize> page, std::size_t offset, std::uint16_t selector,
                std::uint16_t attributes, std::uint32_t limit, std::uint64_t base) {
  Segment segment{};
  segment.selector = selector;
  segment.attributes = attributes;
  segment.limit = limit;
  segment.base = base;
  Put(page, offset, segment);
}

void PutRealModeSegments(const Profile& profile, std::uint32_t entry, FixedSpan<kPageSize> page) {
  const std::uint16_t cs =
      entry == kResetAddress ? profile.boot_cs_attributes : profile.cs_attributes;
  PutSegment(page, kCs, 0xF000, cs, 0xFFFF, entry & 0xFFFF0000u);
  PutSegment(page, kSs, 0, profile.ss_attributes, 0xFFFF, 0);
  for (const std::size_t offset : {kEs, kDs, kFs}) PutSegment(page, offset, 0, 0x93, 0xFFFF, 0);
  PutU64(page, kCr0, 0x10);
  PutU64(page, kRip, entry & 0xFFFF);
}

void PutFlatSegments(const Profile& profile, std::uint32_t entry, FixedSpan<kPageSize> page) {
  constexpr std::uint32_t kFlat = 0xFFFFFFFF;
  PutSegment(page, kCs, 8, profile.cs_attributes, kFlat, 0);
  for (const std::size_t offset : {kSs, kEs, kDs, kFs}) {
    PutSegment(page, offset, 16, profile.ss_attributes, kFlat, 0);
  }
  PutU64(page, kCr0, 0x11);
  PutU64(page, kRip, entry);
}

constexpr CpuModel kCpuModels[] = {
    {"EPYC", CpuSignature(23, 1, 2)},           {"EPYC-v1", CpuSignature(23, 1, 2)},
    {"EPYC-v2", CpuSignature(23, 1, 2)},        {"EPYC-IBPB", CpuSignature(23, 1, 2)},
    {"EPYC-v3", CpuSignature(23, 1, 2)},        {"EPYC-v4", CpuSignature(23, 1, 2)},
    {"EPYC-Rome", CpuSignature(23, 49, 0)},     {"EPYC-Rome-v1", CpuSignature(23, 49, 0)},
    {"EPYC-Rome-v2", CpuSignature(23, 49, 0)},  {"EPYC-Rome-v3", CpuSignature(23, 49, 0)},
    {"EPYC-Milan", CpuSignature(25, 1, 1)},     {"EPYC-Milan-v1", CpuSignature(25, 1, 1)},
    {"EPYC-Milan-v2", CpuSignature(25, 1, 1)},  {"EPYC-Genoa", CpuSignature(25, 17, 0)},
    {"EPYC-Genoa-v1", CpuSignature(25, 17, 0)}, {"EPYC-Turin", CpuSignature(26, 0, 0)},
};

}  // namespace

void BuildVmsa(const VmsaParameters& parameters, std::uint32_t entry, FixedSpan<kPageSize> page) {
  const Profile& profile = Find(parameters.profile);
  Fill(page, 0);
  if (parameters.profile == VmsaProfile::kSvsmQemu) {
    PutFlatSegments(profile, entry, page);
  } else {
    PutRealModeSegments(profile, entry, page);
  }
  PutSegment(page, kGs, 0, 0x93, 0xFFFF, 0);
  PutSegment(page, kGdtr, 0, 0, 0xFFFF, 0);
  PutSegment(page, kIdtr, 0, 0, 0xFFFF, 0);
  PutSegment(page, kLdtr, 0, 0x82, 0xFFFF, 0);
  PutSegment(page, kTr, 0, profile.tr_attributes, 0xFFFF, 0);
  PutU64(page, kEfer, 0x1000);
  PutU64(page, kCr4, 0x40);
  PutU64(page, kDr7, 0x400);
  PutU64(page, kDr6, 0xFFFF0FF0);
  PutU64(page, kRflags, 2);
  PutU64(page, kPat, profile.pat);
  PutU64(page, kRdx, profile.rdx_is_signature ? parameters.cpu_signature : profile.rdx);
  PutU64(page, kSevFeatures, parameters.guest_features);
  PutU64(page, kXcr0, 1);
  Put(page, kMxcsr, wire::Le32(profile.mxcsr));
  Put(page, kX87ControlWord, wire::Le16(profile.x87_control_word));
}

std::span<const CpuModel> CpuModels() { return kCpuModels; }

}  // namespace svsm::snp
