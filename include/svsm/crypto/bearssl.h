// svsm/crypto/bearssl.h: the primitives on BearSSL, for firmware and for programs that want no
// OpenSSL.
//
//   crypto::BearsslAesGcm aead;
//   SVSM_TRY(aead.SetKey(key.view()));
//
// Each type implements the interface that it derives from, whose header is its manual. All state is
// in the object, which therefore may not be copied; secrets are wiped when it goes. Every Status is
// of Source::kCrypto, kInternal (BearSSL failed where its contract says that it cannot) of
// Source::kBearssl.
//
// Stack: BearSSL's own frames are not held to the library's 2 KiB; those of ECDSA, Diffie-Hellman
// and portable AES are the large ones. `-fstack-usage` says how large with your compiler.
//
// Vector registers: AES-NI and PCLMULQDQ code uses xmm, so firmware sets CR4.OSFXSR first, or takes
// BearsslCode::kPortable.
//
// Profile: freestanding. Allocates: never. Threads: as the interfaces say.
#ifndef SVSM_CRYPTO_BEARSSL_H_
#define SVSM_CRYPTO_BEARSSL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/secret.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/ecdh.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"
#include "svsm/crypto/symmetric.h"

namespace svsm::crypto {

namespace bearssl {

// Room for one of BearSSL's contexts, whose size the source checks.
template <std::size_t kSize>
struct Room {
  alignas(8) std::uint8_t bytes[kSize];
};

}  // namespace bearssl

class BearsslHash final : public Hash {
 public:
  explicit BearsslHash(HashAlg alg) : alg_(alg) {}
  BearsslHash(const BearsslHash&) = delete;
  BearsslHash& operator=(const BearsslHash&) = delete;

  using Hash::Digest;
  HashAlg algorithm() const override { return alg_; }
  Status Digest(std::span<const ByteView> parts, ByteSpan out) const override;

 private:
  HashAlg alg_;
};

class BearsslHashStream final : public HashStream {
 public:
  explicit BearsslHashStream(HashAlg alg);
  BearsslHashStream(const BearsslHashStream&) = delete;
  BearsslHashStream& operator=(const BearsslHashStream&) = delete;
  ~BearsslHashStream();

  HashAlg algorithm() const override { return alg_; }
  Status Update(ByteView data) override;
  Status Finish(ByteSpan out) override;
  void Reset() override;

 private:
  HashAlg alg_;
  bearssl::Room<208> context_;
};

class BearsslHmac final : public Hmac {
 public:
  explicit BearsslHmac(HashAlg alg);
  BearsslHmac(const BearsslHmac&) = delete;
  BearsslHmac& operator=(const BearsslHmac&) = delete;
  ~BearsslHmac() { Wipe(); }

  using Hmac::Compute;
  HashAlg algorithm() const override { return alg_; }
  Status SetKey(ByteView key) override;
  Status Compute(std::span<const ByteView> parts, ByteSpan out) override;
  void Wipe() override;

 private:
  HashAlg alg_;
  bool keyed_ = false;
  bearssl::Room<136> key_;
};

// Which code AES and GCM run on: AES-NI and PCLMULQDQ where CPUID has them, or constant-time code
// in general registers alone, some twenty times slower.
enum class BearsslCode : std::uint8_t { kFastest, kPortable };

class BearsslAes final : public BlockCipher {
 public:
  BearsslAes() : BearsslAes(BearsslCode::kFastest) {}
  explicit BearsslAes(BearsslCode code);
  BearsslAes(const BearsslAes&) = delete;
  BearsslAes& operator=(const BearsslAes&) = delete;
  ~BearsslAes() { Wipe(); }

  BlockCipherAlg algorithm() const override { return BlockCipherAlg::kAes; }
  Status SetKey(ByteView key) override;
  Status EncryptEcb(ByteView in, ByteSpan out) override;
  Status DecryptEcb(ByteView in, ByteSpan out) override;
  Status EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) override;
  Status DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) override;
  Status Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) override;
  void Wipe() override;

 private:
  Status Check(std::size_t unit, ByteView in, ByteSpan out) const;

  BearsslCode code_;
  bool keyed_ = false;
  bearssl::Room<256> encrypt_;
  bearssl::Room<256> decrypt_;
  bearssl::Room<256> ctr_;
};

class BearsslAesGcm final : public Aead {
 public:
  BearsslAesGcm() : BearsslAesGcm(BearsslCode::kFastest) {}
  explicit BearsslAesGcm(BearsslCode code);
  BearsslAesGcm(const BearsslAesGcm&) = delete;
  BearsslAesGcm& operator=(const BearsslAesGcm&) = delete;
  ~BearsslAesGcm() { Wipe(); }

  Status SetKey(ByteView key) override;
  Status Seal(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView plaintext, ByteSpan ciphertext,
              FixedSpan<kGcmTagSize> tag) override;
  Status Open(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView ciphertext,
              FixedView<kGcmTagSize> tag, ByteSpan plaintext) override;
  void Wipe() override;

 private:
  BearsslCode code_;
  bool keyed_ = false;
  bearssl::Room<256> ctr_;
  bearssl::Room<112> gcm_;
};

// The primitives above by algorithm. Takes no memory but the Allocator's.
class BearsslSymmetric final : public Symmetric {
 public:
  BearsslSymmetric() : BearsslSymmetric(BearsslCode::kFastest) {}
  explicit BearsslSymmetric(BearsslCode code) : code_(code) {}

  bool Supports(HashAlg alg) const override;
  bool Supports(BlockCipherAlg alg) const override { return alg == BlockCipherAlg::kAes; }
  Result<const Hash*> FindHash(HashAlg alg) const override;
  Result<Hmac*> NewHmac(HashAlg alg, Allocator& allocator) const override;
  Result<BlockCipher*> NewBlockCipher(BlockCipherAlg alg, Allocator& allocator) const override;
  void Delete(Hmac* hmac, Allocator& allocator) const override;
  void Delete(BlockCipher* cipher, Allocator& allocator) const override;

 private:
  BearsslCode code_;
  BearsslHash hashes_[4]{BearsslHash(HashAlg::kSha1), BearsslHash(HashAlg::kSha256),
                         BearsslHash(HashAlg::kSha384), BearsslHash(HashAlg::kSha512)};
};

// BearSSL refuses a valid signature over a digest whose bits are all zero, where OpenSSL accepts
// it. No hash of known bytes is zero.
class BearsslEcdsaVerifier final : public EcdsaVerifier {
 public:
  explicit BearsslEcdsaVerifier(Curve curve) : curve_(curve) {}

  Curve curve() const override { return curve_; }
  Status SetPublicKey(EcPointView key) override;
  Status Verify(ByteView digest, EcdsaSignatureView signature) override;

 private:
  Curve curve_;
  bool keyed_ = false;
  Bytes<1 + 2 * kMaxCoordinateSize> point_{};
};

class BearsslEcdsaSigner final : public EcdsaSigner {
 public:
  explicit BearsslEcdsaSigner(Curve curve) : curve_(curve) {}
  BearsslEcdsaSigner(const BearsslEcdsaSigner&) = delete;
  BearsslEcdsaSigner& operator=(const BearsslEcdsaSigner&) = delete;
  ~BearsslEcdsaSigner() { Wipe(); }

  Curve curve() const override { return curve_; }
  Status SetPrivateKey(ByteView scalar) override;
  Status PublicKey(ByteSpan x, ByteSpan y) override;
  Status Sign(ByteView digest, ByteSpan r, ByteSpan s) override;
  void Wipe() override;

 private:
  Curve curve_;
  bool keyed_ = false;
  Secret<kMaxCoordinateSize> scalar_;
};

class BearsslEcdh final : public Ecdh {
 public:
  explicit BearsslEcdh(Curve curve) : curve_(curve) {}
  BearsslEcdh(const BearsslEcdh&) = delete;
  BearsslEcdh& operator=(const BearsslEcdh&) = delete;
  ~BearsslEcdh() { Wipe(); }

  Curve curve() const override { return curve_; }
  Status SetPrivateKey(ByteView scalar) override;
  Status PublicKey(ByteSpan x, ByteSpan y) override;
  Status Agree(EcPointView peer, ByteSpan z) override;
  void Wipe() override;

 private:
  Curve curve_;
  bool keyed_ = false;
  Secret<kMaxCoordinateSize> scalar_;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_BEARSSL_H_
