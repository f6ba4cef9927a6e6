#include "svsm/vtpm/mssim_channel.h"

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {
namespace {

constexpr std::size_t kCodeSize = 4;

std::uint32_t Be32At(ByteView bytes, std::size_t at) {
  return wire::Read<wire::Be32>(bytes.subspan(at)).value().get();
}

// What follows a code: so many fixed bytes, the last four of which may count what follows them.
struct Shape {
  bool is_known = false;
  std::size_t fixed = 0;
  bool has_size = false;
};

Shape CommandShape(MssimCode code) {
  switch (code) {
    case MssimCode::kSendCommand:
      return {true, 5, true};
    case MssimCode::kHashData:
      return {true, 4, true};
    case MssimCode::kRemoteHandshake:
    case MssimCode::kSetAlternativeResult:
      return {true, 4, false};
    case MssimCode::kHashStart:
    case MssimCode::kHashEnd:
    case MssimCode::kSessionEnd:
    case MssimCode::kStop:
      return {true, 0, false};
    default:
      return {};
  }
}

Shape PlatformShape(MssimCode code) {
  switch (code) {
    case MssimCode::kPowerOn:
    case MssimCode::kPowerOff:
    case MssimCode::kPhysicalPresenceOn:
    case MssimCode::kPhysicalPresenceOff:
    case MssimCode::kCancelOn:
    case MssimCode::kCancelOff:
    case MssimCode::kNvOn:
    case MssimCode::kNvOff:
    case MssimCode::kReset:
    case MssimCode::kRestart:
    case MssimCode::kSessionEnd:
    case MssimCode::kStop:
      return {true, 0, false};
    default:
      return {};
  }
}

}  // namespace

MssimChannel::MssimChannel(MssimPort port) : port_(port) { Next(); }

void MssimChannel::Next() {
  Wipe(in_);
  in_.resize(kCodeSize);
  have_ = 0;
  need_ = kCodeSize;
  fixed_ = 0;
  has_size_ = false;
  request_ = MssimRequest{};
  request_.port = port_;
}

ByteSpan MssimChannel::wanted() { return ByteSpan(in_).subspan(have_, need_ - have_); }

MssimChannel::Event MssimChannel::Commit(std::size_t count) {
  SVSM_CHECK(count <= need_ - have_);
  have_ += count;
  if (have_ == need_ && fixed_ == 0) CheckCode();
  if (have_ == need_ && has_size_) CheckSize();
  if (have_ != need_) return Event::kNeedMore;
  if (fixed_ == kCodeSize + 4) request_.number = Be32At(in_, kCodeSize);
  request_.data = ByteView(in_).subspan(fixed_);
  return Event::kRequest;
}

void MssimChannel::CheckCode() {
  request_.code = static_cast<MssimCode>(Be32At(in_, 0));
  const Shape shape =
      port_ == MssimPort::kCommand ? CommandShape(request_.code) : PlatformShape(request_.code);
  request_.is_known = shape.is_known;
  has_size_ = shape.has_size;
  fixed_ = kCodeSize + shape.fixed;
  need_ = fixed_;
  in_.resize(need_);
}

void MssimChannel::CheckSize() {
  has_size_ = false;
  const bool is_command = request_.code == MssimCode::kSendCommand;
  if (is_command) request_.locality = in_[kCodeSize];
  const std::size_t size = Be32At(in_, fixed_ - 4);
  request_.is_too_long = size > (is_command ? kMaxTpmBuffer : kMaxHashData);
  if (request_.is_too_long) return;
  need_ = fixed_ + size;
  in_.resize(need_);
}

}  // namespace svsm::vtpm
