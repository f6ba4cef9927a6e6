// svsm/core/block_device.h: the seam behind which untrusted storage is read and written in blocks.
//
//   const std::uint32_t block_size = device.Geometry().block_size_bytes;
//   SVSM_TRY(device.Write(7, data.first(block_size)));
//   SVSM_TRY(device.Flush());      // durable from here on, if the device tells the truth
//
// Synchronous. The device is the host's: a completed write may be forgotten until Flush() returns
// OK, and even then the host may lie; integrity and freshness are the business of those above.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread, unless an
// implementation says more.
#ifndef SVSM_CORE_BLOCK_DEVICE_H_
#define SVSM_CORE_BLOCK_DEVICE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm {

struct BlockGeometry {
  std::uint32_t block_size_bytes = 0;  // a power of two, 128 at least
  std::uint64_t num_blocks = 0;
};

class BlockDevice {
 public:
  virtual BlockGeometry Geometry() const = 0;
  // Reads out.size() / block_size blocks from block `first` on. `out` must be a multiple of the
  // block size. Errors: kInvalidArgument (size), kOutOfRange (beyond the end), kIoError (detail =
  // errno or device status). On failure `out` is undefined.
  virtual Status Read(std::uint64_t first, ByteSpan out) = 0;
  // Errors: as Read(). On failure any of the named blocks may hold old, new or mixed bytes.
  virtual Status Write(std::uint64_t first, ByteView in) = 0;
  // Returns OK only when every write that had returned before is said by the device to be durable.
  // Errors: kIoError.
  virtual Status Flush() = 0;
  // Orders: what was written before it is durable before anything that is written after it. A
  // device without a cheaper means flushes, as the default does. Errors: kIoError.
  virtual Status Barrier() { return Flush(); }
  // Says that the blocks' contents are not needed any more. May do nothing. Errors: as Write().
  virtual Status Trim(std::uint64_t first, std::uint64_t count) = 0;

 protected:
  ~BlockDevice() = default;
};

}  // namespace svsm

#endif  // SVSM_CORE_BLOCK_DEVICE_H_
