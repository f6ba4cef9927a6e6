#include "svsm/cocoonfs_file/memory_device.h"

#include <utility>

#include "svsm/core/panic.h"

namespace svsm::cocoonfs {

MemoryDevice::MemoryDevice(std::uint32_t block_size_bytes, ByteVector image)
    : block_size_(block_size_bytes), image_(std::move(image)) {
  SVSM_CHECK(block_size_bytes >= 128 && (block_size_bytes & (block_size_bytes - 1)) == 0);
}

BlockGeometry MemoryDevice::Geometry() const { return {block_size_, image_.size() / block_size_}; }

Result<ByteSpan> MemoryDevice::Find(std::uint64_t first, std::uint64_t count) {
  const std::uint64_t num_blocks = image_.size() / block_size_;
  if (first > num_blocks || count > num_blocks - first) {
    return Status(Code::kOutOfRange, Source::kCocoonfs);
  }
  return ByteSpan(image_).subspan(first * block_size_, count * block_size_);
}

Status MemoryDevice::Read(std::uint64_t first, ByteSpan out) {
  ++traffic_.reads;
  traffic_.read_bytes += out.size();
  if (out.size() % block_size_ != 0) return Status(Code::kInvalidArgument, Source::kCocoonfs);
  SVSM_ASSIGN_OR_RETURN(const ByteSpan blocks, Find(first, out.size() / block_size_));
  Copy(out, blocks);
  return OkStatus();
}

Status MemoryDevice::Write(std::uint64_t first, ByteView in) {
  ++traffic_.writes;
  traffic_.written_bytes += in.size();
  if (in.size() % block_size_ != 0) return Status(Code::kInvalidArgument, Source::kCocoonfs);
  SVSM_ASSIGN_OR_RETURN(const ByteSpan blocks, Find(first, in.size() / block_size_));
  Copy(blocks, in);
  return OkStatus();
}

Status MemoryDevice::Flush() {
  ++traffic_.syncs;
  return OkStatus();
}

Status MemoryDevice::Barrier() {
  ++traffic_.syncs;
  return OkStatus();
}

Status MemoryDevice::Trim(std::uint64_t first, std::uint64_t count) {
  ++traffic_.trims;
  SVSM_ASSIGN_OR_RETURN(const ByteSpan blocks, Find(first, count));
  Fill(blocks, 0);
  return OkStatus();
}

}  // namespace svsm::cocoonfs
