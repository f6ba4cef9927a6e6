#include "crypto/openssl/ec_key.h"

#include <openssl/obj_mac.h>

namespace svsm::crypto::openssl {

namespace {

int CurveNid(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return NID_X9_62_prime256v1;
    case Curve::kP384:
      return NID_secp384r1;
    case Curve::kP521:
      return NID_secp521r1;
  }
  return NID_undef;
}

}  // namespace

bool PrivateKey::SetPublicPoint(const BIGNUM* scalar) {
  const Point point(EC_POINT_new(group()));
  const BigNum x(BN_new());
  const BigNum y(BN_new());
  return point && x && y &&
         EC_POINT_mul(group(), point.get(), scalar, nullptr, nullptr, context()) == 1 &&
         EC_POINT_get_affine_coordinates(group(), point.get(), x.get(), y.get(), context()) == 1 &&
         EC_KEY_set_public_key(key(), point.get()) == 1 &&
         ToBytes(x.get(), ByteSpan(x_).first(size_)) && ToBytes(y.get(), ByteSpan(y_).first(size_));
}

Status PrivateKey::Import(Curve curve, ByteView scalar) {
  size_ = CoordinateSize(curve);
  key_.reset(EC_KEY_new_by_curve_name(CurveNid(curve)));
  context_.reset(BN_CTX_secure_new());
  const BigNum number = ToBigNum(scalar);
  if (!key_ || !context_ || !number) return Internal();
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), order()) >= 0) {
    return Status(Code::kMalformed, Source::kCrypto);
  }
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (EC_KEY_set_private_key(key(), number.get()) != 1 || !SetPublicPoint(number.get())) {
    return Internal();
  }
  return OkStatus();
}

Status PrivateKey::PublicKey(ByteSpan x, ByteSpan y) const {
  if (x.size() != size_ || y.size() != size_) {
    Fill(x, 0);
    Fill(y, 0);
    return Invalid();
  }
  Copy(x, ByteView(x_).first(size_));
  Copy(y, ByteView(y_).first(size_));
  return OkStatus();
}

Status ReplaceKey(PrivateKey*& key, Curve curve, ByteView scalar) {
  DropKey(key);
  if (scalar.size() != CoordinateSize(curve)) return Invalid();
  const ErrorMark mark;
  auto made = std::make_unique<PrivateKey>();
  SVSM_TRY(made->Import(curve, scalar));
  key = made.release();
  return OkStatus();
}

Status PublicKeyOf(const PrivateKey* key, ByteSpan x, ByteSpan y) {
  if (key) return key->PublicKey(x, y);
  Fill(x, 0);
  Fill(y, 0);
  return NoKey();
}

void DropKey(PrivateKey*& key) {
  delete key;
  key = nullptr;
}

}  // namespace svsm::crypto::openssl
