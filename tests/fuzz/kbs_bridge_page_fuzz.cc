// A guest that changes the shared page as it likes: every counter and every byte that the SVSM
// looks at is the input's.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/bridge_page.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class HostilePage final : public BridgePage {
 public:
  explicit HostilePage(ByteView input) : input_(input) {}
  std::uint32_t Load(std::size_t offset) override {
    Require(offset % 4 == 0 && offset + 4 <= kBridgePageSize);
    // Mostly small numbers, so that the rings are used.
    const std::uint32_t low = Next();
    return low == 0xFF ? Next() << 24 | Next() << 16 | Next() << 8 | Next() : base_ + low * 8;
  }
  void Store(std::size_t offset, std::uint32_t value) override {
    Require(offset % 4 == 0 && offset + 4 <= kBridgePageSize);
    base_ = value;
  }
  void Read(std::size_t offset, ByteSpan out) override {
    Require(offset <= kBridgePageSize && out.size() <= kBridgePageSize - offset);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(Next());
  }
  void Write(std::size_t offset, ByteView in) override {
    Require(offset <= kBridgePageSize && in.size() <= kBridgePageSize - offset);
  }
  Status Yield() override {
    return input_.empty() ? Status(Code::kConnectionClosed, Source::kCaller) : OkStatus();
  }

 private:
  std::uint32_t Next() {
    if (input_.empty()) return 0;
    const std::uint8_t byte = input_[0];
    input_ = input_.subspan(1);
    return byte;
  }
  ByteView input_;
  std::uint32_t base_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HostilePage page(ByteView(data, size));
  BridgeStream stream(page, {.max_idle_turns = 64});
  stream.Init();
  std::vector<std::uint8_t> buffer(3000);
  for (std::size_t turn = 0; turn < 8; ++turn) {
    const ByteSpan part = ByteSpan(buffer).first(1 + turn * 400);
    const Result<std::size_t> got = stream.ReadSome(part);
    Require(!got.ok() || (*got >= 1 && *got <= part.size()));
    if (!got.ok() && got.status().code() == Code::kConnectionClosed) break;
    if (!stream.WriteAll(part).ok()) break;
  }
  stream.Close();
  return 0;
}
