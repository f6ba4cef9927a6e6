// svsm/vtpm/data_channel.h: the data channel of a TPM socket, as bytes in and bytes out.
//
// Clients (libtss2's swtpm TCTI, QEMU, IBM's TSS) send bare TPM commands, or the same in a frame
// that names a locality:
//
//   bare:    command (tag 2, size 4, code 4, ...)                ->  response
//   framed:  00000008 | locality 1 | size 4 | command            ->  size 4 | response | 00000000
//
// told apart by the first four bytes, since no TPM tag is 0x0000. Where the bytes are a guest's,
// who must not name a locality, the driver has frames refused. The channel does no I/O; a driver
// does:
//
//   DataChannel channel(4096);
//   while (const std::size_t n = ReadSome(fd, channel.wanted())) {
//     const DataChannel::Event event = channel.Commit(n);
//     if (event == DataChannel::Event::kRefused) return SendAndClose(fd, channel.Refusal());
//     if (event != DataChannel::Event::kCommand) continue;
//     Send(fd, channel.Reply(Execute(channel.command())));
//   }
//
// Replies come in one piece, because clients expect to read them so.
//
// Profile: hosted. Allocates: its buffer at construction, and for framed replies. Threads: one
// object, one thread.
#ifndef SVSM_VTPM_DATA_CHANNEL_H_
#define SVSM_VTPM_DATA_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

class DataChannel {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,  // read again into wanted()
    kCommand,   // command() is whole
    kRefused,   // the size field is below 10, over the buffer, or differs from its frame's, or a
                // frame is not taken: answer Refusal(), then close
  };

  // Commands of up to `buffer_size` bytes; those of kTpmHeaderSize at least.
  enum class Frames : bool { kRefused, kTaken };
  explicit DataChannel(std::size_t buffer_size, Frames frames = Frames::kTaken);

  // Changes the largest command. Only between commands.
  void SetBufferSize(std::size_t buffer_size);

  // Where the next bytes go, and at most how many; never empty.
  ByteSpan wanted();
  // Says that `count` bytes, at most wanted().size(), were put there.
  Event Commit(std::size_t count);

  // Whether a command has begun and is not answered; a slow sender can be told from an idle one.
  bool in_command() const { return have_ != 0; }
  // Whether command() is whole: the last Commit() gave kCommand.
  bool has_command() const { return has_command_; }

  // The whole command; valid until Reply() or Refusal().
  ByteView command() const;
  // The locality that its frame named, if it came in one.
  std::optional<std::uint8_t> locality() const { return locality_; }

  // What to send for `response`, in the form in which the command came; a view of the channel,
  // valid until the next call. Starts the next command.
  ByteView Reply(ByteView response);
  // What to send before closing: TPM_RC_COMMAND_SIZE (part 2, 6.6.3). Starts anew.
  ByteView Refusal();

 private:
  std::size_t frame_size() const { return framed_ ? kFrameHeaderSize : 0; }
  Event CheckHeader();
  static constexpr std::size_t kFrameHeaderSize = 9;

  ByteVector in_;
  ByteVector out_;
  std::size_t have_ = 0;
  std::size_t need_ = kTpmHeaderSize;
  bool takes_frames_ = true;
  bool framed_ = false;
  bool has_command_ = false;
  std::optional<std::uint8_t> locality_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_DATA_CHANNEL_H_
