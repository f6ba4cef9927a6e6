#include "svsm/kbs/proxy_refusal.h"

#include <string>
#include <string_view>

#include "svsm/kbs/proxy_protocol.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

TEST(ProxyRefusalTest, EachSaysItsName) {
  for (const ProxyRefusal refusal :
       {ProxyRefusal::kVersion, ProxyRefusal::kMalformed, ProxyRefusal::kBusy, ProxyRefusal::kIdle,
        ProxyRefusal::kUnreachable, ProxyRefusal::kTimeout, ProxyRefusal::kAuth,
        ProxyRefusal::kBroker, ProxyRefusal::kTooLarge}) {
    ByteVector out(kMaxRefusalFrameSize);
    const Result<ByteView> frame = EncodeFrame(refusal, out);
    ASSERT_THAT(frame, IsOk());
    const ByteView body = frame->subspan(kFrameHeaderSize);
    EXPECT_EQ(std::string(body.begin(), body.end()),
              R"({"success":false,"decryption":null,"token":null,"error":")" +
                  std::string(ProxyRefusalName(refusal)) + R"(","version":[0,1,0]})");
    EXPECT_THAT(DecodeRefusal(body), IsOkAnd(::testing::Eq(refusal)));
    // A client that does not know the members sees a refusal.
    ByteVector workspace(body.size());
    const auto response = DecodeAttestationResponse(body, workspace);
    ASSERT_THAT(response, IsOk());
    EXPECT_FALSE(response->success);
    EXPECT_THAT(EncodeFrame(refusal, ByteSpan(out).first(50)),
                Is(Code::kBufferTooSmall, frame->size()));
  }
}

TEST(ProxyRefusalTest, OtherBodiesAreNone) {
  const auto refusal = [](std::string_view text) { return DecodeRefusal(AsBytes(text)).status(); };
  EXPECT_THAT(refusal(R"({"success":false,"decryption":null,"token":null})"), Is(Code::kNotFound));
  EXPECT_THAT(refusal(R"({"success":true,"error":"busy"})"), Is(Code::kNotFound));
  EXPECT_THAT(refusal("{}"), Is(Code::kNotFound));
  EXPECT_THAT(refusal(R"({"success":false,"error":"tired"})"), Is(Code::kUnsupported, 32));
  EXPECT_THAT(refusal(R"({"success":false,"error":1})"), Is(Code::kMalformed, 25));
  EXPECT_THAT(refusal("{"), Is(Code::kTruncated, 1));
}

}  // namespace
}  // namespace svsm::kbs
