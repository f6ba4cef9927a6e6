// svsm/crypto/hash.h: one-shot and running digests.
//
//   const ByteView parts[] = {nonce, manifest};
//   Bytes<64> digest;
//   SVSM_TRY(sha512.Digest(parts, digest));
//
// Profile: freestanding. Allocates: never here; a backend may at construction. Threads: one
// object, one thread. Spec: FIPS 180-4, FIPS 202, GB/T 32905.
#ifndef SVSM_CRYPTO_HASH_H_
#define SVSM_CRYPTO_HASH_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::crypto {

enum class HashAlg : std::uint8_t {
  kSha1,
  kSha256,
  kSha384,
  kSha512,
  kSha3_256,
  kSha3_384,
  kSha3_512,
  kSm3,
};

inline constexpr std::size_t kMaxDigestSize = 64;
inline constexpr std::size_t kSha1Size = 20;
inline constexpr std::size_t kSha256Size = 32;
inline constexpr std::size_t kSha384Size = 48;
inline constexpr std::size_t kSha512Size = 64;

// Bytes of a digest.
constexpr std::size_t DigestSize(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
      return 20;
    case HashAlg::kSha256:
    case HashAlg::kSha3_256:
    case HashAlg::kSm3:
      return 32;
    case HashAlg::kSha384:
    case HashAlg::kSha3_384:
      return 48;
    case HashAlg::kSha512:
    case HashAlg::kSha3_512:
      return 64;
  }
  return 0;
}

// Bytes of the compression function's block (of the sponge's rate), as HMAC needs it.
constexpr std::size_t BlockSize(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
    case HashAlg::kSha256:
    case HashAlg::kSm3:
      return 64;
    case HashAlg::kSha384:
    case HashAlg::kSha512:
      return 128;
    case HashAlg::kSha3_256:
      return 136;
    case HashAlg::kSha3_384:
      return 104;
    case HashAlg::kSha3_512:
      return 72;
  }
  return 0;
}

// One of several messages: the concatenation of `parts`, and where its digest goes.
struct HashMessage {
  std::span<const ByteView> parts;
  ByteSpan out;
};

// A hash function without state. Threads: any, at once.
class Hash {
 public:
  virtual HashAlg algorithm() const = 0;
  // The digest of the concatenation of `parts`. `out` must have exactly DigestSize(algorithm())
  // bytes and may overlap no part. Errors: kInvalidArgument (size of `out`), kInternal (backend);
  // `out` is zero then.
  virtual Status Digest(std::span<const ByteView> parts, ByteSpan out) const = 0;

  // Digest() for each of them; a backend may work on several at a time. No `out` overlaps anything
  // else. Errors: as Digest(); every `out` is zero then.
  virtual Status DigestMany(std::span<const HashMessage> messages) const {
    for (const HashMessage& message : messages) {
      const Status status = Digest(message.parts, message.out);
      if (status.ok()) continue;
      for (const HashMessage& each : messages) Fill(each.out, 0);
      return status;
    }
    return OkStatus();
  }

  Status Digest(ByteView data, ByteSpan out) const { return Digest({&data, 1}, out); }

 protected:
  ~Hash() = default;
};

// A digest of bytes that do not come at once. Threads: one object, one thread.
class HashStream {
 public:
  virtual HashAlg algorithm() const = 0;
  virtual Status Update(ByteView data) = 0;
  // Gives the digest and starts anew. Errors: as Hash::Digest().
  virtual Status Finish(ByteSpan out) = 0;
  // Forgets what was fed.
  virtual void Reset() = 0;

 protected:
  ~HashStream() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_HASH_H_
