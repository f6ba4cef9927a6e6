#include "svsm/kbs/bridge_page.h"

namespace svsm::kbs {
namespace {

constexpr auto kLabel = Ascii("svsm-bridge-page");
constexpr std::size_t kLabelAt = 0x000;
constexpr std::size_t kVersionAt = 0x010;
constexpr std::size_t kOutWritten = 0x014;
constexpr std::size_t kOutRead = 0x018;
constexpr std::size_t kInWritten = 0x01C;
constexpr std::size_t kInRead = 0x020;
constexpr std::size_t kSvsmDone = 0x024;
constexpr std::size_t kGuestDone = 0x028;
constexpr std::size_t kOutRing = 0x400;
constexpr std::size_t kInRing = 0x800;
static_assert(kInRing + kBridgeRingSize <= kBridgePageSize);

Status Broken(std::size_t offset) {
  return Status(Code::kIoError, Source::kKbs, static_cast<std::uint32_t>(offset));
}

std::size_t Min(std::size_t a, std::size_t b) { return a < b ? a : b; }

// Bytes from counter `at` on that lie in one piece.
std::size_t PieceAt(std::uint32_t at, std::size_t size) {
  return Min(size, kBridgeRingSize - at % kBridgeRingSize);
}

}  // namespace

void BridgeStream::Init() {
  written_ = 0;
  read_ = 0;
  page_.Store(kVersionAt, 0);
  for (const std::size_t counter :
       {kOutWritten, kOutRead, kInWritten, kInRead, kSvsmDone, kGuestDone}) {
    page_.Store(counter, 0);
  }
  page_.Write(kLabelAt, kLabel);
  page_.Store(kVersionAt, kBridgeVersion);
}

void BridgeStream::Close() { page_.Store(kSvsmDone, 1); }

// Bytes that the guest wrote and that are not read yet.
Result<std::uint32_t> BridgeStream::Incoming() {
  const std::uint32_t available = page_.Load(kInWritten) - read_;
  if (available > kBridgeRingSize) return Broken(kInWritten);
  return available;
}

// Bytes that the ring to the guest has place for.
Result<std::uint32_t> BridgeStream::Room() {
  const std::uint32_t unread = written_ - page_.Load(kOutRead);
  if (unread > kBridgeRingSize) return Broken(kOutRead);
  return static_cast<std::uint32_t>(kBridgeRingSize - unread);
}

Status BridgeStream::Turn(std::uint32_t& idle) {
  if (config_.max_idle_turns != 0 && idle == config_.max_idle_turns) {
    return Status(Code::kExhausted, Source::kKbs);
  }
  ++idle;
  return page_.Yield();
}

Result<std::size_t> BridgeStream::ReadSome(ByteSpan out) {
  if (out.empty()) return std::size_t{0};
  std::uint32_t idle = 0;
  for (;;) {
    // Before the counter, so that what came before the end is seen.
    const bool done = page_.Load(kGuestDone) != 0;
    SVSM_ASSIGN_OR_RETURN(const std::uint32_t available, Incoming());
    if (available > 0) {
      const std::size_t size = PieceAt(read_, Min(available, out.size()));
      page_.Read(kInRing + read_ % kBridgeRingSize, out.first(size));
      read_ += static_cast<std::uint32_t>(size);
      page_.Store(kInRead, read_);
      return size;
    }
    if (done) return Status(Code::kConnectionClosed, Source::kKbs);
    SVSM_TRY(Turn(idle));
  }
}

Status BridgeStream::WriteAll(ByteView in) {
  std::uint32_t idle = 0;
  while (!in.empty()) {
    SVSM_ASSIGN_OR_RETURN(const std::uint32_t room, Room());
    if (room > 0) {
      const std::size_t size = PieceAt(written_, Min(room, in.size()));
      page_.Write(kOutRing + written_ % kBridgeRingSize, in.first(size));
      written_ += static_cast<std::uint32_t>(size);
      page_.Store(kOutWritten, written_);
      in = in.subspan(size);
      idle = 0;
      continue;
    }
    if (page_.Load(kGuestDone) != 0) return Status(Code::kConnectionClosed, Source::kKbs);
    SVSM_TRY(Turn(idle));
  }
  return OkStatus();
}

}  // namespace svsm::kbs
