// Frames that the real attestation proxy took and made: each is decoded and comes out the same.
#include "svsm/core/wire.h"
#include "svsm/kbs/proxy_protocol.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class ProxyProtocolRecordedTest : public RecordedTest {
 protected:
  template <typename Decode>
  void ExpectSame(const nlohmann::json& recorded, Decode decode) {
    const ByteVector frame = Frame(recorded);
    EXPECT_THAT(FrameBodySize(ByteView(frame).first<kFrameHeaderSize>(), kMaxFrameBodySize),
                IsOkAnd(::testing::Eq(frame.size() - kFrameHeaderSize)));
    ByteVector workspace(frame.size());
    const auto message = decode(ByteView(frame).subspan(kFrameHeaderSize), ByteSpan(workspace));
    ASSERT_THAT(message, IsOk());
    ByteVector out(frame.size());
    EXPECT_THAT(EncodeFrame(*message, out), IsOkAnd(SameBytes(frame)));
  }
};

TEST_F(ProxyProtocolRecordedTest, WholeBootsAreWrittenAlike) {
  const nlohmann::json recorded = Recorded("aproxy/ok-two-boots.json");
  ASSERT_EQ(recorded.at("frames").size(), 2u);
  for (const nlohmann::json& boot : recorded.at("frames")) {
    ASSERT_EQ(boot.size(), 4u);
    ExpectSame(boot[0], [](ByteView body, ByteSpan) { return DecodeNegotiationRequest(body); });
    ExpectSame(boot[1], DecodeNegotiationResponse);
    ExpectSame(boot[2], DecodeAttestationRequest);
    ExpectSame(boot[3], DecodeAttestationResponse);
  }
}

TEST_F(ProxyProtocolRecordedTest, RefusalsAreWrittenAlike) {
  for (const nlohmann::json& test : Recorded("aproxy/refusals-kbs-side.json")) {
    if (test.at("name") != "kbs-attest401" && test.at("name") != "kbs-res401") continue;
    ExpectSame(test.at("frames").back(), DecodeAttestationResponse);
  }
}

// What the recorded client announced first, and what our side of the proxy says to it.
TEST_F(ProxyProtocolRecordedTest, OddFirstFramesAreRefusedOrTaken) {
  const struct {
    const char* name;
    Status status;
  } kCases[] = {
      {"len-0", Status(Code::kMalformed, Source::kKbs)},
      {"len-1GiB", Status(Code::kOutOfRange, Source::kKbs, kMaxFrameBodySize)},
      {"len-64GiB", Status(Code::kOutOfRange, Source::kKbs, kMaxFrameBodySize)},
      {"len-2e63", Status(Code::kOutOfRange, Source::kKbs, kMaxFrameBodySize)},
      {"len-2e64-1", Status(Code::kOutOfRange, Source::kKbs, kMaxFrameBodySize)},
      {"len-bigendian", Status(Code::kOutOfRange, Source::kKbs, kMaxFrameBodySize)},
      {"json-garbage", Status(Code::kMalformed, Source::kKbs, 0)},
      {"json-extra-member", OkStatus()},
      {"json-trailing-space", OkStatus()},
      {"json-trailing", Status(Code::kMalformed, Source::kKbs, 32)},
      {"tee-unknown", Status(Code::kUnsupported, Source::kKbs, 30)},
  };
  const auto first_frame = [](ByteView frame) -> Status {
    SVSM_TRY(FrameBodySize(frame.first<kFrameHeaderSize>(), kMaxFrameBodySize).status());
    return DecodeNegotiationRequest(frame.subspan(kFrameHeaderSize)).status();
  };
  const nlohmann::json recorded = Recorded("aproxy/refusals-frames.json");
  for (const auto& c : kCases) {
    std::size_t found = 0;
    for (const nlohmann::json& test : recorded) {
      if (test.at("name") != c.name) continue;
      ++found;
      EXPECT_EQ(first_frame(Hex(test.at("frames")[0].at("hex"))), c.status) << c.name;
    }
    EXPECT_EQ(found, 1u) << c.name;
  }
}

}  // namespace
}  // namespace svsm::kbs
