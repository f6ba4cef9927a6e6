// The channels of a TPM socket: any bytes, in any pieces. First byte modulo 4: data, control, the
// simulator's command port, its platform port; second: piece size.
#include <algorithm>
#include <cstdlib>

#include "svsm/vtpm/control_channel.h"
#include "svsm/vtpm/control_service.h"
#include "svsm/vtpm/data_channel.h"
#include "svsm/vtpm/mssim_channel.h"
#include "svsm/vtpm/mssim_service.h"
#include "tests/vtpm/sockets/fake_engine.h"

namespace {

using namespace svsm;
using namespace svsm::vtpm;

void Require(bool condition) {
  if (!condition) std::abort();
}

void FeedData(ByteView in, std::size_t step, DataChannel::Frames frames) {
  DataChannel channel(kMaxTpmBuffer, frames);
  Bytes<kMaxTpmBuffer> response{};
  while (!in.empty()) {
    const ByteSpan wanted = channel.wanted();
    Require(!wanted.empty());
    const std::size_t n = std::min({step, in.size(), wanted.size()});
    Copy(wanted, in.first(n));
    in = in.subspan(n);
    switch (channel.Commit(n)) {
      case DataChannel::Event::kNeedMore:
        break;
      case DataChannel::Event::kCommand: {
        const ByteView command = channel.command();
        Require(command.size() >= kTpmHeaderSize && command.size() <= kMaxTpmBuffer);
        Require(frames == DataChannel::Frames::kTaken || !channel.locality());
        const std::size_t extra = channel.locality() ? 8 : 0;
        Require(channel.Reply(ByteView(response).first(command.size())).size() ==
                command.size() + extra);
        break;
      }
      case DataChannel::Event::kRefused:
        Require(channel.Refusal().size() >= 10);
        return;
    }
  }
}

void FeedControl(ByteView in, std::size_t step) {
  FakeEngine engine;
  ControlService service(engine);
  ControlFramer framer;
  while (!in.empty()) {
    const std::size_t n = std::min(step, in.size());
    const ControlFramer::Event event = framer.Feed(in.first(n));
    in = in.subspan(n);
    if (event == ControlFramer::Event::kNeedMore) continue;
    Require(service.Execute(framer.request(), step % 2 == 0).bytes.size() >= 4);
    Require(service.locality() <= kMaxLocality);
    framer.Next();
  }
}

void FeedMssim(MssimPort port, ByteView in, std::size_t step) {
  FakeEngine engine;
  engine.on = step % 2 == 0;
  engine.cancelled = true;  // no command may wait
  MssimService service(engine);
  MssimChannel channel(port);
  while (!in.empty()) {
    const ByteSpan wanted = channel.wanted();
    Require(!wanted.empty());
    const std::size_t n = std::min({step, in.size(), wanted.size()});
    Copy(wanted, in.first(n));
    in = in.subspan(n);
    if (channel.Commit(n) == MssimChannel::Event::kNeedMore) {
      Require(channel.in_request());
      continue;
    }
    const MssimRequest& request = channel.request();
    Require(request.data.size() <= MssimChannel::kMaxHashData);
    const MssimReply reply = service.Execute(request);
    Require(request.is_known || reply.then == MssimReply::Then::kClose);
    if (reply.then != MssimReply::Then::kGoOn) return;
    Require(reply.bytes.size() >= 4);
    channel.Next();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView in(data + 2, size - 2);
  const std::size_t step = std::size_t{data[1]} + 1;
  switch (data[0] % 4) {
    case 0:
      FeedData(in, step, DataChannel::Frames::kTaken);
      FeedData(in, step, DataChannel::Frames::kRefused);
      break;
    case 1:
      FeedControl(in, step);
      break;
    case 2:
      FeedMssim(MssimPort::kCommand, in, step);
      break;
    default:
      FeedMssim(MssimPort::kPlatform, in, step);
      break;
  }
  return 0;
}
