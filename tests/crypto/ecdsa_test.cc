#include "svsm/crypto/ecdsa.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

template <typename Backend>
class EcdsaTest : public ::testing::Test {};
TYPED_TEST_SUITE(EcdsaTest, Backends);

constexpr Curve kCurves[] = {Curve::kP256, Curve::kP384, Curve::kP521};
constexpr auto kSample = Ascii("sample");

ByteVector Unhex(std::string_view hex) {
  auto bytes = FromHex(hex);
  return bytes.ok() ? *std::move(bytes) : ByteVector();
}

// A small key of `curve`, its public key, and a signature over a digest of 32 bytes.
template <typename Backend>
struct Signed {
  explicit Signed(Curve curve)
      : size(CoordinateSize(curve)), scalar(size), x(size), y(size), r(size), s(size) {
    scalar[size - 1] = 7;
    scalar[5] = 0x31;
    typename Backend::EcdsaSignerType signer(curve);
    EXPECT_THAT(signer.SetPrivateKey(scalar), IsOk());
    EXPECT_THAT(signer.PublicKey(x, y), IsOk());
    EXPECT_THAT(signer.Sign(digest, r, s), IsOk());
  }
  std::size_t size;
  ByteVector scalar, x, y, r, s;
  Bytes<32> digest{1, 2, 3};
};

// RFC 6979, A.2.5 (SHA-256), A.2.6 (SHA-384) and A.2.7 (SHA-512).
struct Rfc6979Case {
  Curve curve;
  HashAlg alg;
  const char* scalar;
  const char* r;
  const char* s;
};
constexpr Rfc6979Case kRfc6979[] = {
    {Curve::kP256, HashAlg::kSha256,
     "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {Curve::kP384, HashAlg::kSha384,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
     "96d5724e4c70a825f872c9ea60d2edf5",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
     "81a648152e44acf96e36dd1e80fabe46",
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
     "a329c145786e679e7b82c71a38628ac8"},
    {Curve::kP521, HashAlg::kSha512,
     "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75"
     "caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
     "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f"
     "174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
     "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af"
     "282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"},
};

TYPED_TEST(EcdsaTest, SignsAsRfc6979Says) {
  for (const Rfc6979Case& test : kRfc6979) {
    typename TypeParam::EcdsaSignerType signer(test.curve);
    EXPECT_EQ(signer.curve(), test.curve);
    ASSERT_THAT(signer.SetPrivateKey(Unhex(test.scalar)), IsOk());
    ByteVector digest(DigestSize(test.alg));
    ASSERT_THAT(typename TypeParam::HashType(test.alg).Digest(kSample, digest), IsOk());
    ByteVector r(CoordinateSize(test.curve));
    ByteVector s(CoordinateSize(test.curve));
    ASSERT_THAT(signer.Sign(digest, r, s), IsOk());
    EXPECT_THAT(r, BytesAre(test.r));
    EXPECT_THAT(s, BytesAre(test.s));
  }
}

TYPED_TEST(EcdsaTest, VerifiesWhatItSigned) {
  for (const Curve curve : kCurves) {
    const Signed<TypeParam> made(curve);
    typename TypeParam::EcdsaVerifierType verifier(curve);
    EXPECT_EQ(verifier.curve(), curve);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    for (int round = 0; round < 2; ++round) {
      EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), IsOk());
    }
    for (const std::size_t size : {20u, 48u, 64u}) {
      typename TypeParam::EcdsaSignerType signer(curve);
      ASSERT_THAT(signer.SetPrivateKey(made.scalar), IsOk());
      const ByteVector digest(size, 0xC3);
      ByteVector r(made.size);
      ByteVector s(made.size);
      ASSERT_THAT(signer.Sign(digest, r, s), IsOk());
      EXPECT_THAT(verifier.Verify(digest, {r, s}), IsOk());
    }
  }
}

TYPED_TEST(EcdsaTest, RefusesChangedSignatures) {
  const auto refused = IsStatus(Code::kAuthFailed, Source::kCrypto);
  for (const Curve curve : kCurves) {
    const Signed<TypeParam> made(curve);
    typename TypeParam::EcdsaVerifierType verifier(curve);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    const ByteVector zero(made.size);
    const ByteVector large(made.size, 0xFF);
    EXPECT_THAT(verifier.Verify(made.digest, {zero, made.s}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, zero}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {large, made.s}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, large}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {made.s, made.r}), refused);
    Bytes<32> other = made.digest;
    other[0] ^= 1;
    EXPECT_THAT(verifier.Verify(other, {made.r, made.s}), refused);
  }
}

TYPED_TEST(EcdsaTest, RefusesPointsThatAreNotOnTheCurve) {
  for (const Curve curve : kCurves) {
    const Signed<TypeParam> made(curve);
    typename TypeParam::EcdsaVerifierType verifier(curve);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    const auto malformed = IsStatus(Code::kMalformed, Source::kCrypto);
    EXPECT_THAT(verifier.SetPublicKey({made.y, made.x}), malformed);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}),
                IsStatus(Code::kFailedPrecondition, Source::kCrypto));
    const ByteVector zero(made.size);
    EXPECT_THAT(verifier.SetPublicKey({zero, zero}), malformed);
    const ByteVector large(made.size, 0xFF);
    EXPECT_THAT(verifier.SetPublicKey({large, made.y}), malformed);
  }
}

TYPED_TEST(EcdsaTest, RefusesOtherSizes) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  for (const Curve curve : kCurves) {
    const Signed<TypeParam> made(curve);
    typename TypeParam::EcdsaVerifierType verifier(curve);
    const ByteView shorter = ByteView(made.x).first(made.size - 1);
    EXPECT_THAT(verifier.SetPublicKey({shorter, made.y}), invalid);
    EXPECT_THAT(verifier.SetPublicKey({made.x, shorter}), invalid);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    EXPECT_THAT(verifier.Verify(made.digest, {shorter, made.s}), invalid);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, shorter}), invalid);
    EXPECT_THAT(verifier.Verify(ByteVector(19), {made.r, made.s}), invalid);
    EXPECT_THAT(verifier.Verify(ByteVector(65), {made.r, made.s}), invalid);

    typename TypeParam::EcdsaSignerType signer(curve);
    EXPECT_THAT(signer.SetPrivateKey(shorter), invalid);
    ASSERT_THAT(signer.SetPrivateKey(made.scalar), IsOk());
    ByteVector r(made.size, 0xAA);
    ByteVector s(made.size - 1, 0xAA);
    EXPECT_THAT(signer.Sign(made.digest, r, s), invalid);
    EXPECT_TRUE(IsZero(r));
    EXPECT_TRUE(IsZero(s));
    EXPECT_THAT(signer.Sign(made.digest, s, r), invalid);
    EXPECT_THAT(signer.PublicKey(r, s), invalid);
    s.resize(made.size);
    for (const std::size_t size : {0u, 19u, 31u, 33u, 65u}) {
      EXPECT_THAT(signer.Sign(ByteVector(size), r, s), invalid);
    }
  }
}

TYPED_TEST(EcdsaTest, RefusesWithoutAKey) {
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  const Signed<TypeParam> made(Curve::kP384);
  typename TypeParam::EcdsaVerifierType verifier(Curve::kP384);
  EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), no_key);
  typename TypeParam::EcdsaSignerType signer(Curve::kP384);
  ByteVector r(48, 0xAA);
  ByteVector s(48, 0xAA);
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(signer.Sign(made.digest, r, s), no_key);
    EXPECT_TRUE(IsZero(r));
    EXPECT_TRUE(IsZero(s));
    EXPECT_THAT(signer.PublicKey(r, s), no_key);
    ASSERT_THAT(signer.SetPrivateKey(made.scalar), IsOk());
    signer.Wipe();
  }
}

TYPED_TEST(EcdsaTest, RefusesScalarsOutOfRange) {
  for (const Curve curve : kCurves) {
    typename TypeParam::EcdsaSignerType signer(curve);
    const auto malformed = IsStatus(Code::kMalformed, Source::kCrypto);
    EXPECT_THAT(signer.SetPrivateKey(ByteVector(CoordinateSize(curve))), malformed);
    EXPECT_THAT(signer.SetPrivateKey(ByteVector(CoordinateSize(curve), 0xFF)), malformed);
  }
  typename TypeParam::EcdsaSignerType signer(Curve::kP256);
  ByteVector order = Unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_THAT(signer.SetPrivateKey(order), IsStatus(Code::kMalformed, Source::kCrypto));
  order[31] = 0x50;
  EXPECT_THAT(signer.SetPrivateKey(order), IsOk());
}

}  // namespace
}  // namespace svsm::crypto
