// The keys of an image: a root key from the caller's, and one for each purpose and entity.
#ifndef SVSM_SRC_COCOONFS_KEYS_H_
#define SVSM_SRC_COCOONFS_KEYS_H_

#include <cstdint>
#include <utility>

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/allocator.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

enum class KeyPurpose : std::uint8_t {
  kDerive = 1,
  kAuthRoot = 2,
  kAuthData = 3,
  kPreauth = 4,
  kEncrypt = 5,
};

// What of an entity a key is for.
enum class Subdomain : std::uint32_t { kNone = 0, kExtentsList = 1, kData = 2 };

// A keyed object of the crypto backend that goes back to it in the end.
template <typename T>
class Owned {
 public:
  Owned() = default;
  Owned(T* object, const crypto::Symmetric& factory, Allocator& allocator)
      : object_(object), factory_(&factory), allocator_(&allocator) {}
  Owned(Owned&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)),
        factory_(other.factory_),
        allocator_(other.allocator_) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this == &other) return *this;
    Reset();
    object_ = std::exchange(other.object_, nullptr);
    factory_ = other.factory_;
    allocator_ = other.allocator_;
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Reset(); }

  void Reset() {
    if (object_ != nullptr) factory_->Delete(std::exchange(object_, nullptr), *allocator_);
  }
  explicit operator bool() const { return object_ != nullptr; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }

 private:
  T* object_ = nullptr;
  const crypto::Symmetric* factory_ = nullptr;
  Allocator* allocator_ = nullptr;
};
using OwnedHmac = Owned<crypto::Hmac>;
using OwnedCipher = Owned<crypto::BlockCipher>;

class KeySet {
 public:
  KeySet(const crypto::Symmetric& symmetric, Allocator& allocator)
      : symmetric_(symmetric), allocator_(allocator) {}

  // Derives the root key. `user_key` may have any size, 0 too; it is not kept.
  // Errors: kUnsupported (an algorithm of the layout that the backend lacks; detail = its TCG
  // number), kOutOfMemory, kInternal.
  Status Init(const ImageLayout& layout, ByteView salt, ByteView user_key);

  // Fills `out` with the key. Errors: kInternal.
  Status Derive(KeyPurpose purpose, std::uint64_t domain, Subdomain subdomain, ByteSpan out);

  // A cipher with the entity's encryption key. Errors: kOutOfMemory, kInternal.
  Result<OwnedCipher> NewCipher(std::uint64_t domain, Subdomain subdomain);
  // Gives the key to a cipher that was made here before, or to a new one if there is none. Errors:
  // as NewCipher(); it has no key then.
  Status Rekey(OwnedCipher& cipher, std::uint64_t domain, Subdomain subdomain);
  // An HMAC with the key for `purpose`, of which it takes its hash. Errors: as NewCipher().
  Result<OwnedHmac> NewHmac(KeyPurpose purpose, std::uint64_t domain, Subdomain subdomain);

  const crypto::Symmetric& symmetric() const { return symmetric_; }
  Allocator& allocator() const { return allocator_; }
  const ImageLayout& layout() const { return layout_; }

 private:
  crypto::HashAlg HashFor(KeyPurpose purpose) const;

  const crypto::Symmetric& symmetric_;
  Allocator& allocator_;
  ImageLayout layout_;
  OwnedHmac kdf_;  // has the root key
};

// The cipher of one file's data at a time.
class FileCipher {
 public:
  // Errors: as KeySet::Rekey().
  Result<crypto::BlockCipher*> For(KeySet& keys, std::uint64_t inode) {
    if (inode_ == inode) return &*cipher_;
    inode_ = 0;
    SVSM_TRY(keys.Rekey(cipher_, inode, Subdomain::kData));
    inode_ = inode;
    return &*cipher_;
  }

 private:
  std::uint64_t inode_ = 0;  // 0: none
  OwnedCipher cipher_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_KEYS_H_
