#include "svsm/crypto/ecdh.h"

namespace svsm::crypto {

namespace {

constexpr int kMaxDraws = 128;

}  // namespace

Status Ecdh::GenerateKey(Rng& rng, ByteSpan scalar) {
  Status status(Code::kInvalidArgument, Source::kCrypto);
  if (scalar.size() == CoordinateSize(curve())) {
    // Candidates beyond the order are thrown away, so that the scalar is uniform (FIPS 186-4,
    // B.4.2).
    for (int draw = 0; draw < kMaxDraws; ++draw) {
      status = rng.Generate(scalar);
      if (!status.ok()) break;
      if (curve() == Curve::kP521) scalar[0] &= 1;
      status = SetPrivateKey(scalar);
      if (status.code() != Code::kMalformed) break;
      status = Status(Code::kExhausted, Source::kCrypto);
    }
  }
  if (!status.ok()) {
    svsm::Wipe(scalar);
    Wipe();
  }
  return status;
}

}  // namespace svsm::crypto
