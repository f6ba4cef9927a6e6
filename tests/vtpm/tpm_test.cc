#include "svsm/vtpm/tpm.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using testing::BytesAre;
using testing::IsOkAnd;
using testing::IsStatus;

TEST(TpmTest, ErrorResponseIsAHeader) {
  EXPECT_THAT(ErrorResponse(kTpmRcFailure), BytesAre("80010000000a00000101"));
  EXPECT_THAT(ResponseCode(ErrorResponse(0x922)), IsOkAnd(0x922u));
}

TEST(TpmTest, ResponseCodeWantsAWholeHeader) {
  const Bytes<10> whole = ErrorResponse(kTpmRcSuccess);
  EXPECT_THAT(ResponseCode(ByteView(whole).first(9)),
              IsStatus(Code::kTruncated, Source::kVtpm, 10));
  Bytes<11> longer{};
  Copy(longer, whole);
  EXPECT_THAT(ResponseCode(longer), IsStatus(Code::kMalformed, Source::kVtpm, 2));
  Bytes<10> tag = whole;
  tag[0] = 0;
  EXPECT_THAT(ResponseCode(tag), IsStatus(Code::kMalformed, Source::kVtpm, 0));
  Bytes<10> sessions = whole;
  sessions[1] = 2;
  EXPECT_THAT(ResponseCode(sessions), IsOkAnd(0u));
}

TEST(TpmTest, BanksAreOneBitEach) {
  PcrBanks all = 0;
  for (const PcrBank& bank : kPcrBanks) {
    EXPECT_EQ(all & bank.bit, 0);
    all |= bank.bit;
  }
  EXPECT_EQ(all, kAllPcrBanks);
}

}  // namespace
}  // namespace svsm::vtpm
