#include "svsm/sim/outside.h"

#include <optional>
#include <utility>

#include "svsm/core/reader.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

namespace {

constexpr std::size_t kCpuAnswerSize = 9;  // whether there was a word, and the word

template <typename T>
void Append(ByteVector& out, const T& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Result<Bytes<32>> Sha256(ByteView bytes) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> digest{};
  SVSM_TRY(sha256.Digest(bytes, digest));
  return digest;
}

// An exchange's answer: 0, then code, source and detail of an error; or 1, then the outcome, the
// response page and the certificate pages.
ByteVector EncodeExchange(const Result<snp::GuestRequestOutcome>& outcome, ByteView response,
                          ByteView certificates) {
  ByteVector out;
  if (!outcome.ok()) {
    const Status status = outcome.status();
    out = {0, static_cast<std::uint8_t>(status.code()), static_cast<std::uint8_t>(status.source())};
    Append(out, wire::ToBytes(wire::Le32(status.detail())));
    return out;
  }
  out = {1};
  Append(out, wire::ToBytes(wire::Le32(outcome->firmware_error)));
  Append(out, wire::ToBytes(wire::Le32(outcome->vmm_error)));
  Append(out, wire::ToBytes(wire::Le64(outcome->certificate_pages_needed)));
  Append(out, response);
  Append(out, certificates);
  return out;
}

// Nothing if the answer is none.
std::optional<Result<snp::GuestRequestOutcome>> DecodeExchange(ByteView answer, ByteSpan response,
                                                               ByteSpan certificates) {
  wire::Reader in(answer);
  if (in.U8() == 0) {
    const auto code = static_cast<Code>(in.U8());
    const auto source = static_cast<Source>(in.U8());
    const Status status(code, source, in.Le32());
    if (!in.Finish().ok() || status.ok()) return std::nullopt;
    return status;
  }
  snp::GuestRequestOutcome outcome;
  outcome.firmware_error = in.Le32();
  outcome.vmm_error = in.Le32();
  outcome.certificate_pages_needed = in.Le64();
  const ByteView page = in.Take(response.size());
  const ByteView pages = in.Take(certificates.size());
  if (answer[0] != 1 || !in.Finish().ok()) return std::nullopt;
  Copy(response, page);
  Copy(certificates, pages);
  return outcome;
}

}  // namespace

Outside::Outside(crypto::Rng& secrets, Clock& clock) : secrets_(&secrets), clock_source_(&clock) {}

Outside::Outside(Recording recording, crypto::Rng* secrets)
    : recording_(std::move(recording)), secrets_(secrets), clock_source_(nullptr) {}

Status Outside::Diverge(Code code) {
  if (status_.ok()) status_ = Status(code, Source::kSim, static_cast<std::uint32_t>(next_));
  return status_;
}

void Outside::Record(EventKind kind, ByteView asked, ByteView answer) {
  recording_.events.push_back({kind, ToVector(asked), ToVector(answer), false, {}});
}

// A redacted answer from the generator that gave it.
Status Outside::Restore(RecordedEvent& event) {
  if (secrets_ == nullptr) return Diverge(Code::kFailedPrecondition);
  ByteVector answer;
  if (event.kind == EventKind::kCpuWord) {
    answer.resize(kCpuAnswerSize);
    answer[0] = 1;
    SVSM_TRY(secrets_->Generate(ByteSpan(answer).subspan(1)));
  } else {
    SVSM_ASSIGN_OR_RETURN(const wire::Le32 size, wire::Read<wire::Le32>(event.asked));
    answer.resize(size.get());
    SVSM_TRY(secrets_->Generate(answer));
  }
  SVSM_ASSIGN_OR_RETURN(const Bytes<32> digest, Sha256(answer));
  if (digest != event.digest) return Diverge(Code::kDataLoss);
  event.answer = std::move(answer);
  event.redacted = false;
  return OkStatus();
}

Result<ByteView> Outside::Recall(EventKind kind, ByteView asked) {
  SVSM_TRY(status_);
  if (next_ == recording_.events.size()) return Diverge(Code::kDataLoss);
  RecordedEvent& event = recording_.events[next_];
  if (event.kind != kind || !Equal(event.asked, asked)) return Diverge(Code::kDataLoss);
  if (event.redacted) {
    const Status restored = Restore(event);
    if (!restored.ok()) return status_ = restored;
  }
  ++next_;
  return ByteView(event.answer);
}

Status Outside::Random::Generate(ByteSpan out) {
  Outside& o = outside_;
  Fill(out, 0);
  const auto asked = wire::ToBytes(wire::Le32(static_cast<std::uint32_t>(out.size())));
  if (!o.replays()) {
    SVSM_TRY(o.status_);
    o.status_ = o.secrets_->Generate(out);
    if (o.status_.ok()) o.Record(EventKind::kEntropy, asked, out);
    return o.status_;
  }
  SVSM_ASSIGN_OR_RETURN(const ByteView answer, o.Recall(EventKind::kEntropy, asked));
  if (answer.size() != out.size()) return o.Diverge(Code::kDataLoss);
  Copy(out, answer);
  return OkStatus();
}

bool Outside::CpuWord(std::uint8_t which, std::uint64_t& word) {
  word = 0;
  Bytes<kCpuAnswerSize> answer{1};
  if (!replays()) {
    if (status_.ok()) status_ = secrets_->Generate(ByteSpan(answer).subspan(1));
    if (!status_.ok()) return false;
    Record(EventKind::kCpuWord, {&which, 1}, answer);
  } else {
    const Result<ByteView> recalled = Recall(EventKind::kCpuWord, {&which, 1});
    if (!recalled.ok()) return false;
    if (recalled->size() != answer.size()) return Diverge(Code::kDataLoss).ok();
    Copy(answer, *recalled);
  }
  const auto bytes = wire::Read<wire::Le64>(ByteView(answer).subspan(1));
  word = answer[0] == 1 ? bytes->get() : 0;
  Wipe(answer);
  return word != 0;
}

// A number of eight bytes from outside; `now` is what is recorded.
std::uint64_t Outside::Moment(EventKind kind, std::uint64_t now) {
  std::uint64_t& last = kind == EventKind::kMonotonic ? last_ms_ : last_unix_s_;
  if (!replays()) {
    Record(kind, {}, wire::ToBytes(wire::Le64(now)));
    return now;
  }
  const Result<ByteView> recalled = Recall(kind, {});
  if (!recalled.ok()) return last;
  const auto value = wire::Read<wire::Le64>(*recalled);
  if (!value.ok() || recalled->size() != sizeof(wire::Le64)) {
    (void)Diverge(Code::kDataLoss);
    return last;
  }
  last = value->get();
  return last;
}

std::uint64_t Outside::Time::MonotonicMs() const {
  Clock* const source = outside_.clock_source_;
  return outside_.Moment(EventKind::kMonotonic, source == nullptr ? 0 : source->MonotonicMs());
}

std::int64_t Outside::Time::UnixSeconds() const {
  Clock* const source = outside_.clock_source_;
  const std::int64_t now = source == nullptr ? 0 : source->UnixSeconds();
  return static_cast<std::int64_t>(
      outside_.Moment(EventKind::kUnixSeconds, static_cast<std::uint64_t>(now)));
}

void Outside::Time::SleepMs(std::uint64_t milliseconds) {
  const auto asked = wire::ToBytes(wire::Le64(milliseconds));
  if (outside_.replays()) {
    (void)outside_.Recall(EventKind::kSleep, asked);
    return;
  }
  outside_.clock_source_->SleepMs(milliseconds);
  outside_.Record(EventKind::kSleep, asked, {});
}

void Outside::NoteResult(std::string_view name, ByteView bytes) {
  if (!replays()) return Record(EventKind::kResult, AsBytes(name), bytes);
  const Result<ByteView> recorded = Recall(EventKind::kResult, AsBytes(name));
  if (recorded.ok() && !Equal(*recorded, bytes)) {
    --next_;
    (void)Diverge(Code::kDataLoss);
  }
}

Status Outside::Finish() const {
  SVSM_TRY(status_);
  if (!replays() || next_ == recording_.events.size()) return OkStatus();
  return Status(Code::kDataLoss, Source::kSim, static_cast<std::uint32_t>(next_));
}

Result<snp::GuestRequestOutcome> RecordedPort::Exchange(FixedView<snp::kGuestMessageSize> request,
                                                        FixedSpan<snp::kGuestMessageSize> response,
                                                        ByteSpan certificates) {
  SVSM_ASSIGN_OR_RETURN(const Bytes<32> digest, Sha256(request));
  ByteVector asked = ToVector(digest);
  Append(asked, wire::ToBytes(wire::Le32(static_cast<std::uint32_t>(certificates.size()))));
  if (!outside_.replays()) {
    const Result<snp::GuestRequestOutcome> outcome =
        inner_.Exchange(request, response, certificates);
    outside_.Record(EventKind::kExchange, asked, EncodeExchange(outcome, response, certificates));
    return outcome;
  }
  SVSM_ASSIGN_OR_RETURN(const ByteView answer, outside_.Recall(EventKind::kExchange, asked));
  const auto outcome = DecodeExchange(answer, response, certificates);
  if (!outcome) return outside_.Diverge(Code::kDataLoss);
  return *outcome;
}

}  // namespace svsm::sim
