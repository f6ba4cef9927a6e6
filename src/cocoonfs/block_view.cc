#include "cocoonfs/block_view.h"

#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {

Status DeviceView::Init(std::uint8_t allocation_block_log2, std::size_t io_block_bytes) {
  const BlockGeometry geometry = device_.Geometry();
  const std::size_t device_block = geometry.block_size_bytes;
  if (device_block < 128 || (device_block & (device_block - 1)) != 0) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs);
  }
  if (device_block > io_block_bytes) {
    return Status(Code::kUnsupported, Source::kCocoonfs,
                  static_cast<std::uint32_t>(Region::kDevice));
  }
  block_bytes_ = std::size_t{128} << allocation_block_log2;
  device_block_bytes_ = device_block;
  num_device_blocks_ = geometry.num_blocks;
  const std::uint64_t most = kMaxPosition / (device_block / 128);
  if (num_device_blocks_ > most) num_device_blocks_ = most;
  num_blocks_ = num_device_blocks_ * device_block / block_bytes_;
  return bounce_.Resize(device_block > block_bytes_ ? device_block : 0);
}

Status DeviceView::Read(std::uint64_t first, ByteSpan out) {
  const std::uint64_t count = out.size() / block_bytes_;
  if (first > num_blocks_ || count > num_blocks_ - first) return Malformed(Region::kDevice);
  if (block_bytes_ >= device_block_bytes_) {
    return out.empty() ? OkStatus()
                       : device_.Read(first * (block_bytes_ / device_block_bytes_), out);
  }
  const std::uint64_t ratio = device_block_bytes_ / block_bytes_;
  while (!out.empty()) {
    const std::size_t skip = static_cast<std::size_t>(first % ratio) * block_bytes_;
    std::size_t taken = out.size() & ~(device_block_bytes_ - 1);
    if (skip == 0 && taken != 0) {
      SVSM_TRY(device_.Read(first / ratio, out.first(taken)));
    } else {
      const ByteSpan bounce = bounce_.view();
      SVSM_TRY(device_.Read(first / ratio, bounce));
      taken = bounce.size() - skip < out.size() ? bounce.size() - skip : out.size();
      Copy(out, bounce.subspan(skip, taken));
    }
    out = out.subspan(taken);
    first += taken / block_bytes_;
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
