#include "svsm/kbs/messages.h"

#include <string>
#include <string_view>

#include "svsm/kbs/json.h"
#include "svsm/kbs/secret_signature.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

constexpr std::string_view kNonce = "AAECAwQFBgcICQoLDA0ODw==";
constexpr std::string_view kAttest =
    R"({"init-data":{"format":"toml","body":"a = \"ä\"\n"},)"
    R"("runtime-data":{"nonce":"AAECAwQFBgcICQoLDA0ODw==",)"
    R"("tee-pubkey":{"kty":"EC","crv":"P-256","alg":"ECDH-ES+A256KW","x":"AQ","y":"Ag"}},)"
    R"("tee-evidence":{"primary_evidence":{"a":[1]},"additional_evidence":"{\"n\":1}"}})";

class MessagesTest : public ::testing::Test {
 protected:
  Result<Attestation> Decoded(std::string_view text) {
    text_ = text;
    return DecodeAttestation(AsBytes(text_), workspace_);
  }

  std::string text_;
  ByteVector workspace_ = ByteVector(4096);
  ByteVector out_ = ByteVector(4096);
};

TEST_F(MessagesTest, VersionsAreJudged) {
  const struct {
    std::string_view text;
    Status status;
  } kCases[] = {
      {"0.4.0", OkStatus()},
      {"0.4.0+x", OkStatus()},
      {"0.4.0+x.1-2", OkStatus()},
      {"0.4.1", Status(Code::kUnsupported, Source::kKbs)},
      {"1.0.0", Status(Code::kUnsupported, Source::kKbs)},
      {"0.4.0-rc1", Status(Code::kUnsupported, Source::kKbs)},
      {"0.4.0-rc1+x", Status(Code::kUnsupported, Source::kKbs)},
      {"", Status(Code::kMalformed, Source::kKbs, 0)},
      {"0.4", Status(Code::kMalformed, Source::kKbs, 3)},
      {"0.4.", Status(Code::kMalformed, Source::kKbs, 4)},
      {"0.04.0", Status(Code::kMalformed, Source::kKbs, 4)},
      {"0.4.0 ", Status(Code::kMalformed, Source::kKbs, 5)},
      {"0.4.0.0", Status(Code::kMalformed, Source::kKbs, 5)},
      {"0.4.0+", Status(Code::kMalformed, Source::kKbs, 6)},
      {"0.4.0-", Status(Code::kMalformed, Source::kKbs, 6)},
      {"0.4.0+a..b", Status(Code::kMalformed, Source::kKbs, 8)},
      {"0.4.0+a.", Status(Code::kMalformed, Source::kKbs, 8)},
  };
  for (const auto& c : kCases) EXPECT_EQ(CheckKbsVersion(AsBytes(c.text)), c.status) << c.text;
}

TEST_F(MessagesTest, NoncesAreJudged) {
  Bytes<kMaxNonceSize> out{};
  EXPECT_THAT(DecodeNonce(AsBytes(kNonce), out), IsOkAnd(::testing::SizeIs(kMinNonceSize)));
  EXPECT_THAT(DecodeNonce(AsBytes(std::string(86, 'A') + "=="), out),
              IsOkAnd(::testing::SizeIs(kMaxNonceSize)));
  EXPECT_THAT(DecodeNonce(AsBytes(std::string(20, 'A')), out), Is(Code::kMalformed, 20));
  EXPECT_THAT(DecodeNonce(AsBytes(""), out), Is(Code::kMalformed, 0));
  EXPECT_THAT(DecodeNonce(AsBytes(std::string(92, 'A')), out), Is(Code::kMalformed, 92));
  EXPECT_THAT(DecodeNonce(AsBytes("AAECAwQFBgcICQoLDA0OD-=="), out), Is(Code::kMalformed, 21));
}

TEST_F(MessagesTest, AuthHasItsThreeMembers) {
  constexpr std::string_view kBody = R"({"version":"0.4.0","tee":"snp","extra-params":""})";
  EXPECT_THAT(EncodeAuthRequest(out_), IsOkAnd(SameBytes(AsBytes(kBody))));
  const auto request = DecodeAuthRequest(AsBytes(kBody));
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(Text(request->version), "0.4.0");
  EXPECT_EQ(Text(request->tee), "snp");
  EXPECT_EQ(Text(request->extra_params), "\"\"");

  const auto status = [](std::string_view text) {
    return DecodeAuthRequest(AsBytes(text)).status();
  };
  EXPECT_THAT(status(R"({"version":"9","tee":"tdx","extra-params":{"a":[]},"b":1})"), IsOk());
  EXPECT_THAT(status(R"({"version":"0.4.0","tee":"sev","extra-params":""})"),
              Is(Code::kUnsupported, 30));
  EXPECT_THAT(status(R"({"version":"0.4.0","tee":"SNP","extra-params":""})"),
              Is(Code::kUnsupported, 30));
  EXPECT_THAT(status(R"({"version":"0.4.0","tee":"snp"})"), Is(Code::kMalformed, 31));
  EXPECT_THAT(status(R"({"tee":"snp","extra-params":""})"), Is(Code::kMalformed, 31));
  EXPECT_THAT(status(R"({"version":1,"tee":"snp","extra-params":""})"), Is(Code::kMalformed, 11));
  EXPECT_THAT(status("{"), Is(Code::kTruncated, 1));
}

TEST_F(MessagesTest, ChallengesHaveANonce) {
  const std::string body = R"({"nonce":")" + std::string(kNonce) + R"(","extra-params":""})";
  const auto challenge = DecodeChallenge(AsBytes(body));
  ASSERT_THAT(challenge, IsOk());
  EXPECT_EQ(Text(challenge->nonce), kNonce);
  EXPECT_THAT(EncodeChallenge(*challenge, out_), IsOkAnd(SameBytes(AsBytes(body))));
  EXPECT_THAT(DecodeChallenge(AsBytes(R"({"extra-params":""})")), Is(Code::kMalformed, 19));
  EXPECT_THAT(DecodeChallenge(AsBytes(R"({"nonce":"AAAA"})")), Is(Code::kMalformed, 15));
  EXPECT_THAT(DecodeChallenge(AsBytes(R"({"nonce":"AAEC\u0041"})")), Is(Code::kUnsupported, 14));
}

TEST_F(MessagesTest, AttestationComesOutAlike) {
  const auto attestation = Decoded(kAttest);
  ASSERT_THAT(attestation, IsOk());
  EXPECT_EQ(attestation->init_data, Attestation::InitData::kGiven);
  EXPECT_EQ(Text(attestation->init_format), "toml");
  EXPECT_EQ(Text(attestation->init_body), "a = \"ä\"\n");
  EXPECT_EQ(Text(attestation->nonce), kNonce);
  EXPECT_EQ(attestation->key.type, TeeKey::Type::kEc);
  EXPECT_EQ(Text(attestation->key.alg), "ECDH-ES+A256KW");
  EXPECT_EQ(Text(attestation->key.crv), "P-256");
  EXPECT_EQ(Text(attestation->key.x), "AQ");
  EXPECT_EQ(Text(attestation->key.y), "Ag");
  EXPECT_EQ(Text(attestation->primary_evidence), R"({"a":[1]})");
  EXPECT_EQ(Text(attestation->additional_evidence), R"({"n":1})");
  EXPECT_THAT(EncodeAttestation(*attestation, out_), IsOkAnd(SameBytes(AsBytes(kAttest))));
  EXPECT_THAT(EncodeAttestation(*attestation, ByteSpan(out_).first(10)),
              Is(Code::kBufferTooSmall, kAttest.size()));
}

TEST_F(MessagesTest, InitDataMayBeAbsentOrNull) {
  const std::string given = R"("init-data":{"format":"toml","body":"a = \"ä\"\n"},)";
  const std::string absent = Replaced(std::string(kAttest), given, "");
  const std::string null = Replaced(std::string(kAttest), given, R"("init-data":null,)");
  for (const std::string& text : {absent, null}) {
    const auto attestation = Decoded(text);
    ASSERT_THAT(attestation, IsOk()) << text;
    EXPECT_NE(attestation->init_data, Attestation::InitData::kGiven);
    EXPECT_THAT(EncodeAttestation(*attestation, out_), IsOkAnd(SameBytes(AsBytes(text))));
  }
  EXPECT_THAT(Decoded(Replaced(std::string(kAttest), R"("format":"toml",)", "")),
              Is(Code::kMalformed, 36));
}

TEST_F(MessagesTest, KeysAreReadByType) {
  const std::string ec = R"({"kty":"EC","crv":"P-256","alg":"ECDH-ES+A256KW","x":"AQ","y":"Ag"})";
  const auto with = [&](const std::string& key) {
    return Decoded(Replaced(std::string(kAttest), ec, key));
  };
  const std::string rsa = R"({"kty":"RSA","alg":"RSA-OAEP-256","n":"AQ","e":"AQAB"})";
  const auto attestation = with(rsa);
  ASSERT_THAT(attestation, IsOk());
  EXPECT_EQ(attestation->key.type, TeeKey::Type::kRsa);
  EXPECT_EQ(Text(attestation->key.n), "AQ");
  EXPECT_EQ(Text(attestation->key.e), "AQAB");
  EXPECT_THAT(EncodeAttestation(*attestation, out_), IsOkAnd(SameBytes(AsBytes(text_))));
  // Members that do not count are not kept.
  EXPECT_THAT(with(R"({"kid":"b","kty":"EC","crv":"P-9","alg":"z","x":"AQ","y":"Ag","n":"AQ"})"),
              IsOk());
  EXPECT_EQ(with(R"({"kty":"EC","crv":"P-9","alg":"z","x":"AQ","y":"Ag","n":"AQ"})")->key.n.size(),
            0u);

  const std::size_t at = kAttest.find(ec);
  EXPECT_THAT(with(R"({"kty":"AKP","alg":"ML-KEM-768","pub":"AQ"})"),
              Is(Code::kUnsupported, at + 12));
  EXPECT_THAT(with(R"({"kty":"EC","crv":"P-256","alg":"A","x":"AQ"})"),
              Is(Code::kMalformed, at + 45));
  EXPECT_THAT(with(R"({"kty":"RSA","alg":"A","n":"AQ"})"), Is(Code::kMalformed, at + 32));
  EXPECT_THAT(with(R"({"crv":"P-256","alg":"A","x":"AQ","y":"Ag"})"),
              Is(Code::kMalformed, at + 43));
  EXPECT_THAT(with(R"({"kty":"EC","crv":1,"alg":"A","x":"AQ","y":"Ag"})"),
              Is(Code::kMalformed, at + 18));
}

TEST_F(MessagesTest, AttestationRefusesOtherShapes) {
  const std::string whole(kAttest);
  for (const std::string_view member :
       {R"("nonce":"AAECAwQFBgcICQoLDA0ODw==",)", R"("primary_evidence":{"a":[1]},)",
        R"(,"additional_evidence":"{\"n\":1}")", R"("format":"toml",)"}) {
    EXPECT_EQ(Decoded(Replaced(whole, member, "")).status().code(), Code::kMalformed) << member;
  }
  EXPECT_THAT(Decoded("{}"), Is(Code::kMalformed, 2));
  EXPECT_THAT(Decoded(whole + "1"), Is(Code::kMalformed, whole.size()));
  EXPECT_THAT(Decoded(whole.substr(0, 60)), Is(Code::kTruncated, 60));
  workspace_.resize(3);
  EXPECT_THAT(Decoded(whole), Is(Code::kBufferTooSmall, 9));
}

TEST_F(MessagesTest, PointsAreTakenFromKeys) {
  const ByteVector x(32, 0x11);
  const ByteVector y(32, 0x22);
  const ByteVector x521(66, 0x11);
  const ByteVector y521(66, 0x22);
  ByteVector texts(kTeeKeyTextSize);
  for (const EcJwk& jwk :
       {EcJwk{crypto::Curve::kP256, {x, y}}, EcJwk{crypto::Curve::kP521, {x521, y521}}}) {
    const auto key = TeeKeyOf(jwk, texts);
    ASSERT_THAT(key, IsOk());
    const auto back = EcKeyOf(*key, workspace_);
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(back->curve, jwk.curve);
    EXPECT_THAT(back->point.x, SameBytes(jwk.point.x));
    EXPECT_THAT(back->point.y, SameBytes(jwk.point.y));
  }
  EXPECT_THAT(TeeKeyOf({crypto::Curve::kP384, {x, y}}, texts), Is(Code::kUnsupported));
  EXPECT_THAT(TeeKeyOf({crypto::Curve::kP521, {x521, y}}, texts), Is(Code::kInvalidArgument, 66));
  EXPECT_THAT(TeeKeyOf({crypto::Curve::kP256, {x, y}}, ByteSpan(texts).first(85)),
              Is(Code::kBufferTooSmall, 86));

  const TeeKey good = *TeeKeyOf({crypto::Curve::kP256, {x, y}}, texts);
  TeeKey key = good;
  key.crv = AsBytes("P-384");
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kUnsupported));
  key = good;
  key.alg = AsBytes("ECDH-ES");
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kUnsupported));
  key = good;
  key.type = TeeKey::Type::kRsa;
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kUnsupported));
  key = good;
  key.crv = AsBytes("P-521");
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kMalformed, 43));
  key = good;
  key.y = key.y.first(42);
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kMalformed, 41));
  key.y = AsBytes("Ag");
  EXPECT_THAT(EcKeyOf(key, workspace_), Is(Code::kMalformed, 2));
  EXPECT_THAT(EcKeyOf(good, ByteSpan(workspace_).first(40)), Is(Code::kBufferTooSmall, 32));
}

TEST_F(MessagesTest, TokensAreBounded) {
  constexpr std::string_view kBody = R"({"token":"a.b.c"})";
  const auto reply = DecodeTokenReply(AsBytes(kBody));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(Text(reply->token), "a.b.c");
  EXPECT_THAT(EncodeTokenReply(*reply, out_), IsOkAnd(SameBytes(AsBytes(kBody))));
  EXPECT_THAT(EncodeTokenReply({.token = AsBytes("a\"b")}, out_), Is(Code::kInvalidArgument));
  EXPECT_THAT(DecodeTokenReply(AsBytes("{}")), Is(Code::kMalformed, 2));
  const auto sized = [](std::size_t size) {
    return R"({"token":")" + std::string(size, 'a') + R"("})";
  };
  EXPECT_THAT(DecodeTokenReply(AsBytes(sized(kMaxTokenSize))), IsOk());
  EXPECT_THAT(DecodeTokenReply(AsBytes(sized(kMaxTokenSize + 1))),
              Is(Code::kOutOfRange, kMaxTokenSize + 12));
}

TEST_F(MessagesTest, ErrorsHaveNames) {
  const std::string prefix = R"({"type":")" + Text(kErrorPrefix);
  for (const KbsError error :
       {KbsError::kAdminAuthInitialization, KbsError::kAttestationError,
        KbsError::kInvalidRequestPath, KbsError::kJweError, KbsError::kParsePolicyError,
        KbsError::kPluginInternalError, KbsError::kPluginNotFound, KbsError::kPolicyDeny,
        KbsError::kPolicyEngineError, KbsError::kRvpsError, KbsError::kTokenNotFound,
        KbsError::kTokenVerifierError}) {
    const std::string body = prefix + KbsErrorName(error) + R"(","detail":"a \"b\"\u0001"})";
    const auto reply = DecodeErrorReply(AsBytes(body), workspace_);
    ASSERT_THAT(reply, IsOk()) << body;
    EXPECT_EQ(reply->error, error);
    EXPECT_EQ(Text(reply->detail), "a \"b\"\x01");
    EXPECT_THAT(EncodeErrorReply(*reply, out_), IsOkAnd(SameBytes(AsBytes(body))));
  }
  for (const std::string& body :
       {prefix + R"(New","detail":""})", std::string(R"({"type":"x","detail":""})")}) {
    const auto reply = DecodeErrorReply(AsBytes(body), workspace_);
    ASSERT_THAT(reply, IsOk()) << body;
    EXPECT_EQ(reply->error, KbsError::kOther);
  }
  EXPECT_THAT(EncodeErrorReply({}, out_),
              IsOkAnd(SameBytes(AsBytes(prefix + R"(Other","detail":""})"))));
  EXPECT_THAT(DecodeErrorReply(AsBytes(R"({"type":"x"})"), workspace_), Is(Code::kMalformed, 12));
}

TEST_F(MessagesTest, ResourceNamesHaveThreeParts) {
  const auto name = ParseResourceName(AsBytes("default/-s.1/_t"));
  ASSERT_THAT(name, IsOk());
  EXPECT_EQ(Text(name->repository), "default");
  EXPECT_EQ(Text(name->type), "-s.1");
  EXPECT_EQ(Text(name->tag), "_t");
  const struct {
    std::string_view text;
    std::size_t offset;
  } kCases[] = {{"", 0},       {"a", 1},       {"a/b", 3},     {"a/b/", 4},   {"a//c", 2},
                {"/a/b", 0},   {"a/b/c/d", 5}, {"a/.b/c", 2},  {"a/b/..", 4}, {"a/b/c ", 5},
                {"a/b%/c", 3}, {"a/b/c?x", 5}, {"a/b/\xc3", 4}};
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseResourceName(AsBytes(c.text)), Is(Code::kMalformed, c.offset)) << c.text;
  }
  EXPECT_THAT(ParseResourceName(AsBytes("a/b/" + std::string(kMaxResourceSize - 4, 'c'))), IsOk());
  EXPECT_THAT(ParseResourceName(AsBytes("a/b/" + std::string(kMaxResourceSize - 3, 'c'))),
              Is(Code::kOutOfRange, kMaxResourceSize));
}

TEST_F(MessagesTest, CookiesAreFound) {
  const auto session = [](std::string_view header) {
    return Text(SessionOfCookie(AsBytes(header)));
  };
  EXPECT_EQ(session("kbs-session-id=ab"), "ab");
  EXPECT_EQ(session("a=b; kbs-session-id=ab; c=d"), "ab");
  EXPECT_EQ(session("a=b;kbs-session-id=ab"), "ab");
  EXPECT_EQ(session("xkbs-session-id=ab"), "");
  EXPECT_EQ(session("kbs-session-id"), "");
  EXPECT_EQ(session("kbs-session-id="), "");
  EXPECT_EQ(session(";;; ;"), "");

  const auto cookie = [](std::string_view header) {
    return Text(CookieOfSetCookie(AsBytes(header)));
  };
  EXPECT_EQ(cookie("kbs-session-id=ab; Expires=Sat, 21 Nov 2026 23:52:18 GMT"),
            "kbs-session-id=ab");
  EXPECT_EQ(cookie("a=b"), "a=b");
  EXPECT_EQ(cookie("=b"), "");
  EXPECT_EQ(cookie("ab"), "");
  EXPECT_EQ(cookie("a=b c"), "");
  EXPECT_EQ(cookie("a=b\r\nX: y"), "");
  EXPECT_EQ(cookie(""), "");
}

}  // namespace
}  // namespace svsm::kbs
