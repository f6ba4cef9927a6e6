#include "svsm/sim/host.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "svsm/core/wire.h"
#include "svsm/snp/certificate_table.h"

namespace svsm::sim {

namespace {

using snp::GuestRequestOutcome;
using snp::VmmError;

// Where the VMPCK's number stands in a message header.
constexpr std::size_t kVmpckOffset = offsetof(snp::GuestMessageHeader, vmpck);
constexpr std::size_t kSizeOffset = offsetof(snp::GuestMessageHeader, message_size);
constexpr std::uint32_t kNoSuchVmmError = 0x77;
constexpr std::uint64_t kAbsurdPageCount = 1'000'000'000;

GuestRequestOutcome VmmSays(std::uint32_t error, std::uint64_t pages) {
  GuestRequestOutcome outcome;
  outcome.vmm_error = error;
  outcome.certificate_pages_needed = pages;
  return outcome;
}

GuestRequestOutcome FirmwareSays(FirmwareError error) {
  GuestRequestOutcome outcome;
  outcome.firmware_error = static_cast<std::uint32_t>(error);
  return outcome;
}

}  // namespace

const char* HostMoveName(HostMove move) {
  switch (move) {
    case HostMove::kHonest:
      return "Honest";
    case HostMove::kBusy:
      return "Busy";
    case HostMove::kDropRequest:
      return "DropRequest";
    case HostMove::kDropResponse:
      return "DropResponse";
    case HostMove::kFail:
      return "Fail";
    case HostMove::kReplayResponse:
      return "ReplayResponse";
    case HostMove::kReplayRequest:
      return "ReplayRequest";
    case HostMove::kSwapResponse:
      return "SwapResponse";
    case HostMove::kCorruptRequest:
      return "CorruptRequest";
    case HostMove::kCorruptHeader:
      return "CorruptHeader";
    case HostMove::kCorruptTag:
      return "CorruptTag";
    case HostMove::kCorruptPayload:
      return "CorruptPayload";
    case HostMove::kTruncate:
      return "Truncate";
    case HostMove::kFirmwareError:
      return "FirmwareError";
    case HostMove::kUnknownVmmError:
      return "UnknownVmmError";
    case HostMove::kInvalidLength:
      return "InvalidLength";
    case HostMove::kWrongLength:
      return "WrongLength";
    case HostMove::kMutateTable:
      return "MutateTable";
  }
  return "?";
}

void Host::Plan(std::vector<HostMove> moves) {
  const std::lock_guard guard(mutex_);
  plan_.assign(moves.begin(), moves.end());
}

void Host::PlanAtRandom(std::size_t count) {
  const std::lock_guard guard(mutex_);
  plan_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    plan_.push_back(static_cast<HostMove>(rng_.Below(kNumHostMoves)));
  }
}

void Host::SetCertificates(ByteView table) {
  const std::lock_guard guard(mutex_);
  certificates_ = ToVector(table);
}

void Host::SetScheduling(SvsmScheduling scheduling) {
  const std::lock_guard guard(mutex_);
  scheduling_ = scheduling;
}

SvsmScheduling Host::scheduling() const {
  const std::lock_guard guard(mutex_);
  return scheduling_;
}

std::vector<HostMove> Host::made() const {
  const std::lock_guard guard(mutex_);
  return made_;
}

const Host::Seen* Host::LastOf(GuestHandle guest, std::uint8_t vmpck) const {
  for (auto seen = seen_.rbegin(); seen != seen_.rend(); ++seen) {
    if (seen->guest == guest && seen->vmpck == vmpck) return &*seen;
  }
  return nullptr;
}

const Host::Seen* Host::LastOfAnother(GuestHandle guest, std::uint8_t vmpck) const {
  for (auto seen = seen_.rbegin(); seen != seen_.rend(); ++seen) {
    if (seen->guest != guest || seen->vmpck != vmpck) return &*seen;
  }
  return nullptr;
}

// Keeps one exchange for each guest and VMPCK.
void Host::Remember(const Seen& seen) {
  std::erase_if(
      seen_, [&](const Seen& old) { return old.guest == seen.guest && old.vmpck == seen.vmpck; });
  seen_.push_back(seen);
}

void Host::FlipBit(ByteSpan bytes) {
  if (bytes.empty()) return;
  const std::uint64_t bit = rng_.Below(bytes.size() * 8);
  bytes[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1u << (bit % 8));
}

// The bytes of the payload, as far as its header can be believed.
ByteSpan Host::PayloadOf(FixedSpan<snp::kGuestMessageSize> page) {
  const std::size_t size = page[kSizeOffset] | static_cast<std::size_t>(page[kSizeOffset + 1]) << 8;
  return page.subspan(snp::kGuestMessageHeaderSize, std::min(size, snp::kMaxGuestPayloadSize));
}

Result<GuestRequestOutcome> Host::Exchange(GuestHandle guest,
                                           FixedView<snp::kGuestMessageSize> request,
                                           FixedSpan<snp::kGuestMessageSize> response,
                                           ByteSpan certificates) {
  const std::lock_guard guard(mutex_);
  HostMove move = HostMove::kHonest;
  if (!plan_.empty()) {
    move = plan_.front();
    plan_.pop_front();
  }
  made_.push_back(move);
  Fill(response, 0);
  Fill(certificates, 0);
  switch (move) {
    case HostMove::kBusy:
      return VmmSays(static_cast<std::uint32_t>(VmmError::kBusy), 0);
    case HostMove::kDropRequest:
      return GuestRequestOutcome();
    case HostMove::kFail:
      return Status(Code::kIoError, Source::kSim);
    case HostMove::kFirmwareError:
      return FirmwareSays(FirmwareError::kInvalidParam);
    case HostMove::kUnknownVmmError:
      return VmmSays(kNoSuchVmmError, 0);
    case HostMove::kInvalidLength:
      return VmmSays(static_cast<std::uint32_t>(VmmError::kInvalidLength), kAbsurdPageCount);
    default:
      return Forward(move, guest, request, response, certificates);
  }
}

GuestRequestOutcome Host::Forward(HostMove move, GuestHandle guest,
                                  FixedView<snp::kGuestMessageSize> request,
                                  FixedSpan<snp::kGuestMessageSize> response,
                                  ByteSpan certificates) {
  const std::size_t pages = (certificates_.size() + kPageSize - 1) / kPageSize;
  if (!certificates.empty() && pages * kPageSize > certificates.size()) {
    return VmmSays(static_cast<std::uint32_t>(VmmError::kInvalidLength), pages);
  }
  Seen now;
  now.guest = guest;
  now.vmpck = request[kVmpckOffset];
  Copy(now.request, request);
  const Seen* const before = LastOf(guest, now.vmpck);
  Page sent = now.request;
  if (move == HostMove::kReplayRequest && before != nullptr) sent = before->request;
  if (move == HostMove::kCorruptRequest) FlipBit(PayloadOf(sent));
  const Status status = sp_.GuestRequest(guest, sent, response);
  if (!status.ok()) {
    GuestRequestOutcome outcome;
    outcome.firmware_error = status.detail();
    return outcome;
  }
  Copy(now.response, response);
  Tamper(move, now, response);
  Remember(now);
  if (!certificates.empty()) Copy(certificates, certificates_);
  if (move == HostMove::kMutateTable) MutateTable(certificates);
  return GuestRequestOutcome();
}

// A few fields of the table's entries become edges of what they can be, or lose a bit.
void Host::MutateTable(ByteSpan table) {
  constexpr std::size_t kEntries = 4 * sizeof(snp::CertificateTableEntry);
  constexpr std::uint32_t kEdges[] = {0,      1,          0x18,       0x1000,
                                      0x4000, 0x7FFFFFFF, 0xFFFFFFE8, UINT32_MAX};
  const ByteSpan entries = table.first(std::min(table.size(), kEntries));
  if (entries.size() < kEntries) return;
  for (std::uint64_t left = 1 + rng_.Below(3); left != 0; --left) {
    if (rng_.Below(2) == 0) {
      FlipBit(entries);
      continue;
    }
    const std::size_t word = static_cast<std::size_t>(rng_.Below(kEntries / 4));
    Copy(entries.subspan(4 * word),
         wire::ToBytes(wire::Le32(kEdges[rng_.Below(std::size(kEdges))])));
  }
}

// What the host does to an answer on its way back.
void Host::Tamper(HostMove move, const Seen& now, FixedSpan<snp::kGuestMessageSize> response) {
  constexpr std::size_t kAuthenticated = offsetof(snp::GuestMessageHeader, algo);
  const auto give = [&](const Seen* seen) {
    Fill(response, 0);
    if (seen != nullptr) Copy(response, seen->response);
  };
  switch (move) {
    case HostMove::kDropResponse:
      Fill(response, 0);
      break;
    case HostMove::kReplayResponse:
      give(LastOf(now.guest, now.vmpck));
      break;
    case HostMove::kSwapResponse:
      give(LastOfAnother(now.guest, now.vmpck));
      break;
    case HostMove::kCorruptHeader:
      FlipBit(response.subspan(kAuthenticated, snp::kGuestMessageHeaderSize - kAuthenticated));
      break;
    case HostMove::kCorruptTag:
      FlipBit(response.first(crypto::kGcmTagSize));
      break;
    case HostMove::kCorruptPayload:
      FlipBit(PayloadOf(response));
      break;
    case HostMove::kWrongLength: {
      const std::size_t size = PayloadOf(response).size();
      const std::uint64_t less = size == 0 ? 0 : rng_.Below(size);
      Copy(response.subspan(kSizeOffset),
           wire::ToBytes(wire::Le16(static_cast<std::uint16_t>(less))));
      break;
    }
    case HostMove::kTruncate: {
      const ByteSpan payload = PayloadOf(response);
      Fill(payload.subspan(payload.size() / 2), 0);
      break;
    }
    default:
      break;
  }
}

}  // namespace svsm::sim
