#include "svsm/protocol/result_code.h"

#include "svsm/testing/matchers.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsStatus;

TEST(ResultCode, HasTheNumbersOfTheSpecification) {
  EXPECT_EQ(ToU32(ResultCode::kIncomplete), 0x80000000u);
  EXPECT_EQ(ToU32(ResultCode::kUnsupportedProtocol), 0x80000001u);
  EXPECT_EQ(ToU32(ResultCode::kUnsupportedCall), 0x80000002u);
  EXPECT_EQ(ToU32(ResultCode::kInvalidAddress), 0x80000003u);
  EXPECT_EQ(ToU32(ResultCode::kInvalidFormat), 0x80000004u);
  EXPECT_EQ(ToU32(ResultCode::kInvalidParameter), 0x80000005u);
  EXPECT_EQ(ToU32(ResultCode::kInvalidRequest), 0x80000006u);
  EXPECT_EQ(ToU32(ResultCode::kBusy), 0x80000007u);
  EXPECT_EQ(ToU32(ResultCode::kPvalidateUnchanged), 0x80001010u);
}

TEST(ResultCode, KnowsTheRangesOfSuccess) {
  EXPECT_TRUE(IsSuccess(ResultCode::kSuccess));
  EXPECT_FALSE(IsSuccess(static_cast<ResultCode>(0xFFF)));
  EXPECT_TRUE(IsSuccess(static_cast<ResultCode>(0x1000)));
  EXPECT_TRUE(IsSuccess(static_cast<ResultCode>(0x3FFFFFFF)));
  EXPECT_FALSE(IsSuccess(static_cast<ResultCode>(0x40000000)));
  EXPECT_FALSE(IsSuccess(ResultCode::kIncomplete));
}

TEST(ResultCode, AsksForPages) {
  const ResultCode code = NeedPages(5);
  EXPECT_EQ(ToU32(code), 0x40000005u);
  EXPECT_TRUE(NeedsMemory(code));
  EXPECT_EQ(PagesNeeded(code), 5u);
  EXPECT_FALSE(NeedsMemory(ResultCode::kBusy));
  EXPECT_FALSE(NeedsMemory(ResultCode::kSuccess));
  EXPECT_THAT(StatusOf(code), IsStatus(Code::kOutOfMemory, Source::kProtocol, 0x40000005));
}

TEST(ResultCode, OfInstructions) {
  EXPECT_EQ(InstructionFailure(3), ResultCode::kVcpuInUse);
  EXPECT_EQ(InstructionFailure(6), ResultCode::kSizeMismatch);
  EXPECT_EQ(ToU32(InstructionFailure(0xF)), 0x8000100Fu);
  EXPECT_EQ(ToU32(InstructionFailure(0x10)), 0x80001011u);
  EXPECT_EQ(ToU32(InstructionFailure(0xFFFFFFFF)), 0x80001011u);
}

TEST(ResultCode, BecomesAStatus) {
  EXPECT_THAT(StatusOf(ResultCode::kSuccess), IsOk());
  EXPECT_THAT(StatusOf(static_cast<ResultCode>(0x1000)), IsOk());
  EXPECT_THAT(StatusOf(ResultCode::kIncomplete),
              IsStatus(Code::kExhausted, Source::kProtocol, 0x80000000));
  EXPECT_THAT(StatusOf(ResultCode::kUnsupportedProtocol),
              IsStatus(Code::kUnsupported, Source::kProtocol, 0x80000001));
  EXPECT_THAT(StatusOf(ResultCode::kUnsupportedCall),
              IsStatus(Code::kUnsupported, Source::kProtocol, 0x80000002));
  for (const std::uint32_t code : {0x80000003u, 0x80000004u, 0x80000005u, 0x80000006u}) {
    EXPECT_THAT(StatusOf(static_cast<ResultCode>(code)),
                IsStatus(Code::kInvalidArgument, Source::kProtocol, code));
  }
  EXPECT_THAT(StatusOf(ResultCode::kBusy), IsStatus(Code::kBusy, Source::kProtocol, 0x80000007));
  EXPECT_THAT(StatusOf(ResultCode::kAttestationFailed),
              IsStatus(Code::kPermissionDenied, Source::kProtocol, 0x80001000));
  // Neither a success nor an error of the specification.
  EXPECT_THAT(StatusOf(static_cast<ResultCode>(1)),
              IsStatus(Code::kPermissionDenied, Source::kProtocol, 1));
}

}  // namespace
}  // namespace svsm::protocol
