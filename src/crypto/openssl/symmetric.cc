#include "svsm/crypto/symmetric.h"

#include <new>

#include "crypto/openssl/cbc_beside_mac.h"
#include "crypto/openssl/internal.h"
#include "crypto/openssl/sha.h"
#include "crypto/openssl/sha256_pair.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {
namespace {

Status OutOfMemory() { return Status(Code::kOutOfMemory, Source::kCrypto); }

template <typename Alg>
Status Unsupported(Alg alg) {
  return Status(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(alg));
}

// Makes a T, and ends one that was made here.
template <typename T, typename Interface, typename Alg>
Result<Interface*> Make(Alg alg, Allocator& allocator) {
  void* const memory = allocator.Allocate(sizeof(T), alignof(T));
  if (memory == nullptr) return OutOfMemory();
  return static_cast<Interface*>(::new (memory) T(alg));
}
template <typename T, typename Interface>
void Destroy(Interface* object, Allocator& allocator) {
  if (object == nullptr) return;
  T* const made = static_cast<T*>(object);
  made->~T();
  allocator.Free(made, sizeof(T));
}

}  // namespace

namespace openssl {

const char* CipherName(BlockCipherAlg alg, CipherMode mode, std::size_t key_size) {
  static constexpr const char* kNames[3][3][3] = {
      {{"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"},
       {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
       {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"}},
      {{"CAMELLIA-128-ECB", "CAMELLIA-192-ECB", "CAMELLIA-256-ECB"},
       {"CAMELLIA-128-CBC", "CAMELLIA-192-CBC", "CAMELLIA-256-CBC"},
       {"CAMELLIA-128-CTR", "CAMELLIA-192-CTR", "CAMELLIA-256-CTR"}},
      {{"SM4-ECB", "", ""}, {"SM4-CBC", "", ""}, {"SM4-CTR", "", ""}}};
  return kNames[static_cast<std::size_t>(alg)][mode][key_size / 8 - 2];
}

}  // namespace openssl

// To fetch takes longer than to encrypt a block, and keys come one a file.
OpensslSymmetric::OpensslSymmetric() {
  const openssl::ErrorMark mark;
  for (std::size_t alg = 0; alg < ciphers_.size(); ++alg) {
    for (const openssl::CipherMode mode : {openssl::kEcb, openssl::kCbc, openssl::kCounter}) {
      for (const std::size_t key_size : {16U, 24U, 32U}) {
        const char* const name =
            openssl::CipherName(static_cast<BlockCipherAlg>(alg), mode, key_size);
        if (name[0] == 0) continue;
        ciphers_[alg][mode][key_size / 8 - 2] = EVP_CIPHER_fetch(nullptr, name, nullptr);
      }
    }
  }
}

OpensslSymmetric::~OpensslSymmetric() {
  for (const OpensslBlockCipher::Fetched& fetched : ciphers_) {
    for (const auto& mode : fetched) {
      for (EVP_CIPHER* const cipher : mode) EVP_CIPHER_free(cipher);
    }
  }
}

bool OpensslSymmetric::Supports(HashAlg alg) const { return FindHash(alg).ok(); }

bool OpensslSymmetric::Supports(BlockCipherAlg alg) const {
  return static_cast<std::size_t>(alg) < ciphers_.size() &&
         ciphers_[static_cast<std::size_t>(alg)][openssl::kCbc][0] != nullptr;
}

Result<const Hash*> OpensslSymmetric::FindHash(HashAlg alg) const {
  for (const OpensslHash& hash : hashes_) {
    if (hash.algorithm() == alg && hash.usable()) return &hash;
  }
  return Unsupported(alg);
}

Result<Hmac*> OpensslSymmetric::NewHmac(HashAlg alg, Allocator& allocator) const {
  if (!Supports(alg)) return Unsupported(alg);
  return Make<OpensslHmac, Hmac>(alg, allocator);
}

Result<BlockCipher*> OpensslSymmetric::NewBlockCipher(BlockCipherAlg alg,
                                                      Allocator& allocator) const {
  if (!Supports(alg)) return Unsupported(alg);
  void* const memory = allocator.Allocate(sizeof(OpensslBlockCipher), alignof(OpensslBlockCipher));
  if (memory == nullptr) return OutOfMemory();
  return static_cast<BlockCipher*>(
      ::new (memory) OpensslBlockCipher(alg, &ciphers_[static_cast<std::size_t>(alg)]));
}

Status OpensslSymmetric::EncryptCbcAndMac(BlockCipher& cipher, FixedView<kCipherBlockSize> iv,
                                          ByteView in, ByteSpan out, Hmac& hmac,
                                          std::span<const HmacMessage> messages) const {
  const OpensslBlockCipher& aes = static_cast<OpensslBlockCipher&>(cipher);
  const openssl::ShaHmac* const sha = static_cast<OpensslHmac&>(hmac).sha_;
  bool fits = aes.alg_ == BlockCipherAlg::kAes && openssl::HasCbcBesideMac(aes.key_size_) &&
              in.size() == out.size() && in.size() % kCipherBlockSize == 0 && sha != nullptr &&
              sha->inner.algorithm() == HashAlg::kSha256;
  for (const HmacMessage& message : messages) {
    fits = fits && message.out.size() == kSha256Size &&
           openssl::MessageShape(message).tail_blocks == 1;
  }
  if (!fits) return Symmetric::EncryptCbcAndMac(cipher, iv, in, out, hmac, messages);
  openssl::CbcBesideMac(aes.key_.view().first(aes.key_size_), iv, in, out,
                        {sha->inner.sha256(), sha->outer.sha256()}, messages);
  return OkStatus();
}

void OpensslSymmetric::Delete(Hmac* hmac, Allocator& allocator) const {
  Destroy<OpensslHmac>(hmac, allocator);
}

void OpensslSymmetric::Delete(BlockCipher* cipher, Allocator& allocator) const {
  Destroy<OpensslBlockCipher>(cipher, allocator);
}

}  // namespace svsm::crypto
