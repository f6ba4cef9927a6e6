// Writes to the device, gathered: what lies side by side goes out in one request.
#ifndef SVSM_SRC_COCOONFS_DEVICE_WRITER_H_
#define SVSM_SRC_COCOONFS_DEVICE_WRITER_H_

#include <cstdint>

#include "cocoonfs/block_view.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class DeviceWriter {
 public:
  DeviceWriter(DeviceView& view, Allocator& allocator) : view_(view), buffer_(allocator) {}

  // Takes a buffer of `buffer_bytes`, rounded up to whole IO blocks, if it has none like that, and
  // forgets what is in it. Nothing allocates later. Errors: kOutOfMemory.
  Status Init(std::size_t io_block_bytes, std::size_t buffer_bytes);

  // Writes `bytes` from allocation block `first` on, now or by the next Drain(). What is gathered
  // in a row begins and ends at a block of the device. Errors: those of the device.
  Status Put(std::uint64_t first, ByteView bytes);
  // Room for the next `size` bytes at `first`, at most buffer_bytes, to be filled before the next
  // call. Errors: those of the device.
  Result<ByteSpan> Reserve(std::uint64_t first, std::size_t size);
  // Forgets what has not been written.
  void Discard() { filled_ = 0; }
  Status Drain();
  // Drain(), then the device's.
  Status Barrier();
  Status Flush();

  std::size_t buffer_bytes() const { return buffer_.size(); }

 private:
  Status WriteNow(std::uint64_t first, ByteView bytes);

  DeviceView& view_;
  Vec<std::uint8_t> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t first_ = 0;  // of what is in the buffer
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_DEVICE_WRITER_H_
