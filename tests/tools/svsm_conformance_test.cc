// The program svsm-conformance, run as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::ProgramRun;
using ::testing::StartsWith;

class SvsmConformanceTest : public testing::ProgramTest {
 protected:
  ProgramRun Conformance(const std::vector<std::string>& arguments) const {
    return Run("svsm-conformance", arguments);
  }
};

TEST_F(SvsmConformanceTest, OursPasses) {
  const ProgramRun run = Conformance({});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, StartsWith("passed  apic/query-features\n"));
  EXPECT_THAT(run.out, ContainsRegex("\n2[0-9][0-9] passed, 0 failed, 0 differ, [0-9]+ skipped\n"));
  EXPECT_EQ(Conformance({"--strict"}).exit_code, 0);
}

TEST_F(SvsmConformanceTest, ListsAndFilters) {
  const ProgramRun all = Conformance({"--list"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_GT(std::count(all.out.begin(), all.out.end(), '\n'), 200);
  const ProgramRun some = Conformance({"--filter", "vtpm/buffer-*"});
  EXPECT_THAT(some.out, StartsWith("passed  vtpm/buffer-null\n"));
  EXPECT_THAT(some.out, EndsWith("5 passed, 0 failed, 0 differ, 0 skipped\n"));
  const ProgramRun none = Conformance({"--filter", "nothing"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_EQ(none.err, "svsm-conformance: no case matches\n");
}

TEST_F(SvsmConformanceTest, PrintsJson) {
  const ProgramRun run = Conformance({"--json", "--filter", "core/remap-ca/*"});
  EXPECT_EQ(run.exit_code, 0);
  const nlohmann::json file = nlohmann::json::parse(run.out);
  EXPECT_EQ(file.at("version"), 1);
  EXPECT_EQ(file.at("failed"), 0);
  EXPECT_EQ(file.at("passed"), file.at("cases").size());
  EXPECT_EQ(file.at("cases").at(0).at("verdict"), "passed");
}

TEST_F(SvsmConformanceTest, TestsAnSvsmBehindAnAdapter) {
  const std::string adapter = std::string(SVSM_BIN_DIR) + "/conformance_adapter";
  const ProgramRun run = Conformance({"--exec", adapter});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr("passed  core/query-protocol/core\n"));
  EXPECT_THAT(run.out, HasSubstr("passed  core/remap-ca/moves\n"));
  EXPECT_THAT(run.out, HasSubstr("skipped vtpm/query: protocol 2 version 1 is not offered\n"));
  EXPECT_THAT(run.out, HasSubstr("FAILED  core/pvalidate/invalidates: step 1: RAX is 0x80000002"));
  EXPECT_THAT(run.out, HasSubstr("differs core/call-pending/2-is-refused"));
  const ProgramRun part = Conformance({"--filter", "core/*-protocol*", "--exec", adapter});
  EXPECT_EQ(part.exit_code, 0) << part.out;
}

TEST_F(SvsmConformanceTest, RefusesWhatItCannotUse) {
  const ProgramRun adapter = Conformance({"--exec", "/no/such/adapter"});
  EXPECT_EQ(adapter.exit_code, 2);
  EXPECT_THAT(adapter.err, HasSubstr("/no/such/adapter: does not answer"));
  const ProgramRun vectors = Conformance({"--vectors", Path("none")});
  EXPECT_EQ(vectors.exit_code, 2);
  EXPECT_THAT(vectors.err, HasSubstr(Path("none")));
  EXPECT_EQ(Conformance({"--what"}).exit_code, 2);
}

}  // namespace
}  // namespace svsm
