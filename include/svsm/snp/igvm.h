// svsm/snp/igvm.h: IGVM files, as far as SEV-SNP launches go.
//
// An IGVM file is a list of commands for a VMM: pages, their data, vCPU contexts. Parse() judges
// the whole file before anything is used of it.
//
//   SVSM_ASSIGN_OR_RETURN(const IgvmFile file, IgvmFile::Parse(bytes));
//   IgvmCursor headers = file.headers();
//   for (IgvmHeader header; headers.Next(header);) Show(header);
//
// Profile: freestanding. Allocates: never. Threads: values over bytes that must not change.
// Spec: the format's definitions of Microsoft's igvm project, versions 1 and 2.
#ifndef SVSM_SNP_IGVM_H_
#define SVSM_SNP_IGVM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxIgvmParameterAreas = 32;
inline constexpr std::uint64_t kMaxIgvmParameterAreaSize = std::uint64_t{1} << 30;

// Version 2 has architecture (0 is x86-64) and page size (4096) behind these.
struct IgvmFixedHeader {
  Bytes<4> magic;  // "IGVM"
  wire::Le32 format_version;
  wire::Le32 variable_header_offset;
  wire::Le32 variable_header_size;
  wire::Le32 total_file_size;
  wire::Le32 checksum;  // CRC-32 of both headers, itself taken as zero
};
static_assert(wire::Struct<IgvmFixedHeader> && sizeof(IgvmFixedHeader) == 24);
static_assert(offsetof(IgvmFixedHeader, format_version) == 4);
static_assert(offsetof(IgvmFixedHeader, variable_header_offset) == 8);
static_assert(offsetof(IgvmFixedHeader, variable_header_size) == 12);
static_assert(offsetof(IgvmFixedHeader, total_file_size) == 16);
static_assert(offsetof(IgvmFixedHeader, checksum) == 20);

enum class IgvmHeaderType : std::uint32_t {
  kSupportedPlatform = 0x001,
  kGuestPolicy = 0x101,
  kRelocatableRegion = 0x102,
  kPageTableRelocation = 0x103,
  kParameterArea = 0x301,
  kPageData = 0x302,
  kParameterInsert = 0x303,
  kVpContext = 0x304,
  kRequiredMemory = 0x305,
  kVpCount = 0x307,
  kSrat = 0x308,
  kMadt = 0x309,
  kMmioRanges = 0x30A,
  kSnpIdBlock = 0x30B,
  kMemoryMap = 0x30C,
  kErrorRange = 0x30D,
  kCommandLine = 0x30E,
  kSlit = 0x30F,
  kPptt = 0x310,
  kVbsMeasurement = 0x311,
  kDeviceTree = 0x312,
  kEnvironmentInfo = 0x313
};

struct IgvmPlatform {
  wire::Le32 mask;  // one bit
  std::uint8_t highest_vtl;
  std::uint8_t type;  // 2 is SEV-SNP
  wire::Le16 version;
  wire::Le64 shared_gpa_boundary;
};
static_assert(wire::Struct<IgvmPlatform> && sizeof(IgvmPlatform) == 16);
static_assert(offsetof(IgvmPlatform, highest_vtl) == 4 && offsetof(IgvmPlatform, type) == 5);
static_assert(offsetof(IgvmPlatform, version) == 6);
static_assert(offsetof(IgvmPlatform, shared_gpa_boundary) == 8);

struct IgvmGuestPolicy {
  wire::Le64 policy;
  wire::Le32 mask;
  wire::Le32 reserved;
};
static_assert(wire::Struct<IgvmGuestPolicy> && sizeof(IgvmGuestPolicy) == 16);
static_assert(offsetof(IgvmGuestPolicy, mask) == 8 && offsetof(IgvmGuestPolicy, reserved) == 12);

struct IgvmParameterArea {
  wire::Le64 size;
  wire::Le32 index;
  wire::Le32 file_offset;
};
static_assert(wire::Struct<IgvmParameterArea> && sizeof(IgvmParameterArea) == 16);
static_assert(offsetof(IgvmParameterArea, index) == 8);
static_assert(offsetof(IgvmParameterArea, file_offset) == 12);

inline constexpr std::uint32_t kIgvmLargePage = 1;  // flags of page data
inline constexpr std::uint32_t kIgvmUnmeasured = 2;
inline constexpr std::uint32_t kIgvmShared = 4;

enum class IgvmDataType : std::uint16_t { kNormal = 0, kSecrets = 1, kCpuid = 2, kCpuidXf = 3 };

struct IgvmPageData {
  wire::Le64 gpa;
  wire::Le32 mask;
  wire::Le32 file_offset;  // 0: an empty page
  wire::Le32 flags;
  wire::Le16 data_type;
  wire::Le16 reserved;
};
static_assert(wire::Struct<IgvmPageData> && sizeof(IgvmPageData) == 24);
static_assert(offsetof(IgvmPageData, mask) == 8 && offsetof(IgvmPageData, file_offset) == 12);
static_assert(offsetof(IgvmPageData, flags) == 16 && offsetof(IgvmPageData, data_type) == 20);
static_assert(offsetof(IgvmPageData, reserved) == 22);

struct IgvmParameterInsert {
  wire::Le64 gpa;
  wire::Le32 mask;
  wire::Le32 index;
};
static_assert(wire::Struct<IgvmParameterInsert> && sizeof(IgvmParameterInsert) == 16);
static_assert(offsetof(IgvmParameterInsert, mask) == 8);
static_assert(offsetof(IgvmParameterInsert, index) == 12);

struct IgvmVpContext {
  wire::Le64 gpa;
  wire::Le32 mask;
  wire::Le32 file_offset;  // of a VMSA, one page
  wire::Le16 vp_index;
  wire::Le16 reserved;
};
static_assert(wire::Struct<IgvmVpContext> && sizeof(IgvmVpContext) == 20);
static_assert(offsetof(IgvmVpContext, mask) == 8 && offsetof(IgvmVpContext, file_offset) == 12);
static_assert(offsetof(IgvmVpContext, vp_index) == 16 && offsetof(IgvmVpContext, reserved) == 18);

struct IgvmHeader {
  IgvmHeaderType type{};
  ByteView body;  // of the type's size, without padding
};

// Over the headers of a parsed file; those of unknown type that may be ignored are left out.
class IgvmCursor {
 public:
  // False at the end, where `out` is as it was.
  bool Next(IgvmHeader& out);

 private:
  friend class IgvmFile;
  explicit IgvmCursor(ByteView headers) : rest_(headers) {}
  ByteView rest_;
};

class IgvmFile {
 public:
  // Checks the fixed header, checksum, and of every variable header its order, size, padding, mask,
  // reserved bytes, addresses and places of data. Borrows `file` for the object's life. That no two
  // pages share an address is not checked. Errors: kMalformed, kUnsupported (detail =
  // LaunchProblem, kIgvmMagic to kIgvmIdBlock).
  static Result<IgvmFile> Parse(ByteView file);

  IgvmCursor headers() const { return IgvmCursor(headers_); }
  // The compatibility mask of SEV-SNP.
  std::uint32_t snp_mask() const { return snp_mask_; }
  std::uint32_t format_version() const { return version_; }
  // Of SEV-SNP; the last one if there are several.
  std::optional<std::uint64_t> guest_policy() const { return policy_; }
  // Bytes of a parameter area that the file declares; 0 for others.
  std::uint64_t parameter_area_size(std::uint32_t index) const;
  // Whether the file is that long.
  bool has_data(std::uint32_t file_offset, std::size_t size) const {
    return file_offset <= file_.size() && size <= file_.size() - file_offset;
  }
  // Data that a header points to. Panics unless has_data().
  ByteView data(std::uint32_t file_offset, std::size_t size) const;

 private:
  struct Area {
    std::uint32_t index = 0;
    std::uint64_t size = 0;
    bool inserted = false;
  };

  explicit IgvmFile(ByteView file) : file_(file) {}
  Status ReadFixedHeader();
  Status CheckHeaders();
  Status CheckHeader(const IgvmHeader& header);
  Status CheckPlatform(const IgvmPlatform& platform);
  Status CheckPolicy(const IgvmGuestPolicy& policy);
  Status CheckPageData(const IgvmPageData& page) const;
  Status CheckVpContext(const IgvmVpContext& context) const;
  Status AddArea(const IgvmParameterArea& area);
  Status CheckInsert(const IgvmParameterInsert& insert);
  Status CheckParameter(ByteView body);
  Status CheckData(std::uint32_t file_offset, std::uint64_t size) const;
  Area* FindArea(std::uint32_t index);

  ByteView file_;
  ByteView headers_;
  std::uint32_t version_ = 0;
  std::uint32_t all_masks_ = 0;
  std::uint32_t snp_mask_ = 0;
  std::size_t num_id_blocks_ = 0;
  std::optional<std::uint64_t> policy_;
  std::array<Area, kMaxIgvmParameterAreas> areas_{};
  std::size_t num_areas_ = 0;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_IGVM_H_
