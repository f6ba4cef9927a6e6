// svsm/crypto/openssl.h: the primitives on OpenSSL 3 (EVP), for programs that have an operating
// system.
//
//   crypto::OpensslAesGcm aead;
//   SVSM_TRY(aead.SetKey(key.view()));
//   SVSM_TRY(aead.Seal(nonce, aad, plaintext, ciphertext, tag));
//
// Each type implements the interface that it derives from, whose header is its manual. Statuses
// that the interface names come from Source::kCrypto; kInternal comes from Source::kOpenssl, with
// OpenSSL's packed error code as detail. No call leaves entries on OpenSSL's error queue; a block
// cipher that says kInternal takes off the caller's own, too.
// Algorithms are fetched once, at construction or first use, in OpenSSL's default library context;
// if that fails (out of memory, no such algorithm in the configured providers), calls say
// kInternal. SHA-1 and SHA-2 of OpensslHash and OpensslHmac run on libcrypto itself, whatever the
// providers.
//
// Profile: hosted. Allocates: OpenSSL's own objects, at construction, in SetKey() and in calls.
// Threads: as the interfaces say; different objects in different threads at once.
#ifndef SVSM_CRYPTO_OPENSSL_H_
#define SVSM_CRYPTO_OPENSSL_H_

#include <array>

#include "svsm/core/secret.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/ecdh.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"
#include "svsm/crypto/rsa_pss.h"
#include "svsm/crypto/symmetric.h"

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

namespace openssl {
class PrivateKey;
struct ShaHmac;
}  // namespace openssl

class OpensslHash final : public Hash {
 public:
  explicit OpensslHash(HashAlg alg);
  // Whether OpenSSL has the algorithm.
  bool usable() const;
  OpensslHash(const OpensslHash&) = delete;
  OpensslHash& operator=(const OpensslHash&) = delete;
  ~OpensslHash();

  using Hash::Digest;
  HashAlg algorithm() const override { return alg_; }
  Status Digest(std::span<const ByteView> parts, ByteSpan out) const override;
  Status DigestMany(std::span<const HashMessage> messages) const override;

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
  Status ComputeMany(std::span<const HmacMessage> messages) override;
  void Wipe() override;

 private:
  friend class OpensslSymmetric;
  HashAlg alg_;
  bool keyed_ = false;               // of ctx_
  evp_mac_ctx_st* ctx_;              // hashes other than SHA-1 and SHA-2
  openssl::ShaHmac* sha_ = nullptr;  // SHA-1 and SHA-2, with a key
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

// Keeps the key, and sets up each direction's schedule when it is first used. A call sets no IV:
// the state that the one before left is known, and what it differs by is added to one block.
class OpensslBlockCipher final : public BlockCipher {
 public:
  OpensslBlockCipher() : OpensslBlockCipher(BlockCipherAlg::kAes) {}
  explicit OpensslBlockCipher(BlockCipherAlg alg) : OpensslBlockCipher(alg, nullptr) {}
  OpensslBlockCipher(const OpensslBlockCipher&) = delete;
  OpensslBlockCipher& operator=(const OpensslBlockCipher&) = delete;
  ~OpensslBlockCipher();

  BlockCipherAlg algorithm() const override { return alg_; }
  Status SetKey(ByteView key) override;
  Status EncryptEcb(ByteView in, ByteSpan out) override;
  Status DecryptEcb(ByteView in, ByteSpan out) override;
  Status EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) override;
  Status DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) override;
  Status Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) override;
  void Wipe() override;

 private:
  friend class OpensslSymmetric;
  enum Operation { kEncryptEcb, kDecryptEcb, kEncryptCbc, kDecryptCbc, kCtr, kNumOperations };
  // ECB, CBC and CTR with keys of 128, 192 and 256 bits: null where OpenSSL has none.
  using Fetched = std::array<std::array<evp_cipher_st*, 3>, 3>;
  struct Direction {
    evp_cipher_ctx_st* ctx = nullptr;
    bool keyed = false;
    Bytes<kAesBlockSize> chain{};  // CBC: the IV that the context would go on with
  };
  // Uses what is fetched already, which stays for the object's life; nullptr: fetches by itself.
  OpensslBlockCipher(BlockCipherAlg alg, const Fetched* fetched);
  Status Check(std::size_t unit, ByteView in, ByteSpan out) const;
  Status Prepare(Operation operation);
  bool Init(Operation operation, const evp_cipher_st* cipher);
  Status Update(Operation operation, ByteView in, ByteSpan out);
  Status Fail(Operation operation, ByteSpan out);

  BlockCipherAlg alg_;
  const Fetched* fetched_;
  Secret<kMaxCipherKeySize> key_;
  std::size_t key_size_ = 0;  // 0: there is no key
  Direction directions_[kNumOperations];
};
using OpensslAes = OpensslBlockCipher;

// The primitives above by algorithm, as far as OpenSSL's configured providers have them. The
// objects are in the Allocator's memory, their states in OpenSSL's.
class OpensslSymmetric final : public Symmetric {
 public:
  OpensslSymmetric();
  OpensslSymmetric(const OpensslSymmetric&) = delete;
  OpensslSymmetric& operator=(const OpensslSymmetric&) = delete;
  // Every BlockCipher that it made must be gone.
  ~OpensslSymmetric();

  bool Supports(HashAlg alg) const override;
  bool Supports(BlockCipherAlg alg) const override;
  Result<const Hash*> FindHash(HashAlg alg) const override;
  Result<Hmac*> NewHmac(HashAlg alg, Allocator& allocator) const override;
  Result<BlockCipher*> NewBlockCipher(BlockCipherAlg alg, Allocator& allocator) const override;
  // Side by side: AES with 128 or 256 bits and HMAC-SHA-256, where the processor has instructions
  // for both.
  Status EncryptCbcAndMac(BlockCipher& cipher, FixedView<kCipherBlockSize> iv, ByteView in,
                          ByteSpan out, Hmac& hmac,
                          std::span<const HmacMessage> messages) const override;
  void Delete(Hmac* hmac, Allocator& allocator) const override;
  void Delete(BlockCipher* cipher, Allocator& allocator) const override;

 private:
  OpensslHash hashes_[8]{OpensslHash(HashAlg::kSha1),     OpensslHash(HashAlg::kSha256),
                         OpensslHash(HashAlg::kSha384),   OpensslHash(HashAlg::kSha512),
                         OpensslHash(HashAlg::kSha3_256), OpensslHash(HashAlg::kSha3_384),
                         OpensslHash(HashAlg::kSha3_512), OpensslHash(HashAlg::kSm3)};
  std::array<OpensslBlockCipher::Fetched, 3> ciphers_{};  // by BlockCipherAlg
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
  Curve curve_;
  openssl::PrivateKey* key_ = nullptr;
};

class OpensslEcdh final : public Ecdh {
 public:
  explicit OpensslEcdh(Curve curve) : curve_(curve) {}
  OpensslEcdh(const OpensslEcdh&) = delete;
  OpensslEcdh& operator=(const OpensslEcdh&) = delete;
  ~OpensslEcdh();

  Curve curve() const override { return curve_; }
  Status SetPrivateKey(ByteView scalar) override;
  Status PublicKey(ByteSpan x, ByteSpan y) override;
  Status Agree(EcPointView peer, ByteSpan z) override;
  void Wipe() override;

 private:
  Curve curve_;
  openssl::PrivateKey* key_ = nullptr;
};

class OpensslRsaPssVerifier final : public RsaPssVerifier {
 public:
  OpensslRsaPssVerifier() = default;
  OpensslRsaPssVerifier(const OpensslRsaPssVerifier&) = delete;
  OpensslRsaPssVerifier& operator=(const OpensslRsaPssVerifier&) = delete;
  ~OpensslRsaPssVerifier();

  Status SetPublicKey(ByteView modulus, ByteView exponent) override;
  Status Verify(HashAlg alg, std::size_t salt_size_bytes, ByteView digest,
                ByteView signature) override;

 private:
  evp_pkey_st* key_ = nullptr;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_OPENSSL_H_
