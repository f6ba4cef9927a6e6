// svsm/crypto/hmac.h: HMAC with a keyed context that is used many times.
//
//   const ByteView parts[] = {header, payload};
//   SVSM_TRY(hmac.SetKey(key.view()));
//   SVSM_TRY(hmac.Compute(parts, mac));
//
// Profile: freestanding. Allocates: never here; a backend may at construction and in SetKey().
// Spec: FIPS 198-1. Threads: one object, one thread.
#ifndef SVSM_CRYPTO_HMAC_H_
#define SVSM_CRYPTO_HMAC_H_

#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/hash.h"

namespace svsm::crypto {

// `out` is for the MAC.
using HmacMessage = HashMessage;

class Hmac {
 public:
  virtual HashAlg algorithm() const = 0;
  // Keys the context; any length, 0 too. Errors: kInternal (backend); the context has no key then.
  virtual Status SetKey(ByteView key) = 0;
  // The MAC over the concatenation of `parts`. `out` must have exactly DigestSize(algorithm())
  // bytes. Errors: kFailedPrecondition (no key), kInvalidArgument (size of `out`), kInternal; `out`
  // is zero then.
  virtual Status Compute(std::span<const ByteView> parts, ByteSpan out) = 0;
  // Compute() for each of them; a backend may work on several at a time. No `out` overlaps anything
  // else. Errors: as Compute(); every `out` is zero then.
  virtual Status ComputeMany(std::span<const HmacMessage> messages) {
    for (const HmacMessage& message : messages) {
      const Status status = Compute(message.parts, message.out);
      if (status.ok()) continue;
      for (const HmacMessage& each : messages) Fill(each.out, 0);
      return status;
    }
    return OkStatus();
  }
  // Forgets the key.
  virtual void Wipe() = 0;

  Status Compute(ByteView data, ByteSpan out) { return Compute({&data, 1}, out); }

 protected:
  ~Hmac() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_HMAC_H_
