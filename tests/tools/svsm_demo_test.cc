// The main job, whole: the story of two boots with unmodified tpm2-tools, and every attack with the
// reason for which it is refused. The program itself ends at the first thing that is not so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using testing::ProgramRun;

class SvsmDemoTest : public testing::ProgramTest {};

TEST_F(SvsmDemoTest, ProvesTheVtpmAndRefusesEveryAttack) {
  if (std::system("tpm2_quote --version > /dev/null 2>&1") != 0 ||
      std::system("xxd --version > /dev/null 2>&1") != 0 ||
      std::system("PATH=$PATH:/usr/sbin cryptsetup --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "tpm2-tools, xxd or cryptsetup is not installed";
  }
  const ProgramRun run = Run("svsm-demo", {"--folder", Path("play")});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("the AK lives in the TPM of this EK"));
  EXPECT_THAT(run.out, HasSubstr("fresh: the evidence answers the nonce"));
  EXPECT_THAT(run.out, HasSubstr("not fresh: a report from NV alone"));
  EXPECT_THAT(run.out, HasSubstr("a policy check failed"));
  EXPECT_THAT(run.out, HasSubstr("the disk was made with the key of the grant"));
  EXPECT_THAT(run.out, HasSubstr("the disk was opened with the key of the grant"));
  EXPECT_THAT(run.out, HasSubstr("broker: ECDSA P-384"));
  EXPECT_THAT(run.out, HasSubstr("the disk opens"));
  EXPECT_THAT(run.out, HasSubstr("the same EK, the same counter"));
  for (const char* refusal : {"refused: ek-binding: ",
                              "refused: report-signature: ",
                              "refused: measurement: ",
                              "refused: report-data: ",
                              "refused: vmpl: found 1, wanted 0",
                              "refused: vmpl: found 2, wanted 0",
                              "refused: vmpl: found 3, wanted 0",
                              "refused: ek-template: ",
                              "refused: quote-signature: ",
                              "refused: TPM_RC_NV_LOCKED",
                              "the EKs of two boots still differ",
                              "refused: AuthFailed",
                              "refused: by the broker: report-data: ",
                              "refused: by the broker: measurement: ",
                              "refused: by the broker: vmpl: found 1, wanted 0",
                              "by the SVSM: Unsupported (Kbs, detail 1)",
                              "by the SVSM: PermissionDenied (Kbs, detail 2)",
                              "by the SVSM: PermissionDenied (Kbs, detail 3)",
                              "by the SVSM: OutOfRange (Kbs, detail 32768)",
                              "by the SVSM: AuthFailed (Cocoonfs, "}) {
    EXPECT_THAT(run.out, HasSubstr(refusal));
  }
  EXPECT_THAT(run.out, HasSubstr("used, and found again; 34 attacks, all refused."));
}

}  // namespace
}  // namespace svsm
