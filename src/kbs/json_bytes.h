// Byte strings of JSON messages, decoded one behind the other into the caller's workspace, and the
// bookkeeping of a fixed shape: which members came, and the first failure.
#ifndef SVSM_KBS_JSON_BYTES_H_
#define SVSM_KBS_JSON_BYTES_H_

#include <cstddef>
#include <cstdint>

#include "svsm/kbs/json.h"

namespace svsm::kbs {

struct SizeBounds {
  std::size_t min;
  std::size_t max;
};
constexpr SizeBounds Exactly(std::size_t size) { return {size, size}; }

class ShapeReader {
 public:
  ShapeReader(ByteView text, Base64 variant, ByteSpan workspace)
      : json(text), variant_(variant), free_(workspace) {}

  // The next value as a byte string within the bounds.
  ByteView Encoded(SizeBounds bounds);
  // The next value as a string of any characters, its escapes undone.
  ByteView Text();
  // The end of an object that must have had the members of `required` (the caller's own bits).
  void Require(std::uint32_t seen, std::uint32_t required);
  Status Finish();

  JsonReader json;

 private:
  Base64 variant_;
  ByteSpan free_;
  Status status_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_JSON_BYTES_H_
