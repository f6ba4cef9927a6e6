#include "svsm/snp/launch_problem.h"

#include <set>
#include <string>

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsStatus;

TEST(LaunchProblemTest, EachHasALineOfItsOwn) {
  constexpr auto kLast = static_cast<std::uint32_t>(LaunchProblem::kIgvmContexts);
  std::set<std::string> lines;
  for (std::uint32_t detail = 0; detail <= kLast; ++detail) {
    const std::string line = LaunchProblemText(detail);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(lines.insert(line).second) << line;
  }
  EXPECT_STREQ(LaunchProblemText(kLast + 1), "unknown problem");
  EXPECT_STREQ(LaunchProblemText(~0u), "unknown problem");
}

TEST(LaunchProblemTest, TravelsAsDetail) {
  EXPECT_THAT(LaunchMalformed(LaunchProblem::kImageSize),
              IsStatus(Code::kMalformed, Source::kSnp, 1));
  EXPECT_THAT(LaunchUnsupported(LaunchProblem::kImageSize),
              IsStatus(Code::kUnsupported, Source::kSnp, 1));
}

}  // namespace
}  // namespace svsm::snp
