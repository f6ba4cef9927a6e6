// svsm/cocoonfs_file/memory_device.h: a block device in memory, for tests, benchmarks and for
// images that are put together before they are written out.
//
//   cocoonfs::MemoryDevice device(512, ByteVector(8 << 20));
//   SVSM_TRY(cocoonfs::Format(device, ...));
//   SVSM_TRY(WriteFileAtomically("state.img", device.image(), FileMode::kPrivate));
//
// Profile: hosted. Allocates: the image. Threads: one object, one thread.
#ifndef SVSM_COCOONFS_FILE_MEMORY_DEVICE_H_
#define SVSM_COCOONFS_FILE_MEMORY_DEVICE_H_

#include <cstdint>

#include "svsm/core/block_device.h"
#include "svsm/core/hosted.h"

namespace svsm::cocoonfs {

// What was asked of a device, whether it succeeded or not.
struct DeviceTraffic {
  std::uint64_t reads = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t writes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t syncs = 0;  // flushes and barriers
  std::uint64_t trims = 0;

  friend bool operator==(const DeviceTraffic&, const DeviceTraffic&) = default;
};

class MemoryDevice final : public BlockDevice {
 public:
  // The block size is a power of two from 128 on. What of `image` does not fill a block is out of
  // reach.
  MemoryDevice(std::uint32_t block_size_bytes, ByteVector image);

  BlockGeometry Geometry() const override;
  Status Read(std::uint64_t first, ByteSpan out) override;
  Status Write(std::uint64_t first, ByteView in) override;
  Status Flush() override;
  Status Barrier() override;
  // Zeroes the blocks.
  Status Trim(std::uint64_t first, std::uint64_t count) override;

  ByteView image() const { return image_; }
  // Cuts, or appends zeros.
  void Resize(std::size_t size_bytes) { image_.resize(size_bytes); }
  const DeviceTraffic& traffic() const { return traffic_; }
  void ResetTraffic() { traffic_ = {}; }

 private:
  Result<ByteSpan> Find(std::uint64_t first, std::uint64_t count);

  std::uint32_t block_size_;
  ByteVector image_;
  DeviceTraffic traffic_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_FILE_MEMORY_DEVICE_H_
