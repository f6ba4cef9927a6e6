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
#include "svsm/crypto/hash.h"

namespace svsm::crypto::openssl {

// The eight words of a state, in the order of the instructions.
using Sha256State = std::array<std::uint32_t, 8>;

// Whether the processor has the instructions.
bool HasSha256Pair();
// Only if so.
Sha256State ToState(const SHA256_CTX& ctx);

// How a message goes through the compression: the whole blocks of its first part where they lie,
// the rest as a copy.
struct MessageShape {
  static constexpr std::size_t kMaxTailBlocks = 2;
  static constexpr std::size_t kLeastPadding = 9;  // a bit, and the length

  explicit MessageShape(const HashMessage& message) {
    if (message.parts.empty()) return;
    head_size = message.parts[0].size() / SHA256_CBLOCK * SHA256_CBLOCK;
    for (const ByteView part : message.parts) tail_size += part.size();
    tail_size -= head_size;
    tail_blocks = (tail_size + kLeastPadding + SHA256_CBLOCK - 1) / SHA256_CBLOCK;
  }
  // Whether the two go together: they have as many blocks, of which a few at most
  // are copies.
  bool Matches(const MessageShape& other) const {
    return head_size == other.head_size && tail_blocks == other.tail_blocks &&
           tail_blocks <= kMaxTailBlocks;
  }

  std::size_t head_size = 0;
  std::size_t tail_size = 0;
  std::size_t tail_blocks = 1;  // with the padding
};

// Calls `two` with each pair that matches and its shapes, `one` with what is left.
template <typename Two, typename One>
void ForEachPair(std::span<const HashMessage> messages, Two&& two, One&& one) {
  if (messages.empty()) return;
  std::size_t i = 0;
  for (MessageShape shape(messages[0]); i + 1 < messages.size();) {
    const MessageShape next(messages[i + 1]);
    if (shape.Matches(next)) {
      two(messages[i], shape, messages[i + 1], next);
      i += 2;
      if (i < messages.size()) shape = MessageShape(messages[i]);
    } else {
      one(messages[i++]);
      shape = next;
    }
  }
  if (i < messages.size()) one(messages[i]);
}

// Puts what follows the head to `tail`, tail_blocks of it, and pads it. `taken` bytes, whole
// blocks, went before the message.
void PutTail(const HashMessage& message, const MessageShape& shape, std::size_t taken,
             ByteSpan tail);

// Digests of pairs. The shapes are those of the messages, and match.
class Sha256Lanes {
 public:
  // From a state on that has taken `taken` bytes, whole blocks. HasSha256Pair() is true.
  Sha256Lanes(const SHA256_CTX& start, std::size_t taken);
  ~Sha256Lanes();
  Sha256Lanes(const Sha256Lanes&) = delete;
  Sha256Lanes& operator=(const Sha256Lanes&) = delete;

  void Digest(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
              const MessageShape& shape_b);
  // As Digest(), and then the digest of each digest behind what `outer` has taken, one block.
  void Mac(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
           const MessageShape& shape_b, const Sha256State& outer);

 private:
  struct Lane {
    Sha256State state;
    // The end of a message with its padding, and where that begins.
    Bytes<MessageShape::kMaxTailBlocks * SHA256_CBLOCK> tail{};
    std::size_t head_size = 0;
    std::size_t tail_size = 0;
  };
  void Begin(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
             const MessageShape& shape_b);
  void FillTail(const HashMessage& message, const MessageShape& shape, Lane& lane) const;

  Sha256State start_;
  std::size_t taken_;
  Lane a_;
  Lane b_;
};

// MACs of pairs. The states are those after the blocks that hold the key.
class Sha256HmacPair {
 public:
  Sha256HmacPair(const SHA256_CTX& inner, const SHA256_CTX& outer);
  ~Sha256HmacPair();
  Sha256HmacPair(const Sha256HmacPair&) = delete;
  Sha256HmacPair& operator=(const Sha256HmacPair&) = delete;

  // As Sha256Lanes::Digest().
  void Compute(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
               const MessageShape& shape_b) {
    inner_.Mac(a, shape_a, b, shape_b, outer_);
  }

 private:
  Sha256Lanes inner_;
  Sha256State outer_;
};

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_SHA256_PAIR_H_
