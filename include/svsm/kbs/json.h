// svsm/kbs/json.h: JSON of fixed shape, read and written without a tree of objects.
//
//   JsonReader json(text);
//   json.BeginObject();
//   ByteView name;
//   while (json.NextMember(name)) {
//     if (TextIs(name, "success")) {
//       success = json.Bool();
//     } else {
//       json.Skip();
//     }
//   }
//   SVSM_TRY(json.Finish());
//
// The reader takes RFC 8259 and nothing beyond it: no trailing or missing commas, no second value,
// no comments, no lone surrogates, no bytes that are not UTF-8; in addition no object may name a
// member twice, at any depth, skipped values included. Failure is sticky: after it, getters give
// zero, an empty view or false, so that a loop over members ends, and only Finish() is looked at.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread. Spec: RFC 8259.
#ifndef SVSM_KBS_JSON_H_
#define SVSM_KBS_JSON_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/kbs/base64.h"

namespace svsm::kbs {

// Bytes of a text, objects and arrays around a value, and members of all the objects that are open
// at one time.
inline constexpr std::size_t kMaxJsonSize = 65536;
inline constexpr std::size_t kMaxJsonDepth = 8;
inline constexpr std::size_t kMaxJsonMembers = 48;

// Whether `text` is these ASCII characters.
bool TextIs(ByteView text, const char* ascii);

class JsonReader {
 public:
  enum class Type : std::uint8_t { kNone, kObject, kArray, kString, kNumber, kBool, kNull };

  // Borrows `text`, and every view given out is one of `text`. It must not change meanwhile.
  explicit JsonReader(ByteView text);

  // What the next value is; kNone where none follows.
  Type Peek();

  // Enters an object. The loop over NextMember() gives each name, after which exactly one value is
  // to be taken; false means that the object has been left. Names with escapes or other than
  // printable ASCII are refused.
  void BeginObject();
  [[nodiscard]] bool NextMember(ByteView& name);
  // Enters an array. True: one value is to be taken; false: the array has been left.
  void BeginArray();
  [[nodiscard]] bool NextElement();
  // Takes numbers from 0 to 255 from the start of the array just entered, as many as come without
  // spaces and fit `out`, and gives how many: the fast way to what the loop over NextElement(),
  // which goes on behind them, would read too.
  [[nodiscard]] std::size_t TakeBytes(ByteSpan out);

  // A string of printable ASCII without escapes, which is what the messages here consist of.
  ByteView String();
  // A string of any characters, as it stands, quotes and escapes included: for UnescapeString().
  ByteView RawString();
  // A number without sign, fraction and exponent.
  std::uint64_t Unsigned();
  bool Bool();
  // Takes the value if it is null.
  [[nodiscard]] bool TakeNull();
  // Takes and checks any value.
  void Skip();
  // The same, and gives its text: for a part that another reader takes.
  ByteView Raw();

  // Makes the whole text fail, for instance on a member that a shape does not have. The first
  // failure stands.
  void Fail(Code code);
  // The text read so far is without fault.
  bool ok() const { return status_.ok(); }

  // Whether all of it was read. Errors, each with the detail = offset of the byte in question:
  // kMalformed (not JSON, a value of another type than asked for, a member named twice, bytes after
  // the value), kTruncated (the text ends within the value), kUnsupported (an escape or a character
  // outside ASCII in a name or in a String()), kOutOfRange (text, depth, members or a number beyond
  // the limits), or what Fail() said.
  [[nodiscard]] Status Finish();

 private:
  enum class Scope : std::uint8_t { kObject, kArray };
  struct Level {
    Scope scope;
    bool first;
    std::size_t members;  // held by the levels outside
  };

  void FailAt(Code code, std::size_t offset);
  void Unexpected();
  void SkipSpace();
  bool Take(std::uint8_t c);
  bool TakeWord(const char* word);
  void Begin(Scope scope);
  bool Next(Scope scope, std::uint8_t close);
  template <typename Accept>
  void TakeNumbers(Accept accept);
  void SkipOne();
  void SkipString();
  void SkipEscape();
  std::uint32_t HexEscape();
  void SkipUtf8();
  void SkipNumber();
  void SkipDigits();
  ByteView PlainString();

  ByteView text_;
  std::size_t at_ = 0;
  Status status_;
  std::size_t depth_ = 0;
  std::size_t num_members_ = 0;
  std::array<Level, kMaxJsonDepth> levels_{};
  std::array<ByteView, kMaxJsonMembers> members_{};
};

// The characters of a string that RawString() gave, in UTF-8: a view of the string itself if it has
// no escapes, else of the start of `out`, which string.size() bytes suffice for. Errors:
// kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> UnescapeString(ByteView string, ByteSpan out);

// Writes compact JSON; commas come by themselves.
//
//   JsonWriter json(buffer);
//   json.BeginObject();
//   json.Key("challenge");
//   json.Encoded(Base64::kStandard, nonce);
//   json.EndObject();
//   SVSM_ASSIGN_OR_RETURN(const ByteView text, json.Finish());
//
// Misnesting is the caller's bug and panics.
class JsonWriter {
 public:
  // Borrows `out`. An empty one just counts.
  explicit JsonWriter(ByteSpan out) : out_(out) {}

  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }
  void Key(const char* name);
  // Printable ASCII without '"' and '\'; other bytes make Finish() fail.
  void String(ByteView text);
  void String(const char* text);
  // Any text in UTF-8, which is not checked; what must be escaped is.
  void Escaped(ByteView text);
  // A string of base64.
  void Encoded(Base64 variant, ByteView bytes);
  void Unsigned(std::uint64_t value);
  void Bool(bool value);
  void Null();
  // A value that is JSON already.
  void Raw(ByteView json);

  // The text, a view of `out`. Errors: kBufferTooSmall (detail = bytes needed), kInvalidArgument (a
  // string that would need escapes).
  [[nodiscard]] Result<ByteView> Finish() const;

 private:
  void Put(std::uint8_t c);
  void PutText(const char* text);
  void Separate();
  void Begin(std::uint8_t open);
  void End(std::uint8_t close);

  ByteSpan out_;
  std::size_t size_ = 0;
  std::size_t depth_ = 0;
  bool first_ = true;
  bool after_key_ = false;
  bool bad_text_ = false;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_JSON_H_
