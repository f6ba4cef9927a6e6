#include "svsm/crypto/key_wrap.h"

#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

class KeyWrapTest : public ::testing::Test {
 protected:
  KeyWrapTest() {
    for (std::size_t i = 0; i < kek_.size(); ++i) kek_[i] = static_cast<std::uint8_t>(i);
    EXPECT_THAT(aes_.SetKey(kek_), IsOk());
  }
  Bytes<32> kek_{};
  OpensslAes aes_;
};

// RFC 3394, 4.6.
TEST_F(KeyWrapTest, WrapsTheRfcsKey) {
  const auto key = FromHex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
  Bytes<40> wrapped{};
  ASSERT_THAT(WrapKey(aes_, *key, wrapped), IsOk());
  EXPECT_THAT(wrapped, BytesAre("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326"
                                "cbc7f0e71a99f43bfb988b9b7a02dd21"));
  ByteVector unwrapped(32);
  ASSERT_THAT(UnwrapKey(aes_, wrapped, unwrapped), IsOk());
  EXPECT_EQ(unwrapped, *key);
}

TEST_F(KeyWrapTest, RefusesAnyChangedBit) {
  const Bytes<16> key{7};
  Bytes<24> wrapped{};
  ASSERT_THAT(WrapKey(aes_, key, wrapped), IsOk());
  Bytes<16> out;
  for (std::size_t bit = 0; bit < 8 * wrapped.size(); ++bit) {
    wrapped[bit / 8] = static_cast<std::uint8_t>(wrapped[bit / 8] ^ (1u << (bit % 8)));
    Fill(out, 0xAA);
    EXPECT_THAT(UnwrapKey(aes_, wrapped, out), IsStatus(Code::kAuthFailed, Source::kCrypto));
    EXPECT_TRUE(IsZero(out));
    wrapped[bit / 8] = static_cast<std::uint8_t>(wrapped[bit / 8] ^ (1u << (bit % 8)));
  }
  kek_[0] ^= 1;
  ASSERT_THAT(aes_.SetKey(kek_), IsOk());
  EXPECT_THAT(UnwrapKey(aes_, wrapped, out), IsStatus(Code::kAuthFailed, Source::kCrypto));
}

TEST_F(KeyWrapTest, RefusesOtherSizes) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  struct {
    std::size_t key, wrapped;
  } const kBad[] = {{0, 8}, {8, 16}, {15, 23}, {17, 25}, {20, 28}, {16, 16}, {16, 23}, {16, 32}};
  for (const auto& sizes : kBad) {
    ByteVector key(sizes.key, 0xAA);
    ByteVector wrapped(sizes.wrapped, 0xAA);
    EXPECT_THAT(WrapKey(aes_, key, wrapped), invalid) << sizes.key;
    EXPECT_TRUE(IsZero(wrapped));
    EXPECT_THAT(UnwrapKey(aes_, wrapped, key), invalid) << sizes.key;
    EXPECT_TRUE(IsZero(key));
  }
}

TEST_F(KeyWrapTest, SaysWhatTheCipherSays) {
  OpensslAes unkeyed;
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  Bytes<16> key{7};
  Bytes<24> wrapped;
  Fill(wrapped, 0xAA);
  EXPECT_THAT(WrapKey(unkeyed, key, wrapped), no_key);
  EXPECT_TRUE(IsZero(wrapped));
  EXPECT_THAT(UnwrapKey(unkeyed, wrapped, key), no_key);
  EXPECT_TRUE(IsZero(key));
}

}  // namespace
}  // namespace svsm::crypto
