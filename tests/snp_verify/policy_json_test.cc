#include "svsm/snp_verify/policy_json.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsStatus;
using ::testing::ElementsAre;
using ::testing::Optional;

const std::string k48(96, 'a');

TEST(ParsePolicyJson, ReadsNothingAsTheDefault) {
  std::string error;
  SVSM_ASSERT_OK_AND_ASSIGN(const Policy policy, ParsePolicyJson("{}", error));
  EXPECT_EQ(NotJudged(policy).size(), kNumAspects);
  EXPECT_EQ(policy.debug, Rule::kRefuse);
  EXPECT_EQ(policy.smt, Rule::kAllow);
  EXPECT_EQ(error, "");
}

TEST(ParsePolicyJson, ReadsEveryMember) {
  const std::string text = R"({
    "$schema": "policy.schema.json",
    "measurements": [")" + k48 +
                           R"(", ")" + std::string(96, 'B') + R"("],
    "host_data": [")" + std::string(64, '1') +
                           R"("],
    "family_ids": [")" + std::string(32, '2') +
                           R"("],
    "image_ids": [")" + std::string(32, '3') +
                           R"("],
    "id_key_digests": [")" +
                           k48 + R"("],
    "author_key_digests": [")" +
                           k48 + R"("],
    "minimum_guest_svn": 4294967295,
    "vmpl": 3,
    "report_data": ")" + std::string(128, '4') +
                           R"(",
    "debug": "allow",
    "migration_agent": "allow",
    "smt": "refuse",
    "guest_policy_set": "0x100000",
    "guest_policy_clear": 65536,
    "platform_info_set": "0xFFFFFFFFFFFFFFFF",
    "platform_info_clear": "0x2",
    "chip_ids": [")" + std::string(128, '5') +
                           R"(", "0102030405060708"],
    "masked_chip_id": "allow",
    "minimum_report_version": 3,
    "minimum_tcb": {"Milan": {"bootloader": 4, "tee": 0, "snp": 24, "microcode": 219},
                    "Turin": {"fmc": 1}},
    "minimum_committed_tcb": {"Genoa": {"snp": 9}},
    "minimum_launch_tcb": {"Venice": {}},
    "minimum_firmware": "1.55.255",
    "provisional_firmware": "refuse",
    "launch_mitigations": 1,
    "current_mitigations": "0x3",
    "crl": "required"
  })";
  std::string error;
  SVSM_ASSERT_OK_AND_ASSIGN(const Policy policy, ParsePolicyJson(text, error));
  ASSERT_EQ(policy.measurements.size(), 2u);
  EXPECT_THAT(policy.measurements[0], BytesAre(k48));
  EXPECT_THAT(policy.measurements[1], BytesAre(std::string(96, 'b')));
  EXPECT_THAT(policy.host_data, ElementsAre(BytesAre(std::string(64, '1'))));
  EXPECT_THAT(policy.family_ids, ElementsAre(BytesAre(std::string(32, '2'))));
  EXPECT_THAT(policy.image_ids, ElementsAre(BytesAre(std::string(32, '3'))));
  EXPECT_EQ(policy.id_key_digests.size(), 1u);
  EXPECT_EQ(policy.author_key_digests.size(), 1u);
  EXPECT_EQ(policy.minimum_guest_svn, 0xFFFFFFFFu);
  EXPECT_THAT(policy.vmpl, Optional(Vmpl(3)));
  EXPECT_THAT(policy.report_data, Optional(BytesAre(std::string(128, '4'))));
  EXPECT_EQ(policy.debug, Rule::kAllow);
  EXPECT_EQ(policy.migration_agent, Rule::kAllow);
  EXPECT_EQ(policy.smt, Rule::kRefuse);
  EXPECT_EQ(policy.guest_policy_set, 0x100000u);
  EXPECT_EQ(policy.guest_policy_clear, 65536u);
  EXPECT_EQ(policy.platform_info_set, ~std::uint64_t{0});
  EXPECT_EQ(policy.platform_info_clear, 2u);
  ASSERT_EQ(policy.chip_ids.size(), 2u);
  EXPECT_THAT(policy.chip_ids[1], BytesAre("0102030405060708" + std::string(112, '0')));
  EXPECT_EQ(policy.masked_chip_id, Rule::kAllow);
  EXPECT_EQ(policy.minimum_report_version, 3u);
  ASSERT_EQ(policy.minimum_tcb.size(), 2u);
  EXPECT_EQ(policy.minimum_tcb[0].product, Product::kMilan);
  EXPECT_EQ(policy.minimum_tcb[0].minimum.microcode, 219);
  EXPECT_EQ(policy.minimum_tcb[1].minimum.layout, TcbLayout::kTurin);
  EXPECT_EQ(policy.minimum_tcb[1].minimum.fmc, 1);
  EXPECT_EQ(policy.minimum_committed_tcb.at(0).minimum.snp, 9);
  EXPECT_EQ(policy.minimum_launch_tcb.at(0).product, Product::kVenice);
  EXPECT_EQ(policy.minimum_firmware.build, 255);
  EXPECT_EQ(policy.provisional_firmware, Rule::kRefuse);
  EXPECT_EQ(policy.launch_mitigations, 1u);
  EXPECT_EQ(policy.current_mitigations, 3u);
  EXPECT_EQ(policy.crl, CrlRule::kRequired);
}

TEST(ParsePolicyJson, SaysWhatItDoesNotUnderstand) {
  const struct {
    std::string text;
    const char* error;
  } kCases[] = {
      {"[]", "a policy is a JSON object"},
      {R"({"debugg": "refuse"})", "debugg: unknown key"},
      {R"({"debug": "no"})", R"(debug: not one of "refuse" "allow")"},
      {R"({"debug": true})", R"(debug: not one of "refuse" "allow")"},
      {R"({"debug": "allow", "debug": "refuse"})", "debug: key is there twice"},
      {R"({"minimum_tcb": {"Milan": {"snp": 1, "snp": 2}}})", "snp: key is there twice"},
      {R"({"vmpl": 4})", "vmpl: above 3"},
      {R"({"vmpl": -1})", "vmpl: not a number of 0 or more"},
      {R"({"vmpl": 0.0})", "vmpl: not a number of 0 or more"},
      {R"({"vmpl": "0"})", "vmpl: not a number of 0 or more"},
      {R"({"measurements": []})", "measurements: not a list with something in it"},
      {R"({"measurements": "aa"})", "measurements: not a list with something in it"},
      {R"({"measurements": ["aa"]})", "measurements[0]: not a string of 96 hex digits"},
      {R"({"measurements": [")" + std::string(96, 'g') + "\"]}",
       "measurements[0]: not a string of 96 hex digits"},
      {R"({"measurements": [7]})", "measurements[0]: not a string of 96 hex digits"},
      {R"({"report_data": ""})", "report_data: not a string of 128 hex digits"},
      {R"({"chip_ids": ["00"]})", "chip_ids[0]: not a string of 128 hex digits"},
      {R"({"chip_ids": []})", "chip_ids: not a list with something in it"},
      {R"({"minimum_tcb": {}})", "minimum_tcb: not an object with something in it"},
      {R"({"minimum_tcb": {"Rome": {}}})", "minimum_tcb.Rome: unknown key"},
      {R"({"minimum_tcb": {"Milan": 3}})", "minimum_tcb.Milan: not an object"},
      {R"({"minimum_tcb": {"Milan": {"fmc": 1}}})", "minimum_tcb.Milan.fmc: unknown key"},
      {R"({"minimum_tcb": {"Milan": {"bootloder": 1}}})",
       "minimum_tcb.Milan.bootloder: unknown key"},
      {R"({"minimum_tcb": {"Milan": {"snp": 256}}})", "minimum_tcb.Milan.snp: above 255"},
      {R"({"guest_policy_set": "12"})", "guest_policy_set: not 0x and up to 16 hex digits"},
      {R"({"guest_policy_set": "0x"})", "guest_policy_set: not 0x and up to 16 hex digits"},
      {R"({"guest_policy_set": "0xg"})", "guest_policy_set: not 0x and up to 16 hex digits"},
      {R"({"guest_policy_set": "0x00000000000000001"})",
       "guest_policy_set: not 0x and up to 16 hex digits"},
      {R"({"minimum_firmware": "1.2"})", R"(minimum_firmware: not a string "major.minor.build")"},
      {R"({"minimum_firmware": "1.2.256"})",
       R"(minimum_firmware: not a string "major.minor.build")"},
      {R"({"minimum_firmware": "1.02.3"})",
       R"(minimum_firmware: not a string "major.minor.build")"},
      {R"({"minimum_firmware": "1.2.3."})",
       R"(minimum_firmware: not a string "major.minor.build")"},
      {R"({"minimum_firmware": 1})", R"(minimum_firmware: not a string "major.minor.build")"},
      {R"({"crl": "maybe"})", R"(crl: not one of "if-present" "if-present-even-stale" "required")"},
  };
  for (const auto& c : kCases) {
    std::string error;
    EXPECT_THAT(ParsePolicyJson(c.text, error), IsStatus(Code::kMalformed, Source::kSnpVerify))
        << c.text;
    EXPECT_EQ(error, c.error) << c.text;
  }
}

TEST(ParsePolicyJson, RejectsWhatIsNoJson) {
  for (const char* text : {"", "{", "{}x", "{\"vmpl\": 0,}", "{'vmpl': 0}", "// {}\n{}", "\xff"}) {
    std::string error;
    EXPECT_THAT(ParsePolicyJson(text, error), IsStatus(Code::kMalformed, Source::kSnpVerify))
        << text;
    EXPECT_NE(error, "") << text;
  }
}

TEST(ParsePolicyJson, RejectsWhatIsTooLarge) {
  const std::string text(kMaxPolicySize + 1, ' ');
  std::string error;
  EXPECT_THAT(ParsePolicyJson(text, error),
              IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxPolicySize));
  EXPECT_NE(error, "");
}

TEST(ParsePolicyJson, ReadsTheExample) {
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector file,
      ReadFile(std::string(SVSM_TESTS_DIR) + "/../src/snp/verify/policy.example.json"));
  std::string error;
  SVSM_ASSERT_OK_AND_ASSIGN(const Policy policy,
                            ParsePolicyJson(std::string(file.begin(), file.end()), error));
  EXPECT_THAT(policy.vmpl, Optional(Vmpl(0)));
}

}  // namespace
}  // namespace svsm::snp
