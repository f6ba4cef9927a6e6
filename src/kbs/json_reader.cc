#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

bool IsDigit(std::uint8_t c) { return c >= '0' && c <= '9'; }

bool IsPlain(std::uint8_t c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// Behind the plain characters at `at`.
std::size_t PlainEnd(ByteView text, std::size_t at) {
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at;
}

// What a first byte of UTF-8 asks for: how many more bytes, and the bounds of the second one
// (RFC 3629, 4). None for a byte that begins nothing.
struct Utf8Rule {
  std::size_t more = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
};
Utf8Rule RuleOf(std::uint8_t lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return {.more = 1};
  if (lead == 0xe0) return {.more = 2, .low = 0xa0};
  if (lead == 0xed) return {.more = 2, .high = 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {.more = 2};
  if (lead == 0xf0) return {.more = 3, .low = 0x90};
  if (lead == 0xf4) return {.more = 3, .high = 0x8f};
  if (lead >= 0xf1 && lead <= 0xf3) return {.more = 3};
  return {};
}

}  // namespace

bool TextIs(ByteView text, const char* ascii) {
  for (const std::uint8_t c : text) {
    if (*ascii == '\0' || static_cast<std::uint8_t>(*ascii) != c) return false;
    ++ascii;
  }
  return *ascii == '\0';
}

JsonReader::JsonReader(ByteView text) : text_(text) {
  if (text.size() > kMaxJsonSize) FailAt(Code::kOutOfRange, kMaxJsonSize);
}

void JsonReader::FailAt(Code code, std::size_t offset) {
  if (!status_.ok()) return;
  status_ = Status(code, Source::kKbs, static_cast<std::uint32_t>(offset));
  depth_ = 0;
}

void JsonReader::Fail(Code code) { FailAt(code, at_); }

void JsonReader::Unexpected() { Fail(at_ < text_.size() ? Code::kMalformed : Code::kTruncated); }

void JsonReader::SkipSpace() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonReader::Take(std::uint8_t c) {
  if (!ok() || at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonReader::TakeWord(const char* word) {
  for (; *word != '\0'; ++word) {
    if (!Take(static_cast<std::uint8_t>(*word))) {
      Unexpected();
      return false;
    }
  }
  return true;
}

JsonReader::Type JsonReader::Peek() {
  if (!ok()) return Type::kNone;
  SkipSpace();
  if (at_ >= text_.size()) return Type::kNone;
  switch (text_[at_]) {
    case '{':
      return Type::kObject;
    case '[':
      return Type::kArray;
    case '"':
      return Type::kString;
    case 't':
    case 'f':
      return Type::kBool;
    case 'n':
      return Type::kNull;
    default:
      return IsDigit(text_[at_]) || text_[at_] == '-' ? Type::kNumber : Type::kNone;
  }
}

void JsonReader::Begin(Scope scope) {
  if (Peek() != (scope == Scope::kObject ? Type::kObject : Type::kArray)) return Unexpected();
  if (depth_ == kMaxJsonDepth) return Fail(Code::kOutOfRange);
  ++at_;
  levels_[depth_++] = {.scope = scope, .first = true, .members = num_members_};
}

void JsonReader::BeginObject() { Begin(Scope::kObject); }
void JsonReader::BeginArray() { Begin(Scope::kArray); }

bool JsonReader::Next(Scope scope, std::uint8_t close) {
  if (!ok()) return false;
  SVSM_CHECK(depth_ > 0 && levels_[depth_ - 1].scope == scope);
  Level& level = levels_[depth_ - 1];
  SkipSpace();
  if (Take(close)) {
    num_members_ = level.members;
    --depth_;
    return false;
  }
  if (!level.first) {
    if (!Take(',')) {
      Unexpected();
      return false;
    }
    SkipSpace();
  }
  level.first = false;
  return true;
}

bool JsonReader::NextElement() { return Next(Scope::kArray, ']'); }

// Takes whole numbers with ',' or ']' right behind them, from the start of the array just entered.
// accept(value, digits) says whether to take this one, too; `value` holds few digits.
template <typename Accept>
void JsonReader::TakeNumbers(Accept accept) {
  if (!ok()) return;
  SVSM_CHECK(depth_ > 0 && levels_[depth_ - 1].scope == Scope::kArray && levels_[depth_ - 1].first);
  const ByteView text = text_;
  std::size_t at = at_;
  while (true) {
    const std::size_t start = at;
    std::uint32_t value = 0;
    for (; at < text.size() && IsDigit(text[at]); ++at) value = value * 10 + (text[at] - '0');
    if (at == start || at == text.size() || (text[start] == '0' && at - start > 1)) return;
    if (text[at] != ',' && text[at] != ']') return;
    if (!accept(value, at - start)) return;
    at_ = at;
    levels_[depth_ - 1].first = false;
    if (text[at] == ']') return;
    ++at;
  }
}

std::size_t JsonReader::TakeBytes(ByteSpan out) {
  std::size_t count = 0;
  TakeNumbers([&](std::uint32_t value, std::size_t digits) {
    if (count == out.size() || digits > 3 || value > 0xff) return false;
    out[count++] = static_cast<std::uint8_t>(value);
    return true;
  });
  return count;
}

bool JsonReader::NextMember(ByteView& name) {
  name = {};
  if (!Next(Scope::kObject, '}')) return false;
  const std::size_t start = at_;
  const ByteView found = PlainString();
  if (!ok()) return false;
  for (std::size_t i = levels_[depth_ - 1].members; i < num_members_; ++i) {
    if (Equal(members_[i], found)) {
      FailAt(Code::kMalformed, start);
      return false;
    }
  }
  if (num_members_ == kMaxJsonMembers) {
    FailAt(Code::kOutOfRange, start);
    return false;
  }
  members_[num_members_++] = found;
  SkipSpace();
  if (!Take(':')) {
    Unexpected();
    return false;
  }
  name = found;
  return true;
}

ByteView JsonReader::PlainString() {
  if (!Take('"')) {
    Unexpected();
    return {};
  }
  const std::size_t start = at_;
  at_ = PlainEnd(text_, at_);
  const std::size_t end = at_;
  if (Take('"')) return text_.subspan(start, end - start);
  const bool printable = at_ < text_.size() && text_[at_] >= 0x20;
  if (printable) Fail(Code::kUnsupported);
  Unexpected();
  return {};
}

ByteView JsonReader::String() {
  if (Peek() == Type::kString) return PlainString();
  Unexpected();
  return {};
}

ByteView JsonReader::RawString() {
  if (Peek() == Type::kString) return Raw();
  Unexpected();
  return {};
}

std::uint64_t JsonReader::Unsigned() {
  if (Peek() != Type::kNumber || text_[at_] == '-') {
    Unexpected();
    return 0;
  }
  const std::size_t start = at_;
  std::uint64_t value = 0;
  while (at_ < text_.size() && IsDigit(text_[at_])) {
    const std::uint64_t digit = text_[at_] - std::uint64_t{'0'};
    if (value > (UINT64_MAX - digit) / 10) {
      FailAt(Code::kOutOfRange, start);
      return 0;
    }
    value = value * 10 + digit;
    ++at_;
  }
  if (text_[start] == '0' && at_ - start > 1) {
    FailAt(Code::kMalformed, start + 1);
    return 0;
  }
  return value;
}

bool JsonReader::Bool() {
  if (Peek() != Type::kBool) {
    Unexpected();
    return false;
  }
  if (text_[at_] == 't') return TakeWord("true");
  TakeWord("false");
  return false;
}

bool JsonReader::TakeNull() { return Peek() == Type::kNull && TakeWord("null"); }

void JsonReader::Skip() {
  const std::size_t outside = depth_;
  SkipOne();
  ByteView name;
  while (ok() && depth_ > outside) {
    const bool more =
        levels_[depth_ - 1].scope == Scope::kObject ? NextMember(name) : NextElement();
    if (more) SkipOne();
  }
}

ByteView JsonReader::Raw() {
  static_cast<void>(Peek());
  const std::size_t start = at_;
  Skip();
  return ok() ? text_.subspan(start, at_ - start) : ByteView();
}

// Takes a value, or enters it.
void JsonReader::SkipOne() {
  switch (Peek()) {
    case Type::kObject:
      return BeginObject();
    case Type::kArray:
      BeginArray();
      return TakeNumbers([](std::uint32_t, std::size_t) { return true; });
    case Type::kString:
      return SkipString();
    case Type::kNumber:
      return SkipNumber();
    case Type::kBool:
      static_cast<void>(Bool());
      return;
    case Type::kNull:
      static_cast<void>(TakeNull());
      return;
    case Type::kNone:
      return Unexpected();
  }
}

void JsonReader::SkipString() {
  ++at_;
  while (ok()) {
    at_ = PlainEnd(text_, at_);
    if (Take('"')) return;
    if (at_ >= text_.size() || text_[at_] < 0x20) return Unexpected();
    if (text_[at_] == '\\') {
      SkipEscape();
    } else if (text_[at_] < 0x80) {
      ++at_;
    } else {
      SkipUtf8();
    }
  }
}

void JsonReader::SkipEscape() {
  ++at_;
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) {
    if (Take(static_cast<std::uint8_t>(c))) return;
  }
  if (!Take('u')) return Unexpected();
  const std::uint32_t unit = HexEscape();
  if (unit < 0xd800 || unit > 0xdfff) return;
  if (unit > 0xdbff || !Take('\\') || !Take('u')) return Unexpected();
  const std::uint32_t low = HexEscape();
  if (ok() && (low < 0xdc00 || low > 0xdfff)) Fail(Code::kMalformed);
}

std::uint32_t JsonReader::HexEscape() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t c = at_ < text_.size() ? text_[at_] : 0u;
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit == 16) {
      Unexpected();
      return 0;
    }
    value = value << 4 | digit;
    ++at_;
  }
  return value;
}

void JsonReader::SkipUtf8() {
  const Utf8Rule rule = RuleOf(text_[at_]);
  if (rule.more == 0) return Fail(Code::kMalformed);
  ++at_;
  for (std::size_t i = 0; i < rule.more; ++i) {
    const std::uint8_t low = i == 0 ? rule.low : 0x80;
    const std::uint8_t high = i == 0 ? rule.high : 0xbf;
    if (at_ >= text_.size() || text_[at_] < low || text_[at_] > high) return Unexpected();
    ++at_;
  }
}

void JsonReader::SkipDigits() {
  if (at_ >= text_.size() || !IsDigit(text_[at_])) return Unexpected();
  while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
}

void JsonReader::SkipNumber() {
  static_cast<void>(Take('-'));
  if (!Take('0')) SkipDigits();
  if (Take('.')) SkipDigits();
  if (Take('e') || Take('E')) {
    if (!Take('+')) static_cast<void>(Take('-'));
    SkipDigits();
  }
}

Status JsonReader::Finish() {
  if (!ok()) return status_;
  SVSM_CHECK(depth_ == 0);
  SkipSpace();
  if (at_ != text_.size()) Fail(Code::kMalformed);
  return status_;
}

}  // namespace svsm::kbs
