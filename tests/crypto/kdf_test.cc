#include "svsm/crypto/kdf.h"

#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

constexpr auto kLabel = Ascii("STORAGE");

// What an unkeyed or broken primitive would do.
class FailingHash final : public Hash {
 public:
  HashAlg algorithm() const override { return HashAlg::kSha256; }
  Status Digest(std::span<const ByteView>, ByteSpan) const override {
    return Status(Code::kInternal, Source::kCaller, 3);
  }
};
class FailingHmac final : public Hmac {
 public:
  explicit FailingHmac(bool keys) : keys_(keys) {}
  HashAlg algorithm() const override { return HashAlg::kSha256; }
  Status SetKey(ByteView) override {
    return keys_ ? OkStatus() : Status(Code::kInternal, Source::kCaller, 1);
  }
  Status Compute(std::span<const ByteView>, ByteSpan) override {
    return Status(Code::kInternal, Source::kCaller, 2);
  }
  void Wipe() override {}

 private:
  bool keys_;
};

// RFC 7518, appendix C, with each part behind its own length.
TEST(ConcatKdfTest, DerivesTheRfcsKey) {
  const auto z = FromHex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4");
  const auto algorithm = FromHex("000000074131323847434d");
  const auto party_u = FromHex("00000005416c696365");
  const auto party_v = FromHex("00000003426f62");
  const auto supp_pub = FromHex("00000080");
  const ByteView info[] = {*algorithm, *party_u, *party_v, *supp_pub};
  const OpensslHash hash(HashAlg::kSha256);
  Bytes<16> out{};
  ASSERT_THAT(ConcatKdf(hash, *z, info, out), IsOk());
  EXPECT_THAT(out, BytesAre("56aa8deaf8236d205c2228cd71a7101a"));
}

TEST(KdfATest, IsSp800108OverItsFixedInput) {
  OpensslHmac hmac(HashAlg::kSha256);
  const Bytes<32> key{9};
  const Bytes<5> u{1};
  const Bytes<3> v{2};
  Bytes<100> direct{};
  ASSERT_THAT(KdfA(hmac, key, kLabel, u, v, direct), IsOk());
  const Bytes<1> nul{};
  const Bytes<4> bits = {0, 0, 0x03, 0x20};
  const ByteView fixed[] = {kLabel, nul, u, v, bits};
  Bytes<100> spelled{};
  ASSERT_THAT(KbkdfCounter(hmac, key, fixed, spelled), IsOk());
  EXPECT_EQ(direct, spelled);
  // The number of bits is part of the input, so a shorter key is another one.
  Bytes<32> shorter{};
  ASSERT_THAT(KdfA(hmac, key, kLabel, u, v, shorter), IsOk());
  EXPECT_FALSE(Equal(shorter, ByteView(direct).first(32)));
}

TEST(KdfATest, WorksWithAnHmacThatHasTheKey) {
  OpensslHmac hmac(HashAlg::kSha256);
  const Bytes<32> key{9};
  const Bytes<5> u{1};
  Bytes<100> want{};
  ASSERT_THAT(KdfA(hmac, key, kLabel, u, u, want), IsOk());
  Bytes<100> out{1};
  EXPECT_THAT(KdfA(hmac, kLabel, u, u, out), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  EXPECT_EQ(out, (Bytes<100>{}));
  ASSERT_THAT(hmac.SetKey(key), IsOk());
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(KdfA(hmac, kLabel, u, u, out), IsOk());
    EXPECT_EQ(out, want);
  }
}

TEST(KdfTest, TheHmacIsLeftWithoutAKey) {
  OpensslHmac hmac(HashAlg::kSha256);
  Bytes<32> out{};
  ASSERT_THAT(KdfA(hmac, out, kLabel, out, out, out), IsOk());
  EXPECT_THAT(hmac.Compute(kLabel, out), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
}

TEST(KdfTest, RefusesMorePartsThanItStates) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  OpensslHmac hmac(HashAlg::kSha256);
  const OpensslHash hash(HashAlg::kSha256);
  const std::vector<ByteView> parts(kMaxKdfParts + 1, kLabel);
  const auto most = std::span(parts).first(kMaxKdfParts);
  Bytes<16> out;
  Fill(out, 0xAA);
  EXPECT_THAT(KbkdfCounter(hmac, kLabel, parts, out), invalid);
  EXPECT_TRUE(IsZero(out));
  Fill(out, 0xAA);
  EXPECT_THAT(ConcatKdf(hash, kLabel, parts, out), invalid);
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(KbkdfCounter(hmac, kLabel, most, out), IsOk());
  EXPECT_THAT(ConcatKdf(hash, kLabel, most, out), IsOk());
}

TEST(KdfTest, SaysWhatThePrimitiveSays) {
  FailingHmac no_key(false);
  FailingHmac no_mac(true);
  const FailingHash no_hash;
  Bytes<16> out;
  Fill(out, 0xAA);
  EXPECT_THAT(KdfA(no_key, kLabel, kLabel, kLabel, kLabel, out),
              IsStatus(Code::kInternal, Source::kCaller, 1));
  EXPECT_TRUE(IsZero(out));
  Fill(out, 0xAA);
  EXPECT_THAT(KdfA(no_mac, kLabel, kLabel, kLabel, kLabel, out),
              IsStatus(Code::kInternal, Source::kCaller, 2));
  EXPECT_TRUE(IsZero(out));
  Fill(out, 0xAA);
  EXPECT_THAT(ConcatKdf(no_hash, kLabel, {}, out), IsStatus(Code::kInternal, Source::kCaller, 3));
  EXPECT_TRUE(IsZero(out));
}

TEST(KdfTest, AnEmptyOutputIsNothing) {
  OpensslHmac hmac(HashAlg::kSha256);
  const OpensslHash hash(HashAlg::kSha256);
  EXPECT_THAT(KdfA(hmac, kLabel, kLabel, kLabel, kLabel, ByteSpan()), IsOk());
  EXPECT_THAT(ConcatKdf(hash, kLabel, {}, ByteSpan()), IsOk());
}

}  // namespace
}  // namespace svsm::crypto
