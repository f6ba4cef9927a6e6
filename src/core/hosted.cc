#include "svsm/core/hosted.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace svsm {

std::string ToString(Status status) {
  if (status.ok()) return "Ok";
  return std::string(CodeName(status.code())) + " (" + SourceName(status.source()) + ", detail " +
         std::to_string(status.detail()) + ")";
}

std::string ToHex(ByteView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status MalformedAt(std::size_t index) {
  return Status(Code::kMalformed, Source::kCore, static_cast<std::uint32_t>(index));
}

}  // namespace

Result<ByteVector> FromHex(std::string_view hex) {
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (HexDigit(hex[i]) < 0) return MalformedAt(i);
  }
  if (hex.size() % 2 != 0) return MalformedAt(hex.size());
  ByteVector bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(HexDigit(hex[i]) << 4 | HexDigit(hex[i + 1])));
  }
  return bytes;
}

void* MallocAllocator::Allocate(std::size_t size, std::size_t alignment) {
  // No object is larger; the round-up below cannot wrap.
  if (size > PTRDIFF_MAX - alignment) return nullptr;
  void* const memory =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
  if (memory == nullptr) return nullptr;
  ++num_allocations_;
  used_ += size;
  high_water_ = std::max(high_water_, used_);
  return memory;
}

void MallocAllocator::Free(void* pointer, std::size_t size) {
  if (pointer == nullptr) return;
  used_ -= size;
  std::free(pointer);
}

Result<std::size_t> MemoryStateStore::Size(const char* name) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kCore);
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return Status(Code::kNotFound, Source::kCore);
  return found->second.size();
}

Result<std::size_t> MemoryStateStore::Read(const char* name, ByteSpan out) {
  Fill(out, 0);
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, Size(name));
  if (size > out.size()) {
    return Status(Code::kBufferTooSmall, Source::kCore, static_cast<std::uint32_t>(size));
  }
  Copy(out, blobs_.find(name)->second);
  return size;
}

Status MemoryStateStore::Write(const char* name, ByteView blob) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kCore);
  blobs_[name] = ToVector(blob);
  return OkStatus();
}

Status MemoryStateStore::Remove(const char* name) {
  SVSM_TRY(Size(name).status());
  blobs_.erase(blobs_.find(name));
  return OkStatus();
}

}  // namespace svsm
