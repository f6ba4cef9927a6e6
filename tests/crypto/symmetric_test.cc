#include "svsm/crypto/symmetric.h"

#include <gtest/gtest.h>

#include "svsm/core/heap_allocator.h"
#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

constexpr HashAlg kHashes[] = {HashAlg::kSha1,     HashAlg::kSha256,   HashAlg::kSha384,
                               HashAlg::kSha512,   HashAlg::kSha3_256, HashAlg::kSha3_384,
                               HashAlg::kSha3_512, HashAlg::kSm3};
constexpr BlockCipherAlg kCiphers[] = {BlockCipherAlg::kAes, BlockCipherAlg::kCamellia,
                                       BlockCipherAlg::kSm4};

template <typename Backend>
class SymmetricTest : public ::testing::Test {
 protected:
  typename Backend::SymmetricType symmetric_;
  alignas(16) Bytes<8192> memory_{};
  HeapAllocator heap_{memory_};
};
TYPED_TEST_SUITE(SymmetricTest, Backends);

TYPED_TEST(SymmetricTest, SaysWhatItHasNot) {
  for (const HashAlg alg : kHashes) {
    const bool has = this->symmetric_.Supports(alg);
    const Status unsupported(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(alg));
    EXPECT_EQ(this->symmetric_.FindHash(alg).status(), has ? OkStatus() : unsupported);
    auto hmac = this->symmetric_.NewHmac(alg, this->heap_);
    EXPECT_EQ(hmac.status(), has ? OkStatus() : unsupported);
    if (has) this->symmetric_.Delete(*hmac, this->heap_);
  }
  for (const BlockCipherAlg alg : kCiphers) {
    const bool has = this->symmetric_.Supports(alg);
    const Status unsupported(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(alg));
    auto cipher = this->symmetric_.NewBlockCipher(alg, this->heap_);
    EXPECT_EQ(cipher.status(), has ? OkStatus() : unsupported);
    if (has) this->symmetric_.Delete(*cipher, this->heap_);
  }
  EXPECT_TRUE(this->symmetric_.Supports(HashAlg::kSha512));
  EXPECT_TRUE(this->symmetric_.Supports(BlockCipherAlg::kAes));
  EXPECT_EQ(this->heap_.used_bytes(), 0u);
}

TYPED_TEST(SymmetricTest, MakesTheAlgorithmsThatItNames) {
  for (const HashAlg alg : kHashes) {
    if (!this->symmetric_.Supports(alg)) continue;
    EXPECT_EQ((*this->symmetric_.FindHash(alg))->algorithm(), alg);
    Hmac* const hmac = *this->symmetric_.NewHmac(alg, this->heap_);
    EXPECT_EQ(hmac->algorithm(), alg);
    this->symmetric_.Delete(hmac, this->heap_);
  }
  for (const BlockCipherAlg alg : kCiphers) {
    if (!this->symmetric_.Supports(alg)) continue;
    BlockCipher* const cipher = *this->symmetric_.NewBlockCipher(alg, this->heap_);
    EXPECT_EQ(cipher->algorithm(), alg);
    for (const std::size_t size : {0u, 8u, 16u, 24u, 32u, 33u}) {
      EXPECT_EQ(cipher->SetKey(ByteVector(size)).ok(), IsCipherKeySize(alg, size)) << size;
    }
    this->symmetric_.Delete(cipher, this->heap_);
  }
  this->symmetric_.Delete(static_cast<Hmac*>(nullptr), this->heap_);
  this->symmetric_.Delete(static_cast<BlockCipher*>(nullptr), this->heap_);
}

TYPED_TEST(SymmetricTest, SaysWhenMemoryRunsOut) {
  HeapAllocator none{ByteSpan()};
  EXPECT_THAT(this->symmetric_.NewHmac(HashAlg::kSha256, none).status(),
              IsStatus(Code::kOutOfMemory, Source::kCrypto));
  EXPECT_THAT(this->symmetric_.NewBlockCipher(BlockCipherAlg::kAes, none).status(),
              IsStatus(Code::kOutOfMemory, Source::kCrypto));
}

// HMAC by its definition (FIPS 198-1), from the backend's hash alone.
template <typename Factory>
ByteVector DefinedHmac(const Factory& symmetric, HashAlg alg, ByteView key, ByteView data) {
  const Hash& hash = **symmetric.FindHash(alg);
  ByteVector block(BlockSize(alg));
  if (key.size() > block.size()) {
    EXPECT_THAT(hash.Digest(key, ByteSpan(block).first(DigestSize(alg))), IsOk());
  } else {
    Copy(block, key);
  }
  for (std::uint8_t& byte : block) byte ^= 0x36;
  ByteVector inner(DigestSize(alg));
  const ByteView parts[] = {block, data};
  EXPECT_THAT(hash.Digest(parts, inner), IsOk());
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5C;
  ByteVector outer(DigestSize(alg));
  const ByteView outer_parts[] = {block, inner};
  EXPECT_THAT(hash.Digest(outer_parts, outer), IsOk());
  return outer;
}

TYPED_TEST(SymmetricTest, HmacIsAsDefinedForEveryHashAndKeySize) {
  for (const HashAlg alg : kHashes) {
    if (!this->symmetric_.Supports(alg)) continue;
    Hmac* const hmac = *this->symmetric_.NewHmac(alg, this->heap_);
    const std::size_t block = BlockSize(alg);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, block - 1, block, block + 1, 2 * block + 3}) {
      const ByteVector key(size, 0x7C);
      const ByteVector data(531, 0x3B);
      ASSERT_THAT(hmac->SetKey(key), IsOk());
      ByteVector mac(DigestSize(alg));
      ASSERT_THAT(hmac->Compute(data, mac), IsOk());
      EXPECT_EQ(mac, DefinedHmac(this->symmetric_, alg, key, data));
      const ByteView parts[] = {ByteView(data).first(512), {}, ByteView(data).subspan(512)};
      ByteVector split(DigestSize(alg));
      ASSERT_THAT(hmac->Compute(parts, split), IsOk());
      EXPECT_EQ(mac, split);
    }
    this->symmetric_.Delete(hmac, this->heap_);
  }
}

// A CBC context is used for changing IVs, pieces, places and directions, and must forget each.
TYPED_TEST(SymmetricTest, CbcIsEcbChainedWhateverCameBefore) {
  for (const BlockCipherAlg alg : kCiphers) {
    if (!this->symmetric_.Supports(alg)) continue;
    BlockCipher* const cipher = *this->symmetric_.NewBlockCipher(alg, this->heap_);
    ASSERT_THAT(cipher->SetKey(ByteVector(16, 0x42)), IsOk());
    for (std::size_t round = 0; round < 40; ++round) {
      Bytes<16> iv;
      Fill(iv, static_cast<std::uint8_t>(round * 29));
      ByteVector plain(16 * (round % 7));
      for (std::size_t i = 0; i < plain.size(); ++i) {
        plain[i] = static_cast<std::uint8_t>(i * 7 + round);
      }
      ByteVector expected = plain;
      Bytes<16> chain = iv;
      for (std::size_t at = 0; at < plain.size(); at += 16) {
        for (std::size_t i = 0; i < 16; ++i) chain[i] ^= plain[at + i];
        ASSERT_THAT(cipher->EncryptEcb(chain, chain), IsOk());
        Copy(ByteSpan(expected).subspan(at), chain);
      }
      ByteVector found(plain.size(), 0xAA);
      ASSERT_THAT(cipher->EncryptCbc(iv, plain, found), IsOk());
      EXPECT_EQ(found, expected);
      ByteVector back(plain.size(), 0xAA);
      ASSERT_THAT(cipher->DecryptCbc(iv, found, back), IsOk());
      EXPECT_EQ(back, plain);
      ASSERT_THAT(cipher->DecryptCbc(iv, found, found), IsOk());
      EXPECT_EQ(found, plain);
      ASSERT_THAT(cipher->EncryptCbc(iv, found, found), IsOk());
      EXPECT_EQ(found, expected);
      if (round % 11 == 5) {
        ASSERT_THAT(cipher->SetKey(ByteVector(16, 0x43)), IsOk());
      }
    }
    this->symmetric_.Delete(cipher, this->heap_);
  }
}

struct HashVector {
  HashAlg alg;
  const char* abc;
};

// FIPS 202 and GB/T 32905 (its example 1), the three letters "abc".
TEST(OpensslSymmetric, DigestsAbcWithSha3AndSm3) {
  const HashVector vectors[] = {
      {HashAlg::kSha3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
      {HashAlg::kSha3_384,
       "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf2283"
       "76"
       "d25"},
      {HashAlg::kSha3_512,
       "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e"
       "39"
       "34057340b4cf408d5a56592f8274eec53f0"},
      {HashAlg::kSm3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}};
  const OpensslSymmetric symmetric;
  for (const HashVector& vector : vectors) {
    ByteVector out(DigestSize(vector.alg));
    ASSERT_THAT((*symmetric.FindHash(vector.alg))->Digest(Ascii("abc"), out), IsOk());
    EXPECT_THAT(out, BytesAre(vector.abc));
  }
}

// NIST's examples of HMAC with SHA-3 (sample 1) and GM/T 0042's of HMAC with SM3 (D.3, example 1).
TEST(OpensslSymmetric, ComputesThePublishedMacs) {
  const OpensslSymmetric symmetric;
  alignas(16) Bytes<1024> memory{};
  HeapAllocator heap(memory);
  const auto text = Ascii("Sample message for keylen<blocklen");
  ByteVector key(64);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const HashVector vectors[] = {
      {HashAlg::kSha3_256, "4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205"},
      {HashAlg::kSha3_384,
       "d588a3c51f3f2d906e8298c1199aa8ff6296218127f6b38a90b6afe2c5617725bc99987f79b22a557b6520db710"
       "b7"
       "f42"},
      {HashAlg::kSha3_512,
       "4efd629d6c71bf86162658f29943b1c308ce27cdfa6db0d9c3ce81763f9cbce5f7ebe9868031db1a8f8eb7b6b95"
       "e5"
       "c5e3f657a8996c86a2f6527e307f0213196"}};
  for (const HashVector& vector : vectors) {
    Hmac* const hmac = *symmetric.NewHmac(vector.alg, heap);
    ByteVector mac(DigestSize(vector.alg));
    ASSERT_THAT(hmac->SetKey(ByteView(key).first(mac.size())), IsOk());
    ASSERT_THAT(hmac->Compute(text, mac), IsOk());
    EXPECT_THAT(mac, BytesAre(vector.abc));
    symmetric.Delete(hmac, heap);
  }
  Hmac* const hmac = *symmetric.NewHmac(HashAlg::kSm3, heap);
  for (std::size_t i = 0; i < 32; ++i) key[i] = static_cast<std::uint8_t>(i + 1);
  ASSERT_THAT(hmac->SetKey(ByteView(key).first(32)), IsOk());
  Bytes<32> mac{};
  ASSERT_THAT(hmac->Compute(Ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
                                  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                            mac),
              IsOk());
  EXPECT_THAT(mac, BytesAre("ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"));
  symmetric.Delete(hmac, heap);
}

struct CipherVector {
  BlockCipherAlg alg;
  const char* key;
  const char* ciphertext;
};

// RFC 3713, appendix A, and GB/T 32907, A.1: one block, which is the key's first half.
TEST(OpensslSymmetric, EncryptsThePublishedBlocks) {
  const CipherVector vectors[] = {
      {BlockCipherAlg::kCamellia, "0123456789abcdeffedcba9876543210",
       "67673138549669730857065648eabe43"},
      {BlockCipherAlg::kCamellia, "0123456789abcdeffedcba98765432100011223344556677",
       "b4993401b3e996f84ee5cee7d79b09b9"},
      {BlockCipherAlg::kCamellia,
       "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff",
       "9acc237dff16d76c20ef7c919e3a7509"},
      {BlockCipherAlg::kSm4, "0123456789abcdeffedcba9876543210",
       "681edf34d206965e86b3e94f536e4246"}};
  const OpensslSymmetric symmetric;
  alignas(16) Bytes<1024> memory{};
  HeapAllocator heap(memory);
  for (const CipherVector& vector : vectors) {
    const ByteVector key = *FromHex(vector.key);
    BlockCipher* const cipher = *symmetric.NewBlockCipher(vector.alg, heap);
    ASSERT_THAT(cipher->SetKey(key), IsOk());
    const ByteView block = ByteView(key).first(16);
    Bytes<16> out{};
    ASSERT_THAT(cipher->EncryptEcb(block, out), IsOk());
    EXPECT_THAT(out, BytesAre(vector.ciphertext));
    ASSERT_THAT(cipher->DecryptEcb(out, out), IsOk());
    EXPECT_EQ(ToVector(out), ToVector(block));
    const Bytes<16> zero{};
    ASSERT_THAT(cipher->EncryptCbc(zero, block, out), IsOk());
    EXPECT_THAT(out, BytesAre(vector.ciphertext));
    ASSERT_THAT(cipher->Ctr(ByteView(key).first<16>(), zero, out), IsOk());
    EXPECT_THAT(out, BytesAre(vector.ciphertext));
    symmetric.Delete(cipher, heap);
  }
}

// What BearSSL has not, its objects refuse as well.
TEST(BearsslSymmetric, ObjectsOfOtherHashesRefuse) {
  const Status unsupported(Code::kUnsupported, Source::kCrypto,
                           static_cast<std::uint32_t>(HashAlg::kSm3));
  Bytes<32> out;
  Fill(out, 0xAA);
  EXPECT_EQ(BearsslHash(HashAlg::kSm3).Digest(Ascii("abc"), out), unsupported);
  EXPECT_TRUE(IsZero(out));
  BearsslHashStream stream(HashAlg::kSm3);
  EXPECT_EQ(stream.Update(Ascii("abc")), unsupported);
  Fill(out, 0xAA);
  EXPECT_EQ(stream.Finish(out), unsupported);
  EXPECT_TRUE(IsZero(out));
  BearsslHmac hmac(HashAlg::kSm3);
  EXPECT_EQ(hmac.SetKey(Ascii("abc")), unsupported);
}

// What two calls say, one says too: for keys of each size, and as many messages of many lengths as
// make either of the two the longer one.
TYPED_TEST(SymmetricTest, EncryptsAndMacsAsTwoCalls) {
  Bytes<2048> data;
  for (std::size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  const ByteView iv = ByteView(data).subspan(77, kCipherBlockSize);
  BlockCipher* const cipher = *this->symmetric_.NewBlockCipher(BlockCipherAlg::kAes, this->heap_);
  for (const HashAlg alg : {HashAlg::kSha256, HashAlg::kSha384}) {
    Hmac* const hmac = *this->symmetric_.NewHmac(alg, this->heap_);
    ASSERT_THAT(hmac->SetKey(ByteView(data).first(32)), IsOk());
    const std::size_t size = DigestSize(alg);
    for (const std::size_t key_size : {16u, 24u, 32u}) {
      ASSERT_THAT(cipher->SetKey(ByteView(data).last(key_size)), IsOk());
      for (const std::size_t blocks : {0u, 1u, 2u, 3u, 40u}) {
        for (const std::size_t part : {0u, 1u, 55u, 56u, 64u, 119u, 128u, 512u}) {
          const ByteView in = ByteView(data).first(blocks * kCipherBlockSize);
          const ByteView both[] = {ByteView(data).subspan(100, part), ByteView(data).first(18)};
          Bytes<640> expected{}, out{};
          Bytes<2 * kMaxDigestSize> macs{}, got{};
          const FixedView<kCipherBlockSize> from = iv.first<kCipherBlockSize>();
          ASSERT_THAT(cipher->EncryptCbc(from, in, ByteSpan(expected).first(in.size())), IsOk());
          ASSERT_THAT(hmac->Compute(both, ByteSpan(macs).first(size)), IsOk());
          ASSERT_THAT(hmac->Compute(both[0], ByteSpan(macs).subspan(size, size)), IsOk());
          const HmacMessage messages[] = {{both, ByteSpan(got).first(size)},
                                          {{both, 1}, ByteSpan(got).subspan(size, size)}};
          ASSERT_THAT(this->symmetric_.EncryptCbcAndMac(
                          *cipher, from, in, ByteSpan(out).first(in.size()), *hmac, messages),
                      IsOk());
          EXPECT_EQ(out, expected) << key_size << ' ' << blocks << ' ' << part;
          EXPECT_EQ(got, macs) << key_size << ' ' << blocks << ' ' << part;
          // In place, and without messages.
          Copy(out, in);
          const ByteSpan same = ByteSpan(out).first(in.size());
          ASSERT_THAT(this->symmetric_.EncryptCbcAndMac(*cipher, from, same, same, *hmac, {}),
                      IsOk());
          EXPECT_EQ(out, expected) << key_size << ' ' << blocks;
        }
      }
    }
    this->symmetric_.Delete(hmac, this->heap_);
  }
  this->symmetric_.Delete(cipher, this->heap_);
}

TYPED_TEST(SymmetricTest, ZeroesBothWhenEitherRefuses) {
  const Status no_key(Code::kFailedPrecondition, Source::kCrypto);
  const Status invalid(Code::kInvalidArgument, Source::kCrypto);
  const Bytes<32> key = {1, 2, 3};
  BlockCipher* const cipher = *this->symmetric_.NewBlockCipher(BlockCipherAlg::kAes, this->heap_);
  Hmac* const hmac = *this->symmetric_.NewHmac(HashAlg::kSha256, this->heap_);
  Bytes<32> out, mac;
  const ByteView part = key;
  const auto run = [&](ByteView in, ByteSpan to) {
    Fill(out, 1);
    Fill(mac, 1);
    const HmacMessage messages[] = {{{&part, 1}, to}};
    const Status status = this->symmetric_.EncryptCbcAndMac(
        *cipher, ByteView(key).first<kCipherBlockSize>(), in, out, *hmac, messages);
    EXPECT_EQ(IsZero(out), !status.ok());
    EXPECT_EQ(IsZero(to), !status.ok());
    return status;
  };
  EXPECT_EQ(run(key, mac), no_key);
  ASSERT_THAT(cipher->SetKey(key), IsOk());
  EXPECT_EQ(run(key, mac), no_key);
  ASSERT_THAT(hmac->SetKey(key), IsOk());
  EXPECT_EQ(run(key, mac), OkStatus());
  EXPECT_EQ(run(ByteView(key).first(16), mac), invalid);
  EXPECT_EQ(run(key, ByteSpan(mac).first(31)), invalid);
  this->symmetric_.Delete(hmac, this->heap_);
  this->symmetric_.Delete(cipher, this->heap_);
}

}  // namespace
}  // namespace svsm::crypto
