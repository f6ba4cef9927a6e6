#include "tools/common/image_refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/vtpm/persistent.h"

namespace svsm::tool {
namespace {

using cocoonfs::Refusal;
using ::testing::HasSubstr;

TEST(ImageRefusalTest, NamesTheReasonAndTheStatus) {
  const Status status(Code::kAuthFailed, Source::kCocoonfs);
  const ImageRefusal refusal = Refuse(Refusal::kWrongKey, status);
  EXPECT_EQ(refusal.reason, Refusal::kWrongKey);
  EXPECT_EQ(refusal.status, status);
  EXPECT_EQ(refusal.text, std::string(cocoonfs::RefusalName(Refusal::kWrongKey)) + ": " +
                              cocoonfs::RefusalText(Refusal::kWrongKey) +
                              " (AuthFailed (Cocoonfs, detail 0))");
  EXPECT_EQ(Refuse(Refusal::kNoKey, OkStatus()).text,
            std::string(cocoonfs::RefusalName(Refusal::kNoKey)) + ": " +
                cocoonfs::RefusalText(Refusal::kNoKey));
}

TEST(ImageRefusalTest, ExplainsWhatATpmsFilesSay) {
  const struct {
    Status status;
    Refusal reason;
    const char* text;
  } cases[] = {
      {Status(Code::kAlreadyExists, Source::kCaller), Refusal::kOtherImage, "another engine's TPM"},
      {Status(Code::kUnsupported, Source::kVtpm, 1), Refusal::kUnsupported, "engine or version"},
      {Status(Code::kDataLoss, Source::kVtpm, vtpm::kStateGone), Refusal::kTampered,
       "its state is gone"},
      {Status(Code::kFailedPrecondition, Source::kVtpm, vtpm::kStateWithoutMarker),
       Refusal::kOtherImage, "nobody finished"},
      {Status(Code::kDataLoss, Source::kVtpm, vtpm::kMarkerUnreadable), Refusal::kTampered,
       "not a TPM's state"},
  };
  for (const auto& row : cases) {
    const ImageRefusal refusal = ExplainStart(row.status);
    EXPECT_EQ(refusal.reason, row.reason) << row.text;
    EXPECT_THAT(refusal.text, HasSubstr(row.text));
    EXPECT_EQ(refusal.status, row.status);
  }
}

}  // namespace
}  // namespace svsm::tool
