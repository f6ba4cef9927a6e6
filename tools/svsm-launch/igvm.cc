#include "svsm/snp/igvm.h"

#include <fmt/format.h>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/igvm_measure.h"
#include "svsm/snp/launch_problem.h"
#include "tools/svsm-launch/verbs.h"

namespace svsm::launch {
namespace {

using snp::IgvmHeader;
using snp::IgvmHeaderType;
using snp::IgvmLoader;

struct LoaderName {
  const char* name;
  IgvmLoader loader;
};
constexpr LoaderName kLoaders[] = {
    {"QEMU", IgvmLoader::kQemu},
    {"igvmmeasure", IgvmLoader::kIgvmmeasure},
    {"igvmmeasure-native-zero", IgvmLoader::kIgvmmeasureNativeZero},
    {"igvm-crate", IgvmLoader::kIgvmCrate},
};

IgvmLoader LoaderOf(const std::string& name) {
  for (const LoaderName& known : kLoaders) {
    if (name == known.name) return known.loader;
  }
  throw Unusable(
      fmt::format("loader '{}' is not one of QEMU, igvmmeasure, igvmmeasure-native-zero, "
                  "igvm-crate",
                  name));
}

snp::IgvmFile ParseIgvm(const std::string& path, ByteView bytes) {
  const Result<snp::IgvmFile> file = snp::IgvmFile::Parse(bytes);
  if (!file.ok()) throw Explain(path, file.status());
  return *file;
}

Result<Digest> DigestOf(const snp::IgvmFile& file, IgvmLoader loader) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Bytes<kPageSize> scratch{};
  return snp::MeasureIgvm(sha384, file, loader, scratch);
}

template <wire::Struct T>
T As(ByteView body) {
  return wire::Read<T>(body).value();
}

std::string PageLine(const snp::IgvmPageData& page) {
  constexpr const char* kTypes[] = {"page", "secrets", "CPUID", "CPUID XF"};
  const std::uint32_t flags = page.flags.get();
  return fmt::format("{:<19}{:#014x} mask {:#x}{}{}{}{}\n", kTypes[page.data_type.get()],
                     page.gpa.get(), page.mask.get(), page.file_offset.get() == 0 ? " empty" : "",
                     (flags & snp::kIgvmLargePage) != 0 ? " 2-MiB" : "",
                     (flags & snp::kIgvmUnmeasured) != 0 ? " unmeasured" : "",
                     (flags & snp::kIgvmShared) != 0 ? " shared" : "");
}

std::string HeaderLine(const IgvmHeader& header) {
  switch (header.type) {
    case IgvmHeaderType::kSupportedPlatform: {
      const auto platform = As<snp::IgvmPlatform>(header.body);
      return fmt::format("platform           type {} version {} mask {:#x} highest VTL {}\n",
                         platform.type, platform.version.get(), platform.mask.get(),
                         platform.highest_vtl);
    }
    case IgvmHeaderType::kGuestPolicy: {
      const auto policy = As<snp::IgvmGuestPolicy>(header.body);
      return fmt::format("guest policy       {:#x} mask {:#x}\n", policy.policy.get(),
                         policy.mask.get());
    }
    case IgvmHeaderType::kPageData:
      return PageLine(As<snp::IgvmPageData>(header.body));
    case IgvmHeaderType::kParameterArea: {
      const auto area = As<snp::IgvmParameterArea>(header.body);
      return fmt::format("parameter area     {} of {:#x} bytes\n", area.index.get(),
                         area.size.get());
    }
    case IgvmHeaderType::kParameterInsert: {
      const auto insert = As<snp::IgvmParameterInsert>(header.body);
      return fmt::format("parameters         {:#014x} mask {:#x} area {}\n", insert.gpa.get(),
                         insert.mask.get(), insert.index.get());
    }
    case IgvmHeaderType::kVpContext: {
      const auto context = As<snp::IgvmVpContext>(header.body);
      return fmt::format("vCPU context       {:#014x} mask {:#x} vCPU {}\n", context.gpa.get(),
                         context.mask.get(), context.vp_index.get());
    }
    default:
      return fmt::format("header             type {:#x}, {} bytes\n",
                         static_cast<std::uint32_t>(header.type), header.body.size());
  }
}

}  // namespace

Digest MeasureIgvmFile(const std::string& path, const std::string& loader) {
  const IgvmLoader chosen = LoaderOf(loader);
  const ByteVector bytes = Load(path, kImageLimit);
  const Result<Digest> digest = DigestOf(ParseIgvm(path, bytes), chosen);
  if (!digest.ok()) throw Explain(path, digest.status());
  return *digest;
}

bool IsIgvm(ByteView bytes) { return bytes.size() >= 4 && Equal(bytes.first(4), AsBytes("IGVM")); }

std::string InspectIgvm(const std::string& path, ByteView bytes) {
  const snp::IgvmFile file = ParseIgvm(path, bytes);
  std::string text =
      fmt::format("IGVM file          {} bytes, format {}\n", bytes.size(), file.format_version());
  text += fmt::format("SEV-SNP mask       {:#x}\n", file.snp_mask());
  snp::IgvmCursor headers = file.headers();
  for (IgvmHeader header; headers.Next(header);) text += HeaderLine(header);
  for (const LoaderName& known : kLoaders) {
    const Result<Digest> digest = DigestOf(file, known.loader);
    text += fmt::format(
        "digest             {} {}\n", known.name,
        digest.ok() ? ToHex(*digest) : snp::LaunchProblemText(digest.status().detail()));
  }
  return text;
}

}  // namespace svsm::launch
