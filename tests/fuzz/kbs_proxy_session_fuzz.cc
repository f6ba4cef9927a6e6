// A proxy between a client and a broker that say anything. The input is a script: a byte of what
// comes next, two bytes of its size, and its bytes, for whoever's turn it is. What the client gets
// are whole frames, and the last of a conversation that ended is an answer.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/proxy_session.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class Script {
 public:
  explicit Script(ByteView in) : in_(in) {}

  bool empty() const { return in_.empty(); }
  std::uint8_t Byte() {
    if (in_.empty()) return 0;
    const std::uint8_t byte = in_[0];
    in_ = in_.subspan(1);
    return byte;
  }
  ByteView Record() {
    const std::size_t low = Byte();
    const std::size_t size = low | std::size_t{Byte()} << 8;
    const ByteView record = in_.first(size < in_.size() ? size : in_.size());
    in_ = in_.subspan(record.size());
    return record;
  }

 private:
  ByteView in_;
};

HttpReply NextReply(Script& script, ProxySession& session) {
  const std::uint8_t what = script.Byte();
  if (what & 0x80) session.SetCookie(script.Record());
  if (what & 0x40) return {.failure = static_cast<ForwardFailure>(1 + what % 4)};
  return {.status = what & 0x20 ? 401u : 200u, .body = script.Record()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = ProxySession::Step::Kind;
  Script script({data, size});
  static std::vector<std::uint8_t> workspace(kProxyWorkspaceSize);
  ProxySession session({}, workspace);
  std::vector<std::uint8_t> pending;
  ByteView last;
  ProxySession::Step step = session.Advance(ByteView());
  while (step.kind != Kind::kEnd) {
    if (step.kind == Kind::kNeed) {
      while (pending.size() < step.need && !script.empty()) {
        // A body with its header, or bytes as they are.
        const bool framed = (script.Byte() & 1) == 0;
        const ByteView record = script.Record();
        for (std::size_t i = 0; framed && i < kFrameHeaderSize; ++i) {
          pending.push_back(i < 2 ? static_cast<std::uint8_t>(record.size() >> 8 * i) : 0);
        }
        pending.insert(pending.end(), record.begin(), record.end());
      }
      if (pending.size() < step.need) return 0;
      const std::vector<std::uint8_t> in(pending.begin(),
                                         pending.begin() + static_cast<std::ptrdiff_t>(step.need));
      pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(step.need));
      step = session.Advance(ByteView(in));
    } else if (step.kind == Kind::kSend) {
      last = step.send;
      Require(last.size() > kFrameHeaderSize);
      const Result<std::size_t> body =
          FrameBodySize(last.first<kFrameHeaderSize>(), kMaxFrameBodySize);
      Require(body.ok() && *body + kFrameHeaderSize == last.size());
      step = session.Advance(ByteView());
    } else {
      Require(step.call.body.empty() || step.call.method == HttpCall::Method::kPost);
      step = session.Advance(NextReply(script, session));
    }
  }
  Require(!last.empty());
  return 0;
}
