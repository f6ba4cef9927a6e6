// svsm/snp/launch_digest.h: the digest of what a guest was launched with (MEASUREMENT in reports).
//
// Each page that the host hands to the AMD-SP extends the digest by one PAGE_INFO structure. The
// order of the calls is part of the result.
//
//   LaunchDigest digest(sha384);
//   SVSM_TRY(digest.AddNormalPage(Gpa(0), page));
//   SVSM_TRY(digest.AddPage(PageType::kSecrets, Gpa(0x80D000)));
//   Compare(digest.value(), report.measurement());
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
// Spec: AMD 56860, "SNP_LAUNCH_UPDATE", "PAGE_INFO structure".
#ifndef SVSM_SNP_LAUNCH_DIGEST_H_
#define SVSM_SNP_LAUNCH_DIGEST_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/hash.h"

namespace svsm::snp {

inline constexpr std::size_t kLaunchDigestSize = 48;
// Where KVM measures VMSA pages.
inline constexpr Gpa kKvmVmsaGpa{0xFFFFFFFFF000};

enum class PageType : std::uint8_t {
  kNormal = 1,      // measured with its contents
  kVmsa = 2,        // measured with its contents
  kZero = 3,        // the AMD-SP zeroes it
  kUnmeasured = 4,  // only that there is such a page is measured
  kSecrets = 5,
  kCpuid = 6
};

struct PageInfo {
  Bytes<kLaunchDigestSize> digest_current;
  Bytes<kLaunchDigestSize> contents;
  wire::Le16 length;
  std::uint8_t page_type;
  std::uint8_t imi_page;  // bit 0
  std::uint8_t vmpl3_permissions;
  std::uint8_t vmpl2_permissions;
  std::uint8_t vmpl1_permissions;
  std::uint8_t reserved_67;
  wire::Le64 gpa;
};
static_assert(wire::Struct<PageInfo> && sizeof(PageInfo) == 0x70);
static_assert(offsetof(PageInfo, digest_current) == 0x00 && offsetof(PageInfo, contents) == 0x30);
static_assert(offsetof(PageInfo, length) == 0x60 && offsetof(PageInfo, page_type) == 0x62);
static_assert(offsetof(PageInfo, imi_page) == 0x63);
static_assert(offsetof(PageInfo, vmpl3_permissions) == 0x64);
static_assert(offsetof(PageInfo, vmpl2_permissions) == 0x65);
static_assert(offsetof(PageInfo, vmpl1_permissions) == 0x66);
static_assert(offsetof(PageInfo, reserved_67) == 0x67 && offsetof(PageInfo, gpa) == 0x68);

// What SNP_LAUNCH_UPDATE is told about a page besides its type, place and contents. All zero with
// every VMM known today.
struct PageAttributes {
  bool imi = false;
  std::uint8_t vmpl1_permissions = 0;  // bit 0 read, 1 write, 2 user execute, 3 supervisor execute
  std::uint8_t vmpl2_permissions = 0;
  std::uint8_t vmpl3_permissions = 0;
};

class LaunchDigest {
 public:
  // Begins with 48 zeros. Borrows `sha384`, whose algorithm must be SHA-384, for the object's life.
  explicit LaunchDigest(const crypto::Hash& sha384);
  // Goes on from `digest`, an earlier value(), for what was measured elsewhere.
  LaunchDigest(const crypto::Hash& sha384, const Bytes<kLaunchDigestSize>& digest);

  // A page of type kNormal or kVmsa with its contents. Errors: kInvalidArgument (`contents` is not
  // one page, the type has no measured contents, or `gpa` is not a multiple of 4096), and the
  // hash's; the digest has not changed then.
  Status AddMeasuredPage(PageType type, Gpa gpa, ByteView contents,
                         const PageAttributes& attributes);
  // A page of the other types. Errors: kInvalidArgument (the type wants contents or is unknown, or
  // `gpa` is not a multiple of 4096), and the hash's; the digest has not changed then.
  Status AddPage(PageType type, Gpa gpa, const PageAttributes& attributes);

  Status AddNormalPage(Gpa gpa, FixedView<kPageSize> contents) {
    return AddMeasuredPage(PageType::kNormal, gpa, contents, PageAttributes());
  }
  Status AddVmsa(Gpa gpa, FixedView<kPageSize> contents) {
    return AddMeasuredPage(PageType::kVmsa, gpa, contents, PageAttributes());
  }
  Status AddPage(PageType type, Gpa gpa) { return AddPage(type, gpa, PageAttributes()); }

  const Bytes<kLaunchDigestSize>& value() const { return digest_; }

 private:
  Status Extend(PageType type, Gpa gpa, const Bytes<kLaunchDigestSize>& contents,
                const PageAttributes& attributes);

  const crypto::Hash& sha384_;
  Bytes<kLaunchDigestSize> digest_{};
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_LAUNCH_DIGEST_H_
