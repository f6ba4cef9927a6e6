// svsm/broker/tee_key.h: the public key that secrets are encrypted to, checked before anything is
// promised to whoever holds it.
//
//   SVSM_ASSIGN_OR_RETURN(const TeeKey key, CheckTeeKey(jwk.curve, jwk.point));
//
// Profile: hosted. Allocates: OpenSSL's objects for the call. Threads: functions are pure.
// Spec: RFC 7517, RFC 7518 6.2.1.
#ifndef SVSM_BROKER_TEE_KEY_H_
#define SVSM_BROKER_TEE_KEY_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/kbs/jwe.h"

namespace svsm::broker {

// A point on P-256 or P-521; each coordinate has CoordinateSize(curve) bytes at the front.
struct TeeKey {
  crypto::Curve curve = crypto::Curve::kP521;
  Bytes<crypto::kMaxCoordinateSize> x{};
  Bytes<crypto::kMaxCoordinateSize> y{};

  crypto::EcPointView point() const {
    const std::size_t size = crypto::CoordinateSize(curve);
    return {ByteView(x).first(size), ByteView(y).first(size)};
  }
  kbs::EcJwk jwk() const { return {curve, point()}; }
  friend bool operator==(const TeeKey&, const TeeKey&) = default;
};

// Whether a point may be a TEE's key. Errors: kUnsupported (another curve), kMalformed (detail =
// size that a coordinate must have; 0: not a point of the curve), kInternal.
[[nodiscard]] Result<TeeKey> CheckTeeKey(crypto::Curve curve, crypto::EcPointView point);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_TEE_KEY_H_
