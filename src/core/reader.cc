#include "svsm/core/reader.h"

namespace svsm::wire {

ByteView Reader::Take(std::size_t size) {
  if (size > remaining()) {
    Fail(Status(Code::kTruncated, Source::kCore, static_cast<std::uint32_t>(offset_)));
    return {};
  }
  const ByteView taken = in_.subspan(offset_, size);
  offset_ += size;
  return taken;
}

std::uint8_t Reader::U8() {
  const ByteView byte = Take(1);
  return byte.empty() ? std::uint8_t{0} : byte[0];
}

std::uint16_t Reader::Le16() { return Get<wire::Le16>().get(); }
std::uint32_t Reader::Le32() { return Get<wire::Le32>().get(); }
std::uint64_t Reader::Le64() { return Get<wire::Le64>().get(); }
std::uint16_t Reader::Be16() { return Get<wire::Be16>().get(); }
std::uint32_t Reader::Be32() { return Get<wire::Be32>().get(); }
std::uint64_t Reader::Be64() { return Get<wire::Be64>().get(); }

void Reader::CopyTo(ByteSpan out) {
  const ByteView taken = Take(out.size());
  if (taken.size() == out.size()) {
    Copy(out, taken);
  } else {
    Fill(out, 0);
  }
}

void Reader::Fail(Status status) {
  if (status_.ok()) status_ = status;
}

void Reader::Require(bool condition) {
  if (!condition)
    Fail(Status(Code::kMalformed, Source::kCore, static_cast<std::uint32_t>(offset_)));
}

Status Reader::Finish() const {
  if (!status_.ok()) return status_;
  if (offset_ != in_.size()) {
    return Status(Code::kMalformed, Source::kCore, static_cast<std::uint32_t>(offset_));
  }
  return OkStatus();
}

}  // namespace svsm::wire
