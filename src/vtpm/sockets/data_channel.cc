#include "svsm/vtpm/data_channel.h"

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"
#include "svsm/core/writer.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint32_t kSendCommand = 8;
constexpr Bytes<kTpmHeaderSize> kCommandSizeResponse = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x42};

std::uint32_t Be32At(ByteView bytes, std::size_t at) {
  return wire::Read<wire::Be32>(bytes.subspan(at)).value().get();
}

}  // namespace

DataChannel::DataChannel(std::size_t buffer_size, Frames frames)
    : takes_frames_(frames == Frames::kTaken) {
  SetBufferSize(buffer_size);
}

void DataChannel::SetBufferSize(std::size_t buffer_size) {
  SVSM_CHECK(have_ == 0 && buffer_size >= kTpmHeaderSize);
  in_.assign(kFrameHeaderSize + buffer_size, 0);
}

ByteSpan DataChannel::wanted() { return ByteSpan(in_).subspan(have_, need_ - have_); }

DataChannel::Event DataChannel::Commit(std::size_t count) {
  SVSM_CHECK(count <= need_ - have_);
  have_ += count;
  while (have_ == need_) {
    const std::size_t before = need_;
    const Event event = CheckHeader();
    if (event == Event::kRefused || need_ == before) return event;
  }
  return Event::kNeedMore;
}

// Learns from the bytes so far how many the command needs; leaves need_ alone when there are that
// many.
DataChannel::Event DataChannel::CheckHeader() {
  if (have_ == kTpmHeaderSize && !framed_ && Be32At(in_, 0) == kSendCommand) {
    if (!takes_frames_) return Event::kRefused;
    framed_ = true;
    locality_ = in_[4];
    need_ = kFrameHeaderSize + kTpmHeaderSize;
    return Event::kNeedMore;
  }
  const std::size_t size = Be32At(in_, frame_size() + 2);
  const bool fits = size >= kTpmHeaderSize && size <= in_.size() - kFrameHeaderSize;
  if (!fits || (framed_ && Be32At(in_, 5) != size)) return Event::kRefused;
  need_ = frame_size() + size;
  has_command_ = need_ == have_;
  return has_command_ ? Event::kCommand : Event::kNeedMore;
}

ByteView DataChannel::command() const {
  return ByteView(in_).subspan(frame_size(), need_ - frame_size());
}

ByteView DataChannel::Reply(ByteView response) {
  const bool framed = framed_;
  have_ = 0;
  need_ = kTpmHeaderSize;
  framed_ = false;
  has_command_ = false;
  locality_.reset();
  if (!framed) return response;
  out_.resize(4 + response.size() + 4);
  wire::Writer w(out_);
  w.PutBe32Sized(response);
  w.Zeros(4);
  return out_;
}

ByteView DataChannel::Refusal() { return Reply(kCommandSizeResponse); }

}  // namespace svsm::vtpm
