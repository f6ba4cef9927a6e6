// Bodies of real exchanges with Trustee's broker: what our side takes comes out the same.
#include <filesystem>
#include <vector>

#include "svsm/kbs/json.h"
#include "svsm/kbs/messages.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::SameBytes;

class MessagesRecordedTest : public RecordedTest {
 protected:
  static std::vector<nlohmann::json> Exchanges() {
    std::vector<nlohmann::json> all;
    for (const char* folder : {"trustee/", "snp-own/"}) {
      for (const auto& file : std::filesystem::directory_iterator(RecordedFolder() + folder)) {
        if (file.path().extension() != ".json") continue;
        const nlohmann::json recorded = Recorded(folder + file.path().filename().string());
        for (const nlohmann::json& exchange : recorded.at("exchanges")) all.push_back(exchange);
      }
    }
    for (const char* file : {"aproxy/ok-two-boots.json", "aproxy/refusals-frames.json",
                             "aproxy/refusals-kbs-side.json"}) {
      const nlohmann::json recorded = Recorded(file);
      const nlohmann::json cases = recorded.is_array() ? recorded : nlohmann::json{recorded};
      for (const nlohmann::json& test : cases) {
        if (!test.contains("http")) continue;
        for (const nlohmann::json& exchange : test.at("http")) {
          if (exchange.contains("response") && exchange.at("response").contains("status")) {
            all.push_back(exchange);
          }
        }
      }
    }
    return all;
  }
  static std::string BodyOf(const nlohmann::json& side) {
    const bool whole = side.contains("body") && side.at("body").is_string();
    // A huge one is recorded by its size alone.
    return whole ? side.at("body").get<std::string>() : std::string();
  }
  static std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }
  static bool Answered(const nlohmann::json& exchange, const char* path) {
    return exchange.at("request").at("path") == path && exchange.at("response").at("status") == 200;
  }

  ByteVector workspace_ = ByteVector(kMaxJsonSize);
  ByteVector out_ = ByteVector(kMaxJsonSize);
};

TEST_F(MessagesRecordedTest, AuthComesOutAlike) {
  std::size_t found = 0;
  for (const nlohmann::json& exchange : Exchanges()) {
    if (!Answered(exchange, "/kbs/v0/auth")) continue;
    const std::string request = BodyOf(exchange.at("request"));
    const std::string reply = BodyOf(exchange.at("response"));
    const auto auth = DecodeAuthRequest(AsBytes(request));
    ASSERT_THAT(auth, IsOk()) << request;
    EXPECT_THAT(CheckKbsVersion(auth->version), IsOk()) << request;
    if (request.find("more") == std::string::npos) {
      EXPECT_THAT(EncodeAuthRequest(*auth, out_), IsOkAnd(SameBytes(AsBytes(request))));
    }
    const auto challenge = DecodeChallenge(AsBytes(reply));
    if (!challenge.ok()) continue;  // a stand-in broker that misbehaves
    EXPECT_THAT(EncodeChallenge(*challenge, out_), IsOkAnd(SameBytes(AsBytes(reply))));
    ++found;
  }
  EXPECT_GT(found, 60u);
}

TEST_F(MessagesRecordedTest, AttestComesOutAlike) {
  std::size_t found = 0;
  for (const nlohmann::json& exchange : Exchanges()) {
    if (exchange.at("request").at("path") != "/kbs/v0/attest") continue;
    const std::string request = BodyOf(exchange.at("request"));
    if (request.empty()) continue;
    const auto attestation = DecodeAttestation(AsBytes(request), workspace_);
    if (request == "{}" || request.find(R"("nonce":"")") != std::string::npos) {
      EXPECT_FALSE(attestation.ok());
      continue;
    }
    ASSERT_THAT(attestation, IsOk()) << request;
    if (request.find("\"kid\"") == std::string::npos) {
      EXPECT_THAT(EncodeAttestation(*attestation, out_), IsOkAnd(SameBytes(AsBytes(request))));
    }
    ++found;
  }
  EXPECT_GT(found, 60u);
}

TEST_F(MessagesRecordedTest, TokensAndErrorsComeOutAlike) {
  std::size_t tokens = 0;
  std::size_t errors = 0;
  for (const nlohmann::json& exchange : Exchanges()) {
    const std::string reply = BodyOf(exchange.at("response"));
    if (Answered(exchange, "/kbs/v0/attest") && reply[0] == '{') {
      const auto token = DecodeTokenReply(AsBytes(reply));
      ASSERT_THAT(token, IsOk()) << reply;
      EXPECT_THAT(EncodeTokenReply(*token, out_), IsOkAnd(SameBytes(AsBytes(reply))));
      ++tokens;
    }
    if (exchange.at("response").at("status").get<int>() < 400 || reply.empty()) continue;
    const auto error = DecodeErrorReply(AsBytes(reply), workspace_);
    ASSERT_THAT(error, IsOk()) << reply;
    EXPECT_NE(error->error, KbsError::kOther) << reply;
    EXPECT_THAT(EncodeErrorReply(*error, out_), IsOkAnd(SameBytes(AsBytes(reply))));
    ++errors;
  }
  EXPECT_GT(tokens, 25u);
  EXPECT_GT(errors, 60u);
}

TEST_F(MessagesRecordedTest, SessionsAreFound) {
  std::size_t found = 0;
  for (const nlohmann::json& exchange : Exchanges()) {
    const nlohmann::json& request = exchange.at("request").at("headers");
    const nlohmann::json& reply = exchange.at("response").at("headers");
    if (request.contains("cookie")) {
      const std::string cookie = request.at("cookie").get<std::string>();
      EXPECT_EQ("kbs-session-id=" + Text(SessionOfCookie(AsBytes(cookie))), cookie);
    }
    if (!reply.contains("set-cookie")) continue;
    const std::string text = reply.at("set-cookie").get<std::string>();
    EXPECT_EQ(Text(CookieOfSetCookie(AsBytes(text))), text.substr(0, text.find(';')));
    ++found;
  }
  EXPECT_GT(found, 60u);
}

}  // namespace
}  // namespace svsm::kbs
