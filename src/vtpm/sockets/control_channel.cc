#include "svsm/vtpm/control_channel.h"

#include <array>

#include "svsm/core/wire.h"

namespace svsm::vtpm {
namespace {

constexpr std::size_t kCodeSize = 4;
constexpr std::size_t kHashDataHead = kCodeSize + 4;
// The longest request, and a read that goes beyond it. What grew step by step would leave parts of
// a state behind.
constexpr std::size_t kRoom = kCodeSize + 12 + ControlFramer::kMaxPayload + (std::size_t{64} << 10);

// How long the payload of a command is. With a length field, that field is the last of the fixed
// part.
struct Shape {
  ControlCommand command;
  std::size_t min;
  std::size_t max;
  bool has_length = false;
};

using enum ControlCommand;
constexpr std::array<Shape, 19> kShapes = {{
    {kGetCapability, 0, 0},
    {kInit, 4, 4},
    {kShutdown, 0, 0},
    {kGetTpmEstablished, 0, 0},
    {kSetLocality, 1, 4},
    {kHashStart, 0, 0},
    {kHashData, 4, 4, true},
    {kHashEnd, 0, 0},
    {kCancelTpmCommand, 0, 0},
    {kStoreVolatile, 0, 0},
    {kResetTpmEstablished, 1, 4},
    {kGetStateBlob, 12, 12},
    {kSetStateBlob, 12, 12, true},
    {kStop, 0, 0},
    {kGetConfig, 0, 0},
    {kSetDataFd, 0, 0},
    {kSetBufferSize, 4, 4},
    {kGetInfo, 16, 16},
    {kLockStorage, 4, 4},
}};

std::uint32_t Be32At(ByteView bytes, std::size_t at) {
  return wire::Read<wire::Be32>(bytes.subspan(at)).value().get();
}

const Shape* FindShape(ByteView request) {
  for (const Shape& shape : kShapes) {
    if (static_cast<std::uint32_t>(shape.command) == Be32At(request, 0)) return &shape;
  }
  return nullptr;
}

}  // namespace

ControlFramer::Event ControlFramer::Feed(ByteView chunk) {
  in_.reserve(kRoom);
  in_.insert(in_.end(), chunk.begin(), chunk.end());
  if (in_.size() < kCodeSize) return Event::kNeedMore;
  const Shape* const shape = FindShape(in_);
  if (shape == nullptr) {
    complete_ = true;
    return Event::kRequest;
  }
  if (in_.size() < kCodeSize + shape->min) return Event::kNeedMore;
  if (shape->command == kHashData) return FeedHashData();
  std::size_t data = 0;
  if (shape->has_length) {
    data = Be32At(in_, kCodeSize + shape->min - 4);
    if (data > kMaxPayload) {
      complete_ = true;
      in_step_ = false;
      return Event::kRequest;
    }
  }
  if (in_.size() < kCodeSize + shape->min + data) return Event::kNeedMore;
  complete_ = true;
  well_sized_ = in_.size() <= kCodeSize + shape->max + data;
  return Event::kRequest;
}

std::size_t ControlFramer::HashDataLeft() const {
  return in_pieces_ ? left_after_ : Be32At(in_, kCodeSize);
}

ControlFramer::Event ControlFramer::FeedHashData() {
  const std::size_t left = HashDataLeft();
  const std::size_t have = in_.size() - kHashDataHead;
  if (have < left && have < kMinPiece) return Event::kNeedMore;
  complete_ = true;
  well_sized_ = have <= left;
  if (have >= left) {
    in_pieces_ = false;
    return Event::kRequest;
  }
  left_after_ = left - have;
  in_pieces_ = true;
  return Event::kPiece;
}

ControlRequest ControlFramer::request() const {
  return ControlRequest{static_cast<ControlCommand>(Be32At(in_, 0)),
                        ByteView(in_).subspan(kCodeSize), well_sized_};
}

bool ControlFramer::GiveUp() {
  if (in_.size() < kCodeSize) return false;
  complete_ = true;
  in_step_ = false;
  return true;
}

void ControlFramer::Next() {
  Wipe(in_);  // a state blob is as secret as the TPM
  // Between pieces the head of the request stays: the code, and a length that left_after_ replaces.
  if (in_pieces_ && complete_ && in_step_) {
    const auto head = wire::ToBytes(wire::Be32(static_cast<std::uint32_t>(kHashData)));
    in_.resize(kHashDataHead);
    Copy(in_, head);
  } else {
    in_.clear();
    in_pieces_ = false;
  }
  complete_ = false;
  well_sized_ = false;
  in_step_ = true;
}

}  // namespace svsm::vtpm
