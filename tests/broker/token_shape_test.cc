#include "broker/token_shape.h"

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

auto Is(Code code, std::uint32_t detail = 0) { return IsStatus(code, Source::kBroker, detail); }

TokenClaims Claims() {
  TokenClaims claims;
  claims.issued_at = 100;
  claims.expires_at = 400;
  claims.issuer = "i";
  claims.verifier_developer = "d";
  claims.verifier_build = "b";
  claims.status = EarStatus::kWarning;
  claims.vector = {0, 2, 3, -1, 2, -128, 127, 0};
  claims.policy_id = "p";
  claims.evidence = "{}";
  return claims;
}

constexpr const char* kVector =
    R"({"instance-identity":0,"configuration":2,"executables":3,"file-system":-1,)"
    R"("hardware":2,"runtime-opaque":-128,"storage-opaque":127,"sourced-data":0})";

TEST(TokenShapeTest, TheHeaderNamesAndHoldsTheKey) {
  const auto key = SigningKey::FromScalar(crypto::Curve::kP256, ByteVector(32, 7));
  ASSERT_THAT(key, IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string header, WriteTokenHeader(**key));
  EXPECT_THAT(header, ::testing::MatchesRegex(
                          R"(\{"typ":"JWT","alg":"ES256","kid":"[A-Za-z0-9_-]{43}","jwk":)"
                          R"(\{"alg":"ES256","kty":"EC","crv":"P-256",)"
                          R"("x":"[A-Za-z0-9_-]{43}","y":"[A-Za-z0-9_-]{43}"\}\})"));
  EXPECT_THAT(CheckTokenHeader(AsBytes(header)), IsOk());
}

TEST(TokenShapeTest, SpellsClaimsInBothWays) {
  EXPECT_THAT(
      WriteTokenClaims(Claims(), EarSpelling::kDotted),
      IsOkAnd(
          Eq(std::string(R"({"eat_profile":"tag:github.com,2024:confidential-containers/Trustee",)"
                         R"("iat":100,"ear.verifier-id":{"developer":"d","build":"b"},)"
                         R"("submods":{"cpu0":{"ear.status":"warning",)"
                         R"("ear.trustworthiness-vector":)") +
             kVector +
             R"(,"ear.appraisal-policy-id":"p","ear.veraison.annotated-evidence":{}}},)"
             R"("exp":400,"iss":"i"})")));
  EXPECT_THAT(
      WriteTokenClaims(Claims(), EarSpelling::kUnderscored),
      IsOkAnd(Eq(std::string(R"({"eat_profile":"tag:ietf.org,2026:rats/ear#03",)"
                             R"("iat":100,"ear_verifier_id":{"developer":"d","build":"b"},)"
                             R"("submods":{"cpu0":{"ear_status":"warning",)"
                             R"("ear_trustworthiness_vector":)") +
                 kVector +
                 R"(,"ear_appraisal_policy_ids":["p"],"ear_veraison_annotated_evidence":{}}},)"
                 R"("exp":400,"iss":"i"})")));
}

TEST(TokenShapeTest, WritesNothingThatItCouldNotRead) {
  const auto write = [](void (*spoil)(TokenClaims&)) {
    TokenClaims claims = Claims();
    spoil(claims);
    return WriteTokenClaims(claims, EarSpelling::kDotted);
  };
  EXPECT_THAT(write([](TokenClaims& c) { c.issued_at = -1; }), Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.expires_at = -1; }), Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.submodule = "a b"; }), Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.issuer = "\""; }), Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.evidence = "[]"; }), Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.evidence = "{},\"exp\":1"; }),
              Is(Code::kInvalidArgument));
  EXPECT_THAT(write([](TokenClaims& c) { c.issuer = std::string(kMaxTokenSize, 'i'); }),
              Is(Code::kOutOfRange, kMaxTokenSize));
}

TEST(TokenShapeTest, HeadersAreJudged) {
  EXPECT_THAT(CheckTokenHeader(AsBytes(R"({"alg":"ES256","kid":[1]})")), IsOk());
  for (const char* text : {"{}", R"({"alg":"none"})", R"({"alg":["ES256"]})", R"({"alg":null})",
                           R"({"alg":"ES256","crit":[]})"}) {
    EXPECT_THAT(CheckTokenHeader(AsBytes(text)), Is(Code::kUnsupported)) << text;
  }
  for (const char* text : {"", "[]", R"({"alg":"ES256","alg":"ES256"})", R"({"alg":"ES256",})"}) {
    EXPECT_THAT(CheckTokenHeader(AsBytes(text)), Is(Code::kMalformed)) << text;
  }
}

TEST(TokenShapeTest, ReadsWhatItWrites) {
  for (const EarSpelling spelling : {EarSpelling::kDotted, EarSpelling::kUnderscored}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const std::string text, WriteTokenClaims(Claims(), spelling));
    SVSM_ASSERT_OK_AND_ASSIGN(const TokenClaims claims, ReadTokenClaims(AsBytes(text)));
    EXPECT_EQ(claims.issued_at, 100);
    EXPECT_EQ(claims.expires_at, 400);
    EXPECT_EQ(claims.status, EarStatus::kWarning);
    EXPECT_EQ(claims.vector, Claims().vector);
    EXPECT_EQ(claims.policy_id, "p");
    EXPECT_EQ(claims.evidence, "{}");
  }
  EXPECT_THAT(ReadTokenClaims(AsBytes("{}")).status(), Is(Code::kMalformed));
  EXPECT_THAT(ReadTokenClaims(AsBytes(R"({"eat_profile":"tag:example.org,2026:x"})")).status(),
              Is(Code::kUnsupported));
  // The two spellings do not mix.
  EXPECT_THAT(ReadTokenClaims(AsBytes(R"({"eat_profile":"tag:ietf.org,2026:rats/ear#03","iat":1,)"
                                      R"("exp":2,"submods":{"cpu0":{"ear.status":"affirming"}}})"))
                  .status(),
              Is(Code::kMalformed));
}

}  // namespace
}  // namespace svsm::broker
