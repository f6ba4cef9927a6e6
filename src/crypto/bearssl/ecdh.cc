#include "svsm/crypto/ecdh.h"

#include "crypto/bearssl/internal.h"

namespace svsm::crypto {

Status BearsslEcdh::SetPrivateKey(ByteView scalar) {
  Wipe();
  SVSM_TRY(bearssl::CheckScalar(curve_, scalar));
  Copy(scalar_.writable(), scalar);
  keyed_ = true;
  return OkStatus();
}

void BearsslEcdh::Wipe() {
  scalar_.wipe();
  keyed_ = false;
}

Status BearsslEcdh::PublicKey(ByteSpan x, ByteSpan y) {
  if (!keyed_) {
    Fill(x, 0);
    Fill(y, 0);
    return bearssl::NoKey();
  }
  return bearssl::DerivePublicKey(curve_, ByteView(scalar_.view()).first(CoordinateSize(curve_)), x,
                                  y);
}

Status BearsslEcdh::Agree(EcPointView peer, ByteSpan z) {
  const std::size_t size = CoordinateSize(curve_);
  Fill(z, 0);
  if (!keyed_) return bearssl::NoKey();
  if (peer.x.size() != size || peer.y.size() != size || z.size() != size) return bearssl::Invalid();
  bearssl::Point point;
  point.size = 1 + 2 * size;
  point.bytes[0] = 4;
  Copy(point.view().subspan(1), peer.x);
  Copy(point.view().subspan(1 + size), peer.y);
  // Says 0 for what is not a point of the curve.
  const bool good = bearssl::Curves().mul(point.bytes.data(), point.size, scalar_.view().data(),
                                          size, bearssl::CurveId(curve_)) == 1;
  if (good) Copy(z, point.view().subspan(1, size));
  svsm::Wipe(point.bytes);
  return good ? OkStatus() : bearssl::Malformed();
}

}  // namespace svsm::crypto
