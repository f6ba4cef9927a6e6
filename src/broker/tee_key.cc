#include "svsm/broker/tee_key.h"

#include <cstdint>

#include "svsm/crypto/openssl.h"

namespace svsm::broker {

Result<TeeKey> CheckTeeKey(crypto::Curve curve, crypto::EcPointView point) {
  if (curve != crypto::Curve::kP256 && curve != crypto::Curve::kP521) {
    return Status(Code::kUnsupported, Source::kBroker);
  }
  const std::size_t size = crypto::CoordinateSize(curve);
  if (point.x.size() != size || point.y.size() != size) {
    return Status(Code::kMalformed, Source::kBroker, static_cast<std::uint32_t>(size));
  }
  // The order of these curves is prime: what is on them is in the group.
  crypto::OpensslEcdsaVerifier importer(curve);
  const Status imported = importer.SetPublicKey(point);
  if (imported.code() == Code::kMalformed) return Status(Code::kMalformed, Source::kBroker);
  SVSM_TRY(imported);
  TeeKey key;
  key.curve = curve;
  Copy(key.x, point.x);
  Copy(key.y, point.y);
  return key;
}

}  // namespace svsm::broker
