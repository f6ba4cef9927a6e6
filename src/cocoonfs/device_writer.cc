#include "cocoonfs/device_writer.h"

#include "svsm/core/panic.h"

namespace svsm::cocoonfs {

Status DeviceWriter::Init(std::size_t io_block_bytes, std::size_t buffer_bytes) {
  const std::size_t size = (buffer_bytes + io_block_bytes - 1) / io_block_bytes * io_block_bytes;
  filled_ = 0;
  if (buffer_.size() == size) return OkStatus();
  SVSM_TRY(buffer_.Reserve(size));
  return buffer_.Resize(size);
}

Status DeviceWriter::WriteNow(std::uint64_t first, ByteView bytes) {
  // Allocation blocks and blocks of the device are powers of two, either may be the larger.
  const std::uint64_t offset = first * view_.block_bytes();
  const std::size_t unit = view_.device_block_bytes();
  SVSM_CHECK(offset % unit == 0 && bytes.size() % unit == 0);
  return view_.device().Write(offset / unit, bytes);
}

Status DeviceWriter::Put(std::uint64_t first, ByteView bytes) {
  const bool adjacent = filled_ != 0 && first == first_ + filled_ / view_.block_bytes();
  if (!adjacent) SVSM_TRY(Drain());
  if (filled_ == 0 && bytes.size() >= buffer_.size()) {
    const std::size_t whole =
        bytes.size() / view_.device_block_bytes() * view_.device_block_bytes();
    SVSM_TRY(WriteNow(first, bytes.first(whole)));
    first += whole / view_.block_bytes();
    bytes = bytes.subspan(whole);
  }
  while (!bytes.empty()) {
    if (filled_ == 0) first_ = first;
    const std::size_t room = buffer_.size() - filled_;
    const std::size_t part = bytes.size() < room ? bytes.size() : room;
    Copy(buffer_.view().subspan(filled_), bytes.first(part));
    filled_ += part;
    first += part / view_.block_bytes();
    bytes = bytes.subspan(part);
    if (filled_ == buffer_.size()) SVSM_TRY(Drain());
  }
  return OkStatus();
}

Result<ByteSpan> DeviceWriter::Reserve(std::uint64_t first, std::size_t size) {
  const bool adjacent = filled_ != 0 && first == first_ + filled_ / view_.block_bytes();
  if (!adjacent || size > buffer_.size() - filled_) SVSM_TRY(Drain());
  SVSM_CHECK(size <= buffer_.size());
  if (filled_ == 0) first_ = first;
  filled_ += size;
  return buffer_.view().subspan(filled_ - size, size);
}

Status DeviceWriter::Drain() {
  if (filled_ == 0) return OkStatus();
  const std::size_t size = filled_;
  filled_ = 0;
  return WriteNow(first_, ByteView(buffer_.view()).first(size));
}

Status DeviceWriter::Barrier() {
  SVSM_TRY(Drain());
  return view_.device().Barrier();
}

Status DeviceWriter::Flush() {
  SVSM_TRY(Drain());
  return view_.device().Flush();
}

}  // namespace svsm::cocoonfs
