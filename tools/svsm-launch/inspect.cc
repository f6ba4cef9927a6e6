#include <fmt/format.h>

#include "svsm/snp/ovmf.h"
#include "tools/svsm-launch/verbs.h"

namespace svsm::launch {
namespace {

const char* NameOf(snp::OvmfSectionType type) {
  switch (type) {
    case snp::OvmfSectionType::kSecMemory:
      return "SEC memory";
    case snp::OvmfSectionType::kSecrets:
      return "secrets";
    case snp::OvmfSectionType::kCpuid:
      return "CPUID";
    case snp::OvmfSectionType::kSvsmCallArea:
      return "SVSM calling area";
    case snp::OvmfSectionType::kKernelHashes:
      return "kernel hashes";
  }
  return "unknown";
}

std::string Address(const std::optional<std::uint32_t>& address) {
  return address ? fmt::format("{:#010x}", *address) : std::string("none");
}

std::string InspectFirmware(const std::string& path, ByteView bytes) {
  const Result<snp::OvmfImage> image = snp::OvmfImage::Parse(bytes);
  if (!image.ok()) throw Explain(path, image.status());
  std::string text = fmt::format("firmware image     {} bytes\n", bytes.size());
  text += fmt::format("reset of APs       {}\n", Address(image->ap_reset_address()));
  text += fmt::format("kernel hash table  {}\n", Address(image->kernel_hashes_address()));
  text += fmt::format("SVSM entry offset  {}\n", Address(image->svsm_entry_offset()));
  for (std::size_t i = 0; i < image->num_sections(); ++i) {
    const snp::OvmfSection section = image->section(i);
    text += fmt::format("section            {:#010x} {:#010x} {}\n", section.gpa.value(),
                        section.size, NameOf(section.type));
  }
  if (image->has_unannounced_sections()) {
    text += "warning            the metadata hold more than they announce\n";
  }
  return text;
}

}  // namespace

std::string Inspect(const std::string& path) {
  const ByteVector bytes = Load(path, kImageLimit);
  return IsIgvm(bytes) ? InspectIgvm(path, bytes) : InspectFirmware(path, bytes);
}

}  // namespace svsm::launch
