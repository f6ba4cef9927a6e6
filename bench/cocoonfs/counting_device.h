// A block device in memory that counts what it is asked for. 512-byte blocks, as the peer's.
#ifndef SVSM_BENCH_COCOONFS_COUNTING_DEVICE_H_
#define SVSM_BENCH_COCOONFS_COUNTING_DEVICE_H_

#include <cstdint>
#include <cstring>
#include <utility>

#include "svsm/core/block_device.h"
#include "svsm/core/hosted.h"

namespace svsm::cocoonfs {

class CountingDevice final : public BlockDevice {
 public:
  static constexpr std::uint32_t kBlockSize = 512;

  explicit CountingDevice(ByteVector image) : image_(std::move(image)) {}

  BlockGeometry Geometry() const override { return {kBlockSize, image_.size() / kBlockSize}; }
  Status Read(std::uint64_t first, ByteSpan out) override {
    if (!Fits(first, out.size())) return Status(Code::kOutOfRange, Source::kCaller);
    ++reads_;
    std::memcpy(out.data(), image_.data() + first * kBlockSize, out.size());
    return OkStatus();
  }
  Status Write(std::uint64_t first, ByteView in) override {
    if (!Fits(first, in.size())) return Status(Code::kOutOfRange, Source::kCaller);
    ++writes_;
    bytes_ += in.size();
    std::memcpy(image_.data() + first * kBlockSize, in.data(), in.size());
    return OkStatus();
  }
  Status Flush() override {
    ++syncs_;
    return OkStatus();
  }
  Status Barrier() override { return Flush(); }
  Status Trim(std::uint64_t, std::uint64_t) override { return OkStatus(); }

  const ByteVector& image() const { return image_; }
  void Load(const ByteVector& image) { image_ = image; }
  std::uint64_t reads() const { return reads_; }
  std::uint64_t writes() const { return writes_; }
  std::uint64_t bytes() const { return bytes_; }
  // Barriers count as well.
  std::uint64_t syncs() const { return syncs_; }
  void ResetCounts() { reads_ = writes_ = bytes_ = syncs_ = 0; }

 private:
  bool Fits(std::uint64_t first, std::size_t size) const {
    const std::uint64_t num_blocks = image_.size() / kBlockSize;
    return size % kBlockSize == 0 && first <= num_blocks && size / kBlockSize <= num_blocks - first;
  }

  ByteVector image_;
  std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t syncs_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_BENCH_COCOONFS_COUNTING_DEVICE_H_
