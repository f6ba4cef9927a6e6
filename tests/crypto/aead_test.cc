#include "svsm/crypto/aead.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

template <typename T>
class AeadTest : public ::testing::Test {
 protected:
  ByteVector Key(std::size_t size) { return ByteVector(size, 0x42); }
  typename T::AesGcmType aead_;
  Bytes<kGcmNonceSize> nonce_{1, 2, 3};
  Bytes<kGcmTagSize> tag_{};
};
TYPED_TEST_SUITE(AeadTest, Backends);

// GCM specification (McGrew, Viega), test cases 13 and 14.
TYPED_TEST(AeadTest, SealsTheSpecificationsCases) {
  Bytes<32> key{};
  Bytes<12> nonce{};
  ASSERT_THAT(this->aead_.SetKey(key), IsOk());
  ASSERT_THAT(this->aead_.Seal(nonce, ByteView(), ByteView(), ByteSpan(), this->tag_), IsOk());
  EXPECT_THAT(this->tag_, BytesAre("530f8afbc74536b9a963b4f1c4cb738b"));
  Bytes<16> text{};
  ASSERT_THAT(this->aead_.Seal(nonce, ByteView(), text, text, this->tag_), IsOk());
  EXPECT_THAT(text, BytesAre("cea7403d4d606b6e074ec5d3baf39d18"));
  EXPECT_THAT(this->tag_, BytesAre("d0d1c8a799996bf0265b98b5d48ab919"));
}

TYPED_TEST(AeadTest, OpensWhatItSealedWithEachKeySize) {
  const ByteVector aad(21, 0x11);
  for (const std::size_t key_size : {16u, 24u, 32u}) {
    ASSERT_THAT(this->aead_.SetKey(this->Key(key_size)), IsOk());
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 4000u}) {
      ByteVector text(size, 0x77);
      const ByteVector plain = text;
      ASSERT_THAT(this->aead_.Seal(this->nonce_, aad, text, text, this->tag_), IsOk());
      ByteVector opened(size);
      ASSERT_THAT(this->aead_.Open(this->nonce_, aad, text, this->tag_, opened), IsOk());
      EXPECT_EQ(opened, plain);
      ASSERT_THAT(this->aead_.Open(this->nonce_, aad, text, this->tag_, text), IsOk());
      EXPECT_EQ(text, plain);
    }
  }
}

TYPED_TEST(AeadTest, RefusesAnyChangedBitAndZeroesTheOutput) {
  ASSERT_THAT(this->aead_.SetKey(this->Key(32)), IsOk());
  Bytes<5> aad{9, 8, 7};
  Bytes<33> text{};
  ASSERT_THAT(this->aead_.Seal(this->nonce_, aad, text, text, this->tag_), IsOk());
  Bytes<33> opened;
  const auto refused = IsStatus(Code::kAuthFailed, Source::kCrypto);
  for (ByteSpan changed :
       {ByteSpan(aad), ByteSpan(text), ByteSpan(this->tag_), ByteSpan(this->nonce_)}) {
    for (std::size_t bit = 0; bit < 8 * changed.size(); ++bit) {
      std::uint8_t& byte = changed[bit / 8];
      byte = static_cast<std::uint8_t>(byte ^ (1u << (bit % 8)));
      Fill(opened, 0xAA);
      EXPECT_THAT(this->aead_.Open(this->nonce_, aad, text, this->tag_, opened), refused);
      EXPECT_TRUE(IsZero(opened));
      byte = static_cast<std::uint8_t>(byte ^ (1u << (bit % 8)));
    }
  }
  EXPECT_THAT(this->aead_.Open(this->nonce_, aad, text, this->tag_, opened), IsOk());
}

TYPED_TEST(AeadTest, RefusesWithoutAKey) {
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  Bytes<4> text;
  for (int round = 0; round < 2; ++round) {
    Fill(text, 0xAA);
    Fill(this->tag_, 0xAA);
    EXPECT_THAT(this->aead_.Seal(this->nonce_, ByteView(), text, text, this->tag_), no_key);
    EXPECT_TRUE(IsZero(text));
    EXPECT_TRUE(IsZero(this->tag_));
    Fill(text, 0xAA);
    EXPECT_THAT(this->aead_.Open(this->nonce_, ByteView(), text, this->tag_, text), no_key);
    EXPECT_TRUE(IsZero(text));
    ASSERT_THAT(this->aead_.SetKey(this->Key(32)), IsOk());
    this->aead_.Wipe();
  }
}

TYPED_TEST(AeadTest, RefusesOtherKeySizesAndForgetsTheKey) {
  for (const std::size_t size : {0u, 15u, 17u, 20u, 31u, 33u, 64u}) {
    ASSERT_THAT(this->aead_.SetKey(this->Key(32)), IsOk());
    EXPECT_THAT(this->aead_.SetKey(this->Key(size)),
                IsStatus(Code::kInvalidArgument, Source::kCrypto));
    EXPECT_THAT(this->aead_.Seal(this->nonce_, ByteView(), ByteView(), ByteSpan(), this->tag_),
                IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  }
}

TYPED_TEST(AeadTest, RefusesSizesThatDiffer) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  ASSERT_THAT(this->aead_.SetKey(this->Key(32)), IsOk());
  Bytes<4> in{};
  Bytes<5> out;
  Fill(out, 0xAA);
  Fill(this->tag_, 0xAA);
  EXPECT_THAT(this->aead_.Seal(this->nonce_, ByteView(), in, out, this->tag_), invalid);
  EXPECT_TRUE(IsZero(out));
  EXPECT_TRUE(IsZero(this->tag_));
  Fill(out, 0xAA);
  EXPECT_THAT(this->aead_.Open(this->nonce_, ByteView(), in, this->tag_, out), invalid);
  EXPECT_TRUE(IsZero(out));
}

}  // namespace
}  // namespace svsm::crypto
