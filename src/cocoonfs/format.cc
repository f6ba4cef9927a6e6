#include "svsm/cocoonfs/format.h"

#include "cocoonfs/image_maker.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status Bad(std::uint32_t detail) {
  return Status(Code::kInvalidArgument, Source::kCocoonfs, detail);
}
constexpr std::uint32_t kSaltOffset = 31;

}  // namespace

Status Format(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
              Allocator& allocator, ByteView user_key, const FormatOptions& options) {
  SVSM_TRY(options.layout.Validate());
  if (options.salt.size() > kMaxSaltSize) return Bad(kSaltOffset);
  Salt salt;
  salt.size = static_cast<std::uint8_t>(options.salt.size());
  Copy(salt.bytes, options.salt);
  const std::uint64_t io = options.layout.io_block_bytes();
  const BlockGeometry geometry = device.Geometry();
  if (geometry.num_blocks > (~std::uint64_t{0} >> 1) / (geometry.block_size_bytes | 1U)) {
    return Bad(kBadSize);
  }
  const std::uint64_t device_bytes = geometry.num_blocks * geometry.block_size_bytes;
  const std::uint64_t size = options.size_bytes != 0 ? options.size_bytes : device_bytes / io * io;
  if (size % io != 0 || size > device_bytes) return Bad(kBadSize);

  ImageMaker maker(device, symmetric, rng, allocator, options.layout);
  SVSM_TRY(maker.Plan(user_key, salt, size / options.layout.allocation_block_bytes(), options.aux,
                      Extent{}));
  SVSM_TRY(maker.Invalidate());
  SVSM_TRY(maker.Make(options.free_space, options.progress));
  return maker.WriteHeader();
}

}  // namespace svsm::cocoonfs
