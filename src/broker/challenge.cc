#include "svsm/broker/challenge.h"

#include <cstdio>
#include <ctime>

#include "svsm/core/hosted.h"
#include "svsm/kbs/messages.h"

namespace svsm::broker {
namespace {

constexpr const char* kTeeNames[kNumTees] = {"snp", "sample", "tdx",         "sgx",
                                             "cca", "csv",    "hygon-dcu",   "se",
                                             "tpm", "nvidia", "az-snp-vtpm", "az-tdx-vtpm"};

// What a session's id is made of: the time of its beginning, its TEE, and what makes it unique.
constexpr std::size_t kTimeSize = 5;
constexpr std::size_t kTeeOffset = kTimeSize;
constexpr std::size_t kRandomOffset = kTeeOffset + 1;

std::int64_t TimeOf(const SessionId& session) {
  std::int64_t time = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) time = time << 8 | session[i];
  return time;
}

Status NotFound() { return Status(Code::kNotFound, Source::kBroker); }

}  // namespace

const char* TeeName(Tee tee) {
  const auto index = static_cast<std::size_t>(tee);
  return index < kNumTees ? kTeeNames[index] : "?";
}

MacChallenges::MacChallenges(const Secret<32>& key, crypto::Rng& rng)
    : hmac_(crypto::HashAlg::kSha256), rng_(rng) {
  keyed_ = hmac_.SetKey(key.view());
}

Status MacChallenges::Nonce(Challenge& challenge) {
  SVSM_TRY(keyed_);
  static constexpr auto kLabel = Ascii("svsm kbs nonce 1");
  const ByteView parts[] = {kLabel, challenge.session};
  return hmac_.Compute(parts, challenge.nonce);
}

Result<Challenge> MacChallenges::Issue(Tee tee, std::int64_t now) {
  Challenge challenge;
  challenge.tee = tee;
  for (std::size_t i = 0; i < kTimeSize; ++i) {
    challenge.session[i] = static_cast<std::uint8_t>(now >> (8 * (kTimeSize - 1 - i)));
  }
  challenge.session[kTeeOffset] = static_cast<std::uint8_t>(tee);
  const std::lock_guard guard(mutex_);
  SVSM_TRY(rng_.Generate(ByteSpan(challenge.session).subspan(kRandomOffset)));
  SVSM_TRY(Nonce(challenge));
  return challenge;
}

Result<Challenge> MacChallenges::Find(const SessionId& session, std::int64_t now) {
  const std::int64_t begun = TimeOf(session);
  if (begun > now || now - begun > kChallengeSeconds) return NotFound();
  if (session[kTeeOffset] >= kNumTees) return NotFound();
  Challenge challenge;
  challenge.session = session;
  challenge.tee = static_cast<Tee>(session[kTeeOffset]);
  const std::lock_guard guard(mutex_);
  SVSM_TRY(Nonce(challenge));
  return challenge;
}

Result<SessionId> SessionOfCookie(std::string_view cookie) {
  const ByteView text = kbs::SessionOfCookie(AsBytes(cookie));
  if (text.empty()) return NotFound();
  std::string digits;
  for (const std::uint8_t byte : text) digits.push_back(static_cast<char>(byte));
  const Result<ByteVector> bytes = FromHex(digits);
  SessionId session;
  if (!bytes.ok() || bytes->size() != session.size()) {
    return Status(Code::kMalformed, Source::kBroker);
  }
  Copy(session, *bytes);
  return session;
}

std::string CookieOf(const SessionId& session, std::int64_t expires) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = static_cast<std::time_t>(expires);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char date[64];
  // IMF-fixdate (RFC 9110, 5.6.7), whatever the locale.
  std::snprintf(date, sizeof date, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday],
                parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  const std::string name(kbs::kSessionCookie.begin(), kbs::kSessionCookie.end());
  return name + "=" + ToHex(session) + "; Expires=" + date;
}

}  // namespace svsm::broker
