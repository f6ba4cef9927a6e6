// Firmware images (first byte even) and IGVM files (odd) as somebody else made them: parsed, and
// measured if they parse. The checksum of an IGVM file is set right, so that what lies behind it is
// reached.
#include <cstddef>
#include <cstdint>

#include "svsm/core/hosted.h"
#include "svsm/core/panic.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/igvm.h"
#include "svsm/snp/igvm_measure.h"
#include "svsm/snp/launch_measure.h"
#include "svsm/snp/ovmf.h"

namespace {

using namespace svsm;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

std::uint32_t Le32At(ByteView bytes, std::size_t at) {
  return wire::Read<wire::Le32>(bytes.subspan(at)).value().get();
}

std::uint32_t Crc32(ByteView bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

void SetChecksum(ByteSpan file) {
  constexpr std::size_t kOffsetAt = 8;
  constexpr std::size_t kSizeAt = 12;
  constexpr std::size_t kChecksumAt = 20;
  if (file.size() < kChecksumAt + 4) return;
  const std::uint64_t end = std::uint64_t{Le32At(file, kOffsetAt)} + Le32At(file, kSizeAt);
  if (end > file.size() || end < kChecksumAt + 4) return;
  Fill(file.subspan(kChecksumAt, 4), 0);
  const std::uint32_t crc = Crc32(file.first(static_cast<std::size_t>(end)));
  Copy(file.subspan(kChecksumAt), wire::ToBytes(wire::Le32(crc)));
}

void MeasureOvmf(ByteView bytes) {
  const Result<snp::OvmfImage> image = snp::OvmfImage::Parse(bytes);
  if (!image.ok()) return;
  // A section may be large; its pages are hashed one by one.
  std::uint64_t pages = 0;
  for (std::size_t i = 0; i < image->num_sections(); ++i)
    pages += image->section(i).size / kPageSize;
  if (pages > 4096) return;
  Bytes<kPageSize> scratch{};
  const auto once = snp::MeasureFirmware(Sha384(), *image, {}, scratch);
  const auto again = snp::MeasureFirmware(Sha384(), *image, {}, scratch);
  SVSM_CHECK(once.ok() == again.ok() && (!once.ok() || *once == *again));
}

void MeasureIgvmFile(ByteView bytes) {
  ByteVector copy = ToVector(bytes);
  SetChecksum(copy);
  const Result<snp::IgvmFile> file = snp::IgvmFile::Parse(copy);
  if (!file.ok()) return;
  Bytes<kPageSize> scratch{};
  for (const snp::IgvmLoader loader :
       {snp::IgvmLoader::kIgvmmeasure, snp::IgvmLoader::kIgvmmeasureNativeZero,
        snp::IgvmLoader::kIgvmCrate, snp::IgvmLoader::kQemu}) {
    (void)snp::MeasureIgvm(Sha384(), *file, loader, scratch);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    MeasureOvmf(bytes);
  } else {
    MeasureIgvmFile(bytes);
  }
  return 0;
}
