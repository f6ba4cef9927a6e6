#include "kbs/json_bytes.h"

namespace svsm::kbs {

ByteView ShapeReader::Encoded(SizeBounds bounds) {
  const ByteView text = json.String();
  if (!json.ok()) return {};
  const Result<ByteView> decoded = DecodeBase64(variant_, text, free_);
  if (!decoded.ok()) {
    status_ = decoded.status();
    json.Fail(Code::kMalformed);
    return {};
  }
  if (decoded->size() < bounds.min || decoded->size() > bounds.max) {
    json.Fail(Code::kMalformed);
    return {};
  }
  free_ = free_.subspan(decoded->size());
  return *decoded;
}

ByteView ShapeReader::Text() {
  const ByteView string = json.RawString();
  if (!json.ok()) return {};
  const Result<ByteView> text = UnescapeString(string, free_);
  if (!text.ok()) {
    status_ = text.status();
    json.Fail(Code::kMalformed);
    return {};
  }
  if (text->size() + 2 != string.size()) free_ = free_.subspan(text->size());
  return *text;
}

void ShapeReader::Require(std::uint32_t seen, std::uint32_t required) {
  if ((seen & required) != required) json.Fail(Code::kMalformed);
}

Status ShapeReader::Finish() {
  if (!status_.ok()) return status_;
  return json.Finish();
}

}  // namespace svsm::kbs
