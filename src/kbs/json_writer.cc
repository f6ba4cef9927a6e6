#include "svsm/kbs/json.h"

namespace svsm::kbs {

void JsonWriter::Put(std::uint8_t c) {
  if (size_ < out_.size()) out_[size_] = c;
  ++size_;
}

void JsonWriter::PutText(const char* text) {
  for (; *text != '\0'; ++text) Put(static_cast<std::uint8_t>(*text));
}

// What stands between the value before and the one to come.
void JsonWriter::Separate() {
  if (!first_ && !after_key_) Put(',');
  first_ = false;
  after_key_ = false;
}

void JsonWriter::Begin(std::uint8_t open) {
  Separate();
  Put(open);
  ++depth_;
  first_ = true;
}

void JsonWriter::End(std::uint8_t close) {
  SVSM_CHECK(depth_ > 0 && !after_key_);
  Put(close);
  --depth_;
  first_ = false;
}

void JsonWriter::Key(const char* name) {
  SVSM_CHECK(depth_ > 0 && !after_key_);
  String(name);
  Put(':');
  after_key_ = true;
}

void JsonWriter::String(ByteView text) {
  Separate();
  Put('"');
  for (const std::uint8_t c : text) {
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') bad_text_ = true;
    Put(c);
  }
  Put('"');
}

void JsonWriter::String(const char* text) {
  Separate();
  Put('"');
  PutText(text);
  Put('"');
}

void JsonWriter::Encoded(Base64 variant, ByteView bytes) {
  Separate();
  Put('"');
  while (!bytes.empty()) {
    const ByteView group = bytes.first(bytes.size() < 3 ? bytes.size() : 3);
    Bytes<4> characters{};
    const Result<ByteView> encoded = EncodeBase64(variant, group, characters);
    for (const std::uint8_t c : *encoded) Put(c);
    bytes = bytes.subspan(group.size());
  }
  Put('"');
}

void JsonWriter::Unsigned(std::uint64_t value) {
  Separate();
  Bytes<20> digits{};
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<std::uint8_t>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) Put(digits[--count]);
}

void JsonWriter::Bool(bool value) {
  Separate();
  PutText(value ? "true" : "false");
}

void JsonWriter::Null() {
  Separate();
  PutText("null");
}

void JsonWriter::Raw(ByteView json) {
  Separate();
  for (const std::uint8_t c : json) Put(c);
}

Result<ByteView> JsonWriter::Finish() const {
  SVSM_CHECK(depth_ == 0 && !after_key_);
  if (bad_text_) return Status(Code::kInvalidArgument, Source::kKbs);
  if (size_ > out_.size()) {
    return Status(Code::kBufferTooSmall, Source::kKbs, static_cast<std::uint32_t>(size_));
  }
  return ByteView(out_.first(size_));
}

}  // namespace svsm::kbs
