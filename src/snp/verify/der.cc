#include "snp/verify/der.h"

#include "svsm/core/hosted.h"

namespace svsm::snp::der {
namespace {

// Header and content of the element at the start of `in`, or nothing in `content_size` range.
struct Header {
  bool good = false;
  std::size_t header_size = 0;
  std::size_t content_size = 0;
};

Header ReadHeader(ByteView in) {
  Header header;
  if (in.size() < 2) return header;
  header.header_size = 2;
  header.content_size = in[1];
  if (in[1] >= 0x80) {
    const std::size_t length_bytes = in[1] & 0x7Fu;
    if (length_bytes == 0 || length_bytes > 4 || in.size() < 2 + length_bytes) return header;
    header.content_size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
      header.content_size = header.content_size << 8 | in[2 + i];
    }
    if (in[2] == 0 || header.content_size < 0x80) return header;  // not the shortest form
    header.header_size += length_bytes;
  }
  header.good = header.content_size <= in.size() - header.header_size;
  return header;
}

// Days from 1970-01-01 in the Gregorian calendar; the year is counted from March, so that a leap
// day ends it.
std::int64_t DaysSince1970(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int month_from_march = (month + 9) % 12;
  const int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  return std::int64_t{365} * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

int DaysInMonth(int year, int month) {
  if (month == 2) return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Two digits at `at`, or -1.
int Two(ByteView text, std::size_t at) {
  const int tens = text[at] - '0';
  const int ones = text[at + 1] - '0';
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : 10 * tens + ones;
}

}  // namespace

void Reader::Require(bool condition, Code code) {
  if (ok() && !condition) {
    status_ = Status(code, Source::kSnpVerify, static_cast<std::uint32_t>(offset()));
  }
}

ByteView Reader::Element(std::uint8_t tag) {
  Require(Next(tag));
  if (!ok()) return {};
  const Header header = ReadHeader(rest_);
  Require(header.good);
  if (!ok()) return {};
  const ByteView element = rest_.first(header.header_size + header.content_size);
  rest_ = rest_.subspan(element.size());
  return element;
}

ByteView Reader::Content(std::uint8_t tag) {
  const ByteView element = Element(tag);
  return ok() ? element.subspan(ReadHeader(element).header_size) : ByteView();
}

Reader Reader::Enter(std::uint8_t tag) {
  const ByteView content = Content(tag);
  Reader child(root_, content);
  child.status_ = status_;
  return child;
}

ByteView Reader::Integer(std::uint8_t tag) {
  const ByteView content = Content(tag);
  Require(!content.empty());
  if (content.size() > 1) {
    Require(!(content[0] == 0x00 && content[1] < 0x80) &&
            !(content[0] == 0xFF && content[1] >= 0x80));
  }
  return ok() ? content : ByteView();
}

std::uint8_t Reader::SmallInteger() {
  const ByteView content = Integer();
  Require(content.size() == 1 || (content.size() == 2 && content[0] == 0));
  if (!ok()) return 0;
  Require(content.size() == 2 || content[0] < 0x80);
  return ok() ? content.back() : std::uint8_t{0};
}

bool Reader::Boolean() {
  const ByteView content = Content(kBoolean);
  Require(content.size() == 1 && (content[0] == 0x00 || content[0] == 0xFF));
  return ok() && content[0] == 0xFF;
}

ByteView Reader::BitString() {
  const ByteView content = Content(kBitString);
  Require(!content.empty() && content[0] == 0);
  return ok() ? content.subspan(1) : ByteView();
}

std::int64_t Reader::Time() {
  const bool generalized = Next(kGeneralizedTime);
  const ByteView text = Content(generalized ? kGeneralizedTime : kUtcTime);
  const std::size_t year_digits = generalized ? 4 : 2;
  Require(text.size() == year_digits + 11 && text.back() == 'Z');
  if (!ok()) return 0;
  int year = Two(text, 0);
  if (generalized) {
    const int low = Two(text, 2);
    Require(year >= 0 && low >= 0);
    year = 100 * year + low;
    Require(year >= 2050);
  } else {
    Require(year >= 0);
    year += year < 50 ? 2000 : 1900;
  }
  const int month = Two(text, year_digits);
  const int day = Two(text, year_digits + 2);
  const int hour = Two(text, year_digits + 4);
  const int minute = Two(text, year_digits + 6);
  const int second = Two(text, year_digits + 8);
  Require(month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month));
  Require(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59);
  if (!ok()) return 0;
  return ((DaysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

Status Reader::Finish() {
  Require(rest_.empty());
  return status_;
}

std::string OidText(ByteView oid) {
  if (oid.empty() || oid.back() >= 0x80) return ToHex(oid);
  std::string text;
  std::uint64_t arc = 0;
  for (const std::uint8_t byte : oid) {
    if (arc >= std::uint64_t{1} << 56) return ToHex(oid);
    arc = arc << 7 | (byte & 0x7Fu);
    if (byte >= 0x80) continue;
    if (text.empty()) {
      const std::uint64_t first = arc < 80 ? arc / 40 : 2;
      text = std::to_string(first);
      arc -= 40 * first;
    }
    text += '.' + std::to_string(arc);
    arc = 0;
  }
  return text;
}

}  // namespace svsm::snp::der
