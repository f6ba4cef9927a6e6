#include "svsm/kbs/forward_protocol.h"

#include <string>
#include <string_view>

#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

class ForwardProtocolTest : public ::testing::Test {
 protected:
  template <typename Message>
  std::string Encoded(const Message& message) {
    const Result<ByteView> frame = EncodeFrame(message, frame_);
    EXPECT_THAT(frame, IsOk());
    if (!frame.ok()) return "";
    EXPECT_THAT(FrameBodySize(ByteView(frame_).first<kFrameHeaderSize>(), kMaxFrameBodySize),
                IsOkAnd(::testing::Eq(frame->size() - kFrameHeaderSize)));
    return Text(frame->subspan(kFrameHeaderSize));
  }
  Result<ForwardRequest> Requested(std::string_view text) {
    text_ = text;
    return DecodeForwardRequest(AsBytes(text_), workspace_);
  }
  Result<ForwardReply> Replied(std::string_view text) {
    text_ = text;
    return DecodeForwardReply(AsBytes(text_), workspace_);
  }

  std::string text_;
  ByteVector frame_ = ByteVector(kFrameHeaderSize + kMaxFrameBodySize);
  ByteVector workspace_ = ByteVector(kMaxFrameBodySize);
};

TEST_F(ForwardProtocolTest, RequestsComeBack) {
  const struct {
    ForwardRequest message;
    std::string_view text;
  } kCases[] = {
      {{.kind = ForwardKind::kAuth, .body = AsBytes("abc")},
       R"({"forward":{"kind":"auth","body":"YWJj"}})"},
      {{.kind = ForwardKind::kAttest, .body = AsBytes("")},
       R"({"forward":{"kind":"attest","body":""}})"},
      {{.kind = ForwardKind::kResource, .path = AsBytes("a/b/c")},
       R"({"forward":{"kind":"resource","path":"a/b/c","body":""}})"},
      {{.kind = ForwardKind::kLedger, .body = AsBytes("abcd")},
       R"({"forward":{"kind":"ledger","body":"YWJjZA=="}})"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Encoded(c.message), c.text);
    EXPECT_TRUE(IsForwardRequest(AsBytes(c.text)));
    const auto request = Requested(c.text);
    ASSERT_THAT(request, IsOk()) << c.text;
    EXPECT_EQ(request->kind, c.message.kind);
    EXPECT_THAT(request->path, SameBytes(c.message.path));
    EXPECT_THAT(request->body, SameBytes(c.message.body));
  }
}

TEST_F(ForwardProtocolTest, OtherRequestsAreRefused) {
  EXPECT_THAT(Requested(R"({"forward":{"kind":"delete","body":""}})"), Is(Code::kUnsupported, 27));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"auth"}})"), Is(Code::kMalformed, 26));
  EXPECT_THAT(Requested(R"({"forward":{"body":""}})"), Is(Code::kMalformed, 22));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"auth","path":"a/b/c","body":""}})"),
              Is(Code::kMalformed, 51));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"resource","body":""}})"), Is(Code::kMalformed, 40));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"resource","path":"a/b/c","body":"AA=="}})"),
              Is(Code::kMalformed, 59));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"resource","path":"a/../c","body":""}})"),
              Is(Code::kMalformed, 45));
  EXPECT_THAT(Requested(R"({"forward":1})"), Is(Code::kMalformed, 11));
  EXPECT_THAT(Requested("{}"), Is(Code::kMalformed, 2));
  EXPECT_THAT(Requested(R"({"forward":{"kind":"auth","body":"A"}})"), Is(Code::kMalformed, 1));
  EXPECT_THAT(Requested("{"), Is(Code::kTruncated, 1));

  const ByteVector large(kMaxForwardBodySize + 1);
  EXPECT_THAT(EncodeFrame(ForwardRequest{.body = large}, frame_),
              Is(Code::kInvalidArgument, kMaxForwardBodySize));
  const std::string most = Encoded(ForwardRequest{.body = ByteView(large).subspan(1)});
  EXPECT_THAT(Requested(most), IsOk());
  const std::size_t at = most.find("AAAA");
  EXPECT_THAT(Requested(most.substr(0, at) + "AAAA" + most.substr(at)),
              Is(Code::kOutOfRange, most.size() + 2));
  workspace_.resize(2);
  EXPECT_THAT(Requested(R"({"forward":{"kind":"auth","body":"YWJj"}})"),
              Is(Code::kBufferTooSmall, 3));
}

TEST_F(ForwardProtocolTest, EncodersRefuseWhatTheKindDoesNotHave) {
  EXPECT_THAT(EncodeFrame(ForwardRequest{.path = AsBytes("a/b/c")}, frame_),
              Is(Code::kInvalidArgument));
  EXPECT_THAT(EncodeFrame(ForwardRequest{.kind = ForwardKind::kResource}, frame_),
              Is(Code::kInvalidArgument));
  EXPECT_THAT(
      EncodeFrame(ForwardRequest{.kind = ForwardKind::kResource, .path = AsBytes("a/b")}, frame_),
      Is(Code::kInvalidArgument));
  EXPECT_THAT(EncodeFrame(ForwardReply{}, frame_), Is(Code::kInvalidArgument, kMaxHttpStatus));
  EXPECT_THAT(EncodeFrame(ForwardReply{.status = 1000}, frame_),
              Is(Code::kInvalidArgument, kMaxHttpStatus));
  const ByteVector large(kMaxForwardBodySize + 1);
  EXPECT_THAT(EncodeFrame(ForwardReply{.status = 200, .body = large}, frame_),
              Is(Code::kInvalidArgument, kMaxForwardBodySize));
  EXPECT_THAT(EncodeFrame(ForwardReply{.status = 200}, ByteSpan(frame_).first(20)),
              Is(Code::kBufferTooSmall, kFrameHeaderSize + 24));
}

TEST_F(ForwardProtocolTest, RepliesComeBack) {
  constexpr std::string_view kText = R"({"status":401,"body":"YWJj"})";
  EXPECT_EQ(Encoded(ForwardReply{.status = 401, .body = AsBytes("abc")}), kText);
  const auto reply = Replied(kText);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->status, 401u);
  EXPECT_EQ(Text(reply->body), "abc");
  EXPECT_THAT(Replied(R"({"status":0,"body":""})"), Is(Code::kMalformed, 11));
  EXPECT_THAT(Replied(R"({"status":1000,"body":""})"), Is(Code::kMalformed, 14));
  EXPECT_THAT(Replied(R"({"status":200})"), Is(Code::kMalformed, 14));
  EXPECT_THAT(Replied(R"({"body":""})"), Is(Code::kMalformed, 11));
}

TEST_F(ForwardProtocolTest, TheFirstBodyDecidesTheMode) {
  EXPECT_FALSE(IsForwardRequest(AsBytes(R"({"version":[0,1,0],"tee":"snp"})")));
  EXPECT_FALSE(IsForwardRequest(AsBytes(R"({"a":{"forward":1}})")));
  EXPECT_FALSE(IsForwardRequest(AsBytes(R"({"forward":1}x)")));
  EXPECT_FALSE(IsForwardRequest(AsBytes("")));
  EXPECT_TRUE(IsForwardRequest(AsBytes(R"({"v":1,"forward":1})")));
}

}  // namespace
}  // namespace svsm::kbs
