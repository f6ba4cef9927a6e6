#include "svsm/snp/igvm.h"

#include "svsm/core/panic.h"
#include "svsm/snp/launch_problem.h"

namespace svsm::snp {
namespace {

constexpr std::uint64_t kEndOfGpas = std::uint64_t{1} << 52;
constexpr std::uint32_t kMayBeIgnored = 0x80000000;
constexpr std::size_t kNoMask = ~std::size_t{0};
constexpr std::uint8_t kSevSnp = 2;
constexpr std::uint32_t kPageDataFlags = kIgvmLargePage | kIgvmUnmeasured | kIgvmShared;

struct HeaderPrefix {
  wire::Le32 type;
  wire::Le32 length;  // of the body
};
static_assert(wire::Struct<HeaderPrefix> && sizeof(HeaderPrefix) == 8);
static_assert(offsetof(HeaderPrefix, type) == 0 && offsetof(HeaderPrefix, length) == 4);

struct TypeRule {
  IgvmHeaderType type;
  std::size_t size;
  std::size_t mask_offset;
};
constexpr TypeRule kRules[] = {
    {IgvmHeaderType::kSupportedPlatform, 16, kNoMask},
    {IgvmHeaderType::kGuestPolicy, 16, 8},
    {IgvmHeaderType::kRelocatableRegion, 48, 0},
    {IgvmHeaderType::kPageTableRelocation, 32, 0},
    {IgvmHeaderType::kParameterArea, 16, kNoMask},
    {IgvmHeaderType::kPageData, 24, 8},
    {IgvmHeaderType::kParameterInsert, 16, 8},
    {IgvmHeaderType::kVpContext, 20, 8},
    {IgvmHeaderType::kRequiredMemory, 24, 8},
    {IgvmHeaderType::kVpCount, 8, kNoMask},
    {IgvmHeaderType::kSrat, 8, kNoMask},
    {IgvmHeaderType::kMadt, 8, kNoMask},
    {IgvmHeaderType::kMmioRanges, 8, kNoMask},
    {IgvmHeaderType::kSnpIdBlock, 696, 0},
    {IgvmHeaderType::kMemoryMap, 8, kNoMask},
    {IgvmHeaderType::kErrorRange, 16, 8},
    {IgvmHeaderType::kCommandLine, 8, kNoMask},
    {IgvmHeaderType::kSlit, 8, kNoMask},
    {IgvmHeaderType::kPptt, 8, kNoMask},
    {IgvmHeaderType::kVbsMeasurement, 864, 0},
    {IgvmHeaderType::kDeviceTree, 8, kNoMask},
    {IgvmHeaderType::kEnvironmentInfo, 8, kNoMask},
};

const TypeRule* FindRule(std::uint32_t type) {
  for (const TypeRule& rule : kRules) {
    if (static_cast<std::uint32_t>(rule.type) == type) return &rule;
  }
  return nullptr;
}

// Platform, initialisation and directive headers come in this order.
std::uint32_t Stage(IgvmHeaderType type) {
  const auto number = static_cast<std::uint32_t>(type);
  return number <= 0x100 ? 0 : number <= 0x200 ? 1 : 2;
}

std::uint32_t Crc32(std::uint32_t crc, ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return crc;
}

std::uint64_t RoundedUp(std::uint32_t length) { return (std::uint64_t{length} + 7) & ~7ull; }

template <wire::Struct T>
T As(ByteView body) {
  return *wire::Read<T>(body);
}

// The first header of `rest`, with its padding.
struct Split {
  std::uint32_t type;
  ByteView body;
  std::size_t whole;
};
Result<Split> SplitFirst(ByteView rest) {
  if (rest.size() < sizeof(HeaderPrefix)) return LaunchMalformed(LaunchProblem::kIgvmHeaderSize);
  const auto prefix = As<HeaderPrefix>(rest);
  const ByteView behind = rest.subspan(sizeof(HeaderPrefix));
  const std::uint64_t padded = RoundedUp(prefix.length.get());
  if (padded > behind.size()) return LaunchMalformed(LaunchProblem::kIgvmHeaderSize);
  const ByteView body = behind.first(prefix.length.get());
  if (!IsZero(behind.first(static_cast<std::size_t>(padded)).subspan(body.size()))) {
    return LaunchMalformed(LaunchProblem::kIgvmHeaderPadding);
  }
  return Split{prefix.type.get(), body, sizeof(HeaderPrefix) + static_cast<std::size_t>(padded)};
}

Status CheckAddress(std::uint64_t gpa, std::uint64_t size, std::uint64_t alignment) {
  return gpa % alignment == 0 && gpa < kEndOfGpas && size <= kEndOfGpas - gpa
             ? OkStatus()
             : LaunchMalformed(LaunchProblem::kIgvmPageAddress);
}

}  // namespace

bool IgvmCursor::Next(IgvmHeader& out) {
  while (!rest_.empty()) {
    const Split split = *SplitFirst(rest_);
    rest_ = rest_.subspan(split.whole);
    if (FindRule(split.type) == nullptr) continue;
    out = {static_cast<IgvmHeaderType>(split.type), split.body};
    return true;
  }
  return false;
}

Result<IgvmFile> IgvmFile::Parse(ByteView file) {
  IgvmFile parsed(file);
  SVSM_TRY(parsed.ReadFixedHeader());
  SVSM_TRY(parsed.CheckHeaders());
  if (parsed.snp_mask_ == 0) return LaunchUnsupported(LaunchProblem::kIgvmPlatform);
  return parsed;
}

std::uint64_t IgvmFile::parameter_area_size(std::uint32_t index) const {
  for (std::size_t i = 0; i < num_areas_; ++i) {
    if (areas_[i].index == index) return areas_[i].size;
  }
  return 0;
}

ByteView IgvmFile::data(std::uint32_t file_offset, std::size_t size) const {
  SVSM_CHECK(has_data(file_offset, size));
  return file_.subspan(file_offset, size);
}

Status IgvmFile::ReadFixedHeader() {
  const Result<IgvmFixedHeader> read = wire::Read<IgvmFixedHeader>(file_);
  if (!read.ok() || read->magic != Ascii("IGVM")) return LaunchMalformed(LaunchProblem::kIgvmMagic);
  IgvmFixedHeader header = *read;
  version_ = header.format_version.get();
  if (version_ != 1 && version_ != 2) return LaunchUnsupported(LaunchProblem::kIgvmVersion);
  if (header.total_file_size.get() != file_.size()) {
    return LaunchMalformed(LaunchProblem::kIgvmFileSize);
  }
  const std::size_t fixed_size = version_ == 1 ? sizeof(header) : sizeof(header) + 8;
  const std::uint64_t begin = header.variable_header_offset.get();
  if (begin != fixed_size || begin + header.variable_header_size.get() > file_.size()) {
    return LaunchMalformed(LaunchProblem::kIgvmHeaderPlace);
  }
  const ByteView extension = file_.first(fixed_size).subspan(sizeof(header));
  if (version_ == 2 && (As<wire::Le32>(extension).get() != 0 ||
                        As<wire::Le32>(extension.subspan(4)).get() != kPageSize)) {
    return LaunchUnsupported(LaunchProblem::kIgvmVersion);
  }
  headers_ = file_.subspan(fixed_size, header.variable_header_size.get());
  const std::uint32_t expected = header.checksum.get();
  header.checksum = 0u;
  std::uint32_t crc = Crc32(0xFFFFFFFFu, wire::ToBytes(header));
  crc = ~Crc32(Crc32(crc, extension), headers_);
  return crc == expected ? OkStatus() : LaunchMalformed(LaunchProblem::kIgvmChecksum);
}

Status IgvmFile::CheckHeaders() {
  std::uint32_t stage = 0;
  for (ByteView rest = headers_; !rest.empty();) {
    SVSM_ASSIGN_OR_RETURN(const Split split, SplitFirst(rest));
    rest = rest.subspan(split.whole);
    const TypeRule* rule = FindRule(split.type);
    if (rule == nullptr) {
      const bool ignorable =
          (split.type & kMayBeIgnored) != 0 && FindRule(split.type & ~kMayBeIgnored) == nullptr;
      if (!ignorable) return LaunchUnsupported(LaunchProblem::kIgvmHeaderType);
      continue;
    }
    if (split.body.size() != rule->size) return LaunchMalformed(LaunchProblem::kIgvmHeaderSize);
    if (Stage(rule->type) < stage) return LaunchMalformed(LaunchProblem::kIgvmHeaderOrder);
    stage = Stage(rule->type);
    if (rule->mask_offset != kNoMask) {
      const std::uint32_t mask = As<wire::Le32>(split.body.subspan(rule->mask_offset)).get();
      if (mask == 0 || (mask & ~all_masks_) != 0) return LaunchMalformed(LaunchProblem::kIgvmMask);
    }
    SVSM_TRY(CheckHeader({rule->type, split.body}));
  }
  return OkStatus();
}

Status IgvmFile::CheckHeader(const IgvmHeader& header) {
  switch (header.type) {
    case IgvmHeaderType::kSupportedPlatform:
      return CheckPlatform(As<IgvmPlatform>(header.body));
    case IgvmHeaderType::kGuestPolicy:
      return CheckPolicy(As<IgvmGuestPolicy>(header.body));
    case IgvmHeaderType::kPageData:
      return CheckPageData(As<IgvmPageData>(header.body));
    case IgvmHeaderType::kVpContext:
      return CheckVpContext(As<IgvmVpContext>(header.body));
    case IgvmHeaderType::kParameterArea:
      return AddArea(As<IgvmParameterArea>(header.body));
    case IgvmHeaderType::kParameterInsert:
      return CheckInsert(As<IgvmParameterInsert>(header.body));
    case IgvmHeaderType::kSnpIdBlock:
      if ((As<wire::Le32>(header.body).get() & snp_mask_) != 0 && ++num_id_blocks_ > 1) {
        return LaunchMalformed(LaunchProblem::kIgvmIdBlock);
      }
      return OkStatus();
    case IgvmHeaderType::kRelocatableRegion:
    case IgvmHeaderType::kPageTableRelocation:
    case IgvmHeaderType::kRequiredMemory:
    case IgvmHeaderType::kErrorRange:
    case IgvmHeaderType::kVbsMeasurement:
      return OkStatus();
    default:
      return CheckParameter(header.body);
  }
}

Status IgvmFile::CheckPlatform(const IgvmPlatform& platform) {
  const std::uint32_t mask = platform.mask.get();
  const bool one_bit = mask != 0 && (mask & (mask - 1)) == 0;
  if (!one_bit || (mask & all_masks_) != 0) return LaunchMalformed(LaunchProblem::kIgvmMask);
  all_masks_ |= mask;
  if (platform.type != kSevSnp) return OkStatus();
  if (snp_mask_ != 0) return LaunchMalformed(LaunchProblem::kIgvmMask);
  if (platform.version.get() != 1) return LaunchUnsupported(LaunchProblem::kIgvmPlatform);
  snp_mask_ = mask;
  return OkStatus();
}

Status IgvmFile::CheckPolicy(const IgvmGuestPolicy& policy) {
  if (policy.reserved.get() != 0) return LaunchMalformed(LaunchProblem::kIgvmReserved);
  if ((policy.mask.get() & snp_mask_) != 0) policy_ = policy.policy.get();
  return OkStatus();
}

Status IgvmFile::CheckPageData(const IgvmPageData& page) const {
  if ((page.flags.get() & ~kPageDataFlags) != 0 || page.reserved.get() != 0) {
    return LaunchMalformed(LaunchProblem::kIgvmReserved);
  }
  if (page.data_type.get() > static_cast<std::uint16_t>(IgvmDataType::kCpuidXf)) {
    return LaunchUnsupported(LaunchProblem::kIgvmDataType);
  }
  const bool large = (page.flags.get() & kIgvmLargePage) != 0;
  if (large && page.data_type.get() != 0) return LaunchMalformed(LaunchProblem::kIgvmDataSize);
  const std::uint64_t size = large ? kLargePageSize : kPageSize;
  SVSM_TRY(CheckAddress(page.gpa.get(), size, size));
  return page.file_offset.get() == 0 ? OkStatus() : CheckData(page.file_offset.get(), size);
}

// Contexts of other platforms have a form of their own.
Status IgvmFile::CheckVpContext(const IgvmVpContext& context) const {
  if (context.reserved.get() != 0) return LaunchMalformed(LaunchProblem::kIgvmReserved);
  SVSM_TRY(CheckAddress(context.gpa.get(), kPageSize, kPageSize));
  const bool ours = (context.mask.get() & snp_mask_) != 0;
  return CheckData(context.file_offset.get(), ours ? kPageSize : 1);
}

Status IgvmFile::AddArea(const IgvmParameterArea& area) {
  const std::uint64_t size = area.size.get();
  if (size == 0 || size % kPageSize != 0 || size > kMaxIgvmParameterAreaSize ||
      FindArea(area.index.get()) != nullptr || num_areas_ == areas_.size()) {
    return LaunchMalformed(LaunchProblem::kIgvmParameterArea);
  }
  if (area.file_offset.get() != 0) SVSM_TRY(CheckData(area.file_offset.get(), size));
  areas_[num_areas_++] = {area.index.get(), size, false};
  return OkStatus();
}

Status IgvmFile::CheckInsert(const IgvmParameterInsert& insert) {
  Area* area = FindArea(insert.index.get());
  if (area == nullptr || area->inserted) return LaunchMalformed(LaunchProblem::kIgvmParameterArea);
  area->inserted = true;
  return CheckAddress(insert.gpa.get(), area->size, kPageSize);
}

// An area's index, and an offset in it.
Status IgvmFile::CheckParameter(ByteView body) {
  const Area* area = FindArea(As<wire::Le32>(body).get());
  const std::uint32_t offset = As<wire::Le32>(body.subspan(4)).get();
  return area != nullptr && !area->inserted && offset < area->size
             ? OkStatus()
             : LaunchMalformed(LaunchProblem::kIgvmParameterArea);
}

Status IgvmFile::CheckData(std::uint32_t file_offset, std::uint64_t size) const {
  const std::size_t begin =
      headers_.size() + (version_ == 1 ? sizeof(IgvmFixedHeader) : sizeof(IgvmFixedHeader) + 8);
  return file_offset >= begin && file_offset + size <= file_.size()
             ? OkStatus()
             : LaunchMalformed(LaunchProblem::kIgvmFileOffset);
}

IgvmFile::Area* IgvmFile::FindArea(std::uint32_t index) {
  for (std::size_t i = 0; i < num_areas_; ++i) {
    if (areas_[i].index == index) return &areas_[i];
  }
  return nullptr;
}

}  // namespace svsm::snp
