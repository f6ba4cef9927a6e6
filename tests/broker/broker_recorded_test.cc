// What a real broker was asked, asked of ours.
#include <filesystem>

#include "nlohmann/json.hpp"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/jwe.h"
#include "tests/broker/broker_fixture.h"

namespace svsm::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::SameBytes;
using ::testing::StartsWith;
using Json = nlohmann::json;

// When the exchanges were recorded: 2026-11-21T23:51:27Z and around.
constexpr std::int64_t kNow = 1795305088;

std::string Folder() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  return folder == nullptr ? std::string() : std::string(folder) + "/kbs/";
}

Json Read(const std::string& file) {
  const Result<ByteVector> text = ReadFile(Folder() + file);
  EXPECT_THAT(text, IsOk()) << file;
  return Json::parse(text->begin(), text->end());
}

std::string Header(const Json& message, const char* name) {
  return message.at("headers").value(name, "");
}

// Gives out the sessions and nonces of a record.
class RecordedChallenges final : public ChallengeSource {
 public:
  void Add(const Json& response) {
    Challenge challenge;
    const auto session = SessionOfCookie(Header(response, "set-cookie"));
    ASSERT_THAT(session, IsOk());
    challenge.session = *session;
    const std::string nonce = Json::parse(response.at("body").get<std::string>()).at("nonce");
    ByteVector bytes(64);
    const auto decoded = kbs::DecodeBase64(kbs::Base64::kStandard, AsBytes(nonce), bytes);
    ASSERT_THAT(decoded, IsOk());
    Copy(challenge.nonce, *decoded);
    challenges_.push_back(challenge);
  }
  Result<Challenge> Issue(Tee tee, std::int64_t) override {
    if (issued_ == challenges_.size()) return Status(Code::kExhausted, Source::kCaller);
    challenges_[issued_].tee = tee;
    return challenges_[issued_++];
  }
  Result<Challenge> Find(const SessionId& session, std::int64_t) override {
    for (const Challenge& challenge : challenges_) {
      if (challenge.session == session) return challenge;
    }
    return Status(Code::kNotFound, Source::kBroker);
  }

 private:
  std::vector<Challenge> challenges_;
  std::size_t issued_ = 0;
};

Method MethodOf(const std::string& name) {
  if (name == "GET") return Method::kGet;
  if (name == "POST") return Method::kPost;
  if (name == "PUT") return Method::kPut;
  if (name == "DELETE") return Method::kDelete;
  return Method::kOther;
}

// The policy by which the recorded broker judged, which looked at next to nothing.
snp::Policy PolicyOfTheRecord() {
  snp::Policy policy;
  policy.minimum_report_version = 3;
  policy.debug = snp::Rule::kAllow;
  policy.masked_chip_id = snp::Rule::kAllow;
  return policy;
}

BrokerConfig ConfigOfTheRecord() {
  BrokerConfig config;
  config.policy = PolicyOfTheRecord();
  config.own_binding = false;
  config.proxy_binding = false;
  config.sign_compatible = false;
  return config;
}

class BrokerRecordedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Folder().empty() || !ReadFile(Folder() + "keys.json").ok()) {
      GTEST_SKIP() << "SVSM_VECTORS_DIR has no kbs";
    }
    const auto file = ReadFile(Folder() + "snp-own/own_milan_ask_ark_asvk.pem");
    ASSERT_THAT(file, IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(ders_, snp::ReadCertificateFile(*file));
    std::vector<snp::X509Certificate> certificates;
    for (const ByteVector& der : ders_) {
      SVSM_ASSERT_OK_AND_ASSIGN(const snp::X509Certificate certificate, snp::ParseCertificate(der));
      certificates.push_back(certificate);
    }
    snp::Refusals why;
    auto roots = snp::TrustStore::FromCertificates(
        certificates, {.organization = "Throwaway Test Roots", .reserved_components = false}, why);
    for (const snp::Refusal& refusal : why) {
      ADD_FAILURE() << snp::ReasonId(refusal.reason) << ": " << refusal.found;
    }
    ASSERT_THAT(roots, IsOk());
    roots_ = *std::move(roots);
  }

  void Begin(const Json& record, const VcekStore& vceks) {
    for (const Json& exchange : record.at("exchanges")) {
      const Json& response = exchange.at("response");
      if (exchange.at("request").at("path") == "/kbs/v0/auth" && response.at("status") == 200) {
        challenges_.Add(response);
      }
    }
    fixture_ = std::make_unique<BrokerFixture>(config_, *roots_, vceks, kNow, &challenges_);
    ASSERT_THAT(fixture_->resources.Put("default/sample/test", AsBytes("hello, world")), IsOk());
  }

  Response Ask(const Json& exchange) {
    const Json& request = exchange.at("request");
    const std::string method = request.at("method");
    const std::string path = request.at("path");
    const std::string cookie = Header(request, "cookie");
    const std::string authorization = Header(request, "authorization");
    const std::string body = request.value("body", "");
    return fixture_->broker->Handle({.method = MethodOf(method),
                                     .path = std::string_view(path).substr(0, path.find('?')),
                                     .cookie = cookie,
                                     .authorization = authorization,
                                     .body = AsBytes(body),
                                     .peer = "test"});
  }

  // Whether a refusal is the recorded one, but for the id to ask by.
  static void ExpectSameError(const Response& response, const Json& recorded) {
    EXPECT_EQ(response.status, recorded.at("status").get<int>()) << response.body;
    const std::string wanted = recorded.value("body", "");
    if (wanted.empty()) {
      EXPECT_THAT(response.body, IsEmpty());
      return;
    }
    const Json ours = Json::parse(response.body);
    const Json theirs = Json::parse(wanted);
    EXPECT_EQ(ours.at("type"), theirs.at("type"));
    EXPECT_THAT(ours.at("detail").get<std::string>(),
                StartsWith(theirs.at("detail").get<std::string>()));
    EXPECT_EQ(ours.size(), theirs.size());
  }

  // Whether a token says of the evidence what the recorded one says.
  static void ExpectSameEvidence(const Response& response, const Json& claims) {
    const std::string token = Json::parse(response.body).at("token");
    const std::size_t first = token.find('.');
    const std::string payload = token.substr(first + 1, token.rfind('.') - first - 1);
    ByteVector bytes(payload.size());
    const auto decoded = kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(payload), bytes);
    ASSERT_THAT(decoded, IsOk());
    const Json ours = Json::parse(decoded->begin(), decoded->end());
    const char* kEvidence = "ear.veraison.annotated-evidence";
    EXPECT_EQ(ours.at("eat_profile"), claims.at("eat_profile"));
    Json submod = ours.at("submods").at("cpu0");
    EXPECT_EQ(submod.at("ear.status"), "affirming");
    Json wanted = claims.at("submods").at("cpu0").at(kEvidence);
    wanted["init_data_claims"] = nullptr;  // ours does not look into init data
    EXPECT_EQ(submod.at(kEvidence), wanted);
  }

  // What a client with the recorded key gets out of a reply.
  static void ExpectOpens(const Response& response, const std::string& key_name,
                          const std::string& plaintext_hex) {
    const Json key = Read("keys.json").at("keys").at(key_name);
    const bool p521 = key.at("crv") == "P-521";
    const std::string d = key.at("d");
    ByteVector scalar(kbs::MaxDecodedSize(d.size()));
    const auto decoded = kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(d), scalar);
    ASSERT_THAT(decoded, IsOk());
    crypto::OpensslEcdh ecdh(p521 ? crypto::Curve::kP521 : crypto::Curve::kP256);
    ASSERT_THAT(ecdh.SetPrivateKey(*decoded), IsOk());
    crypto::OpensslAes aes;
    crypto::OpensslAesGcm aead;
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    ByteVector text(response.body.size());
    SVSM_ASSERT_OK_AND_ASSIGN(const auto jwe, kbs::DecodeJwe(AsBytes(response.body), text));
    ByteVector workspace(2 * text.size());
    Bytes<256> plaintext{};
    const auto opened = kbs::OpenJwe({ecdh, aes, aead, sha256}, jwe, kbs::EpkPlace::kProtected,
                                     workspace, plaintext);
    EXPECT_THAT(opened, IsOkAnd(testing::BytesAre(plaintext_hex)));
  }

  // A whole record of three messages, or of the two until a refusal.
  void Replay(const std::string& file, const VcekStore& vceks) {
    const Json record = Read(file);
    Begin(record, vceks);
    const Json& exchanges = record.at("exchanges");
    const Response auth = Ask(exchanges[0]);
    EXPECT_EQ(auth.status, 200);
    EXPECT_EQ(auth.body, exchanges[0].at("response").at("body").get<std::string>());
    EXPECT_EQ(auth.content_type, Header(exchanges[0].at("response"), "content-type"));
    const std::string cookie = Header(exchanges[0].at("response"), "set-cookie");
    EXPECT_THAT(auth.set_cookie, StartsWith(cookie.substr(0, cookie.find(';'))));
    const Response attest = Ask(exchanges[1]);
    const Json& answered = exchanges[1].at("response");
    if (answered.at("status") != 200) {
      ExpectSameError(attest, answered);
      EXPECT_EQ(attest.content_type, Header(answered, "content-type"));
      return;
    }
    ASSERT_EQ(attest.status, 200) << ::testing::PrintToString(fixture_->log.lines);
    EXPECT_EQ(attest.set_cookie.substr(0, attest.set_cookie.find(';')),
              cookie.substr(0, cookie.find(';')));
    ExpectSameEvidence(attest, record.at("expect").at("token_claims"));
    const Response resource = Ask(exchanges[2]);
    ASSERT_EQ(resource.status, 200) << resource.body;
    EXPECT_EQ(resource.content_type, "application/json");
    EXPECT_EQ(resource.body.size(),
              exchanges[2].at("response").at("body").get<std::string>().size());
    ExpectOpens(resource, record.at("key"), record.at("expect").at("plaintext_hex"));
  }

  BrokerConfig config_ = ConfigOfTheRecord();
  std::vector<ByteVector> ders_;
  std::optional<snp::TrustStore> roots_;
  RecordedChallenges challenges_;
  std::unique_ptr<BrokerFixture> fixture_;
  NoVcekStore no_vceks_;
};

class AcceptedTest : public BrokerRecordedTest,
                     public ::testing::WithParamInterface<const char*> {};

TEST_P(AcceptedTest, GetsTheSameAnswers) { Replay(GetParam(), no_vceks_); }

INSTANTIATE_TEST_SUITE_P(Own, AcceptedTest,
                         ::testing::Values("snp-own/ok.json", "snp-own/ok-affirming.json",
                                           "snp-own/ok-full-chain.json", "snp-own/ok-p256.json",
                                           "snp-own/policy-affirming-ok.json",
                                           "snp-own/version5.json", "snp-own/init-ok.json",
                                           "snp-own/hostdata-unasked.json", "snp-own/debug.json",
                                           "snp-own/chip-masked.json"));

struct RefusedCase {
  const char* file;
  const char* reason;  // in our log
};
void PrintTo(const RefusedCase& refused, std::ostream* os) { *os << refused.file; }

class RefusedTest : public BrokerRecordedTest, public ::testing::WithParamInterface<RefusedCase> {};

TEST_P(RefusedTest, IsRefusedAsRecordedForAReasonInTheLog) {
  Replay(GetParam().file, no_vceks_);
  EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr(GetParam().reason)));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto sessions, fixture_->store->Sessions(9));
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_FALSE(sessions[0].verdict.affirmed);
  EXPECT_THAT(sessions[0].verdict.reasons, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Own, RefusedTest,
    ::testing::Values(RefusedCase{"snp-own/chip-mismatch-cn-vcek.json", "certificate-subject: "},
                      RefusedCase{"snp-own/fam-unknown.json", "product: "},
                      RefusedCase{"snp-own/init-bad.json", "host-data: "},
                      RefusedCase{"snp-own/mod-ae.json", "product: "},
                      RefusedCase{"snp-own/nostore.json", "certificate: "},
                      RefusedCase{"snp-own/rd-sha512-xy-nonce.json", "report-data: "},
                      RefusedCase{"snp-own/tcb-lower.json", "reported-tcb: "},
                      RefusedCase{"snp-own/version2.json", "report-version: "},
                      RefusedCase{"snp-own/vmpl1.json", "vmpl: "},
                      RefusedCase{"snp-own/vmpl2.json", "vmpl: "}));

// The recorded broker let this pass, as it knows a VCEK by another name than AMD gives it.
TEST_F(BrokerRecordedTest, AChipIdThatIsNotTheCertificatesIsRefused) {
  const Json record = Read("snp-own/chip-mismatch.json");
  Begin(record, no_vceks_);
  EXPECT_EQ(Ask(record.at("exchanges")[0]).status, 200);
  EXPECT_EQ(Ask(record.at("exchanges")[1]).status, 401);
  EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr("chip-id: ")));
  const Response resource = Ask(record.at("exchanges")[2]);
  EXPECT_EQ(resource.status, 401);
  EXPECT_THAT(resource.body, HasSubstr("errors/TokenNotFound"));
}

class StoredVcekTest : public BrokerRecordedTest {
 protected:
  // A store that has the chip's certificate under this name.
  void Put(const std::string& name) {
    folder_ = ::testing::TempDir() + "kds-store";
    std::filesystem::remove_all(folder_);
    const std::string chip = folder_ + "/vcek/" + std::string(128, 'a');
    std::filesystem::create_directories(chip);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der, ReadFile(Folder() + "snp-own/vcek_a.der"));
    ASSERT_THAT(WriteFileAtomically(chip + "/" + name, der, FileMode::kPublic), IsOk());
  }
  std::string folder_;
};

TEST_F(StoredVcekTest, IsFoundUnderItsTcb) {
  Put("bl04_tee00_snp24_ucode219_vcek.der");
  const DirectoryVcekStore store(folder_);
  Replay("snp-own/ok-store-tcb-name.json", store);
}

TEST_F(StoredVcekTest, IsFoundUnderItsFlatName) {
  Put("vcek.der");
  const DirectoryVcekStore store(folder_);
  Replay("snp-own/ok-store-flat.json", store);
}

TEST_F(StoredVcekTest, IsNotFoundUnderHexadecimalNumbers) {
  Put("bl04_tee00_snp18_ucodedb_vcek.der");
  const DirectoryVcekStore store(folder_);
  Replay("snp-own/store-hex-name.json", store);
  EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr("certificate: ")));
}

// A boot through the attestation proxy: REPORT_DATA is SHA-512(x || y || nonce), and the evidence
// has the proxy's shape, without a certificate.
TEST_F(StoredVcekTest, IsFoundForWhatTheAttestationProxyAsks) {
  Put("vcek.der");
  const DirectoryVcekStore store(folder_);
  config_.proxy_binding = true;
  const Json http = Read("aproxy/ok-two-boots.json").at("http");
  Begin({{"exchanges", Json::array({http[0]})}}, store);
  EXPECT_EQ(Ask(http[0]).body, http[0].at("response").at("body").get<std::string>());
  EXPECT_EQ(Ask(http[1]).status, 401);
  // Its signature is none: that the rest fits is what the log has to say.
  EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr("report-signature: ")));
  EXPECT_THAT(fixture_->log.lines, ::testing::Not(Contains(HasSubstr("report-data: "))));
}

// Exchanges whose errors are the same, whoever's evidence it is.
class SameErrorsTest : public BrokerRecordedTest,
                       public ::testing::WithParamInterface<RefusedCase> {};

TEST_P(SameErrorsTest, AreGivenForTheSameRequests) {
  SVSM_ASSERT_OK_AND_ASSIGN(roots_, snp::TrustStore::Amd());
  const Json record = Read(GetParam().file);
  Begin(record, no_vceks_);
  for (const Json& exchange : record.at("exchanges")) {
    SCOPED_TRACE(exchange.at("request").dump().substr(0, 200));
    const Response response = Ask(exchange);
    const Json& recorded = exchange.at("response");
    if (recorded.at("status") == 200) {
      EXPECT_EQ(response.status, 200) << response.body;
      EXPECT_EQ(response.body, recorded.at("body").get<std::string>());
    } else {
      ExpectSameError(response, recorded);
    }
  }
  if (*GetParam().reason != 0) {
    EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr(GetParam().reason)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Trustee, SameErrorsTest,
    ::testing::Values(RefusedCase{"trustee/err-auth-body.json", ""},
                      RefusedCase{"trustee/err-tee.json", ""},
                      RefusedCase{"trustee/err-version.json", ""},
                      RefusedCase{"trustee/sample-report-data-64.json", "tee: sample"},
                      RefusedCase{"trustee/snp-aproxy-shape.json", ": "},
                      RefusedCase{"trustee/snp-empty-chain.json", "evidence: Malformed"},
                      RefusedCase{"trustee/snp-extra-member.json", "report-data: "},
                      RefusedCase{"trustee/snp-missing-option.json", "report-signature: "},
                      RefusedCase{"trustee/snp-real-inline-vcek.json", "report-data: "},
                      RefusedCase{"trustee/snp-real-milan-v2-debug.json", "report-version: "},
                      RefusedCase{"trustee/snp-real-nostore.json", "certificate: "},
                      RefusedCase{"trustee/snp-real-turin-v5.json", "report-data: "},
                      RefusedCase{"trustee/snp-real-vlek.json", "vmpl: "},
                      RefusedCase{"trustee/snp-sig-flip.json", "report-signature: "},
                      RefusedCase{"trustee/snp-v6.json", "evidence: Unsupported"}));

// Sample evidence proves nothing: the recorded broker took it, ours names it and refuses.
class SampleTest : public BrokerRecordedTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SampleTest, IsRefusedByName) {
  const Json record = Read(GetParam());
  Begin(record, no_vceks_);
  for (const Json& exchange : record.at("exchanges")) {
    const std::string path = exchange.at("request").at("path");
    const Response response = Ask(exchange);
    if (path == "/kbs/v0/auth") {
      EXPECT_EQ(response.body, exchange.at("response").at("body").get<std::string>());
      continue;
    }
    EXPECT_EQ(response.status, 401);
    const bool attest = path == "/kbs/v0/attest";
    EXPECT_THAT(response.body,
                HasSubstr(attest ? "errors/AttestationError" : "errors/TokenNotFound"));
  }
  EXPECT_THAT(fixture_->log.lines, Contains(HasSubstr("tee: sample has no verifier here")));
}

INSTANTIATE_TEST_SUITE_P(
    Trustee, SampleTest,
    ::testing::Values("trustee/sample-ok-p521.json", "trustee/sample-ok-p256.json",
                      "trustee/sample-ok-rsa-oaep256.json", "trustee/key-p384.json",
                      "trustee/key-off-curve.json", "trustee/key-ecdh-es-direct.json",
                      "trustee/init-data.json", "trustee/jwk-extra-members-hash-without.json"));

TEST_F(BrokerRecordedTest, TokensOfAnotherBrokerDoNotCount) {
  const Json record = Read("trustee/bearer.json");
  Begin(record, no_vceks_);
  for (const Json& exchange : record.at("exchanges")) {
    const Response response = Ask(exchange);
    EXPECT_EQ(response.status, 401);
    EXPECT_THAT(response.body, HasSubstr("errors/TokenVerifierError"));
  }
}

}  // namespace
}  // namespace svsm::broker
