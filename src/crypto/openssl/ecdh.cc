#include "svsm/crypto/ecdh.h"

#include "crypto/openssl/ec_key.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::BigNum;
using openssl::ErrorMark;
using openssl::PrivateKey;

namespace {

Status Multiply(const PrivateKey& key, EcPointView peer, ByteSpan z) {
  const openssl::Point point(EC_POINT_new(key.group()));
  const BigNum x = openssl::ToBigNum(peer.x);
  const BigNum y = openssl::ToBigNum(peer.y);
  const BigNum shared(BN_secure_new());
  if (!point || !x || !y || !shared) return openssl::Internal();
  // Refuses coordinates beyond the prime, and points that are not on the curve. The curves have
  // cofactor 1, so no such point is in a small subgroup.
  if (EC_POINT_set_affine_coordinates(key.group(), point.get(), x.get(), y.get(), key.context()) !=
      1) {
    return Status(Code::kMalformed, Source::kCrypto);
  }
  const bool ok = EC_POINT_mul(key.group(), point.get(), nullptr, point.get(), key.scalar(),
                               key.context()) == 1 &&
                  EC_POINT_get_affine_coordinates(key.group(), point.get(), shared.get(), nullptr,
                                                  key.context()) == 1 &&
                  openssl::ToBytes(shared.get(), z);
  return ok ? OkStatus() : openssl::Internal();
}

}  // namespace

OpensslEcdh::~OpensslEcdh() { openssl::DropKey(key_); }

void OpensslEcdh::Wipe() { openssl::DropKey(key_); }

Status OpensslEcdh::SetPrivateKey(ByteView scalar) {
  return openssl::ReplaceKey(key_, curve_, scalar);
}

Status OpensslEcdh::PublicKey(ByteSpan x, ByteSpan y) { return openssl::PublicKeyOf(key_, x, y); }

Status OpensslEcdh::Agree(EcPointView peer, ByteSpan z) {
  const std::size_t size = CoordinateSize(curve_);
  Status status = openssl::NoKey();
  if (key_) {
    const ErrorMark mark;
    const bool sizes = peer.x.size() == size && peer.y.size() == size && z.size() == size;
    status = sizes ? Multiply(*key_, peer, z) : openssl::Invalid();
  }
  if (!status.ok()) svsm::Wipe(z);
  return status;
}

}  // namespace svsm::crypto
