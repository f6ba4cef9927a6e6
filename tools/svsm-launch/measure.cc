#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/launch_measure.h"
#include "svsm/snp/launch_problem.h"
#include "tools/svsm-launch/verbs.h"

namespace svsm::launch {
namespace {

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

snp::VmsaProfile ProfileOf(const std::string& vmm) {
  using snp::VmsaProfile;
  if (vmm == "QEMU") return VmsaProfile::kQemu;
  if (vmm == "QEMU-legacy") return VmsaProfile::kQemuLegacy;
  if (vmm == "ec2") return VmsaProfile::kEc2;
  if (vmm == "ec2-rdx0") return VmsaProfile::kEc2RdxZero;
  if (vmm == "gce") return VmsaProfile::kGce;
  if (vmm == "KRUN") return VmsaProfile::kKrun;
  throw Unusable(fmt::format("unknown VMM type '{}'", vmm));
}

std::uint32_t SignatureOfModel(const std::string& name) {
  for (const snp::CpuModel& model : snp::CpuModels()) {
    if (name == model.name) return model.signature;
  }
  throw Unusable(
      fmt::format("unknown vCPU type '{}': give --vcpu-family, --vcpu-model and "
                  "--vcpu-stepping, or --vcpu-sig",
                  name));
}

std::uint32_t SignatureOf(const MeasureOptions& options, snp::VmsaProfile profile) {
  if (!options.vcpu_family.empty()) {
    if (options.vcpu_model.empty() || options.vcpu_stepping.empty()) {
      throw Unusable("--vcpu-family wants --vcpu-model and --vcpu-stepping");
    }
    return snp::CpuSignature(
        static_cast<std::uint32_t>(ParseNumber("--vcpu-family", options.vcpu_family, 0x10E)),
        static_cast<std::uint32_t>(ParseNumber("--vcpu-model", options.vcpu_model, 0xFF)),
        static_cast<std::uint32_t>(ParseNumber("--vcpu-stepping", options.vcpu_stepping, 0xF)));
  }
  if (!options.vcpu_sig.empty()) {
    return static_cast<std::uint32_t>(ParseNumber("--vcpu-sig", options.vcpu_sig, 0xFFFFFFFF));
  }
  if (!options.vcpu_type.empty()) return SignatureOfModel(options.vcpu_type);
  if (profile == snp::VmsaProfile::kQemu || profile == snp::VmsaProfile::kQemuLegacy) {
    throw Unusable("--vcpu-type, --vcpu-sig or --vcpu-family is wanted");
  }
  return 0;
}

std::uint32_t NumVcpus(const MeasureOptions& options) {
  if (options.vcpus.empty()) throw Unusable("--vcpus is wanted");
  const std::uint64_t number = ParseNumber("--vcpus", options.vcpus, snp::kMaxLaunchVcpus);
  if (number == 0) throw Unusable("--vcpus wants a number from 1");
  return static_cast<std::uint32_t>(number);
}

snp::OvmfImage ParseImage(const std::string& path, ByteView bytes) {
  const Result<snp::OvmfImage> image = snp::OvmfImage::Parse(bytes);
  if (!image.ok()) throw Explain(path, image.status());
  return *image;
}

void Warn(const std::string& path, const snp::OvmfImage& image) {
  if (!image.has_unannounced_sections()) return;
  fmt::print(stderr, "svsm-launch: {}: warning: SEV metadata hold more than they announce\n", path);
}

std::optional<snp::KernelHashes> HashesOf(const MeasureOptions& options) {
  if (options.kernel.empty()) return std::nullopt;
  const ByteVector kernel = Load(options.kernel, 1u << 30);
  const ByteVector initrd = options.initrd.empty() ? ByteVector() : Load(options.initrd, 2u << 30);
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const Result<snp::KernelHashes> hashes =
      snp::HashKernel(sha256, kernel, initrd, AsBytes(options.append));
  if (!hashes.ok()) throw Explain(options.kernel, hashes.status());
  return *hashes;
}

void DumpVmsa(const snp::VmsaParameters& vcpu, std::uint32_t boot_entry, std::uint32_t entry,
              std::uint32_t num_vcpus) {
  for (std::uint32_t i = 0; i < num_vcpus; ++i) {
    Bytes<kPageSize> page{};
    snp::BuildVmsa(vcpu, i == 0 ? boot_entry : entry, page);
    const std::string path = fmt::format("vmsa{}.bin", i);
    const Status written = WriteFileAtomically(path, page, FileMode::kPublic);
    if (!written.ok()) throw Explain(path, written);
  }
}

Digest MeasureOvmf(const MeasureOptions& options) {
  const ByteVector bytes = Load(options.ovmf);
  const snp::OvmfImage image = ParseImage(options.ovmf, bytes);
  snp::FirmwareLaunch launch;
  launch.vcpu.profile = ProfileOf(options.vmm_type);
  launch.vcpu.cpu_signature = SignatureOf(options, launch.vcpu.profile);
  launch.vcpu.guest_features = ParseNumber("--guest-features", options.guest_features, ~0ull);
  launch.num_vcpus = NumVcpus(options);
  launch.kernel = HashesOf(options);
  if (!options.snp_ovmf_hash.empty()) {
    Digest pages{};
    Copy(pages, ParseHex("--snp-ovmf-hash", options.snp_ovmf_hash, pages.size()));
    launch.firmware_pages = pages;
  }
  Bytes<kPageSize> scratch{};
  const Result<Digest> digest = snp::MeasureFirmware(Sha384(), image, launch, scratch);
  if (!digest.ok()) throw Explain(options.ovmf, digest.status());
  Warn(options.ovmf, image);
  if (options.dump_vmsa) {
    DumpVmsa(launch.vcpu, snp::kResetAddress, image.ap_reset_address().value_or(0),
             launch.num_vcpus);
  }
  return *digest;
}

std::uint64_t VariablesSize(const MeasureOptions& options) {
  if (!options.vars_size.empty()) return ParseNumber("--vars-size", options.vars_size, 1u << 30);
  if (options.vars_file.empty()) {
    throw Unusable("mode snp:svsm wants --vars-size or --vars-file");
  }
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(options.vars_file, error);
  if (error) throw Unusable(fmt::format("{}: {}", options.vars_file, error.message()));
  return size;
}

Digest MeasureWithSvsm(const MeasureOptions& options) {
  if (options.svsm.empty()) throw Unusable("mode snp:svsm wants --svsm");
  if (options.vmm_type != "QEMU") throw Unusable("mode snp:svsm is for QEMU alone");
  if (!options.kernel.empty() || !options.snp_ovmf_hash.empty()) {
    throw Unusable("mode snp:svsm knows no --kernel and no --snp-ovmf-hash");
  }
  const ByteVector firmware = Load(options.ovmf);
  const ByteVector bytes = Load(options.svsm);
  const snp::OvmfImage svsm = ParseImage(options.svsm, bytes);
  snp::SvsmLaunch launch;
  launch.cpu_signature = SignatureOf(options, snp::VmsaProfile::kQemu);
  launch.num_vcpus = NumVcpus(options);
  launch.variables_size = VariablesSize(options);
  if (launch.variables_size % kPageSize != 0) {
    throw Unusable("the variables' size must be a multiple of 4096");
  }
  Bytes<kPageSize> scratch{};
  const Result<Digest> digest = snp::MeasureSvsm(Sha384(), firmware, svsm, launch, scratch);
  if (!digest.ok()) {
    const bool firmware_size =
        digest.status() == snp::LaunchMalformed(snp::LaunchProblem::kImageSize);
    throw Explain(firmware_size ? options.ovmf : options.svsm, digest.status());
  }
  Warn(options.svsm, svsm);
  if (options.dump_vmsa) {
    const auto entry =
        static_cast<std::uint32_t>(snp::kFourGib - firmware.size() - launch.variables_size -
                                   bytes.size() + svsm.svsm_entry_offset().value_or(0));
    DumpVmsa({snp::VmsaProfile::kSvsmQemu, launch.cpu_signature}, entry, entry, launch.num_vcpus);
  }
  return *digest;
}

Digest MeasurePagesAlone(const MeasureOptions& options) {
  const ByteVector bytes = Load(options.ovmf);
  const Result<Digest> digest =
      snp::MeasureFirmwarePages(Sha384(), ParseImage(options.ovmf, bytes));
  if (!digest.ok()) throw Explain(options.ovmf, digest.status());
  return *digest;
}

Digest MeasureFile(const MeasureOptions& options) {
  if (!options.igvm.empty()) return MeasureIgvmFile(options.igvm, options.loader);
  if (options.kernel.empty() && !(options.initrd.empty() && options.append.empty())) {
    throw Unusable("--initrd and --append want --kernel");
  }
  if (options.ovmf.empty()) throw Unusable("--ovmf or --igvm is wanted");
  if (options.mode == "snp") return MeasureOvmf(options);
  if (options.mode == "snp:ovmf-hash") return MeasurePagesAlone(options);
  if (options.mode == "snp:svsm") return MeasureWithSvsm(options);
  throw Unusable(fmt::format("mode '{}' is not one of snp, snp:ovmf-hash, snp:svsm", options.mode));
}

}  // namespace

std::string Measure(const MeasureOptions& options) {
  if (options.output_format != "hex" && options.output_format != "base64") {
    throw Unusable("--output-format wants hex or base64");
  }
  const Digest digest = MeasureFile(options);
  return options.output_format == "hex" ? ToHex(digest) : ToBase64(digest);
}

}  // namespace svsm::launch
