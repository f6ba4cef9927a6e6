
#include "crypto/openssl/ec_key.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::BigNum;
using openssl::ErrorMark;
using openssl::PrivateKey;

namespace {

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

// Seeds `drbg` for the nonces of this key and digest (RFC 6979, 3.2).
Status SeedNonces(const PrivateKey& key, ByteView digest, Drbg& drbg) {
  Secret<kMaxCoordinateSize> scalar;
  Bytes<kMaxCoordinateSize> reduced{};
  const ByteSpan scalar_bytes = ByteSpan(scalar.writable()).first(key.size());
  const ByteSpan reduced_bytes = ByteSpan(reduced).first(key.size());
  const BigNum number = LeftmostBits(digest, key.order());
  if (!number || BN_nnmod(number.get(), number.get(), key.order(), key.context()) != 1 ||
      !openssl::ToBytes(number.get(), reduced_bytes) ||
      !openssl::ToBytes(key.scalar(), scalar_bytes)) {
    return openssl::Internal();
  }
  const ByteView inputs[] = {scalar_bytes, reduced_bytes};
  return drbg.Seed(inputs);
}

// The inverse of the next nonce, and r. Both are empty if this nonce is out of range.
Status NextNonce(const PrivateKey& key, Drbg& drbg, BigNum& inverse, BigNum& r) {
  Secret<kMaxCoordinateSize> bytes;
  const ByteSpan drawn = ByteSpan(bytes.writable()).first(key.size());
  SVSM_TRY(drbg.Generate(drawn));
  const BigNum nonce = LeftmostBits(drawn, key.order());
  if (!nonce) return openssl::Internal();
  if (BN_is_zero(nonce.get()) || BN_cmp(nonce.get(), key.order()) >= 0) return OkStatus();
  BN_set_flags(nonce.get(), BN_FLG_CONSTTIME);

  const openssl::Point point(EC_POINT_new(key.group()));
  const BigNum exponent(BN_dup(key.order()));
  BigNum found_r(BN_new());
  BigNum found_inverse(BN_new());
  // The order is prime, so the inverse is a power; raised in constant time.
  const bool ok =
      point && exponent && found_r && found_inverse &&
      EC_POINT_mul(key.group(), point.get(), nonce.get(), nullptr, nullptr, key.context()) == 1 &&
      EC_POINT_get_affine_coordinates(key.group(), point.get(), found_r.get(), nullptr,
                                      key.context()) == 1 &&
      BN_nnmod(found_r.get(), found_r.get(), key.order(), key.context()) == 1 &&
      BN_sub_word(exponent.get(), 2) == 1 &&
      BN_mod_exp_mont_consttime(found_inverse.get(), nonce.get(), exponent.get(), key.order(),
                                key.context(), nullptr) == 1;
  if (!ok) return openssl::Internal();
  if (BN_is_zero(found_r.get())) return OkStatus();
  inverse = std::move(found_inverse);
  r = std::move(found_r);
  return OkStatus();
}

}  // namespace

OpensslEcdsaSigner::~OpensslEcdsaSigner() { openssl::DropKey(key_); }

void OpensslEcdsaSigner::Wipe() { openssl::DropKey(key_); }

Status OpensslEcdsaSigner::SetPrivateKey(ByteView scalar) {
  return openssl::ReplaceKey(key_, curve_, scalar);
}

Status OpensslEcdsaSigner::PublicKey(ByteSpan x, ByteSpan y) {
  return openssl::PublicKeyOf(key_, x, y);
}

Status OpensslEcdsaSigner::Sign(ByteView digest, ByteSpan r, ByteSpan s) {
  const std::size_t size = CoordinateSize(curve_);
  Fill(r, 0);
  Fill(s, 0);
  if (!key_) return openssl::NoKey();
  HashAlg alg;
  if (r.size() != size || s.size() != size || !FromDigestSize(digest.size(), alg)) {
    return openssl::Invalid();
  }
  const ErrorMark mark;
  OpensslHmac hmac(alg);
  Drbg drbg(hmac);
  SVSM_TRY(SeedNonces(*key_, digest, drbg));
  BigNum inverse;
  BigNum big_r;
  while (!big_r) SVSM_TRY(NextNonce(*key_, drbg, inverse, big_r));
  const openssl::Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_do_sign_ex(
      digest.data(), static_cast<int>(digest.size()), inverse.get(), big_r.get(), key_->key()));
  if (!signature || !openssl::ToBytes(ECDSA_SIG_get0_r(signature.get()), r) ||
      !openssl::ToBytes(ECDSA_SIG_get0_s(signature.get()), s)) {
    Fill(r, 0);
    Fill(s, 0);
    return openssl::Internal();
  }
  return OkStatus();
}

}  // namespace svsm::crypto
