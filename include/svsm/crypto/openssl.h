// svsm/crypto/openssl.h: the primitives on OpenSSL 3 (EVP), for programs that have an operating
// system.
//
//   crypto::OpensslAesGcm aead;
//   SVSM_TRY(aead.SetKey(key.view()));
//   SVSM_TRY(aead.Seal(nonce, aad, plaintext, ciphertext, tag));
//
// Each type implements the interface that it derives from, whose header is its manual. Statuses
// that the interface names come from Source::kCrypto; kInternal comes from Source::kOpenssl, with
// OpenSSL's packed error code as detail. No call leaves entries on OpenSSL's error queue.
// Algorithms are fetched once, at construction, in OpenSSL's default library context; if that
// fails (out of memory, no such algorithm in the configured providers), calls say kInternal.
//
// Profile: hosted. Allocates: OpenSSL's own objects, at construction, in SetKey() and in calls.
// Threads: as the interfaces say; different objects in different threads at once.
#ifndef SVSM_CRYPTO_OPENSSL_H_
#define SVSM_CRYPTO_OPENSSL_H_

#include "svsm/crypto/aead.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"

// OpenSSL's types, which its headers spell EVP_MD, EVP_MD_CTX, EVP_MAC_CTX, EVP_CIPHER,
// EVP_CIPHER_CTX, EVP_PKEY and EVP_PKEY_CTX.
struct evp_md_st;
struct evp_md_ctx_st;
struct evp_mac_ctx_st;
struct evp_cipher_st;
struct evp_cipher_ctx_st;
struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace svsm::crypto {

class OpensslHash final : public Hash {
 public:
  explicit OpensslHash(HashAlg alg);
  OpensslHash(const OpensslHash&) = delete;
  OpensslHash& operator=(const OpensslHash&) = delete;
  ~OpensslHash();

  using Hash::Digest;
  HashAlg algorithm() const override { return alg_; }
  Status Digest(std::span<const ByteView> parts, ByteSpan out) const override;

 private:
  HashAlg alg_;
  evp_md_st* md_;
};

class OpensslHashStream final : public HashStream {
 public:
  explicit OpensslHashStream(HashAlg alg);
  OpensslHashStream(const OpensslHashStream&) = delete;
  OpensslHashStream& operator=(const OpensslHashStream&) = delete;
  ~OpensslHashStream();

  HashAlg algorithm() const override { return alg_; }
  Status Update(ByteView data) override;
  Status Finish(ByteSpan out) override;
  void Reset() override;

 private:
  HashAlg alg_;
  bool ready_ = false;
  evp_md_st* md_;
  evp_md_ctx_st* ctx_;
};

class OpensslHmac final : public Hmac {
 public:
  explicit OpensslHmac(HashAlg alg);
  OpensslHmac(const OpensslHmac&) = delete;
  OpensslHmac& operator=(const OpensslHmac&) = delete;
  ~OpensslHmac();

  using Hmac::Compute;
  HashAlg algorithm() const override { return alg_; }
  Status SetKey(ByteView key) override;
  Status Compute(std::span<const ByteView> parts, ByteSpan out) override;
  void Wipe() override;

 private:
  HashAlg alg_;
  bool keyed_ = false;
  evp_mac_ctx_st* ctx_;
};

// The key schedule is set up once a key; a call sets the nonce alone.
class OpensslAesGcm final : public Aead {
 public:
  OpensslAesGcm();
  OpensslAesGcm(const OpensslAesGcm&) = delete;
  OpensslAesGcm& operator=(const OpensslAesGcm&) = delete;
  ~OpensslAesGcm();

  Status SetKey(ByteView key) override;
  Status Seal(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView plaintext, ByteSpan ciphertext,
              FixedSpan<kGcmTagSize> tag) override;
  Status Open(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView ciphertext,
              FixedView<kGcmTagSize> tag, ByteSpan plaintext) override;
  void Wipe() override;

 private:
  bool keyed_ = false;
  evp_cipher_st* ciphers_[3];
  evp_cipher_ctx_st* seal_;
  evp_cipher_ctx_st* open_;
};

class OpensslEcdsaVerifier final : public EcdsaVerifier {
 public:
  explicit OpensslEcdsaVerifier(Curve curve) : curve_(curve) {}
  OpensslEcdsaVerifier(const OpensslEcdsaVerifier&) = delete;
  OpensslEcdsaVerifier& operator=(const OpensslEcdsaVerifier&) = delete;
  ~OpensslEcdsaVerifier();

  Curve curve() const override { return curve_; }
  Status SetPublicKey(EcPointView key) override;
  Status Verify(ByteView digest, EcdsaSignatureView signature) override;

 private:
  void Forget();
  Curve curve_;
  evp_pkey_ctx_st* ctx_ = nullptr;
};

class OpensslEcdsaSigner final : public EcdsaSigner {
 public:
  explicit OpensslEcdsaSigner(Curve curve) : curve_(curve) {}
  OpensslEcdsaSigner(const OpensslEcdsaSigner&) = delete;
  OpensslEcdsaSigner& operator=(const OpensslEcdsaSigner&) = delete;
  ~OpensslEcdsaSigner();

  Curve curve() const override { return curve_; }
  Status SetPrivateKey(ByteView scalar) override;
  Status PublicKey(ByteSpan x, ByteSpan y) override;
  Status Sign(ByteView digest, ByteSpan r, ByteSpan s) override;
  void Wipe() override;

 private:
  struct State;
  Curve curve_;
  State* state_ = nullptr;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_OPENSSL_H_
