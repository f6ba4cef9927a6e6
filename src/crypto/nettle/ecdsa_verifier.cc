#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

#include <memory>

#include "svsm/crypto/hash.h"
#include "svsm/crypto/nettle.h"

namespace svsm::crypto {

namespace {

const ecc_curve* FindCurve(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return nettle_get_secp_256r1();
    case Curve::kP384:
      return nettle_get_secp_384r1();
    case Curve::kP521:
      return nullptr;
  }
  return nullptr;
}

class Integer {
 public:
  explicit Integer(ByteView big_endian) {
    mpz_init(value_);
    mpz_import(value_, big_endian.size(), 1, 1, 0, 0, big_endian.data());
  }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  ~Integer() { mpz_clear(value_); }
  mpz_srcptr get() const { return value_; }

 private:
  mpz_t value_;
};

class Signature {
 public:
  explicit Signature(EcdsaSignatureView view) {
    dsa_signature_init(&value_);
    mpz_import(value_.r, view.r.size(), 1, 1, 0, 0, view.r.data());
    mpz_import(value_.s, view.s.size(), 1, 1, 0, 0, view.s.data());
  }
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;
  ~Signature() { dsa_signature_clear(&value_); }
  const dsa_signature* get() const { return &value_; }

 private:
  dsa_signature value_;
};

}  // namespace

NettleEcdsaVerifier::~NettleEcdsaVerifier() { Forget(); }

void NettleEcdsaVerifier::Forget() {
  if (point_) ecc_point_clear(point_);
  delete point_;
  point_ = nullptr;
}

Status NettleEcdsaVerifier::SetPublicKey(EcPointView key) {
  Forget();
  const ecc_curve* curve = FindCurve(curve_);
  if (!curve) return Status(Code::kUnsupported, Source::kCrypto);
  const std::size_t size = CoordinateSize(curve_);
  if (key.x.size() != size || key.y.size() != size) {
    return Status(Code::kInvalidArgument, Source::kCrypto);
  }
  const Integer x(key.x);
  const Integer y(key.y);
  point_ = std::make_unique<ecc_point>().release();
  ecc_point_init(point_, curve);
  if (ecc_point_set(point_, x.get(), y.get()) == 1) return OkStatus();
  Forget();
  return Status(Code::kMalformed, Source::kCrypto);
}

Status NettleEcdsaVerifier::Verify(ByteView digest, EcdsaSignatureView signature) {
  if (!point_) return Status(Code::kFailedPrecondition, Source::kCrypto);
  const std::size_t size = CoordinateSize(curve_);
  if (signature.r.size() != size || signature.s.size() != size || digest.size() < kSha1Size ||
      digest.size() > kMaxDigestSize) {
    return Status(Code::kInvalidArgument, Source::kCrypto);
  }
  const Signature numbers(signature);
  const bool good = ecdsa_verify(point_, digest.size(), digest.data(), numbers.get()) == 1;
  return good ? OkStatus() : Status(Code::kAuthFailed, Source::kCrypto);
}

}  // namespace svsm::crypto
