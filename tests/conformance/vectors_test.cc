#include "svsm/conformance/vectors.h"

#include <filesystem>
#include <set>

#include "svsm/testing/matchers.h"
#include "tests/conformance/published.h"

namespace svsm::conformance {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;

Result<std::vector<Case>> Loaded(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/cases.json";
  EXPECT_THAT(WriteFileAtomically(path, AsBytes(text), FileMode::kPrivate), IsOk());
  return LoadCases(path);
}

// A file with these cases.
Result<std::vector<Case>> Listed(const std::string& cases) {
  return Loaded(R"({"version": 1, "kind": "calls", "source": "", "cases": [)" + cases + "]}");
}
const char kGood[] =
    R"({"name": "n", "steps": [{"call": {"rax": "0x6"}, "expect": {"rax": ["0x0"]}}]})";

TEST(VectorsTest, LoadsWhatIsPublished) {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(svsm::testing::PublishedPath("calls"))) {
    if (entry.path().extension() != ".json") continue;
    SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<Case> cases, LoadCases(entry.path()));
    for (const Case& one : cases) EXPECT_TRUE(names.insert(one.name).second) << one.name;
  }
  EXPECT_GE(names.size(), 200u);
}

TEST(VectorsTest, ReadsEachMember) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<Case> cases,
                            Listed(std::string(kGood) + R"(, {"name": "all", "level": "should",
        "needs": [{"protocol": 2, "version": 1}, {"protocol": 0, "without_version": 2}],
        "not_offered": ["0x80000002"],
        "steps": [
          {"write": [{"at": "free", "bytes": "0102"}, {"at": "free+0x8", "u16": "svsm"}],
           "call": {"vmsa": "a", "area": "b", "pending": 2, "rax": "0x1", "r9": "0x9"},
           "expect": {"rax": ["0x0", "0x1"], "r8": "0x7", "save": {"rcx": "size"},
             "memory": [{"at": "free", "zero": 3}, {"at": "svsm", "access": false},
                        {"at": "free", "access": true}, {"at": "free", "u64": "0x1"}],
             "checks": [{"bounds": {"value": "size", "min": "0x1", "max": 2}}]}},
          {"call": {"rax": "0x3"}, "expect": {"gone": true}}]})"));
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].level, Level::kMust);
  EXPECT_EQ(cases[0].steps[0].call.vmsa, "vmsa");
  const Case& one = cases[1];
  EXPECT_EQ(one.level, Level::kShould);
  EXPECT_EQ(one.needs[0].version, 1u);
  EXPECT_EQ(one.needs[1].without_version, 2u);
  const Step& step = one.steps[0];
  EXPECT_EQ(step.writes[0].bytes, (ByteVector{1, 2}));
  EXPECT_EQ(step.writes[1].bytes.size(), 2u);
  EXPECT_EQ(step.writes[1].value, "svsm");
  EXPECT_EQ(step.call.pending, 2);
  EXPECT_EQ(step.call.registers, (std::array<Expression, 5>{"0x1", "0x0", "0x0", "0x0", "0x9"}));
  EXPECT_EQ(step.expected.rax.size(), 2u);
  EXPECT_EQ(step.expected.registers, (std::array<Expression, 4>{"", "", "0x7", ""}));
  EXPECT_EQ(step.expected.saved[0].second, "size");
  EXPECT_EQ(step.expected.memory[0].placed.bytes, ByteVector(3));
  EXPECT_EQ(step.expected.memory[1].kind, ExpectedMemory::Kind::kNoAccess);
  EXPECT_EQ(step.expected.memory[2].kind, ExpectedMemory::Kind::kAccess);
  EXPECT_EQ(step.expected.memory[3].placed.bytes.size(), 8u);
  EXPECT_EQ(step.expected.checks[0].arguments.at("max"), "0x02");
  EXPECT_TRUE(one.steps[1].expected.gone);
}

TEST(VectorsTest, RefusesOtherFiles) {
  EXPECT_THAT(LoadCases(::testing::TempDir() + "/none"),
              IsStatus(Code::kNotFound, Source::kSystem, 2));
  const auto other = [](std::uint32_t version) {
    return IsStatus(Code::kUnsupported, Source::kProtocol, version);
  };
  EXPECT_THAT(Loaded(R"({"version": 2, "kind": "calls", "cases": []})"), other(2));
  EXPECT_THAT(Loaded(R"({"version": 1, "kind": "report-data", "cases": []})"), other(0));
  const auto malformed = IsStatus(Code::kMalformed, Source::kProtocol, 0);
  EXPECT_THAT(Loaded(""), malformed);
  EXPECT_THAT(Loaded("{"), malformed);
  EXPECT_THAT(Loaded("[]"), malformed);
  EXPECT_THAT(Loaded(R"({"version": 1, "cases": []})"), malformed);
  EXPECT_THAT(Loaded(R"({"version": "1", "kind": "calls", "cases": []})"), malformed);
  EXPECT_THAT(Loaded(R"({"version": 1, "kind": "calls", "cases": {}})"), malformed);
  EXPECT_THAT(Loaded(R"({"version": 1, "kind": "calls"})"), malformed);
}

TEST(VectorsTest, SaysWhichCaseIsMalformed) {
  const std::string step = R"({"call": {"rax": "0x6"}, "expect": {"rax": ["0x0"]}})";
  const auto with_step = [](const std::string& text) {
    return R"({"name": "n", "steps": [)" + text + "]}";
  };
  const auto with_memory = [&](const std::string& text) {
    return with_step(R"({"call": {"rax": "0x6"}, "expect": {"rax": ["0x0"], "memory": [)" + text +
                     "]}}");
  };
  for (const std::string& bad :
       {std::string("7"),
        std::string("{}"),
        std::string(R"({"name": "n", "steps": []})"),
        R"({"steps": [)" + step + "]}",
        R"({"name": 1, "steps": [)" + step + "]}",
        R"({"name": "n", "level": "may", "steps": [)" + step + "]}",
        R"({"name": "n", "other": 1, "steps": [)" + step + "]}",
        R"({"name": "n", "needs": [{"version": 1}], "steps": [)" + step + "]}",
        with_step("{}"),
        with_step(R"({"call": {"rax": "0x6"}, "expect": {}})"),
        with_step(R"({"call": {}, "expect": {"rax": ["0x0"]}})"),
        with_step(R"({"call": {"rax": "0x6"}, "expect": {"rax": "0x0"}})"),
        with_step(R"({"call": {"rax": "0x6"}, "expect": {"rax": []}})"),
        with_step(R"({"call": {"rax": "0x6", "pending": 256}, "expect": {"rax": ["0x0"]}})"),
        with_step(R"({"call": {"rax": "0x6", "rbx": "0x0"}, "expect": {"rax": ["0x0"]}})"),
        with_step(R"({"call": {"rax": "0x6"}, "expect": {"gone": true, "rax": ["0x0"]}})"),
        with_memory(R"({"at": "free"})"),
        with_memory(R"({"at": "free", "bytes": ""})"),
        with_memory(R"({"at": "free", "bytes": "0"})"),
        with_memory(R"({"at": "free", "zero": 0})"),
        with_memory(R"({"at": "free", "zero": 65537})"),
        with_memory(R"({"at": "free", "access": 1})"),
        with_memory(R"({"at": "free", "bytes": "00", "u8": "0x0"})")}) {
    EXPECT_THAT(Listed(std::string(kGood) + "," + bad),
                IsStatus(Code::kMalformed, Source::kProtocol, 2))
        << bad;
  }
}

}  // namespace
}  // namespace svsm::conformance
