#include "svsm/crypto/ecdsa.h"

#include "crypto/bearssl/internal.h"

namespace svsm::crypto {

namespace {

constexpr HashAlg kHashes[] = {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384,
                               HashAlg::kSha512};

// The hash class for the nonces of a digest of this size; null if there is none.
const br_hash_class* NonceHash(std::size_t digest_size) {
  for (const HashAlg alg : kHashes) {
    if (DigestSize(alg) == digest_size) return bearssl::HashClass(alg);
  }
  return nullptr;
}

}  // namespace

Status BearsslEcdsaVerifier::SetPublicKey(EcPointView key) {
  keyed_ = false;
  bearssl::Point point;
  SVSM_TRY(bearssl::ImportPoint(curve_, key, point));
  point_ = point.bytes;
  keyed_ = true;
  return OkStatus();
}

Status BearsslEcdsaVerifier::Verify(ByteView digest, EcdsaSignatureView signature) {
  if (!keyed_) return bearssl::NoKey();
  const std::size_t size = CoordinateSize(curve_);
  if (signature.r.size() != size || signature.s.size() != size || digest.size() < kSha1Size ||
      digest.size() > kMaxDigestSize) {
    return bearssl::Invalid();
  }
  if (IsZero(signature.r) || IsZero(signature.s)) return bearssl::AuthFailed();
  Bytes<2 * kMaxCoordinateSize> raw{};
  Copy(raw, signature.r);
  Copy(ByteSpan(raw).subspan(size), signature.s);
  const br_ec_public_key key = {bearssl::CurveId(curve_), point_.data(), 1 + 2 * size};
  const bool good = br_ecdsa_i31_vrfy_raw(&bearssl::Curves(), digest.data(), digest.size(), &key,
                                          raw.data(), 2 * size) == 1;
  return good ? OkStatus() : bearssl::AuthFailed();
}

Status BearsslEcdsaSigner::SetPrivateKey(ByteView scalar) {
  Wipe();
  SVSM_TRY(bearssl::CheckScalar(curve_, scalar));
  Copy(scalar_.writable(), scalar);
  keyed_ = true;
  return OkStatus();
}

void BearsslEcdsaSigner::Wipe() {
  scalar_.wipe();
  keyed_ = false;
}

Status BearsslEcdsaSigner::PublicKey(ByteSpan x, ByteSpan y) {
  if (!keyed_) {
    Fill(x, 0);
    Fill(y, 0);
    return bearssl::NoKey();
  }
  return bearssl::DerivePublicKey(curve_, ByteView(scalar_.view()).first(CoordinateSize(curve_)), x,
                                  y);
}

Status BearsslEcdsaSigner::Sign(ByteView digest, ByteSpan r, ByteSpan s) {
  const std::size_t size = CoordinateSize(curve_);
  Fill(r, 0);
  Fill(s, 0);
  if (!keyed_) return bearssl::NoKey();
  const br_hash_class* hash = NonceHash(digest.size());
  if (r.size() != size || s.size() != size || !hash) return bearssl::Invalid();
  // BearSSL does not write to the scalar, whatever its type says.
  br_ec_private_key key = {bearssl::CurveId(curve_), scalar_.writable().data(), size};
  Bytes<2 * kMaxCoordinateSize> raw{};
  const std::size_t written =
      br_ecdsa_i31_sign_raw(&bearssl::Curves(), hash, digest.data(), &key, raw.data());
  if (written != 2 * size) return bearssl::Internal();
  Copy(r, ByteView(raw).first(size));
  Copy(s, ByteView(raw).subspan(size, size));
  return OkStatus();
}

}  // namespace svsm::crypto
