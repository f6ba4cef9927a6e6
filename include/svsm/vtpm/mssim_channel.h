// svsm/vtpm/mssim_channel.h: the protocol of Microsoft's TPM simulator, as bytes in and requests
// out.
//
// It has two TCP ports, one for commands and, one number higher, one for power ("platform"). All
// integers are big-endian:
//
//   command   8 SEND_COMMAND | locality 1 | size 4 | command   ->  size 4 | response | 00000000
//             15 REMOTE_HANDSHAKE | client version 4           ->  version 4 | flags 4 | 00000000
//             16 SET_ALTERNATIVE_RESULT | 4; 5 HASH_START; 6 HASH_DATA | size 4 | data; 7 HASH_END
//                                                              ->  00000000
//   platform  1 POWER_ON, 2 POWER_OFF, 3 PHYS_PRES_ON, 4 PHYS_PRES_OFF, 9 CANCEL_ON,
//             10 CANCEL_OFF, 11 NV_ON, 12 NV_OFF, 17 RESET, 18 RESTART
//                                                              ->  00000000
//   both      20 SESSION_END, 21 STOP                          ->  nothing
//
// The channel does no I/O; a driver does:
//
//   MssimChannel channel(MssimPort::kCommand);
//   for (;;) {
//     const std::size_t n = read(fd, channel.wanted());  // never beyond the end of a request
//     if (channel.Commit(n) == MssimChannel::Event::kNeedMore) continue;
//     const MssimReply reply = service.Execute(channel.request());  // mssim_service.h
//     write(fd, reply.bytes);
//     if (reply.then != MssimReply::Then::kGoOn) break;
//     channel.Next();
//   }
//
// Profile: hosted. Allocates: its buffer. Threads: one object, one thread.
#ifndef SVSM_VTPM_MSSIM_CHANNEL_H_
#define SVSM_VTPM_MSSIM_CHANNEL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"

namespace svsm::vtpm {

enum class MssimPort : std::uint8_t { kCommand, kPlatform };

enum class MssimCode : std::uint32_t {
  kPowerOn = 1,
  kPowerOff = 2,
  kPhysicalPresenceOn = 3,
  kPhysicalPresenceOff = 4,
  kHashStart = 5,
  kHashData = 6,
  kHashEnd = 7,
  kSendCommand = 8,
  kCancelOn = 9,
  kCancelOff = 10,
  kNvOn = 11,
  kNvOff = 12,
  kRemoteHandshake = 15,
  kSetAlternativeResult = 16,
  kReset = 17,
  kRestart = 18,
  kSessionEnd = 20,
  kStop = 21,
};

struct MssimRequest {
  MssimPort port;
  MssimCode code;             // any 32-bit value that was sent
  std::uint8_t locality = 0;  // of SEND_COMMAND; any value that was sent
  std::uint32_t number = 0;   // of REMOTE_HANDSHAKE and SET_ALTERNATIVE_RESULT
  ByteView data;              // of SEND_COMMAND and HASH_DATA
  bool is_known = false;      // whether the port has this code
  bool is_too_long = false;   // the size field is over the limit; `data` was not read
};

class MssimChannel {
 public:
  enum class Event : std::uint8_t { kNeedMore, kRequest };

  // The longest data of HASH_DATA, in bytes. A command may have kMaxTpmBuffer.
  static constexpr std::size_t kMaxHashData = std::size_t{1} << 20;

  explicit MssimChannel(MssimPort port);

  // Where the next bytes go, and at most how many; never empty before a request is whole.
  ByteSpan wanted();
  // Says that `count` bytes, at most wanted().size(), were put there. A code that the port has not
  // and a size over the limit make a request at once; after these the connection is to be closed.
  Event Commit(std::size_t count);
  // Whether a request has begun and is not whole.
  bool in_request() const { return have_ != 0 && have_ != need_; }

  // The request, after kRequest; its data are valid until Next().
  const MssimRequest& request() const { return request_; }
  // Forgets it, and starts the next one.
  void Next();

 private:
  void CheckCode();
  void CheckSize();

  const MssimPort port_;
  ByteVector in_;
  std::size_t have_ = 0;
  std::size_t need_ = 0;
  std::size_t fixed_ = 0;  // where the data begin; 0 until the code is known
  bool has_size_ = false;  // a size field, not yet judged, ends the fixed part
  MssimRequest request_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_MSSIM_CHANNEL_H_
