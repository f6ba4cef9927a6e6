// What the files of the BearSSL backend share.
#ifndef SVSM_SRC_CRYPTO_BEARSSL_INTERNAL_H_
#define SVSM_SRC_CRYPTO_BEARSSL_INTERNAL_H_

#include <bearssl.h>

#include <new>
#include <type_traits>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"

namespace svsm::crypto::bearssl {

inline Status Internal() { return Status(Code::kInternal, Source::kBearssl); }
inline Status Invalid() { return Status(Code::kInvalidArgument, Source::kCrypto); }
inline Status Unsupported(HashAlg alg) {
  return Status(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(alg));
}
inline Status NoKey() { return Status(Code::kFailedPrecondition, Source::kCrypto); }
inline Status Malformed() { return Status(Code::kMalformed, Source::kCrypto); }
inline Status AuthFailed() { return Status(Code::kAuthFailed, Source::kCrypto); }

// Begins a T, all zero, in `room`.
template <typename T, std::size_t kSize>
void Make(Room<kSize>& room) {
  static_assert(sizeof(T) <= kSize && alignof(T) <= alignof(Room<kSize>));
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  ::new (static_cast<void*>(room.bytes)) T{};
}

// The T that Make() began.
template <typename T, std::size_t kSize>
T& Get(Room<kSize>& room) {
  return *std::launder(static_cast<T*>(static_cast<void*>(room.bytes)));
}

// The bytes of an object of BearSSL's, to be wiped.
template <typename T>
ByteSpan BytesOf(T& object) {
  return ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&object)), sizeof(T));
}

// nullptr for what BearSSL has not.
const br_hash_class* HashClass(HashAlg alg);

// Elliptic curves, in BearSSL's own numbers.
int CurveId(Curve curve);
inline const br_ec_impl& Curves() { return br_ec_all_m31; }

// A point as BearSSL takes it: 04 || x || y.
struct Point {
  Bytes<1 + 2 * kMaxCoordinateSize> bytes{};
  std::size_t size = 0;

  ByteSpan view() { return ByteSpan(bytes).first(size); }
};

// Errors: kInvalidArgument (sizes), kMalformed (not a point of the curve).
Status ImportPoint(Curve curve, EcPointView in, Point& out);
// Errors: as EcdsaSigner::SetPrivateKey().
Status CheckScalar(Curve curve, ByteView scalar);
// The public key of a checked scalar. Errors: kInvalidArgument (sizes), kInternal.
Status DerivePublicKey(Curve curve, ByteView scalar, ByteSpan x, ByteSpan y);

}  // namespace svsm::crypto::bearssl

#endif  // SVSM_SRC_CRYPTO_BEARSSL_INTERNAL_H_
