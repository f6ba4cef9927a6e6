// svsm/crypto/drbg.h: HMAC-DRBG: turns seeds into as many random bytes as are asked for.
//
//   OpensslHmac hmac(HashAlg::kSha512);           // the Drbg's own while it lives
//   Drbg drbg(hmac);
//   const ByteView inputs[] = {rdseed, derived_key, unused_vmpck};
//   SVSM_TRY(drbg.Seed(inputs));                  // then wipe the inputs
//   SVSM_TRY(drbg.Generate(key.writable()));
//
// Equal inputs give equal output; one good input among bad ones is enough. There is no other source
// behind it: without a seed it refuses.
//
// Spec: NIST SP 800-90A rev. 1, 10.1.2, without prediction resistance; strength 128 bits over
// SHA-1, otherwise 256. Profile: freestanding. Allocates: never itself. Threads: one object, one
// thread; callers that share one bring a Lock.
#ifndef SVSM_CRYPTO_DRBG_H_
#define SVSM_CRYPTO_DRBG_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/secret.h"
#include "svsm/crypto/hmac.h"
#include "svsm/crypto/rng.h"

namespace svsm::crypto {

class Drbg final : public Rng {
 public:
  // Generate() calls between two seeds (SP 800-90A, table 2); a long Generate() counts as one for
  // each 64 KiB.
  static constexpr std::uint64_t kMaxRequests = std::uint64_t{1} << 48;
  static constexpr std::size_t kMaxRequestSize = 1 << 16;
  // Inputs of one call.
  static constexpr std::size_t kMaxInputs = 8;

  // Borrows `hmac` for its life and keys it anew in every call.
  explicit Drbg(Hmac& hmac) : Drbg(hmac, kMaxRequests) {}
  // The same, asking for a reseed after `max_requests` (at most kMaxRequests) already.
  Drbg(Hmac& hmac, std::uint64_t max_requests)
      : hmac_(hmac), max_requests_(max_requests < kMaxRequests ? max_requests : kMaxRequests) {}
  Drbg(const Drbg&) = delete;
  Drbg& operator=(const Drbg&) = delete;
  ~Drbg() { Wipe(); }

  // Bytes that the inputs of Seed() must have together: entropy and nonce, one and a half times the
  // strength.
  std::size_t MinSeedSize() const;

  // Starts anew from the concatenation of `inputs`. Errors: kInvalidArgument (fewer than
  // MinSeedSize() bytes together, detail = MinSeedSize(); more than kMaxInputs views), kInternal;
  // it is not seeded then.
  Status Seed(std::span<const ByteView> inputs);
  // Mixes `inputs` into the state, and allows as many requests again. Whether they are fresh
  // and unpredictable is the caller's to know. Errors: kFailedPrecondition (not seeded),
  // kInvalidArgument (no bytes at all, or more than kMaxInputs views), kInternal (it is not seeded
  // any more).
  Status Reseed(std::span<const ByteView> inputs);
  // Errors: kFailedPrecondition (not seeded), kExhausted (needs Reseed()), kInternal (it is not
  // seeded any more); `out` is zero then.
  Status Generate(ByteSpan out) override;
  // The same with additional input, which is mixed in first. Errors: also kInvalidArgument (more
  // than kMaxInputs views).
  Status Generate(std::span<const ByteView> additional, ByteSpan out);
  // Forgets the state; not seeded any more.
  void Wipe();

 private:
  Status Update(std::span<const ByteView> inputs);
  Status UpdateRound(std::uint8_t separator, std::span<const ByteView> inputs);
  Status GeneratePiece(std::span<const ByteView> additional, ByteSpan out);
  ByteSpan Key() { return key_.writable().first(DigestSize(hmac_.algorithm())); }
  ByteSpan Value() { return value_.writable().first(DigestSize(hmac_.algorithm())); }

  Hmac& hmac_;
  std::uint64_t max_requests_;
  std::uint64_t requests_left_ = 0;
  bool seeded_ = false;
  Secret<kMaxDigestSize> key_;
  Secret<kMaxDigestSize> value_;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_DRBG_H_
