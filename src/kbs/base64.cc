#include "svsm/kbs/base64.h"

namespace svsm::kbs {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

std::uint8_t DigitOf(Base64 variant, std::uint8_t c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint8_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint8_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0' + 52);
  if (c == (variant == Base64::kStandard ? '+' : '-')) return 62;
  if (c == (variant == Base64::kStandard ? '/' : '_')) return 63;
  return kNoDigit;
}

std::uint8_t CharacterOf(Base64 variant, std::uint32_t digit) {
  if (digit < 26) return static_cast<std::uint8_t>('A' + digit);
  if (digit < 52) return static_cast<std::uint8_t>('a' + digit - 26);
  if (digit < 62) return static_cast<std::uint8_t>('0' + digit - 52);
  const bool standard = variant == Base64::kStandard;
  if (digit == 62) return standard ? '+' : '-';
  return standard ? '/' : '_';
}

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kKbs, static_cast<std::uint32_t>(offset));
}

Status TooSmall(std::size_t needed) {
  return Status(Code::kBufferTooSmall, Source::kKbs, static_cast<std::uint32_t>(needed));
}

// The digits of `text`, without padding.
Result<std::size_t> CountDigits(Base64 variant, ByteView text) {
  std::size_t digits = text.size();
  if (variant == Base64::kStandard) {
    if (digits % 4 != 0) return Malformed(digits);
    for (int i = 0; i < 2 && digits > 0 && text[digits - 1] == '='; ++i) --digits;
  }
  if (digits % 4 == 1) return Malformed(digits);
  return digits;
}

}  // namespace

Result<ByteView> EncodeBase64(Base64 variant, ByteView bytes, ByteSpan out) {
  const std::size_t size = EncodedSize(variant, bytes.size());
  if (out.size() < size) return TooSmall(size);
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0u);
    }
    for (std::size_t j = 0; j < 4 && at < size; ++j) {
      const bool padding = i + j > bytes.size();
      out[at++] = padding ? std::uint8_t{'='} : CharacterOf(variant, group >> (18 - 6 * j) & 63);
    }
  }
  return ByteView(out.first(size));
}

Result<ByteView> DecodeBase64(Base64 variant, ByteView text, ByteSpan out) {
  SVSM_ASSIGN_OR_RETURN(const std::size_t digits, CountDigits(variant, text));
  const std::size_t size = digits / 4 * 3 + (digits % 4 == 0 ? 0 : digits % 4 - 1);
  if (out.size() < size) return TooSmall(size);
  std::uint32_t bits = 0;
  std::size_t held = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const std::uint8_t digit = DigitOf(variant, text[i]);
    if (digit == kNoDigit) return Malformed(i);
    bits = (bits << 6 | digit) & 0xfff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[at++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  if ((bits & ((1u << held) - 1)) != 0) return Malformed(digits - 1);
  return ByteView(out.first(size));
}

}  // namespace svsm::kbs
