#include "svsm/snp/ovmf.h"

#include "svsm/core/guid.h"
#include "svsm/core/panic.h"
#include "svsm/snp/launch_problem.h"

namespace svsm::snp {
namespace {

constexpr Guid kFooter = Guid::Parse("96b582de-1fb2-45f7-baea-a366c55a082d");
constexpr Guid kKernelHashesEntry = Guid::Parse("7255371f-3a3b-4b04-927b-1da6efa8d454");
constexpr Guid kResetBlock = Guid::Parse("00f771de-1a7e-4fcb-890e-68c77e2fb44e");
constexpr Guid kMetadata = Guid::Parse("dc886566-984a-4798-a75e-5585a7bf67cc");
constexpr Guid kSvsmInfo = Guid::Parse("a789a612-0597-4c4b-a49f-cbb1fe9d1ddd");

// The table ends this far before the image's end: the reset vector's code is behind it.
constexpr std::size_t kBytesBehindTable = 32;

// Entries are read from the end: their data come before this.
struct FooterEntry {
  wire::Le16 length;  // with the data
  Bytes<Guid::kSize> guid;
};
static_assert(wire::Struct<FooterEntry> && sizeof(FooterEntry) == 18);
static_assert(offsetof(FooterEntry, length) == 0 && offsetof(FooterEntry, guid) == 2);

FooterEntry LastEntry(ByteView table) {
  return *wire::Read<FooterEntry>(table.last(sizeof(FooterEntry)));
}

bool Overlap(const OvmfSection& a, const OvmfSection& b) {
  return a.gpa.value() < b.gpa.value() + b.size && b.gpa.value() < a.gpa.value() + a.size;
}

Status CheckSection(const OvmfSection& section) {
  switch (section.type) {
    case OvmfSectionType::kSecMemory:
    case OvmfSectionType::kSecrets:
    case OvmfSectionType::kCpuid:
    case OvmfSectionType::kSvsmCallArea:
    case OvmfSectionType::kKernelHashes:
      break;
    default:
      return LaunchUnsupported(LaunchProblem::kSectionType);
  }
  const bool one_page =
      section.type == OvmfSectionType::kSecrets || section.type == OvmfSectionType::kCpuid;
  if (section.gpa.value() % kPageSize != 0 || section.gpa.value() + section.size > kFourGib) {
    return LaunchMalformed(LaunchProblem::kSectionPlace);
  }
  if (section.size == 0 || section.size % kPageSize != 0 ||
      (one_page && section.size != kPageSize)) {
    return LaunchMalformed(LaunchProblem::kSectionSize);
  }
  return OkStatus();
}

}  // namespace

Result<OvmfImage> OvmfImage::Parse(ByteView image) {
  if (image.empty() || image.size() % kPageSize != 0 || image.size() > kMaxOvmfSize) {
    return LaunchMalformed(LaunchProblem::kImageSize);
  }
  OvmfImage parsed(image);
  SVSM_TRY(parsed.ReadFooterTable());
  SVSM_TRY(parsed.ReadMetadata());
  SVSM_TRY(parsed.CheckSections());
  return parsed;
}

OvmfSection OvmfImage::section(std::size_t index) const {
  SVSM_CHECK(index < num_sections_);
  const OvmfMetadataSection section = *wire::Read<OvmfMetadataSection>(
      sections_.subspan(index * sizeof(OvmfMetadataSection), sizeof(OvmfMetadataSection)));
  return {static_cast<OvmfSectionType>(section.type.get()), Gpa(section.gpa.get()),
          section.size.get()};
}

Status OvmfImage::ReadFooterTable() {
  const ByteView before_code = image_.first(image_.size() - kBytesBehindTable);
  const FooterEntry footer = LastEntry(before_code);
  if (!Equal(footer.guid, kFooter.mixed_endian())) {
    return LaunchMalformed(LaunchProblem::kNoFooterTable);
  }
  if (footer.length.get() < sizeof(FooterEntry) || footer.length.get() > before_code.size()) {
    return LaunchMalformed(LaunchProblem::kFooterTableSize);
  }
  ByteView table = before_code.last(footer.length.get());
  table = table.first(table.size() - sizeof(FooterEntry));
  while (!table.empty()) {
    if (table.size() < sizeof(FooterEntry)) {
      return LaunchMalformed(LaunchProblem::kFooterEntrySize);
    }
    const FooterEntry entry = LastEntry(table);
    if (entry.length.get() < sizeof(FooterEntry) || entry.length.get() > table.size()) {
      return LaunchMalformed(LaunchProblem::kFooterEntrySize);
    }
    const ByteView whole = table.last(entry.length.get());
    SVSM_TRY(TakeEntry(entry.guid, whole.first(whole.size() - sizeof(FooterEntry))));
    table = table.first(table.size() - whole.size());
  }
  return OkStatus();
}

// Each entry that is read begins with a 32-bit number; what follows it is for others.
Status OvmfImage::TakeEntry(ByteView guid, ByteView data) {
  std::optional<std::uint32_t>* out = nullptr;
  if (Equal(guid, kKernelHashesEntry.mixed_endian())) out = &kernel_hashes_address_;
  if (Equal(guid, kResetBlock.mixed_endian())) out = &ap_reset_address_;
  if (Equal(guid, kMetadata.mixed_endian())) out = &metadata_offset_;
  if (Equal(guid, kSvsmInfo.mixed_endian())) out = &svsm_entry_offset_;
  if (out == nullptr) return OkStatus();
  if (out->has_value()) return LaunchMalformed(LaunchProblem::kFooterEntryTwice);
  const Result<wire::Le32> number = wire::Read<wire::Le32>(data);
  if (!number.ok()) return LaunchMalformed(LaunchProblem::kFooterEntrySize);
  *out = number->get();
  return OkStatus();
}

Status OvmfImage::ReadMetadata() {
  if (!metadata_offset_) return LaunchMalformed(LaunchProblem::kNoMetadata);
  const std::size_t from_end = *metadata_offset_;
  if (from_end > image_.size() || from_end < sizeof(OvmfMetadataHeader)) {
    return LaunchMalformed(LaunchProblem::kMetadataOffset);
  }
  const ByteView rest = image_.last(from_end);
  const OvmfMetadataHeader header = *wire::Read<OvmfMetadataHeader>(rest);
  if (header.signature != Ascii("ASEV")) return LaunchMalformed(LaunchProblem::kMetadataMagic);
  if (header.version.get() != 1) return LaunchUnsupported(LaunchProblem::kMetadataVersion);
  if (header.size.get() < sizeof(header) || header.size.get() > rest.size()) {
    return LaunchMalformed(LaunchProblem::kMetadataOffset);
  }
  sections_ = rest.first(header.size.get()).subspan(sizeof(header));
  num_sections_ = header.num_sections.get();
  if (num_sections_ > kMaxOvmfSections ||
      num_sections_ * sizeof(OvmfMetadataSection) > sections_.size()) {
    return LaunchMalformed(LaunchProblem::kMetadataCount);
  }
  unannounced_ = num_sections_ * sizeof(OvmfMetadataSection) < sections_.size();
  return OkStatus();
}

Status OvmfImage::CheckSections() const {
  for (std::size_t i = 0; i < num_sections_; ++i) {
    SVSM_TRY(CheckSection(section(i)));
    for (std::size_t j = 0; j < i; ++j) {
      if (Overlap(section(i), section(j))) return LaunchMalformed(LaunchProblem::kSectionOverlap);
    }
  }
  return OkStatus();
}

}  // namespace svsm::snp
