// svsm/snp/ovmf.h: what a firmware image says about its own launch.
//
// OVMF, and SVSM images that are launched without IGVM, end with a table of GUIDed entries. It
// leads to the SEV metadata (which guest pages the VMM prepares, and how), to the place of the
// hashes of a directly booted kernel, and to where further vCPUs start.
//
//   SVSM_ASSIGN_OR_RETURN(const OvmfImage image, OvmfImage::Parse(bytes));
//   for (std::size_t i = 0; i < image.num_sections(); ++i) Show(image.section(i));
//
// Profile: freestanding. Allocates: never. Threads: values over bytes that must not change.
// Spec: EDK II OvmfPkg, "OvmfSevMetadata", "ResetVectorVtf0"; no other document defines the table.
#ifndef SVSM_SNP_OVMF_H_
#define SVSM_SNP_OVMF_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxOvmfSize = 16u << 20;
inline constexpr std::size_t kMaxOvmfSections = 128;
inline constexpr std::uint64_t kFourGib = std::uint64_t{1} << 32;

// How SEV metadata are written.
struct OvmfMetadataHeader {
  Bytes<4> signature;  // "ASEV"
  wire::Le32 size;     // of this header and the sections
  wire::Le32 version;  // 1
  wire::Le32 num_sections;
};
static_assert(wire::Struct<OvmfMetadataHeader> && sizeof(OvmfMetadataHeader) == 16);
static_assert(offsetof(OvmfMetadataHeader, signature) == 0);
static_assert(offsetof(OvmfMetadataHeader, size) == 4);
static_assert(offsetof(OvmfMetadataHeader, version) == 8);
static_assert(offsetof(OvmfMetadataHeader, num_sections) == 12);

struct OvmfMetadataSection {
  wire::Le32 gpa;
  wire::Le32 size;
  wire::Le32 type;
};
static_assert(wire::Struct<OvmfMetadataSection> && sizeof(OvmfMetadataSection) == 12);
static_assert(offsetof(OvmfMetadataSection, gpa) == 0);
static_assert(offsetof(OvmfMetadataSection, size) == 4);
static_assert(offsetof(OvmfMetadataSection, type) == 8);

enum class OvmfSectionType : std::uint32_t {
  kSecMemory = 1,       // zeroed for the firmware's first stage
  kSecrets = 2,         // one page
  kCpuid = 3,           // one page
  kSvsmCallArea = 4,    // the boot vCPU's calling area, zeroed
  kKernelHashes = 0x10  // zeroed, or the hashes of kernel, initial RAM disk and command line
};

struct OvmfSection {
  OvmfSectionType type;
  Gpa gpa;
  std::uint32_t size = 0;  // bytes, a positive multiple of 4096
};

class OvmfImage {
 public:
  // Reads the footer table and the SEV metadata. Borrows `image` for the object's life.
  // Errors: kMalformed (detail = LaunchProblem, from kImageSize to kSectionOverlap),
  // kUnsupported (kMetadataVersion, kSectionType).
  static Result<OvmfImage> Parse(ByteView image);

  ByteView bytes() const { return image_; }
  std::size_t num_sections() const { return num_sections_; }
  // Panics unless `index` is below num_sections().
  OvmfSection section(std::size_t index) const;
  // Whether there are bytes in the metadata after the announced sections. VMMs ignore them; who
  // built the image meant them.
  bool has_unannounced_sections() const { return unannounced_; }

  // Where vCPUs but the first start: CS base in the upper 16 bits, IP in the lower.
  std::optional<std::uint32_t> ap_reset_address() const { return ap_reset_address_; }
  // Guest address of the hash table of a directly booted kernel; 0 is as good as none.
  std::optional<std::uint32_t> kernel_hashes_address() const { return kernel_hashes_address_; }
  // Entry point of an SVSM image, counted from its start.
  std::optional<std::uint32_t> svsm_entry_offset() const { return svsm_entry_offset_; }

 private:
  explicit OvmfImage(ByteView image) : image_(image) {}
  Status ReadFooterTable();
  Status TakeEntry(ByteView guid, ByteView data);
  Status ReadMetadata();
  Status CheckSections() const;

  ByteView image_;
  ByteView sections_;
  std::size_t num_sections_ = 0;
  bool unannounced_ = false;
  std::optional<std::uint32_t> metadata_offset_;
  std::optional<std::uint32_t> ap_reset_address_;
  std::optional<std::uint32_t> kernel_hashes_address_;
  std::optional<std::uint32_t> svsm_entry_offset_;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_OVMF_H_
