#include "svsm/vtpm/responses.h"

#include <gtest/gtest.h>

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

// A response with this tag ("8001" or "8002") and these bytes behind the code 0.
ByteVector Response(const std::string& tag, const std::string& body) {
  char size[9];
  (void)std::snprintf(size, sizeof(size), "%08x", static_cast<unsigned>(10 + body.size() / 2));
  return *FromHex(tag + size + "00000000" + body);
}

const char kNoSession[] = "0000010000";  // nonce, attributes, acknowledgement

TEST(ResponsesTest, ATpmsErrorIsAStatus) {
  const Bytes<10> error = ErrorResponse(0x18B);
  const Status expected(Code::kFailedPrecondition, Source::kVtpm, 0x18B);
  EXPECT_EQ(CheckResponse(error), expected);
  EXPECT_EQ(ParseGetPcrBanks(error).status(), expected);
  EXPECT_EQ(ParsePcrAllocate(error).status(), expected);
  EXPECT_EQ(ParseGetNvBufferMax(error).status(), expected);
  EXPECT_EQ(ParseCreatePrimary(error).status(), expected);
  EXPECT_EQ(ParseCreateLoaded(error).status(), expected);
  EXPECT_EQ(ParseReadPublic(error).status(), expected);
  EXPECT_EQ(ParseNvReadPublic(error).status(), expected);
  EXPECT_EQ(ParseNvRead(error).status(), expected);
  EXPECT_EQ(ParsePcrEvent(error).status(), expected);
  EXPECT_EQ(ParseQuoteResponse(error).status(), expected);
  EXPECT_EQ(ParseGetRandom(error).status(), expected);
}

TEST(ResponsesTest, TheHeaderMustBeOne) {
  const ByteVector good = Response("8001", "");
  EXPECT_THAT(CheckResponse(good), IsOk());
  EXPECT_THAT(CheckResponse(ByteView(good).first(9)), IsStatus(Code::kMalformed, Source::kCore, 6));
  EXPECT_THAT(CheckResponse(ByteView(good).first(5)), IsStatus(Code::kTruncated, Source::kCore, 2));
  ByteVector tag = good;
  tag[1] = 3;
  EXPECT_THAT(CheckResponse(tag), IsStatus(Code::kMalformed, Source::kCore, 2));
}

TEST(ResponsesTest, PcrBanks) {
  EXPECT_THAT(ParseGetPcrBanks(Response("8001",
                                        "00"
                                        "00000005"
                                        "00000003"
                                        "000403000000"
                                        "000b03ffffff"
                                        "001203ffffff")),  // SM3
              IsOkAnd(kPcrBankSha256));
  EXPECT_THAT(ParseGetPcrBanks(Response("8001", "000000000600000000")),
              IsStatus(Code::kMalformed, Source::kCore, 15));
  EXPECT_EQ(ParseGetPcrBanks(Response("8001", "0000000005ffffffff")).status().code(),
            Code::kTruncated);
  EXPECT_EQ(ParseGetPcrBanks(Response("8001", "00000000050000000011")).status().code(),
            Code::kMalformed);
}

TEST(ResponsesTest, PcrAllocate) {
  const std::string numbers = "000000180000000000000000";
  EXPECT_THAT(ParsePcrAllocate(Response("8002", "0000000d01" + numbers + kNoSession)),
              IsOkAnd(true));
  EXPECT_THAT(ParsePcrAllocate(Response("8002", "0000000d00" + numbers + kNoSession)),
              IsOkAnd(false));
  EXPECT_EQ(ParsePcrAllocate(Response("8002", "0000000d01" + numbers)).status().code(),
            Code::kTruncated);
}

TEST(ResponsesTest, NvBufferMax) {
  EXPECT_THAT(ParseGetNvBufferMax(Response("8001", "0000000006000000010000012c00000400")),
              IsOkAnd(1024u));
  // Another property, as a TPM answers that has not the one asked for.
  EXPECT_EQ(
      ParseGetNvBufferMax(Response("8001", "0000000006000000010000012d00000400")).status().code(),
      Code::kMalformed);
  EXPECT_EQ(ParseGetNvBufferMax(Response("8001", "000000000600000000")).status().code(),
            Code::kMalformed);
}

TEST(ResponsesTest, CreateLoaded) {
  const std::string parameters =
      "0002dead"    // private
      "0003aabbcc"  // public
      "000155";     // name
  const ByteVector whole = Response("8002", "800000010000000c" + parameters + kNoSession);
  SVSM_ASSERT_OK_AND_ASSIGN(const CreateLoadedResponse made, ParseCreateLoaded(whole));
  EXPECT_EQ(made.handle, 0x80000001u);
  EXPECT_THAT(made.tpm2b_private, BytesAre("0002dead"));
  EXPECT_THAT(made.tpm2b_public, BytesAre("0003aabbcc"));
  EXPECT_EQ(ParseCreateLoaded(Response("8002", "800000010000000d" + parameters + "99" + kNoSession))
                .status()
                .code(),
            Code::kMalformed);
}

TEST(ResponsesTest, CreatePrimary) {
  const std::string parameters =
      "0003aabbcc"  // public
      "000111"      // creation data
      "000122"      // creation hash
      "80214000000b000133"
      "000155";  // name
  const ByteVector whole = Response("8002", "8000000100000017" + parameters + kNoSession);
  SVSM_ASSERT_OK_AND_ASSIGN(const CreatePrimaryResponse made, ParseCreatePrimary(whole));
  EXPECT_EQ(made.handle, 0x80000001u);
  EXPECT_THAT(made.tpm2b_public, BytesAre("0003aabbcc"));
  // Bytes left over inside the parameters, and behind the session.
  EXPECT_EQ(
      ParseCreatePrimary(Response("8002", "8000000100000018" + parameters + "99" + kNoSession))
          .status()
          .code(),
      Code::kMalformed);
  EXPECT_EQ(
      ParseCreatePrimary(Response("8002", "8000000100000017" + parameters + kNoSession + "77"))
          .status()
          .code(),
      Code::kMalformed);
}

TEST(ResponsesTest, ReadPublic) {
  const ByteVector whole = Response("8001", "0002abcd000211120003212223");
  SVSM_ASSERT_OK_AND_ASSIGN(const ReadPublicResponse read, ParseReadPublic(whole));
  EXPECT_THAT(read.tpm2b_public, BytesAre("0002abcd"));
  EXPECT_THAT(read.name, BytesAre("1112"));
  EXPECT_THAT(read.qualified_name, BytesAre("212223"));
  EXPECT_THAT(ParseReadPublic(Response("8001", "0002abcd000211120004212223")),
              IsStatus(Code::kTruncated, Source::kCore, 20));
}

TEST(ResponsesTest, NvPublic) {
  SVSM_ASSERT_OK_AND_ASSIGN(
      const NvPublic nv,
      ParseNvReadPublic(Response("8001", "000e01c00002000b62074001000004a0000155")));
  EXPECT_EQ(nv.index, 0x01C00002u);
  EXPECT_EQ(nv.name_alg, evidence::TpmAlg::kSha256);
  EXPECT_EQ(nv.attributes, 0x62074001u);
  EXPECT_EQ(nv.data_size, 1184);
  EXPECT_THAT(ParseNvReadPublic(Response("8001", "001001c00002000b620740010002aabb04a0000155")),
              IsStatus(Code::kUnsupported, Source::kVtpm, 2));
  EXPECT_EQ(ParseNvReadPublic(Response("8001", "000f01c00002000b62074001000004a000000155"))
                .status()
                .code(),
            Code::kMalformed);
}

TEST(ResponsesTest, DataOfSessions) {
  EXPECT_THAT(ParseNvRead(Response("8002", std::string("000000050003010203") + kNoSession)),
              IsOkAnd(BytesAre("010203")));
  EXPECT_THAT(ParsePcrEvent(Response("8002", std::string("0000000400000000") + kNoSession)),
              IsOkAnd(BytesAre("00000000")));
  const ByteVector quoted = Response("8002", std::string("000000070002aabb180b01") + kNoSession);
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteResponse quote, ParseQuoteResponse(quoted));
  EXPECT_THAT(quote.attest, BytesAre("aabb"));
  EXPECT_THAT(quote.signature, BytesAre("180b01"));
  EXPECT_THAT(ParseGetRandom(Response("8001", "00021234")), IsOkAnd(BytesAre("1234")));
  EXPECT_EQ(
      ParseNvRead(Response("8002", std::string("000000040003010203") + kNoSession)).status().code(),
      Code::kTruncated);
}

}  // namespace
}  // namespace svsm::vtpm
