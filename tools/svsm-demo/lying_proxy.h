// tools/svsm-demo/lying_proxy.h: a host between SVSM and proxy that reads and changes what passes.
#ifndef SVSM_TOOLS_SVSM_DEMO_LYING_PROXY_H_
#define SVSM_TOOLS_SVSM_DEMO_LYING_PROXY_H_

#include <functional>

#include "svsm/core/byte_stream.h"
#include "svsm/core/hosted.h"

namespace svsm::demo {

// The four frames of a boot, in order.
enum class Frame { kNegotiationRequest, kChallenge, kAttestationRequest, kAnswer };

// May change a frame on its way, header and all; may keep it.
using Lie = std::function<void(Frame, ByteVector&)>;

class LyingProxy final : public ByteStream {
 public:
  // Borrows the stream to the honest proxy.
  LyingProxy(ByteStream& honest, const Lie& lie) : honest_(honest), lie_(lie) {}

  Result<std::size_t> ReadSome(ByteSpan out) override;
  Status WriteAll(ByteView in) override;

 private:
  Result<ByteVector> ReadFrame();

  ByteStream& honest_;
  const Lie& lie_;
  std::size_t sent_ = 0;      // frames of the SVSM
  std::size_t received_ = 0;  // frames of the proxy
  ByteVector pending_;        // what of a frame the SVSM has not read yet
};

// `frame`, a header and a body, with another body.
ByteVector FrameOf(const std::string& body);
// The body of a frame.
std::string BodyOf(const ByteVector& frame);

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_LYING_PROXY_H_
