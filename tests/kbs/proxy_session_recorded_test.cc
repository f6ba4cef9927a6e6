// The recorded conversations of the existing proxy: ours says the same to the client and to the
// broker, or refuses where that one went down.
#include <map>
#include <set>
#include <string>

#include "svsm/kbs/proxy_session.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using Kind = ProxySession::Step::Kind;

class ProxySessionRecordedTest : public RecordedTest {
 protected:
  static std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

  // Bytes that one side sent in this conversation.
  static std::string Side(const nlohmann::json& frames, const char* from) {
    std::string all;
    for (const nlohmann::json& frame : frames) {
      if (frame.at("from") != from) continue;
      const ByteVector bytes = frame.contains("json")  ? Frame(frame)
                               : frame.contains("hex") ? Hex(frame.at("hex"))
                                                       : ByteVector();
      all.append(bytes.begin(), bytes.end());
    }
    return all;
  }

  // What ours sends to the client; each call of the broker is compared with the recorded one.
  static std::string Replay(std::string in, const nlohmann::json& http, std::size_t& next,
                            const std::string& what) {
    ByteVector workspace(kProxyWorkspaceSize);
    ProxySession session({}, workspace);
    std::string sent;
    ProxySession::Step step = session.Advance(ByteView());
    while (step.kind != Kind::kEnd) {
      if (step.kind == Kind::kNeed) {
        if (in.size() < step.need) return sent;
        const std::string bytes = in.substr(0, step.need);
        in = in.substr(step.need);
        step = session.Advance(AsBytes(bytes));
      } else if (step.kind == Kind::kSend) {
        sent += Text(step.send);
        step = session.Advance(ByteView());
      } else {
        HttpReply reply = {.failure = ForwardFailure::kUnreachable};
        std::string body;
        if (next < http.size()) {
          const nlohmann::json& exchange = http[next++];
          const nlohmann::json& request = exchange.at("request");
          const nlohmann::json& response = exchange.at("response");
          EXPECT_EQ(Text(step.call.path), request.at("path").get<std::string>()) << what;
          EXPECT_EQ(step.call.method == HttpCall::Method::kPost, request.at("method") == "POST");
          EXPECT_EQ(Text(step.call.body), request.value("body", "")) << what;
          EXPECT_EQ(Text(step.call.cookie), request.at("headers").value("cookie", "")) << what;
          if (response.at("headers").contains("set-cookie")) {
            session.SetCookie(
                AsBytes(response.at("headers").at("set-cookie").get_ref<const std::string&>()));
          }
          body = response.at("body").get<std::string>();
          reply = {.status = response.at("status").get<std::uint32_t>(), .body = AsBytes(body)};
        }
        step = session.Advance(reply);
      }
    }
    return sent;
  }

  static std::string Refused(ProxyRefusal refusal) {
    ByteVector out(kMaxRefusalFrameSize);
    return Text(*EncodeFrame(refusal, out));
  }
};

TEST_F(ProxySessionRecordedTest, WholeBootsAreAlikeOnBothSides) {
  const nlohmann::json recorded = Recorded("aproxy/ok-two-boots.json");
  std::size_t next = 0;
  for (const nlohmann::json& boot : recorded.at("frames")) {
    EXPECT_EQ(Replay(Side(boot, "svsm"), recorded.at("http"), next, "boot"), Side(boot, "proxy"));
  }
  EXPECT_EQ(next, 6u);
}

// By name of the case: what ours answers last, where it differs from the peer.
TEST_F(ProxySessionRecordedTest, OddConversationsAreAnswered) {
  const std::map<std::string, ProxyRefusal> kRefused = {
      {"att-certs-null", ProxyRefusal::kMalformed},
      {"att-key-badpad", ProxyRefusal::kMalformed},
      {"att-other-challenge", ProxyRefusal::kMalformed},
      {"att-report-empty", ProxyRefusal::kMalformed},
      {"first-is-attestation", ProxyRefusal::kMalformed},
      {"json-garbage", ProxyRefusal::kMalformed},
      {"json-trailing", ProxyRefusal::kMalformed},
      {"len-0", ProxyRefusal::kMalformed},
      {"len-1GiB", ProxyRefusal::kMalformed},
      {"len-1GiB-rlimit", ProxyRefusal::kMalformed},
      {"len-2e62", ProxyRefusal::kMalformed},
      {"len-2e63", ProxyRefusal::kMalformed},
      {"len-2e64-1", ProxyRefusal::kMalformed},
      {"len-64GiB", ProxyRefusal::kMalformed},
      {"len-bigendian", ProxyRefusal::kMalformed},
      {"tee-tdx", ProxyRefusal::kMalformed},
      {"tee-unknown", ProxyRefusal::kMalformed},
      {"version-020", ProxyRefusal::kVersion},
      {"version-neg", ProxyRefusal::kMalformed},
      {"version-string", ProxyRefusal::kMalformed},
      {"kbs-attestnotjson", ProxyRefusal::kBroker},
      {"kbs-epkoutside", ProxyRefusal::kBroker},  // an empty key
      {"kbs-down", ProxyRefusal::kUnreachable},
      {"kbs-hangs", ProxyRefusal::kUnreachable},
      {"kbs-nonce0", ProxyRefusal::kBroker},
      {"kbs-noncebad", ProxyRefusal::kBroker},
      {"url-https", ProxyRefusal::kUnreachable},
      {"url-nourl", ProxyRefusal::kUnreachable},
      {"url-slash", ProxyRefusal::kUnreachable},
  };
  // The peer writes the header anew there, which makes the secret unusable; ours keeps its bytes.
  const std::set<std::string> kTaken = {"kbs-epkorder", "kbs-hdrorder"};
  std::size_t refused = 0;
  std::size_t alike = 0;
  for (const char* file : {"aproxy/refusals-frames.json", "aproxy/refusals-kbs-side.json"}) {
    for (const nlohmann::json& test : Recorded(file)) {
      const std::string name = test.at("name").get<std::string>();
      const nlohmann::json& frames = test.at("frames");
      if (frames.empty() || frames[0].is_array()) continue;            // more than one client
      if (name == "json-8MiB" || name == "att-report-3MiB") continue;  // not recorded whole
      std::size_t next = 0;
      const nlohmann::json http = test.value("http", nlohmann::json::array());
      const std::string sent = Replay(Side(frames, "svsm"), http, next, name);
      const auto refusal = kRefused.find(name);
      if (refusal != kRefused.end()) {
        const std::string last = Refused(refusal->second);
        ASSERT_GE(sent.size(), last.size()) << name;
        EXPECT_EQ(sent.substr(sent.size() - last.size()), last) << name;
        ++refused;
      } else if (kTaken.contains(name)) {
        EXPECT_NE(sent.find("\"success\":true"), std::string::npos) << name;
      } else {
        EXPECT_EQ(sent, Side(frames, "proxy")) << name;
        ++alike;
      }
    }
  }
  EXPECT_EQ(refused, kRefused.size());
  EXPECT_GE(alike, 8u);
}

}  // namespace
}  // namespace svsm::kbs
