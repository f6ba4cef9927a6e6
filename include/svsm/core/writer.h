// svsm/core/writer.h: builds bytes of variable layout in the caller's buffer.
//
//   wire::Writer w(buffer);
//   w.Be16(0x8001);
//   const wire::Writer::Mark size = w.BeginBe32Sized();   // a length that is not known yet
//   w.Put(body);
//   w.End(size);
//   SVSM_ASSIGN_OR_RETURN(const ByteView message, w.Finish());
//
// The Writer counts past the end of its buffer without writing there, so that kBufferTooSmall names
// the size that would have been needed; a Writer over an empty buffer just counts.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_CORE_WRITER_H_
#define SVSM_CORE_WRITER_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::wire {

class Writer {
 public:
  // Borrows `out` for the Writer's life.
  explicit Writer(ByteSpan out) : out_(out) {}

  void U8(std::uint8_t value);
  void Le16(std::uint16_t value);
  void Le32(std::uint32_t value);
  void Le64(std::uint64_t value);
  void Be16(std::uint16_t value);
  void Be32(std::uint32_t value);
  void Be64(std::uint64_t value);
  void Put(ByteView bytes);
  void Zeros(std::size_t count);
  template <Struct T>
  void PutStruct(const T& value) {
    Put(ToBytes(value));
  }
  // A view behind its own size. Fails with kOutOfRange if the size does not fit the prefix.
  void PutBe16Sized(ByteView bytes);
  void PutBe32Sized(ByteView bytes);

  // The place of a length that End() fills in with the number of bytes written since. Marks nest.
  struct Mark {
    std::size_t at;
    std::uint8_t width;
  };
  Mark BeginBe16Sized();
  Mark BeginBe32Sized();
  void End(Mark mark);

  // Overwrites bytes written earlier, for totals that include their own field. Panics beyond what
  // was written.
  void PatchBe32(std::size_t at, std::uint32_t value);

  // Bytes written so far, counting those that did not fit.
  std::size_t size() const { return size_; }
  bool ok() const { return status_.ok() && size_ <= out_.size(); }

  // What was written, a view of the caller's buffer.
  // Errors: kBufferTooSmall (detail = bytes needed), kOutOfRange (a sized part outgrew its prefix;
  // detail = its size).
  Result<ByteView> Finish() const;

 private:
  ByteSpan out_;
  std::size_t size_ = 0;
  Status status_;
};

}  // namespace svsm::wire

#endif  // SVSM_CORE_WRITER_H_
