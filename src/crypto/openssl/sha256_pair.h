// SHA-256 of two messages of the same length, step by step side by side.
//
// A step of SHA-256 waits for the one before it, so that a processor with instructions for it is
// idle for half of the time. libcrypto has no call for two messages; two take here as long as one
// there. Everything but the compression itself is libcrypto's.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_SHA256_PAIR_H_
#define SVSM_SRC_CRYPTO_OPENSSL_SHA256_PAIR_H_

#include <openssl/sha.h>

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/crypto/hmac.h"

namespace svsm::crypto::openssl {

using Sha256Words = std::array<std::uint32_t, 8>;

// Whether the processor has the instructions.
bool HasSha256Pair();
// Runs the blocks of `in_a` through `a`, and those of `in_b` through `b`. Both have the same size, a
// multiple of 64. HasSha256Pair() is true.
void Sha256Pair(Sha256Words& a, ByteView in_a, Sha256Words& b, ByteView in_b);

// How a message goes through the compression: the whole blocks of its first part where they lie,
// the rest as a copy.
struct HmacShape {
  static constexpr std::size_t kMaxTailBlocks = 2;
  static constexpr std::size_t kLeastPadding = 9;  // a bit, and the length

  explicit HmacShape(const HmacMessage& message) {
    if (message.parts.empty()) return;
    head_size = message.parts[0].size() / SHA256_CBLOCK * SHA256_CBLOCK;
    for (const ByteView part : message.parts) tail_size += part.size();
    tail_size -= head_size;
    tail_blocks = (tail_size + kLeastPadding + SHA256_CBLOCK - 1) / SHA256_CBLOCK;
  }
  // Whether Sha256HmacPair takes the two together: they have as many blocks, of which a few at most
  // are copies.
  bool Matches(const HmacShape& other) const {
    return head_size == other.head_size && tail_blocks == other.tail_blocks &&
           tail_blocks <= kMaxTailBlocks;
  }

  std::size_t head_size = 0;
  std::size_t tail_size = 0;
  std::size_t tail_blocks = 1;  // with the padding
};

// The two MACs of a pair. The states are those after the blocks that hold the key.
class Sha256HmacPair {
 public:
  Sha256HmacPair(const SHA256_CTX& inner, const SHA256_CTX& outer);
  ~Sha256HmacPair();
  Sha256HmacPair(const Sha256HmacPair&) = delete;
  Sha256HmacPair& operator=(const Sha256HmacPair&) = delete;

  // The shapes are those of the messages, and match.
  void Compute(const HmacMessage& a, const HmacShape& shape_a, const HmacMessage& b,
               const HmacShape& shape_b);

 private:
  struct Lane {
    Sha256Words words;
    // The end of a message with its padding, and where that begins.
    Bytes<HmacShape::kMaxTailBlocks * SHA256_CBLOCK> tail{};
    std::size_t head_size = 0;
    std::size_t tail_size = 0;
    // The inner digest, with its padding.
    Bytes<SHA256_CBLOCK> digest;
  };
  static void FillTail(const HmacMessage& message, const HmacShape& shape, Lane& lane);

  Sha256Words inner_;
  Sha256Words outer_;
  Lane a_;
  Lane b_;
};

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_SHA256_PAIR_H_
