#include "svsm/snp/launch_measure.h"

#include "svsm/snp/launch_problem.h"

namespace svsm::snp {
namespace {

Status InvalidArgument() { return Status(Code::kInvalidArgument, Source::kSnp); }

bool IsEc2(VmsaProfile profile) {
  return profile == VmsaProfile::kEc2 || profile == VmsaProfile::kEc2RdxZero;
}

Status AddImage(LaunchDigest& digest, Gpa begin, ByteView image) {
  for (std::size_t at = 0; at < image.size(); at += kPageSize) {
    SVSM_TRY(digest.AddNormalPage(Gpa(begin.value() + at),
                                  FixedView<kPageSize>(image.subspan(at, kPageSize))));
  }
  return OkStatus();
}

Status AddPages(LaunchDigest& digest, PageType type, Gpa begin, std::uint64_t size) {
  for (std::uint64_t at = 0; at < size; at += kPageSize) {
    SVSM_TRY(digest.AddPage(type, Gpa(begin.value() + at)));
  }
  return OkStatus();
}

Status AddVmsas(LaunchDigest& digest, const VmsaParameters& vcpu, std::uint32_t boot_entry,
                std::uint32_t other_entry, std::uint32_t num_vcpus, FixedSpan<kPageSize> scratch) {
  BuildVmsa(vcpu, boot_entry, scratch);
  SVSM_TRY(digest.AddVmsa(kKvmVmsaGpa, scratch));
  BuildVmsa(vcpu, other_entry, scratch);
  for (std::uint32_t i = 1; i < num_vcpus; ++i) {
    SVSM_TRY(digest.AddVmsa(kKvmVmsaGpa, scratch));
  }
  return OkStatus();
}

const OvmfSection* FindKernelHashes(const OvmfImage& image, OvmfSection& found) {
  for (std::size_t i = 0; i < image.num_sections(); ++i) {
    found = image.section(i);
    if (found.type == OvmfSectionType::kKernelHashes) return &found;
  }
  return nullptr;
}

Status CheckKernelHashes(const OvmfImage& image) {
  OvmfSection found{};
  const OvmfSection* section = FindKernelHashes(image, found);
  const std::uint64_t table = image.kernel_hashes_address().value_or(0);
  if (section == nullptr || table == 0) return LaunchMalformed(LaunchProblem::kNoKernelHashes);
  if (section->size != kPageSize) return LaunchMalformed(LaunchProblem::kKernelHashesPages);
  const std::uint64_t begin = section->gpa.value();
  if (table < begin || table + kKernelHashTableSize > begin + kPageSize) {
    return LaunchMalformed(LaunchProblem::kKernelHashesPlace);
  }
  return OkStatus();
}

Status CheckFirmware(const OvmfImage& image, const FirmwareLaunch& launch) {
  if (launch.num_vcpus == 0 || launch.num_vcpus > kMaxLaunchVcpus ||
      launch.vcpu.profile == VmsaProfile::kSvsmQemu) {
    return InvalidArgument();
  }
  for (std::size_t i = 0; i < image.num_sections(); ++i) {
    const OvmfSection section = image.section(i);
    if (section.gpa.value() + section.size > kFourGib - image.bytes().size()) {
      return LaunchMalformed(LaunchProblem::kSectionOverlap);
    }
  }
  if (launch.num_vcpus > 1 && !image.ap_reset_address()) {
    return LaunchMalformed(LaunchProblem::kNoResetBlock);
  }
  if (launch.num_vcpus > 1 && *image.ap_reset_address() == 0) {
    return LaunchMalformed(LaunchProblem::kResetAddressZero);
  }
  return launch.kernel ? CheckKernelHashes(image) : OkStatus();
}

Status AddSection(LaunchDigest& digest, const OvmfSection& section, std::uint64_t hashes_address,
                  const FirmwareLaunch& launch, FixedSpan<kPageSize> scratch) {
  switch (section.type) {
    case OvmfSectionType::kSecMemory:
      return AddPages(
          digest,
          launch.vcpu.profile == VmsaProfile::kGce ? PageType::kUnmeasured : PageType::kZero,
          section.gpa, section.size);
    case OvmfSectionType::kSecrets:
      return digest.AddPage(PageType::kSecrets, section.gpa);
    case OvmfSectionType::kCpuid:
      return IsEc2(launch.vcpu.profile) ? OkStatus()
                                        : digest.AddPage(PageType::kCpuid, section.gpa);
    case OvmfSectionType::kKernelHashes:
      if (!launch.kernel) break;
      SVSM_TRY(BuildKernelHashPage(*launch.kernel, hashes_address % kPageSize, scratch));
      return digest.AddNormalPage(section.gpa, scratch);
    case OvmfSectionType::kSvsmCallArea:
      break;
  }
  return AddPages(digest, PageType::kZero, section.gpa, section.size);
}

Status AddSections(LaunchDigest& digest, const OvmfImage& image, const FirmwareLaunch& launch,
                   FixedSpan<kPageSize> scratch) {
  const std::uint64_t hashes_address = image.kernel_hashes_address().value_or(0);
  for (std::size_t i = 0; i < image.num_sections(); ++i) {
    SVSM_TRY(AddSection(digest, image.section(i), hashes_address, launch, scratch));
  }
  if (!IsEc2(launch.vcpu.profile)) return OkStatus();
  for (std::size_t i = 0; i < image.num_sections(); ++i) {
    const OvmfSection section = image.section(i);
    if (section.type == OvmfSectionType::kCpuid) {
      SVSM_TRY(digest.AddPage(PageType::kCpuid, section.gpa));
    }
  }
  return OkStatus();
}

}  // namespace

Result<Bytes<kLaunchDigestSize>> MeasureFirmwarePages(const crypto::Hash& sha384,
                                                      const OvmfImage& image) {
  LaunchDigest digest(sha384);
  SVSM_TRY(AddImage(digest, Gpa(kFourGib - image.bytes().size()), image.bytes()));
  return digest.value();
}

Result<Bytes<kLaunchDigestSize>> MeasureFirmware(const crypto::Hash& sha384, const OvmfImage& image,
                                                 const FirmwareLaunch& launch,
                                                 FixedSpan<kPageSize> scratch) {
  SVSM_TRY(CheckFirmware(image, launch));
  Bytes<kLaunchDigestSize> pages{};
  if (launch.firmware_pages) {
    pages = *launch.firmware_pages;
  } else {
    SVSM_ASSIGN_OR_RETURN(pages, MeasureFirmwarePages(sha384, image));
  }
  LaunchDigest digest(sha384, pages);
  SVSM_TRY(AddSections(digest, image, launch, scratch));
  SVSM_TRY(AddVmsas(digest, launch.vcpu, kResetAddress, image.ap_reset_address().value_or(0),
                    launch.num_vcpus, scratch));
  return digest.value();
}

Result<Bytes<kLaunchDigestSize>> MeasureSvsm(const crypto::Hash& sha384, ByteView firmware,
                                             const OvmfImage& svsm, const SvsmLaunch& launch,
                                             FixedSpan<kPageSize> scratch) {
  if (launch.num_vcpus == 0 || launch.num_vcpus > kMaxLaunchVcpus ||
      launch.variables_size % kPageSize != 0) {
    return InvalidArgument();
  }
  if (firmware.empty() || firmware.size() % kPageSize != 0 || firmware.size() > kMaxOvmfSize) {
    return LaunchMalformed(LaunchProblem::kImageSize);
  }
  if (!svsm.svsm_entry_offset() || *svsm.svsm_entry_offset() >= svsm.bytes().size()) {
    return LaunchMalformed(LaunchProblem::kNoSvsmInfo);
  }
  const std::uint64_t firmware_gpa = kFourGib - firmware.size();
  if (launch.variables_size > firmware_gpa ||
      svsm.bytes().size() > firmware_gpa - launch.variables_size) {
    return LaunchMalformed(LaunchProblem::kSvsmPlace);
  }
  const std::uint64_t svsm_gpa = firmware_gpa - launch.variables_size - svsm.bytes().size();
  LaunchDigest digest(sha384);
  SVSM_TRY(AddImage(digest, Gpa(firmware_gpa), firmware));
  SVSM_TRY(AddImage(digest, Gpa(svsm_gpa), svsm.bytes()));
  const FirmwareLaunch as_firmware{{VmsaProfile::kSvsmQemu, launch.cpu_signature, 1}};
  SVSM_TRY(AddSections(digest, svsm, as_firmware, scratch));
  const auto entry = static_cast<std::uint32_t>(svsm_gpa + *svsm.svsm_entry_offset());
  SVSM_TRY(AddVmsas(digest, as_firmware.vcpu, entry, entry, launch.num_vcpus, scratch));
  return digest.value();
}

}  // namespace svsm::snp
