#include "sim/der.h"

#include <string>

namespace svsm::sim::der {

namespace {

void Append(ByteVector& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

ByteVector BigEndian(std::uint64_t value) {
  ByteVector out;
  for (int shift = 56; shift >= 0; shift -= 8) {
    const auto byte = static_cast<std::uint8_t>(value >> shift);
    if (byte != 0 || !out.empty() || shift == 0) out.push_back(byte);
  }
  return out;
}

void AppendLength(ByteVector& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  const ByteVector digits = BigEndian(length);
  out.push_back(static_cast<std::uint8_t>(0x80 | digits.size()));
  Append(out, digits);
}

void AppendArc(ByteVector& out, std::uint32_t arc) {
  for (int shift = 28; shift >= 0; shift -= 7) {
    const std::uint32_t rest = arc >> shift;
    if (rest == 0 && shift != 0) continue;
    out.push_back(static_cast<std::uint8_t>((rest & 0x7F) | (shift != 0 ? 0x80u : 0u)));
  }
}

}  // namespace

ByteVector Tlv(std::uint8_t tag, ByteView content) {
  ByteVector out{tag};
  AppendLength(out, content.size());
  Append(out, content);
  return out;
}

ByteVector Join(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  ByteVector content;
  for (const ByteView part : parts) Append(content, part);
  return Tlv(tag, content);
}

ByteVector Text(std::uint8_t tag, std::string_view text) { return Tlv(tag, AsBytes(text)); }

ByteVector Integer(std::uint64_t value) {
  ByteVector content = BigEndian(value);
  if ((content.front() & 0x80) != 0) content.insert(content.begin(), 0);
  return Tlv(0x02, content);
}

ByteVector Boolean(bool value) {
  const std::uint8_t content = value ? 0xFF : 0x00;
  return Tlv(0x01, {&content, 1});
}

ByteVector Null() { return Tlv(0x05, {}); }

ByteVector Oid(std::initializer_list<std::uint32_t> arcs) {
  const std::uint32_t* const arc = arcs.begin();
  ByteVector content;
  AppendArc(content, arc[0] * 40 + arc[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) AppendArc(content, arc[i]);
  return Tlv(0x06, content);
}

ByteVector BitString(ByteView bytes, std::uint8_t unused_bits) {
  ByteVector content{unused_bits};
  Append(content, bytes);
  return Tlv(0x03, content);
}

bool FitsUtcTime(std::int64_t unix_seconds) {
  constexpr std::int64_t kFirst = -631152000;  // 1950-01-01T00:00:00Z
  constexpr std::int64_t kEnd = 2524608000;    // 2050-01-01T00:00:00Z
  return unix_seconds >= kFirst && unix_seconds < kEnd;
}

ByteVector UtcTime(std::int64_t unix_seconds) {
  // "2025-01-31T12:00:00Z" to "250131120000Z".
  const std::string rfc3339 = FormatRfc3339(unix_seconds);
  std::string text;
  for (const char c : rfc3339.substr(2)) {
    if (c >= '0' && c <= '9') text += c;
  }
  return Text(kUtcTime, text + 'Z');
}

}  // namespace svsm::sim::der
