#include "svsm/testing/fault_device.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace svsm::testing {

FaultDevice::FaultDevice(std::uint32_t block_size_bytes, ByteVector image)
    : block_size_(block_size_bytes), base_(std::move(image)), image_(base_) {
  touched_.assign(image_.size() / kTearBytes + 1, 0);
}

BlockGeometry FaultDevice::Geometry() const { return {block_size_, image_.size() / block_size_}; }

// Counts the call, and lets it fail if it is its turn.
Status FaultDevice::Begin(DeviceCall call) {
  ++counts_[static_cast<std::size_t>(call)];
  if ((failing_calls_ & CallBit(call)) == 0 || fail_in_ == 0) return OkStatus();
  if (fail_in_ > 1) {
    --fail_in_;
    return OkStatus();
  }
  has_failed_ = true;
  if (failing_ == Failing::kOnce) fail_in_ = 0;
  return Status(Code::kIoError, Source::kSystem, kInjectedError);
}

Status FaultDevice::CheckRange(std::uint64_t first, std::size_t size) const {
  if (size % block_size_ != 0) return Status(Code::kInvalidArgument, Source::kSystem);
  const std::uint64_t num_blocks = image_.size() / block_size_;
  if (first > num_blocks || size / block_size_ > num_blocks - first) {
    return Status(Code::kOutOfRange, Source::kSystem);
  }
  return OkStatus();
}

Status FaultDevice::Read(std::uint64_t first, ByteSpan out) {
  if (const Status status = CheckRange(first, out.size()); !status.ok()) return status;
  if (const Status status = Begin(DeviceCall::kRead); !status.ok()) {
    std::fill(out.begin(), out.end(), std::uint8_t{0xDB});
    return status;
  }
  read_bytes_ += out.size();
  if (!out.empty()) std::memcpy(out.data(), image_.data() + first * block_size_, out.size());
  return OkStatus();
}

Status FaultDevice::Write(std::uint64_t first, ByteView in) {
  if (const Status status = CheckRange(first, in.size()); !status.ok()) return status;
  const std::uint64_t offset = first * block_size_;
  if (const Status status = Begin(DeviceCall::kWrite); !status.ok()) {
    if (fail_nth_ % 2 == 1) Poke(offset, in.first(in.size() / 2 / kTearBytes * kTearBytes));
    return status;
  }
  written_bytes_ += in.size();
  Poke(offset, in);
  if (log_ != nullptr) {
    log_->events.push_back({DeviceCall::kWrite, offset, in.size(), log_->data.size()});
    log_->data.insert(log_->data.end(), in.begin(), in.end());
  }
  return OkStatus();
}

Status FaultDevice::Sync(DeviceCall call) {
  if (const Status status = Begin(call); !status.ok()) return status;
  if (log_ != nullptr) log_->events.push_back({call, 0, 0, 0});
  return OkStatus();
}

Status FaultDevice::Flush() { return Sync(DeviceCall::kFlush); }

Status FaultDevice::Barrier() { return Sync(DeviceCall::kBarrier); }

Status FaultDevice::Trim(std::uint64_t first, std::uint64_t count) {
  if (count > image_.size() / block_size_) return Status(Code::kOutOfRange, Source::kSystem);
  const std::size_t size = count * block_size_;
  if (const Status status = CheckRange(first, size); !status.ok()) return status;
  if (const Status status = Begin(DeviceCall::kTrim); !status.ok()) return status;
  ByteVector garbage(size);
  FillTrimmed(first * block_size_, garbage);
  Poke(first * block_size_, garbage);
  if (log_ != nullptr) log_->events.push_back({DeviceCall::kTrim, first * block_size_, size, 0});
  return OkStatus();
}

void FaultDevice::FailNth(unsigned calls, std::uint64_t nth, Failing failing) {
  failing_calls_ = calls;
  fail_in_ = fail_nth_ = nth;
  failing_ = failing;
  has_failed_ = false;
}

void FaultDevice::Poke(std::uint64_t offset_bytes, ByteView in) {
  if (in.empty()) return;
  std::memcpy(image_.data() + offset_bytes, in.data(), in.size());
  const std::size_t last = (offset_bytes + in.size() - 1) / kTearBytes;
  for (std::size_t i = offset_bytes / kTearBytes; i <= last; ++i) {
    if (touched_[i] != 0) continue;
    touched_[i] = 1;
    to_rewind_.push_back(static_cast<std::uint32_t>(i));
  }
}

std::uint64_t FaultDevice::Fingerprint() const {
  constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15ULL;
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + 32 <= image_.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, image_.data() + at, sizeof(words));
    for (std::size_t i = 0; i < 4; ++i) {
      lanes[i] = (lanes[i] ^ words[i]) * kPrime;
      lanes[i] ^= lanes[i] >> 29;
    }
  }
  std::uint64_t all = image_.size();
  for (; at < image_.size(); ++at) all = (all ^ image_[at]) * kPrime;
  for (const std::uint64_t lane : lanes) {
    all = (all ^ lane) * kPrime;
    all ^= all >> 32;
  }
  return all;
}

void FaultDevice::SetBase(ByteView base) {
  base_.assign(base.begin(), base.end());
  image_ = base_;
  touched_.assign(image_.size() / kTearBytes + 1, 0);
  to_rewind_.clear();
}

void FaultDevice::Rewind() {
  for (const std::uint32_t i : to_rewind_) {
    const std::size_t begin = std::size_t{i} * kTearBytes;
    std::memcpy(image_.data() + begin, base_.data() + begin,
                std::min(kTearBytes, image_.size() - begin));
    touched_[i] = 0;
  }
  to_rewind_.clear();
}

void FaultDevice::ResetCounts() {
  counts_.fill(0);
  written_bytes_ = read_bytes_ = 0;
}

void FillTrimmed(std::uint64_t offset_bytes, ByteSpan out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t position = offset_bytes + i;
    out[i] = static_cast<std::uint8_t>((position * 0x9E3779B97F4A7C15ULL) >> 56);
  }
}

}  // namespace svsm::testing
