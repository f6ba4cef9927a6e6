#include "svsm/crypto/hash.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

template <typename Backend>
class HashTest : public ::testing::Test {};
TYPED_TEST_SUITE(HashTest, Backends);

constexpr auto kAbc = Ascii("abc");

TYPED_TEST(HashTest, DigestsAbc) {
  ByteVector out(20);
  EXPECT_THAT(typename TypeParam::HashType(HashAlg::kSha1).Digest(kAbc, out), IsOk());
  EXPECT_THAT(out, BytesAre("a9993e364706816aba3e25717850c26c9cd0d89d"));
  out.resize(32);
  EXPECT_THAT(typename TypeParam::HashType(HashAlg::kSha256).Digest(kAbc, out), IsOk());
  EXPECT_THAT(out, BytesAre("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  out.resize(48);
  EXPECT_THAT(typename TypeParam::HashType(HashAlg::kSha384).Digest(kAbc, out), IsOk());
  EXPECT_THAT(out, BytesAre("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                            "8086072ba1e7cc2358baeca134c825a7"));
  out.resize(64);
  EXPECT_THAT(typename TypeParam::HashType(HashAlg::kSha512).Digest(kAbc, out), IsOk());
  EXPECT_THAT(out, BytesAre("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
}

TYPED_TEST(HashTest, PartsAreConcatenated) {
  for (const HashAlg alg : {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
    const typename TypeParam::HashType hash(alg);
    EXPECT_EQ(hash.algorithm(), alg);
    ByteVector whole(DigestSize(alg));
    ByteVector split(DigestSize(alg));
    ASSERT_THAT(hash.Digest(kAbc, whole), IsOk());
    const ByteView parts[] = {ByteView(kAbc).first(1), ByteView(), ByteView(kAbc).subspan(1)};
    ASSERT_THAT(hash.Digest(parts, split), IsOk());
    EXPECT_EQ(whole, split);
  }
}

TYPED_TEST(HashTest, RefusesAnotherSizeAndZeroesTheOutput) {
  const typename TypeParam::HashType hash(HashAlg::kSha256);
  for (const std::size_t size : {0u, 31u, 33u, 64u}) {
    ByteVector out(size, 0xAA);
    EXPECT_THAT(hash.Digest(kAbc, out), IsStatus(Code::kInvalidArgument, Source::kCrypto));
    EXPECT_TRUE(IsZero(out));
  }
}

TYPED_TEST(HashTest, DigestsManyAsOneByOne) {
  Bytes<700> data{};
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  for (const HashAlg alg : {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384}) {
    const typename TypeParam::HashType hash(alg);
    EXPECT_THAT(hash.DigestMany({}), IsOk());
    for (std::size_t size = 0; size + 3 < data.size(); ++size) {
      const ByteView a[] = {ByteView(data).first(size / 64 * 64),
                            ByteView(data).subspan(size / 64 * 64, size % 64)};
      const ByteView b[] = {ByteView(data).subspan(1, size / 64 * 64),
                            ByteView(data).subspan(7, size % 64)};
      const ByteView c[] = {ByteView(data).subspan(3, size)};
      const std::span<const ByteView> parts[] = {a, b, c};
      Bytes<kMaxDigestSize> out[3] = {};
      HashMessage messages[3];
      for (std::size_t i = 0; i < 3; ++i) {
        messages[i] = {parts[i], ByteSpan(out[i]).first(DigestSize(alg))};
      }
      ASSERT_THAT(hash.DigestMany(messages), IsOk());
      for (std::size_t i = 0; i < 3; ++i) {
        Bytes<kMaxDigestSize> one{};
        ASSERT_THAT(hash.Digest(parts[i], ByteSpan(one).first(DigestSize(alg))), IsOk());
        ASSERT_EQ(out[i], one) << size << " bytes, message " << i;
      }
    }
  }
}

TYPED_TEST(HashTest, ZeroesAllOfManyWhenItRefuses) {
  const typename TypeParam::HashType hash(HashAlg::kSha256);
  const ByteView parts[] = {kAbc};
  Bytes<32> out;
  Bytes<31> small;
  Fill(out, 0xAA);
  Fill(small, 0xAA);
  const HashMessage messages[] = {{parts, out}, {parts, small}};
  EXPECT_THAT(hash.DigestMany(messages), IsStatus(Code::kInvalidArgument, Source::kCrypto));
  EXPECT_TRUE(IsZero(out));
  EXPECT_TRUE(IsZero(small));
}

TYPED_TEST(HashTest, StreamEqualsOneShotAndStartsAnew) {
  for (const HashAlg alg : {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
    typename TypeParam::HashStreamType stream(alg);
    EXPECT_EQ(stream.algorithm(), alg);
    const ByteVector data(1000, 0x5A);
    ByteVector expected(DigestSize(alg));
    ASSERT_THAT(typename TypeParam::HashType(alg).Digest(data, expected), IsOk());
    for (int round = 0; round < 2; ++round) {
      ByteVector found(DigestSize(alg));
      for (std::size_t at = 0; at < data.size(); at += 7) {
        const std::size_t size = data.size() - at < 7 ? data.size() - at : 7;
        ASSERT_THAT(stream.Update(ByteView(data).subspan(at, size)), IsOk());
      }
      ASSERT_THAT(stream.Finish(found), IsOk());
      EXPECT_EQ(found, expected);
    }
    ASSERT_THAT(stream.Update(kAbc), IsOk());
    stream.Reset();
    ASSERT_THAT(stream.Update(data), IsOk());
    ByteVector found(DigestSize(alg));
    ASSERT_THAT(stream.Finish(found), IsOk());
    EXPECT_EQ(found, expected);
  }
}

TYPED_TEST(HashTest, StreamRefusesAnotherSize) {
  typename TypeParam::HashStreamType stream(HashAlg::kSha512);
  Bytes<63> out;
  Fill(out, 0xAA);
  EXPECT_THAT(stream.Finish(out), IsStatus(Code::kInvalidArgument, Source::kCrypto));
  EXPECT_TRUE(IsZero(out));
}

}  // namespace
}  // namespace svsm::crypto
