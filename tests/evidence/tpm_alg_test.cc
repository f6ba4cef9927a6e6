#include "svsm/evidence/tpm_alg.h"

#include "svsm/testing/matchers.h"

namespace svsm::evidence {
namespace {

using ::testing::Eq;
using testing::IsOkAnd;
using testing::IsStatus;

TEST(TpmAlgTest, NamesHashes) {
  for (const auto alg : {crypto::HashAlg::kSha1, crypto::HashAlg::kSha256, crypto::HashAlg::kSha384,
                         crypto::HashAlg::kSha512}) {
    EXPECT_THAT(ToHashAlg(ToTpmAlg(alg)), IsOkAnd(Eq(alg)));
    EXPECT_EQ(TpmDigestSize(ToTpmAlg(alg)), crypto::DigestSize(alg));
  }
  EXPECT_THAT(ToHashAlg(TpmAlg::kNull), IsStatus(Code::kUnsupported, Source::kEvidence, 0x10));
  EXPECT_EQ(TpmDigestSize(TpmAlg::kRsa), 0u);
}

TEST(TpmAlgTest, NamesHashesThatItDoesNotJudge) {
  for (const auto alg : {crypto::HashAlg::kSha3_256, crypto::HashAlg::kSha3_384,
                         crypto::HashAlg::kSha3_512, crypto::HashAlg::kSm3}) {
    const TpmAlg name = ToTpmAlg(alg);
    EXPECT_NE(name, TpmAlg::kError);
    EXPECT_THAT(ToHashAlg(name),
                IsStatus(Code::kUnsupported, Source::kEvidence, static_cast<std::uint32_t>(name)));
  }
}

TEST(TpmAlgTest, NamesCurves) {
  EXPECT_THAT(ToCurve(TpmCurve::kNistP256), IsOkAnd(Eq(crypto::Curve::kP256)));
  EXPECT_THAT(ToCurve(TpmCurve::kNistP384), IsOkAnd(Eq(crypto::Curve::kP384)));
  EXPECT_THAT(ToCurve(TpmCurve::kNistP521), IsOkAnd(Eq(crypto::Curve::kP521)));
  EXPECT_THAT(ToCurve(static_cast<TpmCurve>(0x20)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 0x20));
}

}  // namespace
}  // namespace svsm::evidence
