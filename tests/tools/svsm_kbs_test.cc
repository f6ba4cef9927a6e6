// svsm-kbs as a process: boots over loopback, administration, TLS, ends and restarts.
#include <httplib.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "svsm/kbs/base64.h"
#include "svsm/testing/matchers.h"
#include "tests/broker/live_guest.h"
#include "tests/tools/kbs_process.h"

namespace svsm::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;
using kbs::BindingMode;

constexpr const char* kJson = "application/json";

class SvsmKbsTest : public KbsProcessTest {
 protected:
  struct Boot {
    int attest = 0;
    int resource = 0;
    std::string body;  // of the last answer
    std::string token;
    httplib::Headers cookie;
  };
  Boot BootOnce(LiveGuest& guest, BindingMode mode, const char* resource = kSecret) {
    httplib::Client client = Client();
    Boot boot;
    const auto auth = client.Post("/kbs/v0/auth", LiveGuest::AuthBody(), kJson);
    if (!auth || auth->status != 200) return boot;
    const std::string cookie = auth->get_header_value("Set-Cookie");
    boot.cookie = {{"Cookie", cookie.substr(0, cookie.find(';'))}};
    const Result<std::string> body = guest.AttestBody(auth->body, mode);
    EXPECT_THAT(body, IsOk());
    const auto attest = client.Post("/kbs/v0/attest", boot.cookie, *body, kJson);
    if (!attest) return boot;
    boot.attest = attest->status;
    boot.body = attest->body;
    if (attest->status != 200) return boot;
    boot.token = Json::parse(attest->body).at("token");
    const auto reply = client.Get(resource, boot.cookie);
    if (!reply) return boot;
    boot.resource = reply->status;
    boot.body = reply->body;
    return boot;
  }
};

TEST_F(SvsmKbsTest, GivesASecretToWhomThePolicyAffirms) {
  Start();
  PutSecret("hello");
  for (const crypto::Curve curve : {crypto::Curve::kP521, crypto::Curve::kP256}) {
    LiveGuest guest(curve, rng_, 1, now_);
    const Boot boot = BootOnce(guest, BindingMode::kTrustee);
    ASSERT_EQ(boot.attest, 200) << boot.body << Log();
    ASSERT_EQ(boot.resource, 200) << boot.body << Log();
    SVSM_ASSERT_OK_AND_ASSIGN(const LiveGuest::Opened opened, guest.Open(boot.body));
    EXPECT_EQ(std::string(opened.plaintext.begin(), opened.plaintext.end()), "hello");
    EXPECT_EQ(opened.resource, "default/sample/test");
    // Signed by the key that there is to pin.
    const ProgramRun keys = Run("svsm-kbs", {"keys", "--data", Path("data")});
    EXPECT_EQ(keys.exit_code, 0);
    const std::string x = Json::parse(keys.out)["keys"][0]["x"];
    ByteVector room(64);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView bytes,
                              kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(x), room));
    EXPECT_EQ(ToVector(bytes), opened.signer_x);
  }
}

TEST_F(SvsmKbsTest, CountsBootsAcrossRestarts) {
  for (std::uint64_t number = 1; number <= 3; ++number) {
    Start();
    if (number == 1) PutSecret(std::string(32, 'k'));
    LiveGuest guest(crypto::Curve::kP521, rng_, 9, now_);
    const Boot boot = BootOnce(guest, BindingMode::kOwn);
    ASSERT_EQ(boot.resource, 200) << boot.body << Log();
    SVSM_ASSERT_OK_AND_ASSIGN(const LiveGuest::Opened opened, guest.Open(boot.body));
    EXPECT_EQ(opened.boot.value, number);
    EXPECT_EQ(End(number == 2 ? SIGKILL : SIGTERM), number == 2 ? 137 : 0);
  }
  EXPECT_THAT(Log(), HasSubstr("ended"));
}

TEST_F(SvsmKbsTest, RefusesAndSaysWhyToItsOwnerOnly) {
  Start();
  PutSecret("hello");
  LiveGuest guest(crypto::Curve::kP256, rng_, 1, now_);
  guest.SetVmpl(2);
  const Boot boot = BootOnce(guest, BindingMode::kTrustee);
  EXPECT_EQ(boot.attest, 401);
  EXPECT_THAT(boot.body, ::testing::Not(HasSubstr("vmpl")));
  const std::string detail = Json::parse(boot.body).at("detail");
  const std::size_t at = detail.find("(id ");
  ASSERT_NE(at, std::string::npos) << detail;
  const std::string id = detail.substr(at + 4, detail.find(')') - at - 4);
  EXPECT_THAT(Log(), HasSubstr(id));
  const auto why = Client().Get(("/admin/v0/boots/" + id).c_str(), Token());
  ASSERT_TRUE(why);
  EXPECT_EQ(why->status, 200);
  EXPECT_THAT(why->body, HasSubstr("vmpl"));
  const auto secret = Client().Get(kSecret, boot.cookie);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->status, 401);
  // The page shows it, too.
  const auto page = Client().Get("/", Token());
  ASSERT_TRUE(page);
  EXPECT_THAT(page->body, HasSubstr(id));
}

TEST_F(SvsmKbsTest, TakesANewPolicyAtOnce) {
  Start();
  PutSecret("hello");
  const auto put =
      Client().Put("/admin/v0/policy", Token(), R"({"vmpl":0,"minimum_guest_svn":7})", kJson);
  ASSERT_TRUE(put);
  EXPECT_EQ(put->status, 200);
  LiveGuest guest(crypto::Curve::kP256, rng_, 1, now_);
  EXPECT_EQ(BootOnce(guest, BindingMode::kTrustee).attest, 401);
  End(SIGTERM);
  Start();
  EXPECT_EQ(BootOnce(guest, BindingMode::kTrustee).attest, 401);
}

TEST_F(SvsmKbsTest, AsksForBootRequestsIfTold) {
  Start({"--boots", "requested"});
  PutSecret("hello");
  LiveGuest stranger(crypto::Curve::kP256, rng_, 1, now_);
  EXPECT_EQ(BootOnce(stranger, BindingMode::kTrustee).attest, 401);
  const auto made = Client().Post("/admin/v0/boot-requests", Token(), "{}", kJson);
  ASSERT_TRUE(made);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector host_data,
                            FromHex(Json::parse(made->body).at("host_data").get<std::string>()));
  LiveGuest guest(crypto::Curve::kP256, rng_, 1, now_);
  guest.SetHostData(FixedView<32>(host_data));
  EXPECT_EQ(BootOnce(guest, BindingMode::kTrustee).attest, 200) << Log();
  LiveGuest clone(crypto::Curve::kP256, rng_, 1, now_);
  clone.SetHostData(FixedView<32>(host_data));
  EXPECT_EQ(BootOnce(clone, BindingMode::kTrustee).attest, 401);
}

TEST_F(SvsmKbsTest, RefusesCompatibleBindingsIfTold) {
  Start({"--bindings", "own"});
  PutSecret(std::string(32, 'k'));
  for (const auto& [mode, status] :
       {std::pair(BindingMode::kTrustee, 401), std::pair(BindingMode::kProxyCompatible, 401),
        std::pair(BindingMode::kOwn, 200)}) {
    LiveGuest guest(crypto::Curve::kP521, rng_, 1, now_);
    EXPECT_EQ(BootOnce(guest, mode).attest, status);
  }
}

TEST_F(SvsmKbsTest, GivesTokensThatItsKeysVerify) {
  Start({"--token-spelling", "underscored", "--issuer", "me"});
  PutSecret("hello");
  LiveGuest guest(crypto::Curve::kP256, rng_, 1, now_);
  const Boot boot = BootOnce(guest, BindingMode::kTrustee);
  ASSERT_EQ(boot.resource, 200) << boot.body;
  const std::size_t dot = boot.token.find('.');
  const std::string payload = boot.token.substr(dot + 1, boot.token.rfind('.') - dot - 1);
  ByteVector room(payload.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView claims,
                            kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(payload), room));
  const Json json = Json::parse(claims.begin(), claims.end());
  EXPECT_EQ(json["iss"], "me");
  EXPECT_EQ(json["submods"]["cpu0"]["ear_status"], "affirming");
  const auto keys = Client().Get("/.well-known/jwks.json");
  ASSERT_TRUE(keys);
  EXPECT_EQ(Json::parse(keys->body)["keys"].size(), 1u);
}

TEST_F(SvsmKbsTest, SpeaksTls) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      Path("tls.key") + " -out " + Path("tls.pem") + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "there is no openssl program";
  Start({"--cert", Path("tls.pem"), "--key", Path("tls.key")});
  httplib::SSLClient client("127.0.0.1", port_);
  client.set_ca_cert_path(Path("tls.pem").c_str());
  client.enable_server_certificate_verification(true);
  for (int i = 0; i < 3; ++i) {
    const auto auth = client.Post("/kbs/v0/auth", LiveGuest::AuthBody(), kJson);
    ASSERT_TRUE(auth) << httplib::to_string(auth.error());
    EXPECT_EQ(auth->status, 200);
  }
  // In the clear there is nothing.
  const auto clear = Client().Get("/healthz");
  EXPECT_TRUE(!clear || clear->status != 200);
}

// The page as a browser shows it; the policy that comes with it forbids scripts.
TEST_F(SvsmKbsTest, ShowsItsPageInABrowser) {
  if (std::system("command -v chromium >/dev/null") != 0) GTEST_SKIP() << "there is no chromium";
  Start();
  PutSecret("hello");
  LiveGuest good(crypto::Curve::kP256, rng_, 0x5A, now_);
  ASSERT_EQ(BootOnce(good, BindingMode::kTrustee).resource, 200);
  LiveGuest bad(crypto::Curve::kP256, rng_, 1, now_);
  bad.SetVmpl(3);
  ASSERT_EQ(BootOnce(bad, BindingMode::kTrustee).attest, 401);
  const auto shown = [&](const std::string& user) {
    const std::string command =
        "timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        "--user-data-dir=" +
        Path("chromium") + " --dump-dom http://" + user + "127.0.0.1:" + std::to_string(port_) +
        "/ >" + Path("dom") + " 2>" + Path("chromium-log");
    EXPECT_EQ(std::system(command.c_str()), 0) << File("chromium-log");
    return File("dom");
  };
  std::string token = File("data/admin-token");
  token.pop_back();
  const std::string page = shown("me:" + token + "@");
  EXPECT_THAT(page, HasSubstr("<td class=\"affirmed\">affirmed</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"refused\">refused</td>"));
  EXPECT_THAT(page, HasSubstr("vmpl"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">1</td>"));
  EXPECT_THAT(page, HasSubstr("<h2>Guests</h2>"));
  // The refusal came last and stands first.
  EXPECT_LT(page.find(">refused<"), page.find(">affirmed<"));
  EXPECT_THAT(shown("me:wrong@"), ::testing::Not(HasSubstr("affirmed")));
}

TEST_F(SvsmKbsTest, SaysWhatIsWrong) {
  const auto serve = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"serve", "--data", Path("data"), "--port", "0"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramRun run = Run("svsm-kbs", words);
    EXPECT_NE(run.exit_code, 0);
    return run.err;
  };
  EXPECT_THAT(serve({}), HasSubstr("policy.json"));
  const std::string policy = Put("bad.json", AsBytes(R"({"vmlp":0})"));
  EXPECT_THAT(serve({"--policy", policy}), HasSubstr("vmlp"));
  for (const char* elsewhere : {"0.0.0.0", "127.example.invalid"}) {
    EXPECT_THAT(serve({"--policy", Path("policy.json"), "--listen", elsewhere}),
                HasSubstr("--insecure-http"))
        << elsewhere;
  }
  EXPECT_THAT(serve({"--policy", Path("policy.json"), "--roots", policy}),
              HasSubstr("--roots " + policy));
  EXPECT_THAT(serve({"--policy", Path("policy.json"), "--cert", policy, "--key", policy}),
              HasSubstr("certificate or key"));
  EXPECT_THAT(serve({"--policy", Path("policy.json"), "--listen", "192.0.2.1", "--insecure-http"}),
              HasSubstr("cannot listen on 192.0.2.1"));
  ASSERT_EQ(::chmod(Path("data/secret-keys.jwks").c_str(), 0644), 0);
  EXPECT_THAT(serve({"--policy", Path("policy.json")}), HasSubstr("secret-keys.jwks"));
}

}  // namespace
}  // namespace svsm::testing
