#include "svsm/crypto/symmetric.h"

#include <new>

#include "crypto/bearssl/internal.h"

namespace svsm::crypto {
namespace {

Status OutOfMemory() { return Status(Code::kOutOfMemory, Source::kCrypto); }

// Ends an object that this factory made as a T.
template <typename T, typename Interface>
void Destroy(Interface* object, Allocator& allocator) {
  if (object == nullptr) return;
  T* const made = static_cast<T*>(object);
  made->~T();
  allocator.Free(made, sizeof(T));
}

}  // namespace

bool BearsslSymmetric::Supports(HashAlg alg) const { return bearssl::HashClass(alg) != nullptr; }

Result<const Hash*> BearsslSymmetric::FindHash(HashAlg alg) const {
  for (const BearsslHash& hash : hashes_) {
    if (hash.algorithm() == alg) return &hash;
  }
  return bearssl::Unsupported(alg);
}

Result<Hmac*> BearsslSymmetric::NewHmac(HashAlg alg, Allocator& allocator) const {
  if (!Supports(alg)) return bearssl::Unsupported(alg);
  void* const memory = allocator.Allocate(sizeof(BearsslHmac), alignof(BearsslHmac));
  if (memory == nullptr) return OutOfMemory();
  return static_cast<Hmac*>(::new (memory) BearsslHmac(alg));
}

Result<BlockCipher*> BearsslSymmetric::NewBlockCipher(BlockCipherAlg alg,
                                                      Allocator& allocator) const {
  if (!Supports(alg)) {
    return Status(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(alg));
  }
  void* const memory = allocator.Allocate(sizeof(BearsslAes), alignof(BearsslAes));
  if (memory == nullptr) return OutOfMemory();
  return static_cast<BlockCipher*>(::new (memory) BearsslAes(code_));
}

void BearsslSymmetric::Delete(Hmac* hmac, Allocator& allocator) const {
  Destroy<BearsslHmac>(hmac, allocator);
}

void BearsslSymmetric::Delete(BlockCipher* cipher, Allocator& allocator) const {
  Destroy<BearsslAes>(cipher, allocator);
}

}  // namespace svsm::crypto
