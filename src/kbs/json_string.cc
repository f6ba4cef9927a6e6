// Strings with escapes.
#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

// Where the escaped characters of a string go; counts beyond the end.
class Sink {
 public:
  explicit Sink(ByteSpan out) : out_(out) {}

  void Put(std::uint32_t byte) {
    if (size_ < out_.size()) out_[size_] = static_cast<std::uint8_t>(byte);
    ++size_;
  }
  void PutCharacter(std::uint32_t c) {
    if (c < 0x80) return Put(c);
    if (c < 0x800) {
      Put(0xc0 | c >> 6);
    } else if (c < 0x10000) {
      Put(0xe0 | c >> 12);
      Put(0x80 | (c >> 6 & 0x3f));
    } else {
      Put(0xf0 | c >> 18);
      Put(0x80 | (c >> 12 & 0x3f));
      Put(0x80 | (c >> 6 & 0x3f));
    }
    Put(0x80 | (c & 0x3f));
  }
  std::size_t size() const { return size_; }

 private:
  ByteSpan out_;
  std::size_t size_ = 0;
};

std::uint32_t HexUnit(ByteView digits) {
  std::uint32_t value = 0;
  for (const std::uint8_t c : digits) {
    const std::uint32_t digit = c <= '9' ? c - std::uint32_t{'0'} : (c | 0x20u) - 'a' + 10;
    value = value << 4 | digit;
  }
  return value;
}

std::uint8_t Named(std::uint8_t c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// Puts the escape at the start of `text`, and gives its size. The reader has checked it.
std::size_t PutEscape(ByteView text, Sink& sink) {
  if (text[1] != 'u') {
    sink.Put(Named(text[1]));
    return 2;
  }
  const std::uint32_t unit = HexUnit(text.subspan(2, 4));
  if (unit < 0xd800 || unit > 0xdfff) {
    sink.PutCharacter(unit);
    return 6;
  }
  const std::uint32_t low = HexUnit(text.subspan(8, 4));
  sink.PutCharacter(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
  return 12;
}

bool HasEscape(ByteView text) {
  for (const std::uint8_t c : text) {
    if (c == '\\') return true;
  }
  return false;
}

}  // namespace

Result<ByteView> UnescapeString(ByteView string, ByteSpan out) {
  SVSM_CHECK(string.size() >= 2);
  const ByteView text = string.subspan(1, string.size() - 2);
  if (!HasEscape(text)) return text;
  Sink sink(out);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      at += PutEscape(text.subspan(at), sink);
    } else {
      sink.Put(text[at++]);
    }
  }
  if (sink.size() > out.size()) {
    return Status(Code::kBufferTooSmall, Source::kKbs, static_cast<std::uint32_t>(sink.size()));
  }
  return ByteView(out.first(sink.size()));
}

void JsonWriter::Escaped(ByteView text) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr Bytes<7> kControls = {'b', 't', 'n', 0, 'f', 'r', 0};  // from 0x08
  Separate();
  Put('"');
  for (const std::uint8_t c : text) {
    if (c >= 0x20 && c != '"' && c != '\\') {
      Put(c);
      continue;
    }
    Put('\\');
    const std::size_t control = c - std::size_t{8};
    if (c >= 0x20) {
      Put(c);
    } else if (control < kControls.size() && kControls[control] != 0) {
      Put(kControls[control]);
    } else {
      PutText("u00");
      Put(static_cast<std::uint8_t>(kDigits[c >> 4]));
      Put(static_cast<std::uint8_t>(kDigits[c & 15]));
    }
  }
  Put('"');
}

}  // namespace svsm::kbs
