#include "svsm/snp/launch_digest.h"

#include "svsm/core/panic.h"

namespace svsm::snp {
namespace {

Status InvalidArgument() { return Status(Code::kInvalidArgument, Source::kSnp); }

bool HasMeasuredContents(PageType type) {
  return type == PageType::kNormal || type == PageType::kVmsa;
}

bool IsKnown(PageType type) { return type >= PageType::kNormal && type <= PageType::kCpuid; }

bool IsPageAligned(Gpa gpa) { return gpa.value() % kPageSize == 0; }

}  // namespace

LaunchDigest::LaunchDigest(const crypto::Hash& sha384)
    : LaunchDigest(sha384, Bytes<kLaunchDigestSize>{}) {}

LaunchDigest::LaunchDigest(const crypto::Hash& sha384, const Bytes<kLaunchDigestSize>& digest)
    : sha384_(sha384), digest_(digest) {
  SVSM_CHECK(sha384.algorithm() == crypto::HashAlg::kSha384);
}

Status LaunchDigest::AddMeasuredPage(PageType type, Gpa gpa, ByteView contents,
                                     const PageAttributes& attributes) {
  if (!HasMeasuredContents(type) || contents.size() != kPageSize || !IsPageAligned(gpa)) {
    return InvalidArgument();
  }
  Bytes<kLaunchDigestSize> digest{};
  SVSM_TRY(sha384_.Digest(contents, digest));
  return Extend(type, gpa, digest, attributes);
}

Status LaunchDigest::AddPage(PageType type, Gpa gpa, const PageAttributes& attributes) {
  if (HasMeasuredContents(type) || !IsKnown(type) || !IsPageAligned(gpa)) return InvalidArgument();
  return Extend(type, gpa, Bytes<kLaunchDigestSize>{}, attributes);
}

Status LaunchDigest::Extend(PageType type, Gpa gpa, const Bytes<kLaunchDigestSize>& contents,
                            const PageAttributes& attributes) {
  PageInfo info{};
  info.digest_current = digest_;
  info.contents = contents;
  info.length = static_cast<std::uint16_t>(sizeof(PageInfo));
  info.page_type = static_cast<std::uint8_t>(type);
  info.imi_page = attributes.imi ? std::uint8_t{1} : std::uint8_t{0};
  info.vmpl3_permissions = attributes.vmpl3_permissions;
  info.vmpl2_permissions = attributes.vmpl2_permissions;
  info.vmpl1_permissions = attributes.vmpl1_permissions;
  info.gpa = gpa.value();
  Bytes<kLaunchDigestSize> next{};
  SVSM_TRY(sha384_.Digest(wire::ToBytes(info), next));
  digest_ = next;
  return OkStatus();
}

}  // namespace svsm::snp
