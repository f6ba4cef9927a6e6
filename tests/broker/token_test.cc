#include "svsm/broker/token.h"

#include <limits>
#include <vector>

#include "broker/base64_text.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr std::int64_t kNow = 1'790'000'000;

auto Is(Code code, std::uint32_t detail = 0) { return IsStatus(code, Source::kBroker, detail); }

std::shared_ptr<const SigningKey> Key(std::uint8_t fill, crypto::Curve curve) {
  const auto key = SigningKey::FromScalar(curve, ByteVector(crypto::CoordinateSize(curve), fill));
  EXPECT_THAT(key, IsOk());
  return *key;
}

TokenClaims Claims() {
  TokenClaims claims;
  claims.issued_at = kNow;
  claims.expires_at = kNow + 300;
  claims.issuer = "svsm-kbs";
  claims.verifier_developer = "https://example.org";
  claims.verifier_build = "svsm 0.1.0";
  claims.status = EarStatus::kAffirming;
  claims.vector = {0, 2, 3, -1, 2, -128, 127, 0};
  claims.policy_id = "default";
  claims.evidence = R"({"report_data":"00","runtime_data_claims":{"nonce":"AA==",)"
                    R"("tee-pubkey":{"kty":"EC","crv":"P-256"}}})";
  return claims;
}

class TokenTest : public ::testing::Test {
 protected:
  // A token whose parts are these texts, signed by key_.
  std::string Signed(const std::string& header, const std::string& payload) {
    std::string token = ToBase64(kbs::Base64::kUrl, AsBytes(header)) + '.' +
                        ToBase64(kbs::Base64::kUrl, AsBytes(payload));
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    Bytes<32> digest{};
    EXPECT_THAT(sha256.Digest(AsBytes(token), digest), IsOk());
    const Result<SignatureBytes> signature = key_->Sign(digest);
    EXPECT_THAT(signature, IsOk());
    ByteVector both = signature->r;
    both.insert(both.end(), signature->s.begin(), signature->s.end());
    return token + '.' + ToBase64(kbs::Base64::kUrl, both);
  }
  std::string Signed(const std::string& payload) { return Signed(R"({"alg":"ES256"})", payload); }
  std::string Part(const std::string& token, int index) {
    std::size_t begin = 0;
    for (int i = 0; i < index; ++i) begin = token.find('.', begin) + 1;
    const Result<ByteVector> bytes =
        FromBase64(kbs::Base64::kUrl, token.substr(begin, token.find('.', begin) - begin));
    EXPECT_THAT(bytes, IsOk());
    return ToText(*bytes);
  }
  Result<TokenClaims> Verify(const std::string& token) { return VerifyToken(token, keys_, kNow); }

  std::shared_ptr<const SigningKey> key_ = Key(7, crypto::Curve::kP256);
  std::vector<PublicKey> keys_ = {Key(9, crypto::Curve::kP384)->public_key(),
                                  Key(8, crypto::Curve::kP256)->public_key(), key_->public_key()};
};

TEST_F(TokenTest, ReadsBackWhatItWrites) {
  for (const EarSpelling spelling : {EarSpelling::kDotted, EarSpelling::kUnderscored}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const std::string token, IssueToken(*key_, Claims(), spelling));
    SVSM_ASSERT_OK_AND_ASSIGN(const TokenClaims claims, Verify(token));
    EXPECT_EQ(claims.issued_at, kNow);
    EXPECT_EQ(claims.expires_at, kNow + 300);
    EXPECT_EQ(claims.issuer, "svsm-kbs");
    EXPECT_EQ(claims.verifier_developer, "https://example.org");
    EXPECT_EQ(claims.verifier_build, "svsm 0.1.0");
    EXPECT_EQ(claims.submodule, "cpu0");
    EXPECT_EQ(claims.status, EarStatus::kAffirming);
    EXPECT_EQ(claims.vector, Claims().vector);
    EXPECT_EQ(claims.policy_id, "default");
    EXPECT_EQ(claims.evidence, Claims().evidence);
    EXPECT_THAT(TeeKeyOf(claims), IsOkAnd(::testing::Eq(R"({"kty":"EC","crv":"P-256"})")));
  }
}

TEST_F(TokenTest, SpellsAsAsked) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string dotted,
                            IssueToken(*key_, Claims(), EarSpelling::kDotted));
  EXPECT_EQ(Part(dotted, 1),
            R"({"eat_profile":"tag:github.com,2024:confidential-containers/Trustee",)"
            R"("iat":1790000000,"ear.verifier-id":{"developer":"https://example.org",)"
            R"("build":"svsm 0.1.0"},"submods":{"cpu0":{"ear.status":"affirming",)"
            R"("ear.trustworthiness-vector":{"instance-identity":0,"configuration":2,)"
            R"("executables":3,"file-system":-1,"hardware":2,"runtime-opaque":-128,)"
            R"("storage-opaque":127,"sourced-data":0},"ear.appraisal-policy-id":"default",)"
            R"("ear.veraison.annotated-evidence":)" +
                Claims().evidence + R"(}},"exp":1790000300,"iss":"svsm-kbs"})");
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string underscored,
                            IssueToken(*key_, Claims(), EarSpelling::kUnderscored));
  const std::string payload = Part(underscored, 1);
  EXPECT_EQ(payload.find("ear."), std::string::npos);
  EXPECT_NE(payload.find(R"("ear_appraisal_policy_ids":["default"])"), std::string::npos);
  EXPECT_NE(payload.find("tag:ietf.org,2026:rats/ear#03"), std::string::npos);
  EXPECT_NE(Part(dotted, 0).find(key_->id()), std::string::npos);
}

TEST_F(TokenTest, WritesOnlyWhatItCanRead) {
  const auto issue = [&](const TokenClaims& claims) {
    return IssueToken(*key_, claims, EarSpelling::kDotted);
  };
  EXPECT_THAT(IssueToken(*Key(7, crypto::Curve::kP384), Claims(), EarSpelling::kDotted),
              Is(Code::kUnsupported));
  TokenClaims claims = Claims();
  claims.issuer = "a\"b";
  EXPECT_THAT(issue(claims), Is(Code::kInvalidArgument));
  claims = Claims();
  claims.submodule = "a\"b";
  EXPECT_THAT(issue(claims), Is(Code::kInvalidArgument));
  claims = Claims();
  claims.issued_at = -1;
  EXPECT_THAT(issue(claims), Is(Code::kInvalidArgument));
  for (const char* evidence : {"[]", "{}{}", "{", "7"}) {
    claims = Claims();
    claims.evidence = evidence;
    EXPECT_THAT(issue(claims), Is(Code::kInvalidArgument)) << evidence;
  }
  for (const std::size_t size : {kMaxTokenSize * 3 / 4, kMaxTokenSize}) {
    claims = Claims();
    claims.evidence = R"({"a":")" + std::string(size, 'x') + R"("})";
    EXPECT_THAT(issue(claims), Is(Code::kOutOfRange, kMaxTokenSize)) << size;
  }
}

TEST_F(TokenTest, CountsForItsTimeOnly) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string token,
                            IssueToken(*key_, Claims(), EarSpelling::kDotted));
  EXPECT_THAT(VerifyToken(token, keys_, kNow - 60), IsOk());
  EXPECT_THAT(VerifyToken(token, keys_, kNow - 61), Is(Code::kPermissionDenied));
  EXPECT_THAT(VerifyToken(token, keys_, kNow + 299), IsOk());
  EXPECT_THAT(VerifyToken(token, keys_, kNow + 300), Is(Code::kPermissionDenied));
  EXPECT_THAT(VerifyToken(token, keys_, std::numeric_limits<std::int64_t>::max() - 60),
              Is(Code::kPermissionDenied));
}

TEST_F(TokenTest, CountsFromKnownKeysOnly) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string token,
                            IssueToken(*key_, Claims(), EarSpelling::kDotted));
  EXPECT_THAT(VerifyToken(token, {}, kNow), Is(Code::kAuthFailed));
  EXPECT_THAT(VerifyToken(token, std::span(keys_).first(2), kNow), Is(Code::kAuthFailed));
  for (const std::size_t at : {std::size_t{3}, token.find('.') + 5, token.size() - 20}) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Verify(changed).ok()) << at;
  }
  // The key that it brings itself does not count.
  const auto own = Key(3, crypto::Curve::kP256);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string foreign,
                            IssueToken(*own, Claims(), EarSpelling::kDotted));
  EXPECT_THAT(Verify(foreign), Is(Code::kAuthFailed));
}

TEST_F(TokenTest, RefusesOtherForms) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string token,
                            IssueToken(*key_, Claims(), EarSpelling::kDotted));
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), token + ".", token + "A", token + "=",
        "." + token, token.substr(0, token.rfind('.')), ' ' + token}) {
    EXPECT_THAT(Verify(text), Is(Code::kMalformed)) << text;
  }
  EXPECT_THAT(Verify(std::string(kMaxTokenSize + 1, 'A')), Is(Code::kOutOfRange));
  const std::string payload = Part(token, 1);
  EXPECT_THAT(Verify(Signed(payload)), IsOk());
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({"alg":"ES384"})", "{}",
                             R"({"alg":["ES256"]})", R"({"alg":"ES256","crit":["exp"]})"}) {
    EXPECT_THAT(Verify(Signed(header, payload)), Is(Code::kUnsupported)) << header;
  }
  EXPECT_THAT(Verify(Signed(R"({"alg":"ES256","alg":"ES256"})", payload)), Is(Code::kMalformed));
}

TEST_F(TokenTest, RefusesOtherClaims) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string token,
                            IssueToken(*key_, Claims(), EarSpelling::kDotted));
  const std::string payload = Part(token, 1);
  const auto with = [&](const std::string& from, const std::string& to) {
    const std::size_t at = payload.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return Verify(Signed(std::string(payload).replace(at, from.size(), to)));
  };
  EXPECT_THAT(with("confidential-containers/Trustee", "other"), Is(Code::kUnsupported));
  const std::pair<const char*, const char*> changes[] = {
      {"\"iat\"", "\"Iat\""},
      {"\"exp\"", "\"Exp\""},
      {"\"eat_profile\"", "\"Eat_profile\""},
      {"\"submods\"", "\"Submods\""},
      {"\"iat\":1790000000", "\"iat\":-1"},
      {"\"iat\":1790000000", "\"iat\":9223372036854775808"},
      {"\"iat\":1790000000", "\"iat\":\"1790000000\""},
      {"\"ear.status\"", "\"ear_status\""},
      {"\"ear.status\"", "\"Ear.status\""},
      {"\"ear.verifier-id\"", "\"ear_verifier_id\""},
      {"affirming", "Affirming"},
      {"\"file-system\":-1", "\"file-system\":-129"},
      {"\"file-system\":-1", "\"file-system\":128"},
      {"\"file-system\":-1", "\"file-system\":1.5"},
      {"\"iss\":", "\"iat\":1790000000,\"iss\":"},
      {"\"cpu0\":{", "\"cpu0\":[{"},
      {"\"ear.veraison.annotated-evidence\":", "\"ear.veraison.annotated-evidence\":7,\"x\":"},
  };
  for (const auto& [from, to] : changes) EXPECT_THAT(with(from, to), Is(Code::kMalformed)) << to;
  EXPECT_THAT(with("\"iss\":", "\"jti\":{\"a\":[1]},\"iss\":"), IsOk());
}

TEST_F(TokenTest, GivesTheWorstSubmodule) {
  const auto status = [&](const std::string& submodules) {
    return Verify(Signed(R"({"eat_profile":"tag:ietf.org,2026:rats/ear#03","iat":1790000000,)"
                         R"("exp":1790000100,"submods":{)" +
                         submodules + "}}"));
  };
  const std::string good = R"("cpu0":{"ear_status":"affirming","ear_appraisal_policy_ids":[]})";
  EXPECT_THAT(status(""), Is(Code::kMalformed));
  SVSM_ASSERT_OK_AND_ASSIGN(const TokenClaims one, status(good));
  EXPECT_EQ(one.status, EarStatus::kAffirming);
  EXPECT_THAT(TeeKeyOf(one), Is(Code::kNotFound));
  for (const EarStatus worse :
       {EarStatus::kNone, EarStatus::kWarning, EarStatus::kContraindicated}) {
    const std::string bad =
        R"("gpu0":{"ear_status":")" + std::string(EarStatusName(worse)) + R"("})";
    SVSM_ASSERT_OK_AND_ASSIGN(const TokenClaims last, status(good + ',' + bad));
    EXPECT_EQ(last.status, worse);
    EXPECT_EQ(last.submodule, "cpu0");
    SVSM_ASSERT_OK_AND_ASSIGN(const TokenClaims first, status(bad + ',' + good));
    EXPECT_EQ(first.status, worse);
    EXPECT_EQ(first.submodule, "gpu0");
  }
  EXPECT_STREQ(EarStatusName(static_cast<EarStatus>(1)), "?");
}

TEST_F(TokenTest, FindsTheTeesKey) {
  TokenClaims claims = Claims();
  claims.evidence = "{";
  EXPECT_THAT(TeeKeyOf(claims), Is(Code::kMalformed));
  for (const char* evidence : {"{}", R"({"runtime_data_claims":null})",
                               R"({"runtime_data_claims":{}})", R"({"x":{"tee-pubkey":{}}})"}) {
    claims.evidence = evidence;
    EXPECT_THAT(TeeKeyOf(claims), Is(Code::kNotFound)) << evidence;
  }
}

}  // namespace
}  // namespace svsm::broker
