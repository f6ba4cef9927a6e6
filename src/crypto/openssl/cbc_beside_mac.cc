#include "crypto/openssl/cbc_beside_mac.h"

#include "crypto/openssl/sha256_pair.h"
#include "svsm/core/panic.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <utility>

#include "crypto/openssl/sha256_rounds.h"
#endif

namespace svsm::crypto::openssl {

#if defined(__x86_64__)

namespace {

constexpr std::size_t kAes128Rounds = 10;
constexpr std::size_t kAes256Rounds = 14;
constexpr std::size_t kShaBlock = SHA256_CBLOCK;
// Blocks of AES that go beside one of SHA-256: as many as take about as long.
constexpr std::size_t kBeside = 3;

template <typename T>
ByteSpan BytesOf(T& object) {
  return ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&object)), sizeof(T));
}

bool DetectAes() {
  constexpr unsigned kAes = 1u << 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & kAes) != 0;
}

// What is left to encrypt.
struct Chain {
  __m128i last;  // the ciphertext before it
  const std::uint8_t* in;
  std::uint8_t* out;
  std::size_t blocks;
  __m128i keys[kAes256Rounds + 2];
};

// Each word and all before it.
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline __m128i Prefixes(__m128i words) {
  words = _mm_xor_si128(words, _mm_slli_si128(words, 4));
  return _mm_xor_si128(words, _mm_slli_si128(words, 8));
}

constexpr int RoundConstant(std::size_t step) {
  int constant = 1;
  for (; step != 0; --step) constant = constant << 1 ^ (constant >> 7) * 0x11B;
  return constant;
}

// FIPS 197, 5.2: the next round key from the one that is a key's length back and the last one.
template <std::size_t kStep>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline __m128i NextKey(__m128i back,
                                                                             __m128i last) {
  const __m128i words = _mm_aeskeygenassist_si128(last, RoundConstant(kStep));
  return _mm_xor_si128(Prefixes(back), _mm_shuffle_epi32(words, 0xFF));
}
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline __m128i NextOddKey(__m128i back,
                                                                                __m128i last) {
  const __m128i words = _mm_aeskeygenassist_si128(last, 0);
  return _mm_xor_si128(Prefixes(back), _mm_shuffle_epi32(words, 0xAA));
}

template <std::size_t... kSteps>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void Expand128(
    std::index_sequence<kSteps...>, __m128i* keys) {
  ((keys[kSteps + 1] = NextKey<kSteps>(keys[kSteps], keys[kSteps])), ...);
}
template <std::size_t... kSteps>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void Expand256(
    std::index_sequence<kSteps...>, __m128i* keys) {
  ((keys[2 * kSteps + 2] = NextKey<kSteps>(keys[2 * kSteps], keys[2 * kSteps + 1]),
    keys[2 * kSteps + 3] = NextOddKey(keys[2 * kSteps + 1], keys[2 * kSteps + 2])),
   ...);
}

[[gnu::target("sha,sse4.1,aes")]] void Begin(ByteView key, FixedView<kAesBlockSize> iv,
                                             Chain& chain) {
  chain.last = Load(iv.data());
  chain.keys[0] = Load(key.data());
  if (key.size() == kAesBlockSize) {
    Expand128(std::make_index_sequence<kAes128Rounds>(), chain.keys);
  } else {
    chain.keys[1] = Load(key.data() + kAesBlockSize);
    Expand256(std::make_index_sequence<kAes256Rounds / 2>(), chain.keys);
  }
}

// One round of the blocks that come next, counted through all of them.
template <std::size_t kRounds, std::size_t kRound>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void AesRound(Chain& chain,
                                                                           __m128i& block) {
  constexpr std::size_t kInBlock = kRound % kRounds;
  constexpr std::size_t kAt = kRound / kRounds * kAesBlockSize;
  if constexpr (kInBlock == 0) {
    block = _mm_xor_si128(block, _mm_xor_si128(Load(chain.in + kAt), chain.keys[0]));
  }
  if constexpr (kInBlock + 1 == kRounds) {
    block = _mm_aesenclast_si128(block, chain.keys[kRounds]);
    Store(chain.out + kAt, block);
  } else {
    block = _mm_aesenc_si128(block, chain.keys[kInBlock + 1]);
  }
}

template <std::size_t kRounds, std::size_t kFrom, std::size_t... kOffsets>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void AesRounds(
    std::index_sequence<kOffsets...>, Chain& chain, __m128i& block) {
  (AesRound<kRounds, kFrom + kOffsets>(chain, block), ...);
}

[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void GoOn(Chain& chain, __m128i block,
                                                                       std::size_t blocks) {
  chain.last = block;
  chain.in += blocks * kAesBlockSize;
  chain.out += blocks * kAesBlockSize;
  chain.blocks -= blocks;
}

template <std::size_t kRounds>
[[gnu::target("sha,sse4.1,aes")]] void EncryptRest(Chain& chain) {
  __m128i block = chain.last;
  while (chain.blocks != 0) {
    AesRounds<kRounds, 0>(std::make_index_sequence<kRounds>(), chain, block);
    GoOn(chain, block, 1);
  }
}

// Four rounds of SHA-256, and their share of those of kBeside blocks of AES.
template <std::size_t kRounds, std::size_t kQuad>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void BothRounds(Registers& lane,
                                                                             Chain& chain,
                                                                             __m128i& block) {
  constexpr std::size_t kFrom = kBeside * kRounds * kQuad / 16;
  constexpr std::size_t kEnd = kBeside * kRounds * (kQuad + 1) / 16;
  Rounds<kQuad>(lane);
  AesRounds<kRounds, kFrom>(std::make_index_sequence<kEnd - kFrom>(), chain, block);
}

template <std::size_t kRounds, std::size_t... kQuads>
[[gnu::target("sha,sse4.1,aes"), gnu::always_inline]] inline void CompressBeside(
    std::index_sequence<kQuads...>, Registers& lane, Chain& chain) {
  if (chain.blocks < kBeside) {
    (Rounds<kQuads>(lane), ...);
    return;
  }
  __m128i block = chain.last;
  (BothRounds<kRounds, kQuads>(lane, chain, block), ...);
  GoOn(chain, block, kBeside);
}

template <std::size_t kRounds>
[[gnu::target("sha,sse4.1,aes")]] void Take(Sha256State& state, ByteView blocks, Chain& chain) {
  for (std::size_t at = 0; at < blocks.size(); at += kShaBlock) {
    Registers lane;
    BeginBlock(state, lane);
    ForgetStates(state, state);
    LoadBlock(lane, blocks.data() + at);
    CompressBeside<kRounds>(std::make_index_sequence<16>(), lane, chain);
    Add(lane, state);
    Store(&state[0], lane.abef);
    Store(&state[4], lane.cdgh);
  }
}

[[gnu::target("sha,sse4.1,aes")]] void PutState(const Sha256State& state, std::uint8_t* out) {
  Registers lane;
  BeginBlock(state, lane);
  PutDigest(lane, out);
}

template <std::size_t kRounds>
void Run(Chain& chain, const MacStates& states, std::span<const HashMessage> messages) {
  const Sha256State inner = ToState(states.inner);
  const Sha256State outer = ToState(states.outer);
  Sha256State state = inner;
  Bytes<kShaBlock> tail;
  Bytes<kShaBlock> digest{};
  // The padding stays as it is.
  const ByteView any = ByteView(digest).first(SHA256_DIGEST_LENGTH);
  PutTail({{&any, 1}, {}}, MessageShape({{&any, 1}, {}}), kShaBlock, digest);
  for (const HashMessage& message : messages) {
    const MessageShape shape(message);
    SVSM_CHECK(shape.tail_blocks == 1);
    state = inner;
    if (shape.head_size != 0) Take<kRounds>(state, message.parts[0].first(shape.head_size), chain);
    PutTail(message, shape, kShaBlock, tail);
    Take<kRounds>(state, tail, chain);
    PutState(state, digest.data());
    state = outer;
    Take<kRounds>(state, digest, chain);
    PutState(state, message.out.first<SHA256_DIGEST_LENGTH>().data());
  }
  EncryptRest<kRounds>(chain);
  Wipe(digest);
}

}  // namespace

bool HasCbcBesideMac(std::size_t key_size) {
  static const bool has = DetectAes() && HasSha256Pair();
  return has && (key_size == 16 || key_size == 32);
}

void CbcBesideMac(ByteView key, FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out,
                  const MacStates& states, std::span<const HashMessage> messages) {
  SVSM_CHECK(in.size() == out.size() && in.size() % kAesBlockSize == 0);
  Chain chain;
  chain.in = in.data();
  chain.out = out.data();
  chain.blocks = in.size() / kAesBlockSize;
  Begin(key, iv, chain);
  if (key.size() == 16) {
    Run<kAes128Rounds>(chain, states, messages);
  } else {
    Run<kAes256Rounds>(chain, states, messages);
  }
  Wipe(BytesOf(chain));
}

#else

bool HasCbcBesideMac(std::size_t) { return false; }
void CbcBesideMac(ByteView, FixedView<kAesBlockSize>, ByteView, ByteSpan, const MacStates&,
                  std::span<const HashMessage>) {
  svsm_panic("no such instructions");
}

#endif

}  // namespace svsm::crypto::openssl
