#include "svsm/kbs/proxy_protocol.h"

#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/wire.h"
#include "svsm/kbs/base64.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

std::string B64(ByteView bytes) {
  ByteVector out(EncodedSize(Base64::kStandard, bytes.size()));
  EXPECT_THAT(EncodeBase64(Base64::kStandard, bytes, out), IsOk());
  return std::string(out.begin(), out.end());
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string Body(const Result<ByteView>& frame) {
  const ByteView body = frame->subspan(kFrameHeaderSize);
  return std::string(body.begin(), body.end());
}

class ProxyProtocolTest : public ::testing::Test {
 protected:
  template <typename Message>
  std::string Encoded(const Message& message) {
    const Result<ByteView> frame = EncodeFrame(message, frame_);
    EXPECT_THAT(frame, IsOk());
    EXPECT_THAT(FrameBodySize(ByteView(frame_).first<kFrameHeaderSize>(), kMaxFrameBodySize),
                IsOkAnd(::testing::Eq(frame->size() - kFrameHeaderSize)));
    return Body(frame);
  }
  Result<NegotiationResponse> Negotiated(std::string_view text) {
    text_ = text;
    return DecodeNegotiationResponse(AsBytes(text_), workspace_);
  }
  Result<AttestationRequest> Requested(std::string_view text) {
    text_ = text;
    return DecodeAttestationRequest(AsBytes(text_), workspace_);
  }
  Result<AttestationResponse> Answered(std::string_view text) {
    text_ = text;
    return DecodeAttestationResponse(AsBytes(text_), workspace_);
  }

  const ByteVector challenge_ = ByteVector(32, 0x5a);
  const ByteVector x_ = ByteVector(66, 0x11);
  const ByteVector y_ = ByteVector(66, 0x22);
  const ByteVector report_ = ByteVector(1184, 0x33);
  const ByteVector certificates_ = ByteVector(100, 0x44);
  const AttestationRequest request_ = {
      .report = report_, .certificates = certificates_, .challenge = challenge_, .key = {x_, y_}};
  const AttestationResponse response_ = {
      .success = true,
      .secret = ByteView(challenge_),
      .decryption = ProxyDecryption{.epk = {x_, y_},
                                    .wrapped_cek = ByteView(report_).first(40),
                                    .aad = certificates_,
                                    .iv = ByteView(report_).first(12),
                                    .tag = ByteView(report_).first(16)},
      .token = ProxyToken{.kind = ProxyToken::Kind::kCwt, .text = AsBytes("a.b.c")}};
  std::string text_;
  ByteVector frame_ = ByteVector(kFrameHeaderSize + kMaxFrameBodySize);
  ByteVector workspace_ = ByteVector(kMaxFrameBodySize);
};

TEST_F(ProxyProtocolTest, FramesAreLimitedBeforeAnythingElse) {
  const auto size_of = [](std::uint64_t size) {
    return FrameBodySize(wire::ToBytes(wire::Le64(size)), 1000);
  };
  EXPECT_THAT(size_of(1000), IsOkAnd(::testing::Eq(1000u)));
  EXPECT_THAT(size_of(0), Is(Code::kMalformed));
  EXPECT_THAT(size_of(1001), Is(Code::kOutOfRange, 1000));
  EXPECT_THAT(size_of(std::uint64_t{1} << 36), Is(Code::kOutOfRange, 1000));
  EXPECT_THAT(size_of(UINT64_MAX), Is(Code::kOutOfRange, 1000));
  // The size 31 in the wrong byte order.
  EXPECT_THAT(size_of(std::uint64_t{31} << 56), Is(Code::kOutOfRange, 1000));
}

TEST_F(ProxyProtocolTest, NegotiationRequest) {
  EXPECT_EQ(Encoded(NegotiationRequest{}), R"({"version":[0,1,0],"tee":"snp"})");
  EXPECT_THAT(ByteView(frame_).first(8), BytesAre("1f00000000000000"));
  const auto decode = [](std::string_view text) { return DecodeNegotiationRequest(AsBytes(text)); };
  const auto other = decode(R"({"tee":"snp","more":[{}],"version":[1,22,4294967295]})");
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->version, (ProtocolVersion{{1, 22, 4294967295}}));
  EXPECT_THAT(decode(R"({"version":[0,1,0],"tee":"tdx"})"), Is(Code::kUnsupported, 30));
  EXPECT_THAT(decode(R"({"version":[0,1],"tee":"snp"})"), Is(Code::kMalformed, 16));
  EXPECT_THAT(decode(R"({"version":[0,1,0,0],"tee":"snp"})"), Is(Code::kMalformed, 19));
  EXPECT_THAT(decode(R"({"version":[0,1,4294967296],"tee":"snp"})"), Is(Code::kMalformed, 26));
  EXPECT_THAT(decode(R"({"version":"0.1.0","tee":"snp"})"), Is(Code::kMalformed, 11));
  EXPECT_THAT(decode(R"({"version":[0,1,0]})"), Is(Code::kMalformed, 19));
  EXPECT_THAT(decode(R"({"tee":"snp"})"), Is(Code::kMalformed, 13));
  EXPECT_THAT(decode(R"([[0,1,0],"snp"])"), Is(Code::kMalformed, 0));
  EXPECT_THAT(decode(""), Is(Code::kTruncated, 0));
}

TEST_F(ProxyProtocolTest, NegotiationResponse) {
  NegotiationResponse message = {.challenge = challenge_};
  message.params = {BindingParam::kEcPublicKeyBytes, BindingParam::kChallenge};
  message.num_params = 2;
  const std::string text =
      R"({"challenge":")" + B64(challenge_) + R"(","params":["EcPublicKeyBytes","Challenge"]})";
  EXPECT_EQ(Encoded(message), text);
  SVSM_ASSERT_OK_AND_ASSIGN(const NegotiationResponse decoded, Negotiated(text));
  EXPECT_THAT(decoded.challenge, SameBytes(challenge_));
  EXPECT_EQ(decoded.num_params, 2u);
  EXPECT_EQ(decoded.params, message.params);
  EXPECT_THAT(Negotiated(Replaced(text, "Challenge\"]", "Report\"]")),
              Is(Code::kUnsupported, text.find("\"Challenge\"]") + 8));
  EXPECT_THAT(Negotiated(R"({"challenge":"","params":[]})"), Is(Code::kMalformed, 15));
  EXPECT_THAT(Negotiated(R"({"challenge":")" + B64(ByteVector(65)) + R"(","params":[]})"),
              Is(Code::kMalformed, 103));
  EXPECT_THAT(Negotiated(R"({"challenge":")" + B64(ByteVector(15)) + R"(","params":[]})"),
              Is(Code::kMalformed, 35));
  EXPECT_THAT(Negotiated(Replaced(text, "=", "")), Is(Code::kMalformed, 43));
  EXPECT_THAT(Negotiated(Replaced(text, "[", R"(["Challenge","Challenge","Challenge",)")),
              Is(Code::kMalformed, 136));
  EXPECT_THAT(Negotiated(Replaced(text, "challenge", "Challenge")),
              Is(Code::kMalformed, text.size()));
  EXPECT_THAT(DecodeNegotiationResponse(AsBytes(text), ByteSpan(workspace_).first(31)),
              Is(Code::kBufferTooSmall, 32));
}

TEST_F(ProxyProtocolTest, AttestationRequest) {
  const std::string text = Encoded(request_);
  EXPECT_EQ(text, R"({"tee":"snp","evidence":{"Snp":{"report":")" + B64(report_) +
                      R"(","certs_buf":")" + B64(certificates_) + R"("}},"challenge":")" +
                      B64(challenge_) + R"(","key":{"x":")" + B64(x_) + R"(","y":")" + B64(y_) +
                      R"("}})");
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationRequest decoded, Requested(text));
  EXPECT_THAT(decoded.report, SameBytes(report_));
  EXPECT_THAT(decoded.certificates, SameBytes(certificates_));
  EXPECT_THAT(decoded.challenge, SameBytes(challenge_));
  EXPECT_THAT(decoded.key.x, SameBytes(x_));
  EXPECT_THAT(decoded.key.y, SameBytes(y_));
  EXPECT_THAT(Requested(Replaced(text, "Snp", "Tdx")), Is(Code::kUnsupported, 31));
  EXPECT_THAT(Requested(Replaced(text, "\"snp\"", "\"sev\"")), Is(Code::kUnsupported, 12));
  EXPECT_THAT(Requested(Replaced(text, B64(report_), "")), Is(Code::kMalformed, 43));
  EXPECT_THAT(Requested(Replaced(text, B64(x_), B64(ByteVector(65)))).status().code(),
              Code::kMalformed);
  EXPECT_THAT(Requested(Replaced(text, "\"x\"", "\"z\"")), Is(Code::kMalformed, text.size() - 1));
  EXPECT_THAT(Requested(Replaced(text, "\"key\"", "\"tee\"")).status().code(), Code::kMalformed);
  for (std::size_t size = 0; size < text.size(); size += 7) {
    EXPECT_THAT(Requested(text.substr(0, size)), Is(Code::kTruncated, size));
  }
}

TEST_F(ProxyProtocolTest, CertificatesAreLeftOutWhereThereAreNone) {
  AttestationRequest request = request_;
  request.certificates = {};
  const std::string text = Encoded(request);
  EXPECT_EQ(text.find("certs_buf"), std::string::npos);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationRequest decoded, Requested(text));
  EXPECT_TRUE(decoded.certificates.empty());
}

TEST_F(ProxyProtocolTest, AttestationResponse) {
  const std::string text = Encoded(response_);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationResponse decoded, Answered(text));
  EXPECT_TRUE(decoded.success);
  EXPECT_THAT(*decoded.secret, SameBytes(challenge_));
  EXPECT_THAT(decoded.decryption->epk.x, SameBytes(x_));
  EXPECT_THAT(decoded.decryption->epk.y, SameBytes(y_));
  EXPECT_EQ(decoded.decryption->wrapped_cek.size(), 40u);
  EXPECT_THAT(decoded.decryption->aad, SameBytes(certificates_));
  EXPECT_EQ(decoded.decryption->iv.size(), 12u);
  EXPECT_EQ(decoded.decryption->tag.size(), 16u);
  EXPECT_EQ(decoded.token->kind, ProxyToken::Kind::kCwt);
  EXPECT_THAT(decoded.token->text, SameBytes(AsBytes("a.b.c")));
  EXPECT_THAT(Answered(Replaced(text, R"("Cwt":)", R"("Jwt":)")), IsOk());
  EXPECT_THAT(Answered(Replaced(text, R"("Cwt":)", R"("Ewt":)")).status().code(),
              Code::kUnsupported);
  EXPECT_THAT(Answered(Replaced(text, R"({"Cwt":)", R"({"Jwt":"","Cwt":)")).status().code(),
              Code::kMalformed);
  EXPECT_THAT(Answered(Replaced(text, R"("tag")", R"("tog")")).status().code(), Code::kMalformed);
  EXPECT_THAT(Answered(Replaced(text, "true", "1")), Is(Code::kMalformed, 11));
  EXPECT_THAT(Answered("{}"), Is(Code::kMalformed, 2));
}

TEST_F(ProxyProtocolTest, ARefusalIsThreeMembers) {
  EXPECT_EQ(Encoded(AttestationResponse{}), R"({"success":false,"decryption":null,"token":null})");
  SVSM_ASSERT_OK_AND_ASSIGN(
      const AttestationResponse decoded,
      Answered(R"({"success":false,"secret":null,"decryption":null,"token":null} )"));
  EXPECT_FALSE(decoded.success || decoded.secret || decoded.decryption || decoded.token);
}

TEST_F(ProxyProtocolTest, EncodersRefuseWhatDecodersWould) {
  AttestationRequest request = request_;
  request.key.y = ByteView(y_).first(65);
  EXPECT_THAT(EncodeFrame(request, frame_), Is(Code::kInvalidArgument, kProxyCoordinateSize));
  request = request_;
  request.challenge = ByteView(challenge_).first(15);
  EXPECT_THAT(EncodeFrame(request, frame_), Is(Code::kInvalidArgument, kMaxChallengeSize));
  request = request_;
  request.report = {};
  EXPECT_THAT(EncodeFrame(request, frame_), Is(Code::kInvalidArgument, kMaxReportSize));
  const ByteVector large(kMaxFrameBodySize);
  request.report = ByteView(large).first(kMaxReportSize + 1);
  EXPECT_THAT(EncodeFrame(request, frame_), Is(Code::kInvalidArgument, kMaxReportSize));
  request = request_;
  request.certificates = ByteView(large).first(kMaxCertificatesSize + 1);
  EXPECT_THAT(EncodeFrame(request, frame_), Is(Code::kInvalidArgument, kMaxCertificatesSize));
  NegotiationResponse negotiation = {.challenge = {}};
  EXPECT_THAT(EncodeFrame(negotiation, frame_), Is(Code::kInvalidArgument, kMaxChallengeSize));
  negotiation.challenge = challenge_;
  negotiation.num_params = kMaxBindingParams + 1;
  EXPECT_THAT(EncodeFrame(negotiation, frame_), Is(Code::kInvalidArgument, kMaxBindingParams));
  AttestationResponse response = response_;
  response.token->text = AsBytes("\"");
  EXPECT_THAT(EncodeFrame(response, frame_), Is(Code::kInvalidArgument));
  response = response_;
  response.decryption->epk.x = {};
  EXPECT_THAT(EncodeFrame(response, frame_), Is(Code::kInvalidArgument, kProxyCoordinateSize));
  response = response_;
  response.secret = large;
  ByteVector larger(2 * kMaxFrameBodySize);
  EXPECT_THAT(EncodeFrame(response, larger), Is(Code::kInvalidArgument, kMaxFrameBodySize));
}

TEST_F(ProxyProtocolTest, EncodersSayWhatTheyNeed) {
  Bytes<38> out{};
  EXPECT_THAT(EncodeFrame(NegotiationRequest{}, out), Is(Code::kBufferTooSmall, 39));
  EXPECT_THAT(EncodeFrame(NegotiationRequest{}, {}), Is(Code::kBufferTooSmall, 39));
}

}  // namespace
}  // namespace svsm::kbs
