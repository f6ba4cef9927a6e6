// svsm/kbs/client_step.h: what a client that does no I/O asks of its driver, and a driver for those
// who may wait.
//
//   Client client(config, primitives, attester, workspace);
//   Bytes<kMaxFrameBodySize> buffer;
//   SVSM_TRY(RunClient(client, stream, buffer));
//   UseRootKey(client.root_key());
//
// Whoever must not wait calls client.Advance() as bytes come.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_CLIENT_STEP_H_
#define SVSM_KBS_CLIENT_STEP_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/byte_stream.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {

struct ClientStep {
  enum class Kind : std::uint8_t { kNeed, kSend, kDone };
  Kind kind = Kind::kDone;
  std::size_t need = 0;  // bytes that the next Advance() takes; at most kMaxFrameBodySize
  ByteView send = {};    // a view of the client's workspace, until the next Advance()
};

// The answer to a frame that was sent, as it comes: header, then body.
class FrameReceiver {
 public:
  // What to ask for next; none if `in` is the body. Errors: kInvalidArgument (`in` has not the size
  // that was asked for), and those of FrameBodySize().
  [[nodiscard]] Result<std::optional<ClientStep>> Take(ByteView in);

 private:
  enum class Phase : std::uint8_t { kSent, kHeader, kBody };
  Phase phase_ = Phase::kSent;
  std::size_t needed_ = 0;
};

// Drives `client` to its end over `stream`, with a buffer of kMaxFrameBodySize bytes. Errors: those
// of the client and of the stream, kInvalidArgument (detail = kMaxFrameBodySize; the buffer).
template <typename AnyClient>
[[nodiscard]] Status RunClient(AnyClient& client, ByteStream& stream, ByteSpan buffer) {
  if (buffer.size() < kMaxFrameBodySize) {
    return Status(Code::kInvalidArgument, Source::kKbs, kMaxFrameBodySize);
  }
  ByteView in;
  for (;;) {
    SVSM_ASSIGN_OR_RETURN(const ClientStep step, client.Advance(in));
    in = {};
    if (step.kind == ClientStep::Kind::kDone) return OkStatus();
    if (step.kind == ClientStep::Kind::kSend) SVSM_TRY(stream.WriteAll(step.send));
    if (step.kind == ClientStep::Kind::kNeed) {
      SVSM_TRY(ReadExactly(stream, buffer.first(step.need)));
      in = buffer.first(step.need);
    }
  }
}

}  // namespace svsm::kbs

#endif  // SVSM_KBS_CLIENT_STEP_H_
