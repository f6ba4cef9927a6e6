#include "svsm/broker/broker.h"

#include <thread>

#include "svsm/kbs/client.h"
#include "svsm/kbs/forward_client.h"
#include "svsm/testing/matchers.h"
#include "tests/broker/broker_fixture.h"
#include "tests/broker/guest.h"
#include "tests/snp_verify/world.h"

namespace svsm::broker {
namespace {

using ::testing::Contains;
using testing::FakeRng;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using ::testing::Not;
using testing::SameBytes;
using ::testing::SizeIs;

constexpr const char* kName = "default/disk/key";
const ByteVector kSeed(32, 0x5A);

class BrokerTest : public ::testing::Test {
 protected:
  static const snp::TrustStore& Roots() {
    static const snp::TrustStore roots = snp::forge::StoreOf(snp::Product::kMilan);
    return roots;
  }
  void SetUp() override { Begin(); }
  void Begin() {
    fixture_ = std::make_unique<BrokerFixture>(config_, Roots(), vceks_, snp::forge::kNow);
    ASSERT_THAT(fixture_->resources.Put(kName, kSeed), IsOk());
  }
  Broker& broker() { return *fixture_->broker; }
  std::vector<std::string>& log() { return fixture_->log.lines; }
  kbs::BrokerKey Pinned() const {
    return *kbs::BrokerKeyOf(fixture_->secret_keys->active()->public_key().jwk());
  }
  // What is refused is refused as Trustee would, and its nonce is spent.
  void ExpectRefused(HttpGuest& guest, const std::string& body, const char* reason) {
    const Response response = guest.Attest(body);
    EXPECT_EQ(response.status, 401);
    EXPECT_THAT(response.body, HasSubstr("errors/AttestationError"));
    EXPECT_THAT(response.body, Not(HasSubstr(reason)));
    EXPECT_THAT(log(), Contains(HasSubstr(reason)));
    EXPECT_THAT(guest.Get(kName).body, HasSubstr("errors/TokenNotFound"));
    SVSM_ASSERT_OK_AND_ASSIGN(const auto sessions, fixture_->store->Sessions(1));
    ASSERT_THAT(sessions, SizeIs(1));
    EXPECT_FALSE(sessions[0].verdict.affirmed);
    EXPECT_THAT(sessions[0].verdict.reasons, HasSubstr(reason));
    EXPECT_THAT(response.body, HasSubstr(sessions[0].verdict.error_id));
  }

  BrokerConfig config_;
  ForgedVceks vceks_;
  std::unique_ptr<BrokerFixture> fixture_;
};

// An SVSM's boot with a new key, through a proxy. What it got stays in the object.
template <typename AnyClient, typename Config>
class Boot {
 public:
  Boot(Broker& broker, Config config, std::uint64_t seed) : stream_(broker) {
    FakeRng rng(seed);
    ByteVector scalar(66);
    EXPECT_THAT(ecdh_.GenerateKey(rng, scalar), IsOk());
    config.resource = AsBytes(config.resource.empty() ? "default/sample/test" : kName);
    config_ = config;
  }
  Status Run(AnyClient& client) {
    ByteVector buffer(kbs::kMaxFrameBodySize);
    return kbs::RunClient(client, stream_, buffer);
  }
  kbs::JwePrimitives jwe() { return {ecdh_, aes_, aead_, sha256_}; }

  ProxyStream stream_;
  Config config_;
  crypto::OpensslEcdh ecdh_{crypto::Curve::kP521};
  crypto::OpensslAes aes_;
  crypto::OpensslAesGcm aead_;
  crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha256};
  crypto::OpensslEcdsaVerifier verifier_{crypto::Curve::kP384};
  ForgedAttester attester_;
};

class ForwardBoot : public Boot<kbs::ForwardClient, kbs::ForwardConfig> {
 public:
  ForwardBoot(Broker& broker, const kbs::ForwardConfig& config, std::uint64_t seed)
      : Boot(broker, config, seed),
        workspace_(kbs::kForwardWorkspaceSize),
        client_(config_, {jwe(), sha384_, hmac_, verifier_}, attester_, workspace_) {}
  Status Run() { return Boot::Run(client_); }

  ByteVector workspace_;
  kbs::ForwardClient client_;
};

class ProxyBoot : public Boot<kbs::Client, kbs::ClientConfig> {
 public:
  ProxyBoot(Broker& broker, const kbs::ClientConfig& config, const crypto::Hash& hash,
            std::uint64_t seed)
      : Boot(broker, config, seed),
        workspace_(kbs::kClientWorkspaceSize),
        client_(config_, {jwe(), hash, sha384_, hmac_, verifier_}, attester_, workspace_) {}
  Status Run() { return Boot::Run(client_); }

  ByteVector workspace_;
  kbs::Client client_;
};

TEST_F(BrokerTest, AnSvsmGetsTheSameRootKeyAtEachBoot) {
  const Bytes<3> context = {1, 2, 3};
  kbs::ForwardConfig config{
      .boot_context = context, .policy = {.known = Pinned()}, .resource = AsBytes(kName)};
  ForwardBoot first(broker(), config, 1);
  ASSERT_THAT(first.Run(), IsOk()) << ::testing::PrintToString(log());
  EXPECT_THAT(first.client_.root_key(), SizeIs(32));
  EXPECT_EQ(first.client_.boot_number()->value, 1u);
  EXPECT_EQ(*first.client_.broker(), Pinned());
  kbs::Grant grant;
  ASSERT_THAT(first.client_.ReadGrant(grant), IsOk());
  EXPECT_THAT(VmOfHostData(first.attester_.body.host_data), IsOkAnd(::testing::Eq(grant.vm_id)));

  ForwardBoot second(broker(), config, 2);
  ASSERT_THAT(second.Run(), IsOk());
  EXPECT_THAT(second.client_.root_key(), SameBytes(first.client_.root_key()));
  EXPECT_EQ(second.client_.boot_number()->value, 2u);

  ForwardBoot other(broker(), config, 3);
  Fill(other.attester_.body.host_data, 1);
  ASSERT_THAT(other.Run(), IsOk());
  EXPECT_THAT(other.client_.root_key(), Not(SameBytes(first.client_.root_key())));
  EXPECT_EQ(other.client_.boot_number()->value, 1u);
}

TEST_F(BrokerTest, AnSvsmBehindTheNegotiatingProxyGetsAGrantToo) {
  ASSERT_THAT(fixture_->resources.Put("default/sample/test", kSeed), IsOk());
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  ProxyBoot boot(broker(), {.policy = {.known = Pinned()}}, sha384, 1);
  // The proxy sends the report alone, in its own shape.
  ASSERT_THAT(boot.Run(), IsOk()) << ::testing::PrintToString(log());
  EXPECT_EQ(boot.client_.boot_number()->value, 1u);
  EXPECT_THAT(boot.client_.root_key(), SizeIs(32));
}

TEST_F(BrokerTest, ACompatibleBindingGetsTheResourceItself) {
  ASSERT_THAT(fixture_->resources.Put("default/sample/test", AsBytes("hello")), IsOk());
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  ProxyBoot proxy(broker(),
                  {.binding = kbs::BindingMode::kProxyCompatible, .policy = {.known = Pinned()}},
                  sha512, 1);
  ASSERT_THAT(proxy.Run(), IsOk()) << ::testing::PrintToString(log());
  EXPECT_THAT(proxy.client_.root_key(), SameBytes(AsBytes("hello")));
  ForwardBoot trustee(broker(),
                      {.binding = kbs::BindingMode::kTrustee,
                       .policy = {.known = Pinned()},
                       .resource = AsBytes(kName)},
                      2);
  ASSERT_THAT(trustee.Run(), IsOk()) << ::testing::PrintToString(log());
  EXPECT_THAT(trustee.client_.root_key(), SameBytes(kSeed));
}

TEST_F(BrokerTest, AnUnsignedSecretIsOneThatTheClientMustWant) {
  config_.sign_compatible = false;
  Begin();
  kbs::ForwardConfig config{.binding = kbs::BindingMode::kTrustee,
                            .policy = {.known = Pinned()},
                            .resource = AsBytes(kName)};
  ForwardBoot strict(broker(), config, 1);
  EXPECT_EQ(strict.Run().code(), Code::kPermissionDenied);
  config.policy = {.trust = kbs::BrokerTrust::kAny,
                   .without_signature = kbs::UnsignedSecret::kAccept};
  ForwardBoot lenient(broker(), config, 2);
  EXPECT_THAT(lenient.Run(), IsOk());
}

TEST_F(BrokerTest, AForeignBrokerIsNotThePinnedOne) {
  kbs::BrokerKey foreign = Pinned();
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  ASSERT_THAT(signer.SetPrivateKey(ByteVector(48, 9)), IsOk());
  ASSERT_THAT(signer.PublicKey(foreign.x, foreign.y), IsOk());
  ForwardBoot boot(broker(), {.policy = {.known = foreign}, .resource = AsBytes(kName)}, 1);
  EXPECT_EQ(boot.Run().code(), Code::kPermissionDenied);
  EXPECT_THAT(boot.client_.root_key(), IsEmpty());
}

TEST_F(BrokerTest, AShortResourceIsNoKeyOfOurs) {
  ASSERT_THAT(fixture_->resources.Put(kName, AsBytes("short")), IsOk());
  ForwardBoot boot(broker(), {.policy = {.known = Pinned()}, .resource = AsBytes(kName)}, 1);
  EXPECT_EQ(boot.Run().code(), Code::kPermissionDenied);
  EXPECT_EQ(boot.client_.refusal(), kbs::KbsError::kPluginInternalError);
}

TEST_F(BrokerTest, TheSameBodyGetsTheSameTokenAndAnyOtherNone) {
  HttpGuest guest(broker());
  guest.Auth();
  const std::string body = guest.Body();
  const Response first = guest.Attest(body);
  ASSERT_EQ(first.status, 200) << ::testing::PrintToString(log());
  const Response again = guest.Attest(body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(guest.Attest(body + " ").status, 401);
  EXPECT_THAT(log(), Contains(HasSubstr("the nonce is spent")));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto guests, fixture_->store->Guests(9));
  ASSERT_THAT(guests, SizeIs(1));
  EXPECT_EQ(guests[0].boots.value, 1u);
}

TEST_F(BrokerTest, ARefusedAttestSpendsItsNonce) {
  HttpGuest guest(broker());
  guest.Auth();
  guest.attester.body.vmpl = wire::Le32(1);
  const std::string refused = guest.Body();
  ExpectRefused(guest, refused, "vmpl: ");
  guest.attester.body.vmpl = wire::Le32(0);
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
  EXPECT_EQ(guest.Attest(refused).status, 401);
  guest.Auth();
  EXPECT_EQ(guest.Attest(guest.Body()).status, 200);
}

TEST_F(BrokerTest, ARefusedNonceStaysSpentThoughSessionsAreShort) {
  config_.session_seconds = 10;
  Begin();
  HttpGuest guest(broker());
  guest.Auth();
  guest.attester.body.vmpl = wire::Le32(1);
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
  // As many refusals as the store keeps behind it, and then the time to forget older ones.
  HttpGuest other(broker());
  for (std::size_t i = 0; i <= kMaxListed; ++i) {
    other.Auth("sample");
    EXPECT_EQ(other.Attest(other.Body()).status, 401);
  }
  fixture_->clock.unix_seconds += 100;
  other.Auth();
  EXPECT_EQ(other.Attest(other.Body()).status, 200);
  guest.attester.body.vmpl = wire::Le32(0);
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
  EXPECT_THAT(log().back(), HasSubstr("the nonce is spent"));
}

TEST_F(BrokerTest, WhatACertificateSaysIsKeptInPart) {
  auto leaf = snp::forge::Vcek(snp::Product::kMilan, snp::forge::Tcb(snp::Product::kMilan),
                               snp::forge::Hwid(snp::Product::kMilan));
  for (int i = 0; i < 50; ++i) leaf.issuer.push_back({"OU", std::string(60, 'x')});
  vceks_ = ForgedVceks(snp::forge::Make(leaf));
  HttpGuest guest(broker());
  guest.Auth();
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto sessions, fixture_->store->Sessions(1));
  ASSERT_THAT(sessions, SizeIs(1));
  const std::string& reasons = sessions[0].verdict.reasons;
  EXPECT_THAT(reasons, HasSubstr("issued by "));
  EXPECT_LT(reasons.size(), 2100u);
  EXPECT_THAT(reasons, ::testing::EndsWith(" (and more)"));
  EXPECT_LT(log().back().size(), 2300u);
}

TEST_F(BrokerTest, AnotherNonceSpendsNothing) {
  HttpGuest guest(broker());
  guest.Auth();
  const std::string nonce = guest.nonce;
  guest.nonce = std::string(43, 'A') + "=";
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
  EXPECT_EQ(guest.Attest("{}").status, 401);
  EXPECT_EQ(guest.Attest("").status, 401);
  EXPECT_THAT(fixture_->store->Sessions(9), IsOkAnd(SizeIs(0)));
  guest.nonce = nonce;
  EXPECT_EQ(guest.Attest(guest.Body()).status, 200);
}

TEST_F(BrokerTest, ANonceEnds) {
  HttpGuest guest(broker());
  guest.Auth();
  fixture_->clock.unix_seconds += kChallengeSeconds + 1;
  EXPECT_EQ(guest.Attest(guest.Body()).status, 401);
}

TEST_F(BrokerTest, NoCookieOrAnother) {
  HttpGuest guest(broker());
  guest.Auth();
  const std::string body = guest.Body();
  const std::string cookie = guest.cookie;
  for (const char* wrong : {"", "kbs-session-id=", "kbs-session-id=xyz",
                            "kbs-session-id=00000000000000000000000000000000"}) {
    guest.cookie = wrong;
    EXPECT_EQ(guest.Attest(body).status, 401) << wrong;
    EXPECT_THAT(guest.Get(kName).body, HasSubstr("errors/TokenNotFound")) << wrong;
  }
  guest.cookie = cookie;
  EXPECT_EQ(guest.Attest(body).status, 200);
}

TEST_F(BrokerTest, APolicyRefuses) {
  config_.policy.measurements = {Bytes<48>{}};
  config_.policy.measurements[0][0] = 1;
  Begin();
  HttpGuest guest(broker());
  guest.Auth();
  ExpectRefused(guest, guest.Body(), "measurement: ");
  snp::Policy policy;
  policy.measurements = {guest.attester.body.measurement};
  broker().SetPolicy(policy, "another");
  guest.Auth();
  EXPECT_EQ(guest.Attest(guest.Body()).status, 200);
}

TEST_F(BrokerTest, ABindingThatIsSwitchedOffDoesNotCount) {
  config_.own_binding = config_.proxy_binding = config_.trustee_binding = false;
  for (const auto mode :
       {kbs::BindingMode::kOwn, kbs::BindingMode::kProxyCompatible, kbs::BindingMode::kTrustee}) {
    BrokerConfig config = config_;
    config_.own_binding = mode != kbs::BindingMode::kOwn;
    config_.proxy_binding = mode != kbs::BindingMode::kProxyCompatible;
    config_.trustee_binding = mode != kbs::BindingMode::kTrustee;
    Begin();
    HttpGuest guest(broker(), crypto::Curve::kP521);
    guest.Auth();
    ExpectRefused(guest, guest.Body(mode), "report-data: ");
    config_ = config;
  }
}

TEST_F(BrokerTest, AReportForAnotherKeyOrNonceBindsNothing) {
  HttpGuest victim(broker(), crypto::Curve::kP256, 5);
  HttpGuest thief(broker(), crypto::Curve::kP256, 6);
  victim.Auth();
  const std::string stolen = victim.Body();
  const std::string own = [&] {
    thief.cookie = victim.cookie;
    thief.nonce = victim.nonce;
    return thief.Body();
  }();
  // The victim's evidence under the thief's key.
  const auto key_at = [](const std::string& body) { return body.find("\"tee-pubkey\""); };
  const auto key_end = [](const std::string& body) { return body.find("},\"tee-evidence\""); };
  std::string mixed = stolen;
  mixed.replace(key_at(stolen), key_end(stolen) - key_at(stolen),
                own.substr(key_at(own), key_end(own) - key_at(own)));
  ExpectRefused(thief, mixed, "report-data: ");
}

struct KeyCase {
  const char* what;
  const char* from;
  const char* to;
};
void PrintTo(const KeyCase& key, std::ostream* os) { *os << key.what; }

class TeeKeyAtAttestTest : public BrokerTest, public ::testing::WithParamInterface<KeyCase> {};

TEST_P(TeeKeyAtAttestTest, IsRefusedBeforeAnythingIsPromised) {
  HttpGuest guest(broker());
  guest.Auth();
  std::string body = guest.Body();
  const std::size_t at = body.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << body.substr(0, 400);
  body.replace(at, std::string(GetParam().from).size(), GetParam().to);
  ExpectRefused(guest, body, "tee-pubkey: ");
}

INSTANTIATE_TEST_SUITE_P(
    Keys, TeeKeyAtAttestTest,
    ::testing::Values(KeyCase{"P384", "P-256", "P-384"}, KeyCase{"OtherCurve", "P-256", "P-521"},
                      KeyCase{"Direct", "ECDH-ES+A256KW", "ECDH-ES"},
                      KeyCase{"Short", "\"x\":\"", "\"x\":\"AA\",\"was\":\""},
                      KeyCase{"OffCurve", "\"x\":\"",  // 32 bytes of zero
                              "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"was\":\""}));

TEST_F(BrokerTest, AResourceIsTheSameBytesHoweverOftenItIsAsked) {
  HttpGuest guest(broker());
  guest.Auth();
  ASSERT_EQ(guest.Attest(guest.Body()).status, 200);
  const Response first = guest.Get(kName);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.content_type, "application/json");
  EXPECT_THAT(guest.Open(first), IsOkAnd(SameBytes(kSeed)));
  ASSERT_THAT(fixture_->resources.Put(kName, AsBytes("new")), IsOk());
  EXPECT_EQ(guest.Get(kName).body, first.body);
  EXPECT_THAT(fixture_->store->Issued(9), IsOkAnd(SizeIs(1)));
  guest.Auth();
  ASSERT_EQ(guest.Attest(guest.Body()).status, 200);
  EXPECT_THAT(guest.Open(guest.Get(kName)), IsOkAnd(SameBytes(AsBytes("new"))));
}

TEST_F(BrokerTest, ATokenServesInPlaceOfACookie) {
  HttpGuest guest(broker());
  guest.Auth();
  const Response attest = guest.Attest(guest.Body());
  ASSERT_EQ(attest.status, 200);
  const std::string token = attest.body.substr(10, attest.body.size() - 12);
  const std::string path = std::string("/kbs/v0/resource/") + kName;
  guest.cookie.clear();
  const Response got = guest.Ask(Method::kGet, path, "", "Bearer " + token);
  EXPECT_THAT(guest.Open(got), IsOkAnd(SameBytes(kSeed)));
  for (const std::string& wrong : {token + "A", std::string("x"), std::string()}) {
    const Response refused = guest.Ask(Method::kGet, path, "", "Bearer " + wrong);
    EXPECT_THAT(refused.body, HasSubstr("errors/TokenVerifierError"));
  }
  fixture_->clock.unix_seconds += config_.session_seconds + 1;
  EXPECT_THAT(guest.Ask(Method::kGet, path, "", "Bearer " + token).body,
              HasSubstr("errors/TokenVerifierError"));
}

TEST_F(BrokerTest, ASessionEnds) {
  HttpGuest guest(broker());
  guest.Auth();
  const std::string body = guest.Body();
  ASSERT_EQ(guest.Attest(body).status, 200);
  fixture_->clock.unix_seconds += config_.session_seconds;
  EXPECT_EQ(guest.Get(kName).status, 200);
  fixture_->clock.unix_seconds += 1;
  EXPECT_THAT(guest.Get(kName).body, HasSubstr("errors/TokenNotFound"));
  EXPECT_EQ(guest.Attest(body).status, 401);
}

TEST_F(BrokerTest, NamesThatAreNoneGetAnErrorThatSaysNothing) {
  HttpGuest guest(broker());
  guest.Auth();
  ASSERT_EQ(guest.Attest(guest.Body()).status, 200);
  for (const char* name :
       {"default/sample/nothere", "default/sample", "default/sample/a/b", "default/sample/..",
        "default/.x/y", "default/sample/a%2Fb", "", "/", "../../etc/passwd"}) {
    const Response response = guest.Get(name);
    EXPECT_EQ(response.status, 401) << name;
    EXPECT_THAT(response.body, HasSubstr("errors/PluginInternalError")) << name;
    EXPECT_THAT(response.body, HasSubstr("\"Plugin internal error (id ")) << name;
  }
}

TEST_F(BrokerTest, PathsAndMethods) {
  HttpGuest guest(broker());
  EXPECT_EQ(guest.Ask(Method::kGet, "/healthz", "").status, 200);
  for (const char* path : {"/other", "/kbs/v1/auth", "", "/kbs/v0"}) {
    const Response response = guest.Ask(Method::kGet, path, "");
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.body, "") << path;
  }
  for (const auto& [path, plugin] :
       std::vector<std::pair<std::string, std::string>>{{"/kbs/v0/auth", "auth"},
                                                        {"/kbs/v0/nosuchplugin/x", "nosuchplugin"},
                                                        {"/kbs/v0/", ""}}) {
    const Response response = guest.Ask(Method::kGet, path, "");
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.body,
              "{\"type\":\"https://github.com/confidential-containers/kbs/errors/PluginNotFound\","
              "\"detail\":\"Plugin " +
                  plugin + " not found\"}");
  }
  const std::string path = std::string("/kbs/v0/resource/") + kName;
  EXPECT_THAT(guest.Ask(Method::kPost, path, "x").body,
              HasSubstr("errors/AdminAuthInitialization"));
  EXPECT_THAT(guest.Ask(Method::kPut, path, "x").body, HasSubstr("errors/PluginInternalError"));
  EXPECT_EQ(guest.Ask(Method::kPost, "/kbs/v0/attest", std::string(kMaxBodySize + 1, ' ')).status,
            413);
}

TEST_F(BrokerTest, ABootRequestIsUsedOnce) {
  config_.boot_rule = BootRule::kRequested;
  Begin();
  BootRequest request;
  Fill(request.id, 3);
  Fill(request.vm, 4);
  request.not_after = snp::forge::kNow + 60;
  ASSERT_THAT(fixture_->store->AddBootRequest(request), IsOk());
  kbs::ForwardConfig config{.policy = {.known = Pinned()}, .resource = AsBytes(kName)};
  ForwardBoot stranger(broker(), config, 1);
  EXPECT_EQ(stranger.Run().code(), Code::kPermissionDenied);
  EXPECT_THAT(log(), Contains(HasSubstr("boot request")));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  ForwardBoot boot(broker(), config, 2);
  ASSERT_THAT(sha256.Digest(request.id, boot.attester_.body.host_data), IsOk());
  ASSERT_THAT(boot.Run(), IsOk()) << ::testing::PrintToString(log());
  kbs::Grant grant;
  ASSERT_THAT(boot.client_.ReadGrant(grant), IsOk());
  EXPECT_EQ(grant.vm_id, request.vm);
  ForwardBoot clone(broker(), config, 3);
  clone.attester_.body.host_data = boot.attester_.body.host_data;
  EXPECT_EQ(clone.Run().code(), Code::kPermissionDenied);
}

TEST_F(BrokerTest, AGuestsResourceIsItsOwn) {
  HttpGuest guest(broker());
  HttpGuest other(broker());
  Fill(other.attester.body.host_data, 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const VmId vm, VmOfHostData(guest.attester.body.host_data));
  const std::string name = "vm/" + ToHex(vm) + "/key";
  ASSERT_THAT(fixture_->resources.Put(name, AsBytes("mine")), IsOk());
  for (HttpGuest* each : {&guest, &other}) {
    each->Auth();
    ASSERT_EQ(each->Attest(each->Body()).status, 200);
  }
  EXPECT_THAT(guest.Open(guest.Get(name)), IsOkAnd(SameBytes(AsBytes("mine"))));
  const Response refused = other.Get(name);
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.body, HasSubstr("errors/PolicyDeny"));
  EXPECT_THAT(other.Get("vm/x/key").body, HasSubstr("errors/PolicyDeny"));
}

// A store that fails when told.
class FailingStore final : public Store {
 public:
  explicit FailingStore(Store& store) : store_(store) {}
  Result<Session> RecordVerdict(const Verdict& verdict, BootRule rule) override {
    if (!record.ok()) return record;
    return store_.RecordVerdict(verdict, rule);
  }
  Result<Session> FindSession(const SessionId& session) override {
    if (!find.ok()) return find;
    return store_.FindSession(session);
  }
  Result<Session> FindToken(FixedView<32> digest) override { return store_.FindToken(digest); }
  Result<ByteVector> IssueSecret(const SessionId& session, std::string_view resource,
                                 ByteView reply, std::int64_t now) override {
    if (!issue.ok()) return issue;
    return store_.IssueSecret(session, resource, reply, now);
  }
  Result<ByteVector> FindSecret(const SessionId& session, std::string_view resource) override {
    return store_.FindSecret(session, resource);
  }
  Status AddBootRequest(const BootRequest& request) override {
    return store_.AddBootRequest(request);
  }
  Status RemoveBootRequest(const RequestId& id) override { return store_.RemoveBootRequest(id); }
  Result<std::vector<Guest>> Guests(std::size_t limit) override { return store_.Guests(limit); }
  Result<std::vector<Session>> Sessions(std::size_t limit) override {
    return store_.Sessions(limit);
  }
  Result<std::vector<BootRequest>> BootRequests(std::size_t limit) override {
    return store_.BootRequests(limit);
  }
  Result<std::vector<IssuedSecret>> Issued(std::size_t limit) override {
    return store_.Issued(limit);
  }
  Status Prune(std::int64_t before) override { return store_.Prune(before); }

  Status find;
  Status record;
  Status issue;

 private:
  Store& store_;
};

TEST_F(BrokerTest, NothingIsAnsweredThatIsNotWrittenDown) {
  const Status broken(Code::kIoError, Source::kBroker, 10);
  FailingStore store(*fixture_->store);
  Broker failing(config_, {store, *fixture_->own_challenges, Roots(), vceks_, fixture_->resources,
                           *fixture_->secret_keys, *fixture_->token_keys, fixture_->rng,
                           fixture_->clock, fixture_->log});
  HttpGuest guest(failing);
  guest.Auth();
  const std::string body = guest.Body();
  store.find = broken;
  EXPECT_EQ(guest.Attest(body).status, 503);
  store.find = OkStatus();
  store.record = broken;
  const Response unknown = guest.Attest(body);
  EXPECT_EQ(unknown.status, 503);
  EXPECT_THAT(unknown.body, Not(HasSubstr("token")));
  EXPECT_THAT(log(), Contains(HasSubstr("writing a verdict")));
  store.record = OkStatus();
  ASSERT_EQ(guest.Attest(body).status, 200);
  store.issue = broken;
  const Response kept = guest.Get(kName);
  EXPECT_EQ(kept.status, 503);
  EXPECT_THAT(kept.body, Not(HasSubstr("ciphertext")));
  store.issue = OkStatus();
  EXPECT_EQ(guest.Get(kName).status, 200);
}

TEST_F(BrokerTest, ReportsAreVerifiedByTheVerifierThatIsGiven) {
  std::size_t made = 0;
  Broker other(config_,
               {*fixture_->store, *fixture_->own_challenges, Roots(), vceks_, fixture_->resources,
                *fixture_->secret_keys, *fixture_->token_keys, fixture_->rng, fixture_->clock,
                fixture_->log, [&made] {
                  ++made;
                  return std::make_shared<crypto::OpensslEcdsaVerifier>(crypto::Curve::kP384);
                }});
  HttpGuest guest(other);
  for (int i = 0; i < 2; ++i) {
    guest.Auth();
    EXPECT_EQ(guest.Attest(guest.Body()).status, 200);
  }
  EXPECT_EQ(made, 1u);
}

TEST_F(BrokerTest, WithoutATimeNothingIsJudged) {
  HttpGuest guest(broker());
  fixture_->clock.unix_seconds = 0;
  guest.Auth();
  EXPECT_EQ(guest.Attest(guest.Body()).status, 503);
}

TEST_F(BrokerTest, ManyBootsAtOnceAreAllDecidedRight) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kBoots = 4;
  std::array<std::vector<std::uint64_t>, kThreads> numbers;
  std::array<bool, kThreads> refused{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kBoots; ++i) {
        ForwardBoot boot(broker(), {.policy = {.known = Pinned()}, .resource = AsBytes(kName)},
                         1 + t * kBoots + i);
        if (boot.Run().ok()) numbers[t].push_back(boot.client_.boot_number()->value);
      }
      ForwardBoot wrong(broker(), {.policy = {.known = Pinned()}, .resource = AsBytes(kName)},
                        1000 + t);
      wrong.attester_.body.vmpl = wire::Le32(2);
      refused[t] = wrong.Run().code() == Code::kPermissionDenied;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> all;
  for (const auto& some : numbers) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  ASSERT_THAT(all, SizeIs(kThreads * kBoots));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i + 1);
  EXPECT_THAT(refused, ::testing::Each(true));
  EXPECT_THAT(fixture_->store->Issued(kMaxListed), IsOkAnd(SizeIs(kThreads * kBoots)));
}

TEST_F(BrokerTest, OldRepliesAreWiped) {
  HttpGuest guest(broker());
  guest.Auth();
  ASSERT_EQ(guest.Attest(guest.Body()).status, 200);
  ASSERT_EQ(guest.Get(kName).status, 200);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto before, fixture_->store->Sessions(1));
  fixture_->clock.unix_seconds += config_.session_seconds + 61;
  guest.Auth();
  ASSERT_EQ(guest.Attest(guest.Body()).status, 200);
  EXPECT_THAT(fixture_->store->FindSecret(before[0].verdict.session, kName),
              IsStatus(Code::kExhausted, Source::kBroker));
}

}  // namespace
}  // namespace svsm::broker
