// JSON and base64 from outside: whatever is taken is taken again when written anew.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/json.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Whether arrays of small numbers are read the fast way, as far as it goes.
enum class Arrays { kFast, kByElement };

// Copies the next value. Objects become arrays of names and values, as names need not be literals.
void CopyValue(JsonReader& from, JsonWriter& to, Arrays arrays) {
  ByteView name;
  Bytes<8> numbers{};
  std::size_t count = 0;
  switch (from.Peek()) {
    case JsonReader::Type::kObject:
      from.BeginObject();
      to.BeginArray();
      while (from.NextMember(name)) {
        to.String(name);
        CopyValue(from, to, arrays);
      }
      return to.EndArray();
    case JsonReader::Type::kArray:
      from.BeginArray();
      to.BeginArray();
      if (arrays == Arrays::kFast) count = from.TakeBytes(numbers);
      for (const std::uint8_t number : ByteView(numbers).first(count)) to.Unsigned(number);
      while (from.NextElement()) CopyValue(from, to, arrays);
      return to.EndArray();
    case JsonReader::Type::kString:
      return to.String(from.String());
    case JsonReader::Type::kNumber:
      return to.Unsigned(from.Unsigned());
    case JsonReader::Type::kBool:
      return to.Bool(from.Bool());
    case JsonReader::Type::kNull:
      static_cast<void>(from.TakeNull());
      return to.Null();
    case JsonReader::Type::kNone:
      return from.Skip();
  }
}

void CheckBase64(Base64 variant, ByteView text) {
  std::vector<std::uint8_t> bytes(MaxDecodedSize(text.size()));
  const Result<ByteView> decoded = DecodeBase64(variant, text, bytes);
  if (!decoded.ok()) return Require(decoded.status().code() == Code::kMalformed);
  std::vector<std::uint8_t> again(EncodedSize(variant, decoded->size()));
  const Result<ByteView> encoded = EncodeBase64(variant, *decoded, again);
  Require(encoded.ok() && Equal(*encoded, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  CheckBase64(Base64::kStandard, in);
  CheckBase64(Base64::kUrl, in);
  JsonReader skipped(in);
  skipped.Skip();
  const Status skip = skipped.Finish();
  JsonReader read(in);
  JsonReader fast(in);
  std::vector<std::uint8_t> copy(size + 64);
  std::vector<std::uint8_t> fast_copy(size + 64);
  JsonWriter writer(copy);
  JsonWriter fast_writer(fast_copy);
  CopyValue(read, writer, Arrays::kByElement);
  CopyValue(fast, fast_writer, Arrays::kFast);
  const Status status = read.Finish();
  Require(fast.Finish() == status);
  if (!status.ok()) return 0;
  Require(skip.ok());
  const Result<ByteView> written = writer.Finish();
  const Result<ByteView> written_fast = fast_writer.Finish();
  Require(written.ok() && written_fast.ok() && Equal(*written, *written_fast));
  JsonReader again(*written);
  again.Skip();
  Require(again.Finish().ok());
  return 0;
}
