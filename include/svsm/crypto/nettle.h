// svsm/crypto/nettle.h: ECDSA verification on nettle.
//
//   NettleEcdsaVerifier verifier(Curve::kP384);
//   SVSM_TRY(verifier.SetPublicKey({.x = x, .y = y}));
//   SVSM_TRY(verifier.Verify(digest, {.r = r, .s = s}));
//
// For verifiers that check many reports of AMD's P-384 keys; the benchmark BM_EcdsaVerify says what
// it is worth on a machine. P-256 and P-384; P-521 is kUnsupported. Statuses come from
// Source::kCrypto. GMP, below nettle, ends the program when memory runs out.
//
// nettle and GMP are LGPL (or GPL): link them as shared libraries, or mind the licence. The target
// is optional and in no default closure.
//
// Profile: hosted. Allocates: in SetPublicKey() and Verify(). Threads: as the interface says;
// different objects in different threads at once.
#ifndef SVSM_CRYPTO_NETTLE_H_
#define SVSM_CRYPTO_NETTLE_H_

#include "svsm/crypto/ecdsa.h"

// nettle's type.
struct ecc_point;

namespace svsm::crypto {

class NettleEcdsaVerifier final : public EcdsaVerifier {
 public:
  explicit NettleEcdsaVerifier(Curve curve) : curve_(curve) {}
  NettleEcdsaVerifier(const NettleEcdsaVerifier&) = delete;
  NettleEcdsaVerifier& operator=(const NettleEcdsaVerifier&) = delete;
  ~NettleEcdsaVerifier();

  Curve curve() const override { return curve_; }
  Status SetPublicKey(EcPointView key) override;
  Status Verify(ByteView digest, EcdsaSignatureView signature) override;

 private:
  void Forget();
  Curve curve_;
  ecc_point* point_ = nullptr;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_NETTLE_H_
