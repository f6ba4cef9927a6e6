// Where blocks are read from: the device as it is, or as it will be once something pending is
// applied. What is read is ciphertext that nothing has authenticated yet.
#ifndef SVSM_SRC_COCOONFS_BLOCK_VIEW_H_
#define SVSM_SRC_COCOONFS_BLOCK_VIEW_H_

#include <cstdint>

#include "svsm/core/block_device.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class BlockView {
 public:
  // Fills `out`, a multiple of the allocation block, from block `first` on.
  // Errors: kMalformed (Region::kDevice; beyond the device), those of the device.
  virtual Status Read(std::uint64_t first, ByteSpan out) = 0;

 protected:
  ~BlockView() = default;
};

// The device itself, in units of allocation blocks, which may be smaller or larger than the
// device's own. The geometry is asked for once, in Init().
class DeviceView final : public BlockView {
 public:
  DeviceView(BlockDevice& device, Allocator& allocator) : device_(device), bounce_(allocator) {}

  // `allocation_block_log2` as in the layout; `io_block_bytes` is the most that a device block may
  // have. Errors: kUnsupported (Region::kDevice: the device's blocks are larger), kInvalidArgument
  // (a geometry that no device has), kOutOfMemory.
  Status Init(std::uint8_t allocation_block_log2, std::size_t io_block_bytes);

  Status Read(std::uint64_t first, ByteSpan out) override;

  // Allocation blocks that fit on the device.
  std::uint64_t num_blocks() const { return num_blocks_; }
  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t device_block_bytes() const { return device_block_bytes_; }
  // What of a protected extent is invalidated first and written last: a block of the device, or an
  // allocation block if that is larger.
  std::size_t head_bytes() const {
    return device_block_bytes_ > block_bytes_ ? device_block_bytes_ : block_bytes_;
  }
  BlockDevice& device() { return device_; }

 private:
  BlockDevice& device_;
  Vec<std::uint8_t> bounce_;  // one device block, if those are larger than allocation blocks
  std::size_t block_bytes_ = 0;
  std::size_t device_block_bytes_ = 0;
  std::uint64_t num_device_blocks_ = 0;
  std::uint64_t num_blocks_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_BLOCK_VIEW_H_
