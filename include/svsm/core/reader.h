// svsm/core/reader.h: a cursor over outside bytes of variable layout.
//
//   wire::Reader r(in);
//   const std::uint16_t tag = r.Be16();
//   const std::uint32_t size = r.Be32();
//   const ByteView body = r.Take(size);
//   SVSM_TRY(r.Finish());      // one check: all reads were inside, and nothing is left over
//
// The first failure sticks: after it every getter gives zero or an empty view and moves nothing,
// and Finish() returns that first failure. Before a length from the input is used to loop or to
// reserve, compare it with remaining().
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_CORE_READER_H_
#define SVSM_CORE_READER_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/wire.h"

namespace svsm::wire {

class Reader {
 public:
  // Borrows `in`, which must outlive the Reader and every view taken from it, and must not change
  // meanwhile.
  explicit Reader(ByteView in) : in_(in) {}

  std::uint8_t U8();
  std::uint16_t Le16();
  std::uint32_t Le32();
  std::uint64_t Le64();
  std::uint16_t Be16();
  std::uint32_t Be32();
  std::uint64_t Be64();

  // The next `size` bytes, as a view into the input.
  ByteView Take(std::size_t size);
  // Copies the next out.size() bytes; zeroes `out` after a failure.
  void CopyTo(ByteSpan out);
  // The next sizeof(T) bytes as a wire struct; a T of zeros after a failure.
  template <Struct T>
  T Get() {
    const Result<T> value = Read<T>(Take(sizeof(T)));
    return value.ok() ? *value : T{};
  }
  // A view prefixed by its size.
  ByteView TakeBe16Sized() { return Take(Be16()); }
  ByteView TakeBe32Sized() { return Take(Be32()); }
  void Skip(std::size_t size) { (void)Take(size); }
  // All that is left.
  ByteView Rest() { return Take(remaining()); }

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return status_.ok() ? in_.size() - offset_ : 0; }
  bool ok() const { return status_.ok(); }
  // The sticky state, for those who read what follows without Finish().
  Status status() const { return status_; }

  // Puts the caller's own verdict into the sticky state. The first one stays.
  void Fail(Status status);
  // Fails with kMalformed (detail = offset) unless `condition` holds.
  void Require(bool condition);

  // Errors: kTruncated (detail = offset at which bytes ran out), kMalformed (detail = offset of the
  // first byte left over), or what Fail() was given.
  Status Finish() const;

 private:
  ByteView in_;
  std::size_t offset_ = 0;
  Status status_;
};

}  // namespace svsm::wire

#endif  // SVSM_CORE_READER_H_
