// svsm/crypto/symmetric.h: the symmetric primitives of a backend, by algorithm, for those who learn
// from stored bytes which ones they need.
//
//   SVSM_ASSIGN_OR_RETURN(Hmac* const hmac, symmetric.NewHmac(HashAlg::kSha256, allocator));
//   const Status status = Use(*hmac);
//   symmetric.Delete(hmac, allocator);
//
// Profile: freestanding. Allocates: from the Allocator that is passed in; a backend's own heap
// beside it, where its header says so. Threads: any may call at once, if their allocators are their
// own.
#ifndef SVSM_CRYPTO_SYMMETRIC_H_
#define SVSM_CRYPTO_SYMMETRIC_H_

#include <span>

#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"

namespace svsm::crypto {

class Symmetric {
 public:
  // Whether the backend has the algorithm: if so, the functions below do not say kUnsupported for
  // it.
  virtual bool Supports(HashAlg alg) const = 0;
  virtual bool Supports(BlockCipherAlg alg) const = 0;

  // A hash function that lives as long as the factory. Errors: kUnsupported (detail = the HashAlg).
  virtual Result<const Hash*> FindHash(HashAlg alg) const = 0;
  // An HMAC without a key yet. The caller gives it back with Delete() and the same allocator.
  // Errors: kUnsupported (detail = the HashAlg), kOutOfMemory.
  virtual Result<Hmac*> NewHmac(HashAlg alg, Allocator& allocator) const = 0;
  // A block cipher without a key yet. The caller gives it back with Delete() and the same
  // allocator. Errors: kUnsupported (detail = the BlockCipherAlg), kOutOfMemory.
  virtual Result<BlockCipher*> NewBlockCipher(BlockCipherAlg alg, Allocator& allocator) const = 0;

  // cipher.EncryptCbc() and hmac.ComputeMany(), of which a backend may do the steps side by side.
  // Both objects were made here. No message overlaps `out`. Errors: those of either; `out` and
  // each message's are zero then.
  virtual Status EncryptCbcAndMac(BlockCipher& cipher, FixedView<kCipherBlockSize> iv, ByteView in,
                                  ByteSpan out, Hmac& hmac,
                                  std::span<const HmacMessage> messages) const {
    Status status = cipher.EncryptCbc(iv, in, out);
    if (status.ok()) status = hmac.ComputeMany(messages);
    if (status.ok()) return status;
    Wipe(out);
    for (const HmacMessage& message : messages) Fill(message.out, 0);
    return status;
  }

  // Wipes the key and gives the object back. nullptr is ignored.
  virtual void Delete(Hmac* hmac, Allocator& allocator) const = 0;
  virtual void Delete(BlockCipher* cipher, Allocator& allocator) const = 0;

 protected:
  ~Symmetric() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_SYMMETRIC_H_
