// EVP cannot sign with a given nonce in OpenSSL 3.0, so this file uses the EC_KEY functions below
// it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include "crypto/openssl/internal.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::BigNum;
using openssl::ErrorMark;

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

bool FromDigestSize(std::size_t size, HashAlg& alg) {
  for (const HashAlg candidate :
       {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
    alg = candidate;
    if (DigestSize(candidate) == size) return true;
  }
  return false;
}

// The leftmost bits of `bytes`, as many as the order has (RFC 6979, 2.3.2).
BigNum LeftmostBits(ByteView bytes, const BIGNUM* order) {
  BigNum number = openssl::ToBigNum(bytes);
  const int excess = static_cast<int>(bytes.size() * 8) - BN_num_bits(order);
  if (number && excess > 0 && BN_rshift(number.get(), number.get(), excess) != 1) number.reset();
  return number;
}

}  // namespace

struct OpensslEcdsaSigner::State {
  openssl::Owned<EC_KEY, EC_KEY_free> key;
  openssl::BigNumContext context;
  Bytes<kMaxCoordinateSize> x{};
  Bytes<kMaxCoordinateSize> y{};

  const EC_GROUP* group() const { return EC_KEY_get0_group(key.get()); }
  const BIGNUM* order() const { return EC_GROUP_get0_order(group()); }

  bool SetPublicPoint(const BIGNUM* scalar, std::size_t size);
  // Seeds `drbg` for the nonces of this key and digest (RFC 6979, 3.2).
  Status SeedNonces(ByteView digest, std::size_t size, Drbg& drbg) const;
  // The inverse of the next nonce, and r. Both are empty if this nonce is out of range.
  Status NextNonce(Drbg& drbg, std::size_t size, BigNum& inverse, BigNum& r) const;
};

bool OpensslEcdsaSigner::State::SetPublicPoint(const BIGNUM* scalar, std::size_t size) {
  const openssl::Point point(EC_POINT_new(group()));
  const BigNum big_x(BN_new());
  const BigNum big_y(BN_new());
  const int width = static_cast<int>(size);
  return point && big_x && big_y &&
         EC_POINT_mul(group(), point.get(), scalar, nullptr, nullptr, context.get()) == 1 &&
         EC_POINT_get_affine_coordinates(group(), point.get(), big_x.get(), big_y.get(),
                                         context.get()) == 1 &&
         EC_KEY_set_public_key(key.get(), point.get()) == 1 &&
         BN_bn2binpad(big_x.get(), x.data(), width) == width &&
         BN_bn2binpad(big_y.get(), y.data(), width) == width;
}

Status OpensslEcdsaSigner::State::SeedNonces(ByteView digest, std::size_t size, Drbg& drbg) const {
  Secret<kMaxCoordinateSize> scalar;
  Bytes<kMaxCoordinateSize> reduced{};
  const int width = static_cast<int>(size);
  const BigNum number = LeftmostBits(digest, order());
  if (!number || BN_nnmod(number.get(), number.get(), order(), context.get()) != 1 ||
      BN_bn2binpad(number.get(), reduced.data(), width) != width ||
      BN_bn2binpad(EC_KEY_get0_private_key(key.get()), scalar.writable().data(), width) != width) {
    return openssl::Internal();
  }
  const ByteView inputs[] = {ByteView(scalar.view()).first(size), ByteView(reduced).first(size)};
  return drbg.Seed(inputs);
}

Status OpensslEcdsaSigner::State::NextNonce(Drbg& drbg, std::size_t size, BigNum& inverse,
                                            BigNum& r) const {
  inverse.reset();
  r.reset();
  Secret<kMaxCoordinateSize> bytes;
  const ByteSpan drawn = ByteSpan(bytes.writable()).first(size);
  SVSM_TRY(drbg.Generate(drawn));
  const BigNum nonce = LeftmostBits(drawn, order());
  if (!nonce) return openssl::Internal();
  if (BN_is_zero(nonce.get()) || BN_cmp(nonce.get(), order()) >= 0) return OkStatus();
  BN_set_flags(nonce.get(), BN_FLG_CONSTTIME);

  const openssl::Point point(EC_POINT_new(group()));
  const BigNum exponent(BN_dup(order()));
  BigNum found_r(BN_new());
  BigNum found_inverse(BN_new());
  // The order is prime, so the inverse is a power; raised in constant time.
  const bool ok =
      point && exponent && found_r && found_inverse &&
      EC_POINT_mul(group(), point.get(), nonce.get(), nullptr, nullptr, context.get()) == 1 &&
      EC_POINT_get_affine_coordinates(group(), point.get(), found_r.get(), nullptr,
                                      context.get()) == 1 &&
      BN_nnmod(found_r.get(), found_r.get(), order(), context.get()) == 1 &&
      BN_sub_word(exponent.get(), 2) == 1 &&
      BN_mod_exp_mont_consttime(found_inverse.get(), nonce.get(), exponent.get(), order(),
                                context.get(), nullptr) == 1;
  if (!ok) return openssl::Internal();
  if (BN_is_zero(found_r.get())) return OkStatus();
  inverse = std::move(found_inverse);
  r = std::move(found_r);
  return OkStatus();
}

OpensslEcdsaSigner::~OpensslEcdsaSigner() { Wipe(); }

void OpensslEcdsaSigner::Wipe() {
  delete state_;
  state_ = nullptr;
}

Status OpensslEcdsaSigner::SetPrivateKey(ByteView scalar) {
  Wipe();
  const std::size_t size = CoordinateSize(curve_);
  if (scalar.size() != size) return openssl::Invalid();
  const ErrorMark mark;
  auto state = std::make_unique<State>();
  state->key.reset(EC_KEY_new_by_curve_name(CurveNid(curve_)));
  state->context.reset(BN_CTX_secure_new());
  const BigNum number = openssl::ToBigNum(scalar);
  if (!state->key || !state->context || !number) return openssl::Internal();
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), state->order()) >= 0) {
    return Status(Code::kMalformed, Source::kCrypto);
  }
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (EC_KEY_set_private_key(state->key.get(), number.get()) != 1 ||
      !state->SetPublicPoint(number.get(), size)) {
    return openssl::Internal();
  }
  state_ = state.release();
  return OkStatus();
}

Status OpensslEcdsaSigner::PublicKey(ByteSpan x, ByteSpan y) {
  const std::size_t size = CoordinateSize(curve_);
  Fill(x, 0);
  Fill(y, 0);
  if (!state_) return openssl::NoKey();
  if (x.size() != size || y.size() != size) return openssl::Invalid();
  Copy(x, ByteView(state_->x).first(size));
  Copy(y, ByteView(state_->y).first(size));
  return OkStatus();
}

Status OpensslEcdsaSigner::Sign(ByteView digest, ByteSpan r, ByteSpan s) {
  const std::size_t size = CoordinateSize(curve_);
  Fill(r, 0);
  Fill(s, 0);
  if (!state_) return openssl::NoKey();
  HashAlg alg;
  if (r.size() != size || s.size() != size || !FromDigestSize(digest.size(), alg)) {
    return openssl::Invalid();
  }
  const ErrorMark mark;
  OpensslHmac hmac(alg);
  Drbg drbg(hmac);
  SVSM_TRY(state_->SeedNonces(digest, size, drbg));
  BigNum inverse;
  BigNum big_r;
  while (!big_r) SVSM_TRY(state_->NextNonce(drbg, size, inverse, big_r));
  const openssl::Owned<ECDSA_SIG, ECDSA_SIG_free> signature(
      ECDSA_do_sign_ex(digest.data(), static_cast<int>(digest.size()), inverse.get(), big_r.get(),
                       state_->key.get()));
  if (!signature) return openssl::Internal();
  const int width = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), r.data(), width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), s.data(), width) != width) {
    Fill(r, 0);
    Fill(s, 0);
    return openssl::Internal();
  }
  return OkStatus();
}

}  // namespace svsm::crypto
