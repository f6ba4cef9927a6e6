#include "svsm/kbs/proxy_session.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/wire.h"
#include "svsm/kbs/jwe.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::SameBytes;
using Kind = ProxySession::Step::Kind;

constexpr std::string_view kNonce = "AAECAwQFBgcICQoLDA0ODw==";

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

std::string Frame(std::string_view body) {
  return Text(wire::ToBytes(wire::Le64(body.size()))) + std::string(body);
}

std::string Refused(ProxyRefusal refusal) {
  ByteVector out(kMaxRefusalFrameSize);
  return Text(*EncodeFrame(refusal, out));
}

template <typename Message>
std::string FrameOf(const Message& message) {
  ByteVector out(kFrameHeaderSize + kMaxFrameBodySize);
  return Text(*EncodeFrame(message, out));
}

struct Reply {
  std::uint32_t status = 200;
  std::string body = "";
  std::vector<std::string> cookies = {};
  std::optional<ForwardFailure> failure = {};
};

class ProxySessionTest : public ::testing::Test {
 protected:
  // What the proxy sends while the client says `in` and the broker answers in turn.
  std::string Run(std::string in, std::deque<Reply> replies) {
    ByteVector workspace(kProxyWorkspaceSize);
    ProxySession session(config_, workspace);
    std::string sent;
    calls_.clear();
    ended_ = false;
    ProxySession::Step step = session.Advance(ByteView());
    for (;;) {
      switch (step.kind) {
        case Kind::kNeed: {
          if (in.size() < step.need) return sent;  // the client went away
          const std::string bytes = in.substr(0, step.need);
          in = in.substr(step.need);
          step = session.Advance(AsBytes(bytes));
          break;
        }
        case Kind::kSend:
          sent += Text(step.send);
          step = session.Advance(ByteView());
          break;
        case Kind::kCall: {
          const bool post = step.call.method == HttpCall::Method::kPost;
          calls_.push_back((post ? "POST " : "GET ") + Text(step.call.path) + " " +
                           Text(step.call.body) + " " + Text(step.call.cookie));
          if (replies.empty()) return sent;
          const Reply reply = replies.front();
          replies.pop_front();
          for (const std::string& cookie : reply.cookies) session.SetCookie(AsBytes(cookie));
          step = session.Advance(HttpReply{
              .failure = reply.failure, .status = reply.status, .body = AsBytes(reply.body)});
          break;
        }
        case Kind::kEnd:
          ended_ = true;
          refusal_ = session.refusal();
          return sent;
      }
    }
  }

  static Reply Challenged() {
    return {.body = R"({"nonce":")" + std::string(kNonce) + R"(","extra-params":""})",
            .cookies = {"kbs-session-id=s1; Expires=x"}};
  }
  std::string Evidence() const { return FrameOf(request_); }
  std::string Jwe(std::string_view header, std::string_view more = "") const {
    ByteVector out(4096);
    const std::string text = Text(*EncodeBase64(Base64::kUrl, AsBytes(header), out));
    return R"({"protected":")" + text + R"(","encrypted_key":"AQ","iv":"Ag","ciphertext":"Aw",)" +
           R"("tag":"BA")" + std::string(more) + "}";
  }
  std::string Epk(std::string_view curve, std::size_t size) const {
    const std::string text((size * 8 + 5) / 6, 'A');
    return R"("epk":{"crv":")" + std::string(curve) + R"(","kty":"EC","x":")" + text +
           R"(","y":")" + text + R"("})";
  }
  std::string Header(std::string_view more) const {
    return R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM")" + std::string(more) + "}";
  }

  ProxySessionConfig config_;
  std::vector<std::string> calls_;
  bool ended_ = false;
  std::optional<ProxyRefusal> refusal_;

  const std::string hello_ = FrameOf(NegotiationRequest{});
  ByteVector challenge_ = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const ByteVector x_ = ByteVector(66, 0x11);
  const ByteVector y_ = ByteVector(66, 0x22);
  const ByteVector report_ = ByteVector(1184, 0x33);
  AttestationRequest request_ = {
      .report = report_, .certificates = {}, .challenge = challenge_, .key = {x_, y_}};
  const std::string challenged_ = FrameOf(
      NegotiationResponse{.challenge = challenge_,
                          .params = {BindingParam::kEcPublicKeyBytes, BindingParam::kChallenge},
                          .num_params = 2});
  const std::string plain_refusal_ = FrameOf(AttestationResponse{});
};

TEST_F(ProxySessionTest, NegotiatesAttestsAndFetches) {
  const std::string header = Header("," + Epk("P-521", 66));
  const std::string sent =
      Run(hello_ + Evidence(), {Challenged(), {.body = R"({"token":"t"})"}, {.body = Jwe(header)}});
  EXPECT_TRUE(ended_);
  EXPECT_EQ(refusal_, std::nullopt);
  ASSERT_EQ(calls_.size(), 3u);
  EXPECT_EQ(calls_[0], R"(POST /kbs/v0/auth {"version":"0.4.0","tee":"snp","extra-params":""} )");
  EXPECT_EQ(
      calls_[1].rfind(R"(POST /kbs/v0/attest {"init-data":null,"runtime-data":{"nonce":")", 0), 0u);
  EXPECT_EQ(calls_[2], "GET /kbs/v0/resource/default/sample/test  kbs-session-id=s1");
  ASSERT_EQ(sent.substr(0, challenged_.size()), challenged_);
  const std::string answer = sent.substr(challenged_.size() + kFrameHeaderSize);
  ByteVector workspace(answer.size());
  const auto response = DecodeAttestationResponse(AsBytes(answer), workspace);
  ASSERT_THAT(response, IsOk());
  EXPECT_TRUE(response->success);
  EXPECT_THAT(*response->secret, testing::BytesAre("03"));
  EXPECT_THAT(response->decryption->wrapped_cek, testing::BytesAre("01"));
  ByteVector out(4096);
  EXPECT_THAT(response->decryption->aad,
              SameBytes(*EncodeBase64(Base64::kUrl, AsBytes(header), out)));
  EXPECT_EQ(Text(response->token->text), "t");
}

TEST_F(ProxySessionTest, AnotherResourceMayBeAskedFor) {
  config_.resource = AsBytes("a/b/c");
  Run(hello_ + Evidence(), {Challenged(), {.body = R"({"token":"t"})"}});
  ASSERT_EQ(calls_.size(), 3u);
  EXPECT_EQ(calls_[2], "GET /kbs/v0/resource/a/b/c  kbs-session-id=s1");
}

TEST_F(ProxySessionTest, TheClientsFaultsAreRefused) {
  const struct {
    const char* what;
    std::string in;
    ProxyRefusal refusal;
  } kCases[] = {
      {"version", Frame(R"({"version":[0,2,0],"tee":"snp"})"), ProxyRefusal::kVersion},
      {"tee", Frame(R"({"version":[0,1,0],"tee":"tdx"})"), ProxyRefusal::kMalformed},
      {"garbage", Frame("garbage"), ProxyRefusal::kMalformed},
      {"empty", std::string(8, '\0'), ProxyRefusal::kMalformed},
      {"oversized", "\x01\x80" + std::string(6, '\0'), ProxyRefusal::kMalformed},
      {"huge", std::string(8, '\xff'), ProxyRefusal::kMalformed},
      {"evidence first", Evidence(), ProxyRefusal::kMalformed},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Run(c.in, {}), Refused(c.refusal)) << c.what;
    EXPECT_TRUE(ended_) << c.what;
    EXPECT_EQ(refusal_, c.refusal) << c.what;
    EXPECT_EQ(calls_.size(), 0u) << c.what;
  }
}

TEST_F(ProxySessionTest, EvidenceMustAnswerTheNonce) {
  challenge_[0] ^= 1;
  EXPECT_EQ(Run(hello_ + Evidence(), {Challenged()}),
            challenged_ + Refused(ProxyRefusal::kMalformed));
  EXPECT_EQ(Run(hello_ + hello_, {Challenged()}), challenged_ + Refused(ProxyRefusal::kMalformed));
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(ProxySessionTest, ABrokerThatBeginsNoSessionIsTold) {
  const struct {
    Reply reply;
    ProxyRefusal refusal;
  } kCases[] = {
      {{.status = 401, .body = "{}"}, ProxyRefusal::kAuth},
      {{.status = 302}, ProxyRefusal::kAuth},
      {{.body = "no JSON"}, ProxyRefusal::kBroker},
      {{.body = R"({"nonce":"","extra-params":""})"}, ProxyRefusal::kBroker},
      {{.body = R"({"nonce":"????","extra-params":""})"}, ProxyRefusal::kBroker},
      {{.body = std::string(kMaxHttpReplySize + 1, ' ')}, ProxyRefusal::kTooLarge},
      {{.failure = ForwardFailure::kUnreachable}, ProxyRefusal::kUnreachable},
      {{.failure = ForwardFailure::kTimeout}, ProxyRefusal::kTimeout},
      {{.failure = ForwardFailure::kTooLarge}, ProxyRefusal::kTooLarge},
      {{.failure = ForwardFailure::kRefused}, ProxyRefusal::kUnreachable},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Run(hello_, {c.reply}), Refused(c.refusal)) << c.reply.body.substr(0, 50);
    EXPECT_TRUE(ended_);
  }
}

TEST_F(ProxySessionTest, TheBrokersOwnRefusalsAreThoseOfThePeer) {
  EXPECT_EQ(Run(hello_ + Evidence(), {Challenged(), {.status = 401}}),
            challenged_ + plain_refusal_);
  EXPECT_EQ(refusal_, std::nullopt);
  EXPECT_EQ(Run(hello_ + Evidence(), {Challenged(), {.body = R"({"token":"t"})"}, {.status = 401}}),
            challenged_ + plain_refusal_);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(Run(hello_ + Evidence(), {Challenged(), {.body = "this is no JSON"}}),
            challenged_ + Refused(ProxyRefusal::kBroker));
}

TEST_F(ProxySessionTest, SecretsMustHaveOneEphemeralKey) {
  const std::string epk = "," + Epk("P-521", 66);
  const std::string outside = R"(,"header":{)" + Epk("P-521", 66) + "}";
  const struct {
    const char* what;
    std::string body;
    bool taken;
  } kCases[] = {
      {"protected", Jwe(Header(epk)), true},
      {"outside", Jwe(Header(""), outside), true},
      {"both", Jwe(Header(epk), outside), false},
      {"none", Jwe(Header("")), false},
      {"P-256", Jwe(Header("," + Epk("P-256", 32))), false},
      {"crit", Jwe(Header(epk + R"(,"crit":["x"])")), false},
      {"not base64", R"({"protected":"?","encrypted_key":"","iv":"","ciphertext":"","tag":""})",
       false},
      {"no JWE", "{}", false},
  };
  for (const auto& c : kCases) {
    const std::string sent =
        Run(hello_ + Evidence(), {Challenged(), {.body = R"({"token":"t"})"}, {.body = c.body}});
    EXPECT_TRUE(ended_) << c.what;
    EXPECT_EQ(sent.find("\"success\":true") != std::string::npos, c.taken) << c.what;
    if (c.taken) continue;
    EXPECT_EQ(sent, challenged_ + Refused(ProxyRefusal::kBroker)) << c.what;
  }
}

TEST_F(ProxySessionTest, SecretsMustFitAFrame) {
  const std::string large = Header("," + Epk("P-521", 66));
  std::string body = Jwe(large);
  const std::size_t at = body.find(R"("Aw")");
  // Its base64 has padding and other members beside it.
  body = body.substr(0, at + 1) + std::string(32000, 'A') + body.substr(at + 3);
  EXPECT_LE(body.size(), kMaxHttpReplySize);
  EXPECT_EQ(Run(hello_ + Evidence(), {Challenged(), {.body = R"({"token":"t"})"}, {.body = body}}),
            challenged_ + Refused(ProxyRefusal::kTooLarge));
}

TEST_F(ProxySessionTest, ForwardsWithoutLooking) {
  const auto forward = [](ForwardKind kind, std::string_view path, std::string_view body) {
    return FrameOf(ForwardRequest{.kind = kind, .path = AsBytes(path), .body = AsBytes(body)});
  };
  const auto replied = [](std::uint32_t status, std::string_view body) {
    return FrameOf(ForwardReply{.status = status, .body = AsBytes(body)});
  };
  const std::string sent =
      Run(forward(ForwardKind::kAuth, "", "not JSON") + forward(ForwardKind::kAttest, "", "b") +
              forward(ForwardKind::kResource, "x/y/z", "") +
              forward(ForwardKind::kLedger, "", "\xff") + Frame(R"({"forward":{"kind":"x"}})") +
              hello_ + forward(ForwardKind::kAuth, "", "again") + std::string(8, '\0'),
          {{.body = "one", .cookies = {"kbs-session-id=1", "lb=a; Path=/", "bad cookie=1"}},
           {.status = 401, .body = "two", .cookies = {"kbs-session-id=2"}},
           {.failure = ForwardFailure::kTimeout},
           {.body = std::string(kMaxForwardBodySize + 1, 'x')},
           {.status = 7}});
  EXPECT_EQ(sent, replied(200, "one") + replied(401, "two") + replied(3, "") + replied(4, "") +
                      replied(1, "") + replied(1, "") + replied(2, "") +
                      Refused(ProxyRefusal::kMalformed));
  EXPECT_TRUE(ended_);
  EXPECT_EQ(calls_, (std::vector<std::string>{
                        "POST /kbs/v0/auth not JSON ",
                        "POST /kbs/v0/attest b kbs-session-id=1; lb=a",
                        "GET /kbs/v0/resource/x/y/z  lb=a; kbs-session-id=2",
                        "POST /ledger/v1 \xff lb=a; kbs-session-id=2",
                        "POST /kbs/v0/auth again lb=a; kbs-session-id=2",
                    }));
}

TEST_F(ProxySessionTest, CookiesAreBounded) {
  const std::string large(kMaxCookiesSize - 20, 'v');
  Run(FrameOf(ForwardRequest{}) + FrameOf(ForwardRequest{}),
      {{.cookies = {"a=1", "b=" + large, "c=123456789012345678", "b=2", "b=", "a=3"}}});
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(calls_[1], "POST /kbs/v0/auth  b=; a=3");
}

TEST_F(ProxySessionTest, CanBeEndedFromOutside) {
  ByteVector workspace(kProxyWorkspaceSize);
  ProxySession session(config_, workspace);
  ProxySession::Step step = session.Advance(ByteView());
  ASSERT_EQ(step.kind, Kind::kNeed);
  EXPECT_TRUE(session.between_frames());
  EXPECT_FALSE(session.forwards());
  step = session.Refuse(ProxyRefusal::kIdle);
  ASSERT_EQ(step.kind, Kind::kSend);
  EXPECT_EQ(Text(step.send), Refused(ProxyRefusal::kIdle));
  EXPECT_FALSE(session.between_frames());
  EXPECT_EQ(session.Advance(ByteView()).kind, Kind::kEnd);
}

}  // namespace
}  // namespace svsm::kbs
