#include "crypto/openssl/sha256_pair.h"

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <utility>

#include "crypto/openssl/sha256_rounds.h"
#endif

namespace svsm::crypto::openssl {
namespace {

constexpr std::size_t kBlock = SHA256_CBLOCK;

template <typename T>
ByteSpan BytesOf(T& object) {
  return ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&object)), sizeof(T));
}

// Pads the last blocks of a message, of which it has `used` bytes.
void Pad(ByteSpan blocks, std::size_t used, std::uint64_t message_bytes) {
  blocks[used] = 0x80;
  Fill(blocks.subspan(used + 1), 0);
  Copy(blocks.last(8), wire::ToBytes(wire::Be64(message_bytes * 8)));
}

// Parts are short, and what is written in steps of eight bytes is read in such steps at once.
void CopyShort(ByteSpan to, ByteView from) {
  if (from.size() >= kBlock) return Copy(to, from);
  SVSM_CHECK(to.size() >= from.size());
  std::uint8_t* out = to.data();
  const std::uint8_t* in = from.data();
  std::size_t left = from.size();
  for (; left >= 8; left -= 8, out += 8, in += 8) __builtin_memcpy(out, in, 8);
  if (left >= 4) {
    __builtin_memcpy(out, in, 4);
    left -= 4, out += 4, in += 4;
  }
  if (left >= 2) {
    __builtin_memcpy(out, in, 2);
    left -= 2, out += 2, in += 2;
  }
  if (left != 0) *out = *in;
}

void CopyTail(const HashMessage& message, const MessageShape& shape, ByteSpan tail) {
  std::size_t used = 0;
  std::size_t skip = shape.head_size;
  for (const ByteView part : message.parts) {
    const ByteView rest = part.subspan(skip);
    skip = 0;
    CopyShort(tail.subspan(used), rest);
    used += rest.size();
  }
}

#if defined(__x86_64__)

bool DetectSha() {
  constexpr unsigned kSsse3 = 1u << 9;
  constexpr unsigned kSse41 = 1u << 19;
  constexpr unsigned kSha = 1u << 29;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kSsse3) == 0 || (c & kSse41) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0;
}

[[gnu::target("sha,sse4.1")]] void Compress(Sha256State& a, const std::uint8_t* in_a,
                                            Sha256State& b, const std::uint8_t* in_b,
                                            std::size_t size) {
  for (std::size_t at = 0; at < size; at += kBlock) {
    Registers lane_a, lane_b;
    BeginBlock(a, lane_a);
    BeginBlock(b, lane_b);
    ForgetStates(a, b);
    LoadBlock(lane_a, in_a + at);
    LoadBlock(lane_b, in_b + at);
    AllRounds(std::make_index_sequence<16>(), lane_a, lane_b);
    Add(lane_a, a);
    Add(lane_b, b);
    Store(&a[0], lane_a.abef);
    Store(&a[4], lane_a.cdgh);
    Store(&b[0], lane_b.abef);
    Store(&b[4], lane_b.cdgh);
  }
}

[[gnu::target("sha,sse4.1")]] void PutState(const Sha256State& state, std::uint8_t* out) {
  Registers lane;
  BeginBlock(state, lane);
  PutDigest(lane, out);
}

// The inner digests' last blocks and the outer digests, without a way through memory.
[[gnu::target("sha,sse4.1")]] void CompressMacs(const Sha256State& a, const std::uint8_t* in_a,
                                                const Sha256State& b, const std::uint8_t* in_b,
                                                const Sha256State& outer, std::uint8_t* out_a,
                                                std::uint8_t* out_b) {
  Registers lane_a, lane_b;
  BeginBlock(a, lane_a);
  BeginBlock(b, lane_b);
  ForgetStates(a, b);
  LoadBlock(lane_a, in_a);
  LoadBlock(lane_b, in_b);
  AllRounds(std::make_index_sequence<16>(), lane_a, lane_b);
  Add(lane_a, a);
  Add(lane_b, b);
  BeginOuter(outer, lane_a);
  BeginOuter(outer, lane_b);
  ForgetStates(outer, outer);
  AllRounds(std::make_index_sequence<16>(), lane_a, lane_b);
  Add(lane_a, outer);
  Add(lane_b, outer);
  PutDigest(lane_a, out_a);
  PutDigest(lane_b, out_b);
}

#else

void Compress(Sha256State&, const std::uint8_t*, Sha256State&, const std::uint8_t*, std::size_t) {
  svsm_panic("no pairs");
}
void PutState(const Sha256State&, std::uint8_t*) {}
void CompressMacs(const Sha256State&, const std::uint8_t*, const Sha256State&, const std::uint8_t*,
                  const Sha256State&, std::uint8_t*, std::uint8_t*) {}

#endif

}  // namespace

#if defined(__x86_64__)

bool HasSha256Pair() {
  static const bool has = DetectSha();
  return has;
}

[[gnu::target("sha,sse4.1")]] Sha256State ToState(const SHA256_CTX& ctx) {
  const __m128i badc = _mm_shuffle_epi32(Load(&ctx.h[0]), 0xB1);
  const __m128i hgfe = _mm_shuffle_epi32(Load(&ctx.h[4]), 0x1B);
  Sha256State state;
  Store(&state[0], _mm_alignr_epi8(badc, hgfe, 8));
  Store(&state[4], _mm_blend_epi16(hgfe, badc, 0xF0));
  return state;
}

#else

bool HasSha256Pair() { return false; }
Sha256State ToState(const SHA256_CTX&) { return {}; }

#endif

Sha256Lanes::Sha256Lanes(const SHA256_CTX& start, std::size_t taken)
    : start_(ToState(start)), taken_(taken) {}

Sha256Lanes::~Sha256Lanes() {
  Wipe(BytesOf(start_));
  Wipe(BytesOf(a_));
  Wipe(BytesOf(b_));
}

void PutTail(const HashMessage& message, const MessageShape& shape, std::size_t taken,
             ByteSpan tail) {
  CopyTail(message, shape, tail);
  Pad(tail, shape.tail_size, taken + shape.head_size + shape.tail_size);
}

// The padding is there already if the message before was as long.
void Sha256Lanes::FillTail(const HashMessage& message, const MessageShape& shape,
                           Lane& lane) const {
  const ByteSpan tail = ByteSpan(lane.tail).first(shape.tail_blocks * kBlock);
  const bool is_padded = lane.tail_size == shape.tail_size && lane.head_size == shape.head_size;
  if (is_padded && shape.tail_size != 0) return CopyTail(message, shape, tail);
  PutTail(message, shape, taken_, tail);
  lane.tail_size = shape.tail_size;
  lane.head_size = shape.head_size;
}

// Takes the heads, and puts the tails where they are padded.
void Sha256Lanes::Begin(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
                        const MessageShape& shape_b) {
  SVSM_CHECK(shape_a.Matches(shape_b));
  a_.state = start_;
  b_.state = start_;
  if (const std::size_t head = shape_a.head_size; head != 0) {
    Compress(a_.state, a.parts[0].data(), b_.state, b.parts[0].data(), head);
  }
  FillTail(a, shape_a, a_);
  FillTail(b, shape_b, b_);
}

void Sha256Lanes::Digest(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
                         const MessageShape& shape_b) {
  Begin(a, shape_a, b, shape_b);
  Compress(a_.state, a_.tail.data(), b_.state, b_.tail.data(), shape_a.tail_blocks * kBlock);
  PutState(a_.state, a.out.first<SHA256_DIGEST_LENGTH>().data());
  PutState(b_.state, b.out.first<SHA256_DIGEST_LENGTH>().data());
}

void Sha256Lanes::Mac(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
                      const MessageShape& shape_b, const Sha256State& outer) {
  Begin(a, shape_a, b, shape_b);
  const std::size_t last = (shape_a.tail_blocks - 1) * kBlock;
  Compress(a_.state, a_.tail.data(), b_.state, b_.tail.data(), last);
  CompressMacs(a_.state, &a_.tail[last], b_.state, &b_.tail[last], outer,
               a.out.first<SHA256_DIGEST_LENGTH>().data(),
               b.out.first<SHA256_DIGEST_LENGTH>().data());
}

Sha256HmacPair::Sha256HmacPair(const SHA256_CTX& inner, const SHA256_CTX& outer)
    : inner_(inner, kBlock), outer_(ToState(outer)) {}

Sha256HmacPair::~Sha256HmacPair() { Wipe(BytesOf(outer_)); }

}  // namespace svsm::crypto::openssl
