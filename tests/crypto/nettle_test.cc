// Covers: svsm/crypto/ecdsa.h
#include "svsm/crypto/nettle.h"

#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/crypto/kat/kat_runner.h"

namespace svsm::crypto {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Curve kCurves[] = {Curve::kP256, Curve::kP384};

struct Signed {
  explicit Signed(Curve curve)
      : scalar(CoordinateSize(curve), 0x01), x(scalar.size()), y(x), r(x), s(x) {
    OpensslEcdsaSigner signer(curve);
    EXPECT_THAT(signer.SetPrivateKey(scalar), IsOk());
    EXPECT_THAT(signer.PublicKey(x, y), IsOk());
    EXPECT_THAT(signer.Sign(digest, r, s), IsOk());
  }
  ByteVector scalar, x, y, r, s;
  Bytes<48> digest{7};
};

TEST(NettleEcdsaVerifierTest, KnownAnswersHold) {
  NettleEcdsaVerifier p256(Curve::kP256);
  NettleEcdsaVerifier p384(Curve::kP384);
  kat::Primitives primitives;
  primitives.verifier = {&p256, &p384, nullptr};
  const kat::Outcome outcome = kat::RunAll(kat::Vectors(), primitives);
  EXPECT_THAT(outcome.format, IsOk());
  // "Point duplication during verification" of three files, which the header tells of. A nettle
  // that accepts them is welcome.
  EXPECT_THAT(outcome.failed, ::testing::AnyOf(0u, 3u));
  if (outcome.failed != 0) {
    EXPECT_EQ(std::string(outcome.first_failed_source.begin(), outcome.first_failed_source.end()),
              "Wycheproof ecdsa_secp256r1_sha256_p1363_test.json");
    EXPECT_EQ(outcome.first_failed_id, 204u);
  }
  EXPECT_GT(outcome.run, 800u);
}

TEST(NettleEcdsaVerifierTest, VerifiesAndRefuses) {
  for (const Curve curve : kCurves) {
    Signed made(curve);
    NettleEcdsaVerifier verifier(curve);
    EXPECT_EQ(verifier.curve(), curve);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), IsOk());
    made.digest[47] ^= 1;
    const auto refused = IsStatus(Code::kAuthFailed, Source::kCrypto);
    // The last bits of a digest longer than the order do not count.
    made.digest[0] ^= 1;
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), refused);
    const ByteVector zero(made.r.size());
    const ByteVector large(made.r.size(), 0xFF);
    EXPECT_THAT(verifier.Verify(made.digest, {zero, made.s}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, zero}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {large, made.s}), refused);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, large}), refused);
  }
}

TEST(NettleEcdsaVerifierTest, NamesTheCallersErrors) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  for (const Curve curve : kCurves) {
    const Signed made(curve);
    NettleEcdsaVerifier verifier(curve);
    const ByteView shorter = ByteView(made.x).subspan(1);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), no_key);
    EXPECT_THAT(verifier.SetPublicKey({shorter, made.y}), invalid);
    EXPECT_THAT(verifier.SetPublicKey({made.x, shorter}), invalid);
    ASSERT_THAT(verifier.SetPublicKey({made.x, made.y}), IsOk());
    EXPECT_THAT(verifier.Verify(made.digest, {shorter, made.s}), invalid);
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, shorter}), invalid);
    EXPECT_THAT(verifier.Verify(ByteVector(19), {made.r, made.s}), invalid);
    EXPECT_THAT(verifier.Verify(ByteVector(65), {made.r, made.s}), invalid);
    EXPECT_THAT(verifier.SetPublicKey({made.y, made.x}),
                IsStatus(Code::kMalformed, Source::kCrypto));
    EXPECT_THAT(verifier.Verify(made.digest, {made.r, made.s}), no_key);
  }
}

TEST(NettleEcdsaVerifierTest, RefusesP521) {
  const Signed made(Curve::kP521);
  NettleEcdsaVerifier verifier(Curve::kP521);
  EXPECT_THAT(verifier.SetPublicKey({made.x, made.y}),
              IsStatus(Code::kUnsupported, Source::kCrypto));
}

}  // namespace
}  // namespace svsm::crypto
