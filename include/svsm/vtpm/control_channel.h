// svsm/vtpm/control_channel.h: how the requests of a TPM socket's control channel are framed.
//
// The channel powers the TPM on and off, sets the locality, moves state blobs. A request is
// `command 4 | payload`, all big-endian and without a length; how long the payload is, the command
// tells, and for some commands clients differ (SET_LOCALITY has one byte from libtss2 and four from
// QEMU). So bytes that arrive in the same read as the end of a request belong to it: no client
// sends before it has its reply.
//
//   ControlFramer framer;
//   while (framer.Feed(ReadSome(fd)) == ControlFramer::Event::kNeedMore) {}
//   Send(fd, service.Execute(framer.request(), has_descriptor).bytes);    // control_service.h
//   framer.Next();
//
// HASH_DATA may be of any length and comes in pieces: for each but the last, Feed() gives kPiece,
// and what Execute() then answers is not sent.
//
// Profile: hosted. Allocates: for payloads. Threads: one object, one thread.
#ifndef SVSM_VTPM_CONTROL_CHANNEL_H_
#define SVSM_VTPM_CONTROL_CHANNEL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"

namespace svsm::vtpm {

enum class ControlCommand : std::uint32_t {
  kGetCapability = 0x01,
  kInit = 0x02,
  kShutdown = 0x03,
  kGetTpmEstablished = 0x04,
  kSetLocality = 0x05,
  kHashStart = 0x06,
  kHashData = 0x07,
  kHashEnd = 0x08,
  kCancelTpmCommand = 0x09,
  kStoreVolatile = 0x0A,
  kResetTpmEstablished = 0x0B,
  kGetStateBlob = 0x0C,
  kSetStateBlob = 0x0D,
  kStop = 0x0E,
  kGetConfig = 0x0F,
  kSetDataFd = 0x10,
  kSetBufferSize = 0x11,
  kGetInfo = 0x12,
  kLockStorage = 0x13,
};

// The first four bytes of nearly every reply.
enum class ControlResult : std::uint32_t {
  kSuccess = 0,
  kBadParameter = 0x03,
  kFail = 0x09,
  kBadOrdinal = 0x0A,
  kIoError = 0x1F,
  kBadLocality = 0x3D,
  kNoSuchBlob = 0x800,
};

struct ControlRequest {
  ControlCommand command;  // any 32-bit value that was sent
  ByteView payload;
  bool well_sized;  // whether the payload has a length that the command can have
};

class ControlFramer {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,
    kRequest,
    kPiece,  // request() is a HASH_DATA of which more will come
  };

  // The longest payload of SET_STATEBLOB that is taken, in bytes; what claims more is given out at
  // once as not well-sized.
  static constexpr std::size_t kMaxPayload = 1 << 20;
  // A HASH_DATA that is not whole is given out when there is so much of it.
  static constexpr std::size_t kMinPiece = 64 * 1024;

  // Adds what one read returned.
  Event Feed(ByteView chunk);
  // The request; valid until Next().
  ControlRequest request() const;
  // Whether a request has begun and is not whole.
  bool in_request() const { return !in_.empty() && !complete_; }
  // The client has been silent for too long in the middle of a request: what there is of it is
  // given out as not well-sized. False, and nothing changes, if not even the command is known.
  bool GiveUp();
  // Whether the next byte begins a request. After a payload that claimed too much, and after
  // GiveUp(), it may not: answer, then close the connection.
  bool in_step() const { return in_step_; }
  // Forgets the request, or the piece.
  void Next();

 private:
  // The length field of HASH_DATA, or what is left of it after pieces.
  std::size_t HashDataLeft() const;
  Event FeedHashData();

  ByteVector in_;
  std::size_t left_after_ = 0;  // bytes of HASH_DATA behind the piece that is given out
  bool in_pieces_ = false;
  bool complete_ = false;
  bool well_sized_ = false;
  bool in_step_ = true;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_CONTROL_CHANNEL_H_
