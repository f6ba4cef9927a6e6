#include "svsm/broker/admin.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "svsm/broker/policy_file.h"
#include "svsm/crypto/openssl.h"
#include "tests/broker/broker_fixture.h"

namespace svsm::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsStatus;
using Json = nlohmann::json;

constexpr std::int64_t kNow = 1'790'000'000;
constexpr const char* kToken = "a-token-of-some-length";

class AdminTest : public ::testing::Test {
 protected:
  AdminTest() {
    std::string pattern = ::testing::TempDir() + "admin-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    token_path_ = folder_ + "/token";
    PutToken(std::string(kToken) + '\n');
    roots_.emplace(*snp::TrustStore::Amd());
    EXPECT_THAT(WriteFileAtomically(folder_ + "/policy", AsBytes("{}"), FileMode::kPublic), IsOk());
    std::string error;
    policy_ = *PolicyFile::Open(folder_ + "/policy", error);
    fixture_ = std::make_unique<BrokerFixture>(BrokerConfig(), *roots_, vceks_, kNow);
    admin_ =
        std::make_unique<Admin>(*AdminToken::Open(token_path_, fixture_->rng),
                                AdminParts{*fixture_->broker, *fixture_->store, fixture_->resources,
                                           *policy_, *fixture_->secret_keys, *fixture_->token_keys,
                                           fixture_->rng, fixture_->clock, fixture_->log});
  }
  ~AdminTest() override { std::filesystem::remove_all(folder_); }

  void PutToken(const std::string& text) {
    EXPECT_THAT(WriteFileAtomically(token_path_, AsBytes(text), FileMode::kPrivate), IsOk());
  }
  // With the token.
  Response Ask(Method method, const std::string& path, const std::string& body = "") {
    const std::string bearer = std::string("Bearer ") + kToken;
    const std::optional<Response> response = admin_->Handle({.method = method,
                                                             .path = path,
                                                             .authorization = bearer,
                                                             .body = AsBytes(body),
                                                             .peer = "me"});
    EXPECT_TRUE(response.has_value()) << path;
    return response.value_or(Response());
  }
  Json List(const std::string& path) {
    const Response response = Ask(Method::kGet, path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, "application/json");
    return Json::parse(response.body);
  }
  // A verdict in the store.
  void Judge(bool affirmed, std::uint8_t number) {
    Verdict verdict;
    verdict.session.fill(number);
    verdict.at = kNow + number;
    verdict.peer = "192.0.2.7:1";
    verdict.affirmed = affirmed;
    verdict.host_data.fill(0x33);
    if (affirmed) {
      verdict.token = "t" + std::to_string(number);
    } else {
      verdict.reasons = "vmpl: found \"2\", wanted 0";
      verdict.error_id = "id" + std::to_string(number);
    }
    EXPECT_THAT(fixture_->store->RecordVerdict(verdict, BootRule::kOpen), IsOk());
  }

  std::string folder_;
  std::string token_path_;
  NoVcekStore vceks_;
  std::optional<snp::TrustStore> roots_;
  std::unique_ptr<PolicyFile> policy_;
  std::unique_ptr<BrokerFixture> fixture_;
  std::unique_ptr<Admin> admin_;
};

TEST_F(AdminTest, LeavesTheRestToTheBroker) {
  for (const char* path : {"/kbs/v0/auth", "/healthz", "/x", "", "/admin", "/admin/v1/guests"}) {
    EXPECT_FALSE(admin_->Handle({.method = Method::kPost, .path = path}).has_value()) << path;
  }
  EXPECT_FALSE(admin_->Handle({.path = "/kbs/v0/resource/a/b/c"}).has_value());
}

TEST_F(AdminTest, AsksForTheToken) {
  const std::pair<Method, const char*> guarded[] = {
      {Method::kPost, "/kbs/v0/resource/a/b/c"},   {Method::kPut, "/kbs/v0/resource/a/b/c"},
      {Method::kDelete, "/kbs/v0/resource/a/b/c"}, {Method::kOther, "/kbs/v0/resource/a/b/c"},
      {Method::kGet, "/admin/v0/guests"},          {Method::kPut, "/admin/v0/policy"},
      {Method::kPost, "/admin/v0/keys/rotate"},    {Method::kGet, "/admin/v0/nothing"}};
  // The last one is the token as a browser would send it: "me:a-token-of-some-length".
  for (const char* authorization :
       {"", "Bearer", "Bearer ", "Bearer a-token-of-some-lengtH", "Bearer a-token-of-some-length ",
        "bearer a-token-of-some-length", "a-token-of-some-length",
        "Basic bWU6YS10b2tlbi1vZi1zb21lLWxlbmd0aA=="}) {
    for (const auto& [method, path] : guarded) {
      const auto response =
          admin_->Handle({.method = method, .path = path, .authorization = authorization});
      ASSERT_TRUE(response.has_value()) << path;
      EXPECT_EQ(response->status, 401) << path;
      EXPECT_THAT(response->body, HasSubstr("/errors/AdminAuthInitialization\""));
      EXPECT_EQ(response->www_authenticate, "");
    }
  }
  EXPECT_EQ(policy_->current()->text, "{}");
  const std::string endless = "/admin/v0/" + std::string(8000, 'x');
  EXPECT_EQ(admin_->Handle({.method = Method::kGet, .path = endless})->status, 401);
  EXPECT_LT(fixture_->log.lines.back().size(), 400u);
}

TEST_F(AdminTest, KeepsResources) {
  EXPECT_EQ(List("/admin/v0/resources"), Json::array());
  EXPECT_EQ(Ask(Method::kPost, "/kbs/v0/resource/a/b/c", "secret").status, 200);
  EXPECT_EQ(Ask(Method::kPut, "/kbs/v0/resource/a/b/d", "other").status, 200);
  EXPECT_EQ(List("/admin/v0/resources"), Json({"a/b/c", "a/b/d"}));
  EXPECT_THAT(fixture_->resources.Get("a/b/c"),
              testing::IsOkAnd(::testing::Eq(ToVector(AsBytes("secret")))));
  EXPECT_EQ(Ask(Method::kDelete, "/kbs/v0/resource/a/b/c").status, 200);
  EXPECT_EQ(Ask(Method::kDelete, "/kbs/v0/resource/a/b/c").status, 404);
  for (const char* name : {"", "a", "a/b", "a/b/c/d", "../b/c", "a/b/.c", "a/b/%63"}) {
    EXPECT_EQ(Ask(Method::kPost, std::string("/kbs/v0/resource/") + name).status, 400) << name;
  }
  EXPECT_EQ(Ask(Method::kOther, "/kbs/v0/resource/a/b/c").status, 404);
  EXPECT_EQ(List("/admin/v0/resources"), Json({"a/b/d"}));
}

TEST_F(AdminTest, ReplacesThePolicy) {
  EXPECT_EQ(Ask(Method::kGet, "/admin/v0/policy").body, "{}");
  EXPECT_EQ(Ask(Method::kPut, "/admin/v0/policy", R"({"vmpl":0})").status, 200);
  EXPECT_EQ(Ask(Method::kGet, "/admin/v0/policy").body, R"({"vmpl":0})");
  const Response refused = Ask(Method::kPut, "/admin/v0/policy", R"({"vmlp":0})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("ParsePolicyError"));
  EXPECT_THAT(refused.body, HasSubstr("vmlp"));
  EXPECT_EQ(policy_->current()->policy.vmpl, Vmpl(0));
  EXPECT_EQ(Ask(Method::kDelete, "/admin/v0/policy").status, 404);
}

TEST_F(AdminTest, ListsWhatHappened) {
  Judge(true, 1);
  Judge(false, 2);
  Judge(true, 3);
  const Json boots = List("/admin/v0/boots");
  ASSERT_EQ(boots.size(), 3u);
  EXPECT_EQ(boots[0]["boot"], 2);
  EXPECT_EQ(boots[0]["binding"], "own");
  EXPECT_EQ(boots[1]["affirmed"], false);
  EXPECT_EQ(boots[1]["reasons"], "vmpl: found \"2\", wanted 0");
  EXPECT_FALSE(boots[1].contains("boot"));
  EXPECT_EQ(boots[2]["at"], kNow + 1);
  const Json one = List("/admin/v0/boots/id2");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]["error_id"], "id2");
  EXPECT_EQ(Ask(Method::kGet, "/admin/v0/boots/id9").status, 404);
  const Json guests = List("/admin/v0/guests");
  ASSERT_EQ(guests.size(), 1u);
  EXPECT_EQ(guests[0]["boots"], 2);
  EXPECT_EQ(guests[0]["vm"], boots[0]["vm"]);
  EXPECT_EQ(List("/admin/v0/secrets"), Json::array());
  const SessionId session = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
  ASSERT_THAT(fixture_->store->IssueSecret(session, "a/b/c", AsBytes("jwe"), kNow + 4), IsOk());
  const Json secrets = List("/admin/v0/secrets");
  ASSERT_EQ(secrets.size(), 1u);
  EXPECT_EQ(secrets[0]["resource"], "a/b/c");
  EXPECT_EQ(secrets[0]["session"], boots[0]["session"]);
}

TEST_F(AdminTest, KeepsBootRequests) {
  EXPECT_EQ(List("/admin/v0/boot-requests"), Json::array());
  const Response made = Ask(Method::kPost, "/admin/v0/boot-requests",
                            R"({"vm":"00112233445566778899aabbccddeeff","uses":2,"seconds":60})");
  ASSERT_EQ(made.status, 200);
  const Json request = Json::parse(made.body);
  EXPECT_EQ(request["vm"], "00112233445566778899aabbccddeeff");
  EXPECT_EQ(request["uses_left"], 2);
  EXPECT_EQ(request["not_after"], kNow + 60);
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> digest{};
  ASSERT_THAT(sha256.Digest(ByteView(*FromHex(request["id"].get<std::string>())), digest), IsOk());
  EXPECT_EQ(request["host_data"], ToHex(digest));
  // Everything may be left out: a new guest.
  const Json other = Json::parse(Ask(Method::kPost, "/admin/v0/boot-requests").body);
  EXPECT_EQ(other["uses_left"], 1);
  EXPECT_NE(other["vm"], request["vm"]);
  EXPECT_EQ(List("/admin/v0/boot-requests").size(), 2u);
  const std::string path = "/admin/v0/boot-requests/" + request["id"].get<std::string>();
  EXPECT_EQ(Ask(Method::kDelete, path).status, 200);
  EXPECT_EQ(Ask(Method::kDelete, path).status, 404);
  EXPECT_EQ(Ask(Method::kDelete, path + "00").status, 400);
  EXPECT_EQ(Ask(Method::kDelete, "/admin/v0/boot-requests/").status, 400);
  EXPECT_EQ(Ask(Method::kPut, "/admin/v0/boot-requests").status, 404);
  for (const char* body :
       {"{", "[]", R"({"vm":"00"})", R"({"uses":0})", R"({"uses":1000001})", R"({"seconds":0})",
        R"({"second":1})", R"({"uses":1,"uses":1})", R"({"vm":1})"}) {
    EXPECT_EQ(Ask(Method::kPost, "/admin/v0/boot-requests", body).status, 400) << body;
  }
}

TEST_F(AdminTest, RotatesKeys) {
  const std::string before = fixture_->secret_keys->active()->id();
  const Json keys = List("/admin/v0/keys");
  EXPECT_EQ(keys["secrets"]["keys"][0]["kid"], before);
  const auto published = admin_->Handle({.path = "/.well-known/jwks.json"});
  ASSERT_TRUE(published.has_value());
  EXPECT_EQ(Json::parse(published->body), keys["tokens"]);
  for (const char* body : {"", "{}", R"({"overlap_seconds":-1})", R"({"overlap":1})",
                           R"({"overlap_seconds":999999999999})"}) {
    EXPECT_EQ(Ask(Method::kPost, "/admin/v0/keys/rotate", body).status, 400) << body;
  }
  EXPECT_EQ(Ask(Method::kPost, "/admin/v0/keys/rotate", R"({"overlap_seconds":60})").status, 200);
  const Json after = List("/admin/v0/keys");
  EXPECT_EQ(after["secrets"]["keys"].size(), 2u);
  EXPECT_EQ(after["tokens"]["keys"].size(), 2u);
  EXPECT_NE(after["secrets"]["keys"][0]["kid"], before);
  fixture_->clock.unix_seconds += 60;
  EXPECT_EQ(List("/admin/v0/keys")["secrets"]["keys"].size(), 1u);
  EXPECT_EQ(Ask(Method::kPost, "/admin/v0/keys").status, 404);
}

TEST_F(AdminTest, SaysWhatFailed) {
  fixture_->rng.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_EQ(Ask(Method::kPost, "/admin/v0/boot-requests").status, 503);
  EXPECT_EQ(Ask(Method::kPost, "/admin/v0/keys/rotate", R"({"overlap_seconds":60})").status, 503);
}

TEST_F(AdminTest, ShowsThePageToThoseWithTheToken) {
  Judge(false, 2);
  const auto asked = admin_->Handle({.path = "/"});
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->status, 401);
  EXPECT_THAT(asked->www_authenticate, HasSubstr("Basic realm="));
  // "me:a-token-of-some-length", ":a-token-of-some-length".
  for (const char* good :
       {"Basic bWU6YS10b2tlbi1vZi1zb21lLWxlbmd0aA==", "Basic OmEtdG9rZW4tb2Ytc29tZS1sZW5ndGg=",
        "Bearer a-token-of-some-length"}) {
    const auto page = admin_->Handle({.path = "/", .authorization = good});
    EXPECT_EQ(page->status, 200);
    EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
    EXPECT_THAT(page->body, HasSubstr("vmpl: found &quot;2&quot;, wanted 0"));
    EXPECT_THAT(page->body, HasSubstr(fixture_->secret_keys->active()->id()));
  }
  // "a-token-of-some-length" alone, "me:b", nothing, and what is not base64.
  for (const char* bad : {"Basic YS10b2tlbi1vZi1zb21lLWxlbmd0aA==", "Basic bWU6Yg==", "Basic ",
                          "Basic ???", "Basic"}) {
    EXPECT_EQ(admin_->Handle({.path = "/", .authorization = bad})->status, 401) << bad;
  }
}

TEST_F(AdminTest, MakesATokenOnFirstStart) {
  std::filesystem::remove(token_path_);
  SVSM_ASSERT_OK_AND_ASSIGN(const AdminToken made, AdminToken::Open(token_path_, fixture_->rng));
  struct ::stat info = {};
  ASSERT_EQ(::stat(token_path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector file, ReadFile(token_path_));
  ASSERT_EQ(file.size(), 44u);
  const std::string token(file.begin(), file.end() - 1);
  EXPECT_TRUE(made.IsBearer("Bearer " + token));
  SVSM_ASSERT_OK_AND_ASSIGN(const AdminToken again, AdminToken::Open(token_path_, fixture_->rng));
  EXPECT_TRUE(again.IsBearer("Bearer " + token));
}

TEST_F(AdminTest, RefusesAnUnusableToken) {
  const auto open = [&] { return AdminToken::Open(token_path_, fixture_->rng); };
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("short"), std::string(257, 'x'),
        std::string(400, 'x'), std::string("with a space in the middle"),
        std::string("two-lines-of-text\nof-a-token"), std::string("0123456789abcdef\r\n")}) {
    PutToken(text);
    EXPECT_THAT(open(), IsStatus(Code::kDataLoss, Source::kBroker)) << text;
  }
  PutToken("0123456789abcdef");
  EXPECT_THAT(open(), IsOk());
  ASSERT_EQ(::chmod(token_path_.c_str(), 0604), 0);
  EXPECT_THAT(open(), IsStatus(Code::kPermissionDenied, Source::kBroker, 0604));
  EXPECT_THAT(AdminToken::Open(folder_, fixture_->rng),
              IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  EXPECT_THAT(AdminToken::Open(folder_ + "/none/token", fixture_->rng),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  std::filesystem::remove(token_path_);
  fixture_->rng.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(open(), IsStatus(Code::kExhausted, Source::kCaller));
}

}  // namespace
}  // namespace svsm::broker
