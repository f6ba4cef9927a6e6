#include "svsm/crypto/symmetric.h"

#include <new>

#include "crypto/openssl/internal.h"
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

bool OpensslSymmetric::Supports(HashAlg alg) const { return FindHash(alg).ok(); }

bool OpensslSymmetric::Supports(BlockCipherAlg alg) const {
  const char* name = nullptr;
  switch (alg) {
    case BlockCipherAlg::kAes:
      name = "AES-128-CBC";
      break;
    case BlockCipherAlg::kCamellia:
      name = "CAMELLIA-128-CBC";
      break;
    case BlockCipherAlg::kSm4:
      name = "SM4-CBC";
      break;
  }
  if (name == nullptr) return false;
  const openssl::ErrorMark mark;
  return openssl::Owned<EVP_CIPHER, EVP_CIPHER_free>(EVP_CIPHER_fetch(nullptr, name, nullptr)) !=
         nullptr;
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
  return Make<OpensslBlockCipher, BlockCipher>(alg, allocator);
}

void OpensslSymmetric::Delete(Hmac* hmac, Allocator& allocator) const {
  Destroy<OpensslHmac>(hmac, allocator);
}

void OpensslSymmetric::Delete(BlockCipher* cipher, Allocator& allocator) const {
  Destroy<OpensslBlockCipher>(cipher, allocator);
}

}  // namespace svsm::crypto
