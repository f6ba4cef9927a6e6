#include "tools/svsm-launch/options.h"

#include <fmt/format.h>

#include <charconv>

#include "svsm/snp/launch_problem.h"

namespace svsm::launch {

ByteVector Load(const std::string& path, std::size_t limit_bytes) {
  Result<ByteVector> bytes = ReadFile(path, limit_bytes);
  if (!bytes.ok()) throw Unusable(fmt::format("{}: {}", path, ToString(bytes.status())));
  return *std::move(bytes);
}

std::uint64_t ParseNumber(const std::string& option, const std::string& text, std::uint64_t limit) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  std::uint64_t value = 0;
  const std::from_chars_result parsed = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > limit) {
    throw Unusable(fmt::format("{} wants a number up to {}, not '{}'", option, limit, text));
  }
  return value;
}

ByteVector ParseHex(const std::string& option, const std::string& digits, std::size_t size) {
  Result<ByteVector> bytes = FromHex(digits);
  if (!bytes.ok() || bytes->size() != size) {
    throw Unusable(fmt::format("{} wants {} hex digits", option, 2 * size));
  }
  return *std::move(bytes);
}

std::string ToBase64(ByteView bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t b1 = left > 1 ? bytes[i + 1] : 0;
    const std::uint32_t b2 = left > 2 ? bytes[i + 2] : 0;
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16 | b1 << 8 | b2;
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += left > 1 ? kDigits[group >> 6 & 63] : '=';
    text += left > 2 ? kDigits[group & 63] : '=';
  }
  return text;
}

Unusable Explain(const std::string& what, Status status) {
  const bool known = status.source() == Source::kSnp &&
                     (status.code() == Code::kMalformed || status.code() == Code::kUnsupported);
  return Unusable(fmt::format("{}: {}", what,
                              known ? snp::LaunchProblemText(status.detail()) : ToString(status)));
}

}  // namespace svsm::launch
