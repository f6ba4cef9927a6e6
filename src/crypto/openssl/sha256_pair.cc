#include "crypto/openssl/sha256_pair.h"

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#include <utility>
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

Sha256Words WordsOf(const SHA256_CTX& state) {
  Sha256Words words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = state.h[i];
  return words;
}

#if defined(__x86_64__)

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::uint32_t kRound[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};

bool DetectSha() {
  constexpr unsigned kSsse3 = 1u << 9;
  constexpr unsigned kSse41 = 1u << 19;
  constexpr unsigned kSha = 1u << 29;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kSsse3) == 0 || (c & kSse41) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0;
}

[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline __m128i Load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void Store(void* to, __m128i value) {
  _mm_storeu_si128(static_cast<__m128i*>(to), value);
}

// Turns the bytes of each word.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline __m128i BigEndian() {
  return _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
}

// The eight words in the order of the instructions: A, B, E, F and C, D, G, H.
struct Registers {
  __m128i abef;
  __m128i cdgh;
  __m128i schedule[4];  // the last 16 words
};

// Turns words in order into that of the instructions, and back: the same steps do both, from the
// other ends.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void ToRegisters(Sha256Words& words) {
  const __m128i abcd = _mm_shuffle_epi32(Load(&words[0]), 0xB1);
  const __m128i efgh = _mm_shuffle_epi32(Load(&words[4]), 0x1B);
  Store(&words[0], _mm_alignr_epi8(abcd, efgh, 8));
  Store(&words[4], _mm_blend_epi16(efgh, abcd, 0xF0));
}
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void FromRegisters(Sha256Words& words) {
  const __m128i abef = _mm_shuffle_epi32(Load(&words[0]), 0x1B);
  const __m128i cdgh = _mm_shuffle_epi32(Load(&words[4]), 0xB1);
  Store(&words[0], _mm_blend_epi16(abef, cdgh, 0xF0));
  Store(&words[4], _mm_alignr_epi8(cdgh, abef, 8));
}

// Rounds 4 * kQuad to 4 * kQuad + 3.
template <std::size_t kQuad>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void Rounds(Registers& lane,
                                                                     const std::uint8_t* block) {
  __m128i& now = lane.schedule[kQuad % 4];
  if constexpr (kQuad < 4) {
    now = _mm_shuffle_epi8(Load(block + 16 * kQuad), BigEndian());
  } else {
    const __m128i last = lane.schedule[(kQuad + 3) % 4];
    const __m128i first = _mm_sha256msg1_epu32(now, lane.schedule[(kQuad + 1) % 4]);
    const __m128i seventh = _mm_alignr_epi8(last, lane.schedule[(kQuad + 2) % 4], 4);
    now = _mm_sha256msg2_epu32(_mm_add_epi32(first, seventh), last);
  }
  const __m128i words = _mm_add_epi32(now, Load(&kRound[4 * kQuad]));
  lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, words);
  lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32(words, 0x0E));
}

template <std::size_t... kQuads>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void AllRounds(
    std::index_sequence<kQuads...>, Registers& a, const std::uint8_t* in_a, Registers& b,
    const std::uint8_t* in_b) {
  ((Rounds<kQuads>(a, in_a), Rounds<kQuads>(b, in_b)), ...);
}

[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void AddTo(Sha256Words& words,
                                                                    const Registers& lane) {
  Store(&words[0], _mm_add_epi32(Load(&words[0]), lane.abef));
  Store(&words[4], _mm_add_epi32(Load(&words[4]), lane.cdgh));
}

[[gnu::target("sha,sse4.1")]] void Compress(Sha256Words& a, const std::uint8_t* in_a,
                                            Sha256Words& b, const std::uint8_t* in_b,
                                            std::size_t size) {
  ToRegisters(a);
  ToRegisters(b);
  for (std::size_t at = 0; at < size; at += kBlock) {
    Registers lane_a{Load(&a[0]), Load(&a[4]), {}};
    Registers lane_b{Load(&b[0]), Load(&b[4]), {}};
    // What a state was before the block is only where the caller will wipe it, not on the stack.
    asm volatile("" : : "r"(&a), "r"(&b) : "memory");
    AllRounds(std::make_index_sequence<16>(), lane_a, in_a + at, lane_b, in_b + at);
    AddTo(a, lane_a);
    AddTo(b, lane_b);
  }
  FromRegisters(a);
  FromRegisters(b);
}

// Sixteen bytes at a time, as they are read next: smaller stores would be waited for.
[[gnu::target("sha,sse4.1")]] void PutWords(const Sha256Words& words,
                                            FixedSpan<SHA256_DIGEST_LENGTH> out) {
  Store(&out[0], _mm_shuffle_epi8(Load(&words[0]), BigEndian()));
  Store(&out[16], _mm_shuffle_epi8(Load(&words[4]), BigEndian()));
}

#else

void PutWords(const Sha256Words&, FixedSpan<SHA256_DIGEST_LENGTH>) {}

#endif

}  // namespace

#if defined(__x86_64__)

bool HasSha256Pair() {
  static const bool has = DetectSha();
  return has;
}

void Sha256Pair(Sha256Words& a, ByteView in_a, Sha256Words& b, ByteView in_b) {
  SVSM_CHECK(in_a.size() == in_b.size() && in_a.size() % kBlock == 0);
  Compress(a, in_a.data(), b, in_b.data(), in_a.size());
}

#else

bool HasSha256Pair() { return false; }
void Sha256Pair(Sha256Words&, ByteView, Sha256Words&, ByteView) { svsm_panic("no pairs"); }

#endif

Sha256Lanes::Sha256Lanes(const SHA256_CTX& start, std::size_t taken)
    : start_(WordsOf(start)), taken_(taken) {}

Sha256Lanes::~Sha256Lanes() {
  Wipe(BytesOf(start_));
  Wipe(BytesOf(a_));
  Wipe(BytesOf(b_));
}

// What follows the head, padded. The padding is there already if the message before was as long.
void Sha256Lanes::FillTail(const HashMessage& message, const MessageShape& shape,
                           Lane& lane) const {
  const ByteSpan tail = ByteSpan(lane.tail).first(shape.tail_blocks * kBlock);
  std::size_t used = 0;
  std::size_t skip = shape.head_size;
  for (const ByteView part : message.parts) {
    const ByteView rest = part.subspan(skip);
    skip = 0;
    if (rest.empty()) continue;
    Copy(tail.subspan(used), rest);
    used += rest.size();
  }
  if (lane.tail_size == used && lane.head_size == shape.head_size && used != 0) return;
  Pad(tail, used, taken_ + shape.head_size + used);
  lane.tail_size = used;
  lane.head_size = shape.head_size;
}

void Sha256Lanes::Digest(const HashMessage& a, const MessageShape& shape_a, const HashMessage& b,
                         const MessageShape& shape_b) {
  SVSM_CHECK(shape_a.Matches(shape_b));
  a_.words = start_;
  b_.words = start_;
  if (const std::size_t head = shape_a.head_size; head != 0) {
    Sha256Pair(a_.words, a.parts[0].first(head), b_.words, b.parts[0].first(head));
  }
  FillTail(a, shape_a, a_);
  FillTail(b, shape_b, b_);
  const std::size_t tail = shape_a.tail_blocks * kBlock;
  Sha256Pair(a_.words, ByteView(a_.tail).first(tail), b_.words, ByteView(b_.tail).first(tail));
  PutWords(a_.words, a.out.first<SHA256_DIGEST_LENGTH>());
  PutWords(b_.words, b.out.first<SHA256_DIGEST_LENGTH>());
}

Sha256HmacPair::Sha256HmacPair(const SHA256_CTX& inner, const SHA256_CTX& outer)
    : inner_(inner, kBlock), outer_(WordsOf(outer)) {
  Pad(a_, SHA256_DIGEST_LENGTH, kBlock + SHA256_DIGEST_LENGTH);
  Pad(b_, SHA256_DIGEST_LENGTH, kBlock + SHA256_DIGEST_LENGTH);
}

Sha256HmacPair::~Sha256HmacPair() {
  Wipe(BytesOf(outer_));
  Wipe(a_);
  Wipe(b_);
}

void Sha256HmacPair::Compute(const HashMessage& a, const MessageShape& shape_a,
                             const HashMessage& b, const MessageShape& shape_b) {
  inner_.Digest({a.parts, ByteSpan(a_).first(SHA256_DIGEST_LENGTH)}, shape_a,
                {b.parts, ByteSpan(b_).first(SHA256_DIGEST_LENGTH)}, shape_b);
  Sha256Words words_a = outer_;
  Sha256Words words_b = outer_;
  Sha256Pair(words_a, a_, words_b, b_);
  PutWords(words_a, a.out.first<SHA256_DIGEST_LENGTH>());
  PutWords(words_b, b.out.first<SHA256_DIGEST_LENGTH>());
  Wipe(BytesOf(words_a));
  Wipe(BytesOf(words_b));
}

}  // namespace svsm::crypto::openssl
