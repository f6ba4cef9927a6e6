#include "svsm/sim/seeded_rng.h"

#include <algorithm>

#include "svsm/core/panic.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

Status SeededRng::NextBlock() {
  static constexpr auto kLabel = Ascii("svsm sim seeded rng 1");
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const auto seed = wire::ToBytes(wire::Le64(seed_));
  const auto counter = wire::ToBytes(wire::Le64(counter_++));
  const ByteView parts[] = {kLabel, seed, counter};
  used_ = 0;
  return sha256.Digest(parts, block_);
}

Status SeededRng::Generate(ByteSpan out) {
  for (std::size_t at = 0; at < out.size();) {
    if (used_ == block_.size()) {
      if (const Status status = NextBlock(); !status.ok()) {
        used_ = block_.size();
        Fill(out, 0);
        return status;
      }
    }
    const std::size_t size = std::min(block_.size() - used_, out.size() - at);
    Copy(out.subspan(at), ByteView(block_).subspan(used_, size));
    used_ += size;
    at += size;
  }
  return OkStatus();
}

std::uint64_t SeededRng::Below(std::uint64_t bound) {
  Bytes<8> drawn{};
  SVSM_CHECK(bound != 0 && Generate(drawn).ok());
  return wire::Read<wire::Le64>(drawn)->get() % bound;
}

}  // namespace svsm::sim
