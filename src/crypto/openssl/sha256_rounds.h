// The steps of SHA-256 as the processor's instructions do them, for those who put them beside
// others. Only for x86-64; functions that call these have the same targets.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_SHA256_ROUNDS_H_
#define SVSM_SRC_CRYPTO_OPENSSL_SHA256_ROUNDS_H_

#include <immintrin.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "crypto/openssl/sha256_pair.h"

namespace svsm::crypto::openssl {

// FIPS 180-4, 4.2.2.
alignas(16) inline constexpr std::uint32_t kRound[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};

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

[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void LoadBlock(Registers& lane,
                                                                        const std::uint8_t* block) {
  // No loop, which would take them through memory.
  lane.schedule[0] = _mm_shuffle_epi8(Load(block), BigEndian());
  lane.schedule[1] = _mm_shuffle_epi8(Load(block + 16), BigEndian());
  lane.schedule[2] = _mm_shuffle_epi8(Load(block + 32), BigEndian());
  lane.schedule[3] = _mm_shuffle_epi8(Load(block + 48), BigEndian());
}

// Rounds 4 * kQuad to 4 * kQuad + 3.
template <std::size_t kQuad>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void Rounds(Registers& lane) {
  __m128i& now = lane.schedule[kQuad % 4];
  if constexpr (kQuad >= 4) {
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
    std::index_sequence<kQuads...>, Registers& a, Registers& b) {
  ((Rounds<kQuads>(a), Rounds<kQuads>(b)), ...);
}

[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void BeginBlock(const Sha256State& state,
                                                                         Registers& lane) {
  lane.abef = Load(&state[0]);
  lane.cdgh = Load(&state[4]);
}
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void Add(Registers& lane,
                                                                  const Sha256State& state) {
  lane.abef = _mm_add_epi32(lane.abef, Load(&state[0]));
  lane.cdgh = _mm_add_epi32(lane.cdgh, Load(&state[4]));
}

// The words in their own order.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void InOrder(const Registers& lane,
                                                                      __m128i& abcd,
                                                                      __m128i& efgh) {
  const __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(lane.cdgh, 0xB1);
  abcd = _mm_blend_epi16(feba, dchg, 0xF0);
  efgh = _mm_alignr_epi8(dchg, feba, 8);
}

// Sixteen bytes at a time, as they are read next: smaller stores would be waited for.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void PutDigest(const Registers& lane,
                                                                        std::uint8_t* out) {
  __m128i abcd, efgh;
  InOrder(lane, abcd, efgh);
  Store(out, _mm_shuffle_epi8(abcd, BigEndian()));
  Store(out + 16, _mm_shuffle_epi8(efgh, BigEndian()));
}

// What a state was before the block is only where the caller will wipe it, not on the stack.
inline void ForgetStates(const Sha256State& a, const Sha256State& b) {
  asm volatile("" : : "r"(&a), "r"(&b) : "memory");
}

// The block with a digest and its padding, behind the block of HMAC's outer key.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void BeginOuter(const Sha256State& outer,
                                                                         Registers& lane) {
  InOrder(lane, lane.schedule[0], lane.schedule[1]);
  lane.schedule[2] = _mm_set_epi64x(0, 0x80000000);
  constexpr std::int64_t kBits = (SHA256_CBLOCK + SHA256_DIGEST_LENGTH) * 8;
  lane.schedule[3] = _mm_set_epi64x(kBits << 32, 0);
  BeginBlock(outer, lane);
}

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_SHA256_ROUNDS_H_
