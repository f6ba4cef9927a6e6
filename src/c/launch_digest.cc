#include "svsm/c/launch_digest.h"

#include "c/bridge.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/snp/launch_digest.h"

namespace svsm::c {
namespace {

static_assert(SVSM_LAUNCH_DIGEST_SIZE == snp::kLaunchDigestSize);
static_assert(SVSM_PAGE_SIZE == kPageSize && SVSM_KVM_VMSA_GPA == snp::kKvmVmsaGpa.value());
static_assert(SVSM_PAGE_NORMAL == static_cast<int>(snp::PageType::kNormal));
static_assert(SVSM_PAGE_CPUID == static_cast<int>(snp::PageType::kCpuid));

Status Add(snp::LaunchDigest& digest, std::uint32_t page_type, Gpa gpa,
           const std::uint8_t* contents) {
  const Status invalid(Code::kInvalidArgument, Source::kSnp);
  if (page_type < SVSM_PAGE_NORMAL || page_type > SVSM_PAGE_CPUID) return invalid;
  const auto type = static_cast<snp::PageType>(page_type);
  const bool measured = type == snp::PageType::kNormal || type == snp::PageType::kVmsa;
  if (measured != (contents != nullptr)) return invalid;
  return measured ? digest.AddMeasuredPage(type, gpa, ByteView(contents, kPageSize), {})
                  : digest.AddPage(type, gpa);
}

}  // namespace
}  // namespace svsm::c

svsm_status svsm_launch_digest_add(std::uint8_t digest[48], std::uint32_t page_type,
                                   std::uint64_t gpa, const std::uint8_t* contents) {
  const svsm::crypto::BearsslHash sha384(svsm::crypto::HashAlg::kSha384);
  svsm::Bytes<48> so_far{};
  svsm::Copy(so_far, svsm::c::View<48>(digest));
  svsm::snp::LaunchDigest chain(sha384, so_far);
  const svsm::Status added = svsm::c::Add(chain, page_type, svsm::Gpa(gpa), contents);
  if (added.ok()) svsm::Copy(svsm::c::Span<48>(digest), chain.value());
  return svsm::c::ToC(added);
}
