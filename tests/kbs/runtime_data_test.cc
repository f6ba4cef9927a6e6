#include "svsm/kbs/runtime_data.h"

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

const std::string kNonce = "MDEyMzQ1Njc4OWFiY2RlZg==";

TeeKey EcKey() {
  static constexpr auto kAlg = Ascii("ECDH-ES+A256KW");
  static constexpr auto kCrv = Ascii("P-256");
  static constexpr auto kX = Ascii("AAAA");
  static constexpr auto kY = Ascii("BBBB");
  return {.alg = kAlg, .crv = kCrv, .x = kX, .y = kY, .n = {}, .e = {}};
}

TEST(RuntimeDataTest, MembersAreSorted) {
  Bytes<512> out{};
  EXPECT_THAT(
      EncodeRuntimeData({.nonce = AsBytes(kNonce), .key = EcKey()}, out),
      IsOkAnd(SameBytes(AsBytes(R"({"additional-evidence":"","nonce":"MDEyMzQ1Njc4OWFiY2RlZg==",)"
                                R"("tee-pubkey":{"alg":"ECDH-ES+A256KW","crv":"P-256","kty":"EC",)"
                                R"("x":"AAAA","y":"BBBB"}})"))));
  const TeeKey rsa = {.type = TeeKey::Type::kRsa,
                      .alg = AsBytes("RSA-OAEP-256"),
                      .crv = {},
                      .x = {},
                      .y = {},
                      .n = AsBytes("AAAA"),
                      .e = AsBytes("AQAB")};
  EXPECT_THAT(EncodeRuntimeData({.nonce = AsBytes(kNonce),
                                 .key = rsa,
                                 .additional_evidence = AsBytes("{\"a\":\n\x01\xc3\xa9}")},
                                out),
              IsOkAnd(SameBytes(AsBytes(
                  "{\"additional-evidence\":\"{\\\"a\\\":\\n\\u0001\xc3\xa9}\","
                  "\"nonce\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"tee-pubkey\":{\"alg\":\"RSA-OAEP-256\","
                  "\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"AAAA\"}}"))));
}

TEST(RuntimeDataTest, OnlyPlainBase64IsANonce) {
  Bytes<512> out{};
  const auto with = [&](const std::string& nonce) {
    return EncodeRuntimeData({.nonce = AsBytes(nonce), .key = EcKey()}, out).status();
  };
  for (const std::string nonce :
       {"", "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2Rl",
        "MDEyMzQ1Njc4OWFiY2RlZ\"==", "MDEyMzQ1Njc4OWFiY2RlZ_==", "\",\"tee-pubkey\":{}}0000"}) {
    EXPECT_EQ(with(nonce).code(), Code::kMalformed) << nonce;
  }
  EXPECT_EQ(with(std::string(92, 'A')).code(), Code::kMalformed);
}

TEST(RuntimeDataTest, NamesTheSizeThatItNeedsAndRefusesEscapesInKeys) {
  Bytes<512> out{};
  TeeKey key = EcKey();
  const auto text = EncodeRuntimeData({.nonce = AsBytes(kNonce), .key = key}, out);
  ASSERT_THAT(text, testing::IsOk());
  EXPECT_THAT(EncodeRuntimeData({.nonce = AsBytes(kNonce), .key = key}, {}),
              IsStatus(Code::kBufferTooSmall, Source::kKbs, text->size()));
  key.x = AsBytes("A\"A");
  EXPECT_THAT(EncodeRuntimeData({.nonce = AsBytes(kNonce), .key = key}, out),
              IsStatus(Code::kInvalidArgument, Source::kKbs));
}

}  // namespace
}  // namespace svsm::kbs
