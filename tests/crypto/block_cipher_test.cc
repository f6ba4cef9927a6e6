#include "svsm/crypto/block_cipher.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

template <typename Backend>
class BlockCipherTest : public ::testing::Test {
 protected:
  typename Backend::AesType aes_;
  ByteVector key_ = ByteVector(32, 0x42);
  Bytes<16> iv_{1, 2, 3};
};
TYPED_TEST_SUITE(BlockCipherTest, Backends);

// FIPS 197, appendix C.3.
TYPED_TEST(BlockCipherTest, EncryptsTheStandardsBlock) {
  const auto key = FromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const auto block = FromHex("00112233445566778899aabbccddeeff");
  ASSERT_THAT(this->aes_.SetKey(*key), IsOk());
  Bytes<16> out{};
  ASSERT_THAT(this->aes_.EncryptEcb(*block, out), IsOk());
  EXPECT_THAT(out, BytesAre("8ea2b7ca516745bfeafc49904b496089"));
  ASSERT_THAT(this->aes_.DecryptEcb(out, out), IsOk());
  EXPECT_EQ(ToVector(out), *block);
}

TYPED_TEST(BlockCipherTest, EveryModeUndoesItselfInPlace) {
  for (const std::size_t key_size : {16u, 24u, 32u}) {
    ASSERT_THAT(this->aes_.SetKey(ByteVector(key_size, 0x17)), IsOk());
    ByteVector plain(160);
    for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::uint8_t>(i);
    ByteVector text = plain;
    ASSERT_THAT(this->aes_.EncryptEcb(text, text), IsOk());
    EXPECT_NE(text, plain);
    ASSERT_THAT(this->aes_.DecryptEcb(text, text), IsOk());
    EXPECT_EQ(text, plain);
    ASSERT_THAT(this->aes_.EncryptCbc(this->iv_, text, text), IsOk());
    EXPECT_NE(text, plain);
    ASSERT_THAT(this->aes_.DecryptCbc(this->iv_, text, text), IsOk());
    EXPECT_EQ(text, plain);
    ASSERT_THAT(this->aes_.Ctr(this->iv_, text, text), IsOk());
    EXPECT_NE(text, plain);
    ASSERT_THAT(this->aes_.Ctr(this->iv_, text, text), IsOk());
    EXPECT_EQ(text, plain);
  }
}

TYPED_TEST(BlockCipherTest, CbcGoesOnFromTheLastCiphertextBlock) {
  ASSERT_THAT(this->aes_.SetKey(this->key_), IsOk());
  const ByteVector plain(64, 0x5A);
  ByteVector whole(64);
  ByteVector pieces(64);
  ASSERT_THAT(this->aes_.EncryptCbc(this->iv_, plain, whole), IsOk());
  ASSERT_THAT(
      this->aes_.EncryptCbc(this->iv_, ByteView(plain).first(32), ByteSpan(pieces).first(32)),
      IsOk());
  ASSERT_THAT(this->aes_.EncryptCbc(ByteView(pieces).subspan<16, 16>(), ByteView(plain).subspan(32),
                                    ByteSpan(pieces).subspan(32)),
              IsOk());
  EXPECT_EQ(whole, pieces);
}

// The counter is one number of 128 bits: each carry is looked at block by block.
TYPED_TEST(BlockCipherTest, CtrCarriesThroughTheWholeCounter) {
  ASSERT_THAT(this->aes_.SetKey(this->key_), IsOk());
  for (const std::size_t carried : {4u, 5u, 12u, 16u}) {
    Bytes<16> counter{};
    counter[0] = 0x10;
    for (std::size_t i = 16 - carried; i < 16; ++i) counter[i] = 0xFF;
    const ByteVector zeros(48 + 5);
    ByteVector stream(zeros.size());
    ASSERT_THAT(this->aes_.Ctr(counter, zeros, stream), IsOk());
    Bytes<64> blocks{};
    Bytes<16> number = counter;
    for (std::size_t block = 0; block < 4; ++block) {
      Copy(ByteSpan(blocks).subspan(16 * block), number);
      for (std::size_t i = 16; i-- > 0;) {
        if (++number[i] != 0) break;
      }
    }
    ASSERT_THAT(this->aes_.EncryptEcb(blocks, blocks), IsOk());
    EXPECT_THAT(stream, testing::SameBytes(ByteView(blocks).first(stream.size()))) << carried;
  }
}

TYPED_TEST(BlockCipherTest, RefusesWithoutAKey) {
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  for (int round = 0; round < 2; ++round) {
    Bytes<16> text;
    const auto refused = [&](Status status) {
      EXPECT_THAT(status, no_key);
      EXPECT_TRUE(IsZero(text));
      Fill(text, 0xAA);
    };
    Fill(text, 0xAA);
    refused(this->aes_.EncryptEcb(text, text));
    refused(this->aes_.DecryptEcb(text, text));
    refused(this->aes_.EncryptCbc(this->iv_, text, text));
    refused(this->aes_.DecryptCbc(this->iv_, text, text));
    refused(this->aes_.Ctr(this->iv_, text, text));
    ASSERT_THAT(this->aes_.SetKey(this->key_), IsOk());
    this->aes_.Wipe();
  }
}

TYPED_TEST(BlockCipherTest, RefusesOtherSizes) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  ASSERT_THAT(this->aes_.SetKey(this->key_), IsOk());
  const Bytes<32> in{};
  Bytes<33> out;
  const auto refused = [&](Status status) {
    EXPECT_THAT(status, invalid);
    EXPECT_TRUE(IsZero(ByteView(out).first(16)));
    Fill(out, 0xAA);
  };
  Fill(out, 0xAA);
  for (const std::size_t size : {17u, 31u, 33u}) {
    const ByteSpan other = ByteSpan(out).first(size);
    refused(this->aes_.EncryptEcb(other, other));
    refused(this->aes_.DecryptEcb(other, other));
    refused(this->aes_.EncryptCbc(this->iv_, other, other));
    refused(this->aes_.DecryptCbc(this->iv_, other, other));
    refused(this->aes_.EncryptEcb(in, other));
    refused(this->aes_.Ctr(this->iv_, in, other));
  }
  for (const std::size_t size : {0u, 8u, 15u, 17u, 33u}) {
    ASSERT_THAT(this->aes_.SetKey(this->key_), IsOk());
    EXPECT_THAT(this->aes_.SetKey(ByteVector(size)), invalid);
    EXPECT_THAT(this->aes_.EncryptEcb(in, ByteSpan(out).first(32)),
                IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  }
}

}  // namespace
}  // namespace svsm::crypto
