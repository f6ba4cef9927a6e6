#include "svsm/core/writer.h"

#include "svsm/core/panic.h"

namespace svsm::wire {

void Writer::Put(ByteView bytes) {
  if (size_ <= out_.size() && bytes.size() <= out_.size() - size_) {
    Copy(out_.subspan(size_), bytes);
  }
  size_ += bytes.size();
}

void Writer::Zeros(std::size_t count) {
  if (size_ <= out_.size() && count <= out_.size() - size_) Fill(out_.subspan(size_, count), 0);
  size_ += count;
}

void Writer::U8(std::uint8_t value) { Put({&value, 1}); }
void Writer::Le16(std::uint16_t value) { PutStruct(wire::Le16(value)); }
void Writer::Le32(std::uint32_t value) { PutStruct(wire::Le32(value)); }
void Writer::Le64(std::uint64_t value) { PutStruct(wire::Le64(value)); }
void Writer::Be16(std::uint16_t value) { PutStruct(wire::Be16(value)); }
void Writer::Be32(std::uint32_t value) { PutStruct(wire::Be32(value)); }
void Writer::Be64(std::uint64_t value) { PutStruct(wire::Be64(value)); }

void Writer::PutBe16Sized(ByteView bytes) {
  const Mark mark = BeginBe16Sized();
  Put(bytes);
  End(mark);
}

void Writer::PutBe32Sized(ByteView bytes) {
  const Mark mark = BeginBe32Sized();
  Put(bytes);
  End(mark);
}

Writer::Mark Writer::BeginBe16Sized() {
  const Mark mark{size_, 2};
  Zeros(2);
  return mark;
}

Writer::Mark Writer::BeginBe32Sized() {
  const Mark mark{size_, 4};
  Zeros(4);
  return mark;
}

void Writer::End(Mark mark) {
  const std::size_t written = size_ - mark.at - mark.width;
  const std::size_t limit = mark.width == 2 ? 0xFFFF : 0xFFFFFFFF;
  if (written > limit) {
    if (status_.ok()) {
      status_ = Status(Code::kOutOfRange, Source::kCore, static_cast<std::uint32_t>(written));
    }
    return;
  }
  if (size_ > out_.size()) return;
  if (mark.width == 2) {
    Copy(out_.subspan(mark.at), ToBytes(wire::Be16(static_cast<std::uint16_t>(written))));
  } else {
    Copy(out_.subspan(mark.at), ToBytes(wire::Be32(static_cast<std::uint32_t>(written))));
  }
}

void Writer::PatchBe32(std::size_t at, std::uint32_t value) {
  SVSM_CHECK(at <= size_ && size_ - at >= 4);
  if (size_ <= out_.size()) Copy(out_.subspan(at), ToBytes(wire::Be32(value)));
}

Result<ByteView> Writer::Finish() const {
  if (!status_.ok()) return status_;
  if (size_ > out_.size()) {
    return Status(Code::kBufferTooSmall, Source::kCore, static_cast<std::uint32_t>(size_));
  }
  return ByteView(out_.first(size_));
}

}  // namespace svsm::wire
