// Objects of fixed shape, and byte strings of JSON messages, decoded one behind the other into the
// caller's workspace.
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

// A member of an object that ReadObject() reads; `read` takes its value.
template <typename Read>
struct Member {
  const char* name;
  bool required;
  Read read;
};
template <typename Read>
constexpr Member<Read> Required(const char* name, Read read) {
  return {name, true, read};
}
template <typename Read>
constexpr Member<Read> Optional(const char* name, Read read) {
  return {name, false, read};
}

// Reads an object. Members that are none of these are checked as JSON and passed over; one that is
// required and did not come is kMalformed, at the object's end.
//
//   ReadObject(shape.json, Required("x", [&] { point.x = shape.Encoded(bounds); }),
//              Optional("token", [&] { token = shape.json.String(); }));
template <typename... Reads>
void ReadObject(JsonReader& json, const Member<Reads>&... members) {
  static_assert(sizeof...(Reads) < 32);
  std::uint32_t missing = 0;
  std::uint32_t bit = 1;
  ((missing |= members.required ? bit : 0u, bit <<= 1), ...);
  const auto take = [&](ByteView name, const auto& member) {
    const bool is = TextIs(name, member.name);
    if (is) {
      member.read();
      missing &= ~bit;
    }
    bit <<= 1;
    return is;
  };
  ByteView name;
  json.BeginObject();
  while (json.NextMember(name)) {
    bit = 1;
    if (!(take(name, members) || ...)) json.Skip();
  }
  if (missing != 0) json.Fail(Code::kMalformed);
}

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
