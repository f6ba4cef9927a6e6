#include "svsm/sim/recording.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "svsm/core/panic.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

namespace {

constexpr std::string_view kMagic = "svsm-recording ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kSetting = "setting ";
constexpr std::string_view kEnd = "end ";
constexpr std::string_view kDigest = "sha256:";
constexpr EventKind kKinds[] = {EventKind::kEntropy, EventKind::kCpuWord,     EventKind::kMonotonic,
                                EventKind::kSleep,   EventKind::kUnixSeconds, EventKind::kExchange,
                                EventKind::kResult};

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string HexOrDash(ByteView bytes) { return bytes.empty() ? "-" : ToHex(bytes); }

// As HexOrDash() wrote it: no other spelling is taken.
std::optional<ByteVector> FromHexOrDash(std::string_view text) {
  if (text == "-") return ByteVector();
  Result<ByteVector> bytes = FromHex(text);
  if (!bytes.ok() || bytes->empty() || ToHex(*bytes) != text) return std::nullopt;
  return *std::move(bytes);
}

// Takes the text up to `separator`, and the separator, from the start of `text`.
std::optional<std::string_view> TakeUpTo(char separator, std::string_view& text) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

std::optional<RecordedEvent> ParseEvent(std::string_view line) {
  RecordedEvent event;
  const auto word = TakeUpTo(' ', line);
  const auto asked = TakeUpTo(' ', line);
  if (!word || !asked) return std::nullopt;
  const auto* const kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                        [&](EventKind k) { return *word == EventKindName(k); });
  if (kind == std::end(kKinds)) return std::nullopt;
  event.kind = *kind;
  const auto asked_bytes = FromHexOrDash(*asked);
  if (!asked_bytes) return std::nullopt;
  event.asked = *asked_bytes;
  event.redacted = line.starts_with(kDigest);
  if (event.redacted) line.remove_prefix(kDigest.size());
  const auto answer = FromHexOrDash(line);
  if (!answer) return std::nullopt;
  if (!event.redacted) {
    event.answer = *answer;
    return event;
  }
  if (!IsSecret(event.kind) || answer->size() != event.digest.size()) return std::nullopt;
  Copy(event.digest, *answer);
  return event;
}

}  // namespace

const char* EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kEntropy:
      return "entropy";
    case EventKind::kCpuWord:
      return "cpu";
    case EventKind::kMonotonic:
      return "monotonic";
    case EventKind::kUnixSeconds:
      return "unix";
    case EventKind::kSleep:
      return "sleep";
    case EventKind::kExchange:
      return "exchange";
    case EventKind::kResult:
      return "result";
  }
  return "?";
}

Result<std::string> EncodeRecording(const Recording& recording, Secrets secrets) {
  SVSM_CHECK(IsPrintable(recording.setting));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  std::string out = std::string(kMagic) + std::string(kVersion) + '\n';
  out += std::string(kSetting) + recording.setting + '\n';
  for (const RecordedEvent& event : recording.events) {
    out += std::string(EventKindName(event.kind)) + ' ' + HexOrDash(event.asked) + ' ';
    const bool hide = secrets == Secrets::kRedacted && IsSecret(event.kind);
    if (event.redacted || hide) {
      Bytes<32> digest = event.digest;
      if (!event.redacted) SVSM_TRY(sha256.Digest(ByteView(event.answer), digest));
      out += std::string(kDigest) + ToHex(digest) + '\n';
    } else {
      out += HexOrDash(event.answer) + '\n';
    }
  }
  return out + std::string(kEnd) + std::to_string(recording.events.size()) + '\n';
}

Result<Recording> DecodeRecording(std::string_view text) {
  const auto malformed = [](std::size_t line) {
    return Status(Code::kMalformed, Source::kSim, static_cast<std::uint32_t>(line));
  };
  const Status truncated(Code::kTruncated, Source::kSim);
  Recording recording;
  auto line = TakeUpTo('\n', text);
  if (!line) return truncated;
  if (!line->starts_with(kMagic)) return malformed(1);
  if (line->substr(kMagic.size()) != kVersion) return Status(Code::kUnsupported, Source::kSim);
  line = TakeUpTo('\n', text);
  if (!line) return truncated;
  if (!line->starts_with(kSetting)) return malformed(2);
  recording.setting = line->substr(kSetting.size());
  if (!IsPrintable(recording.setting)) return malformed(2);
  for (std::size_t number = 3;; ++number) {
    line = TakeUpTo('\n', text);
    if (!line) return truncated;
    if (line->starts_with(kEnd)) {
      const bool right = line->substr(kEnd.size()) == std::to_string(recording.events.size());
      if (!right || !text.empty()) return malformed(number);
      return recording;
    }
    if (recording.events.size() == kMaxRecordedEvents)
      return Status(Code::kOutOfRange, Source::kSim);
    std::optional<RecordedEvent> event = ParseEvent(*line);
    if (!event) return malformed(number);
    recording.events.push_back(*std::move(event));
  }
}

}  // namespace svsm::sim
