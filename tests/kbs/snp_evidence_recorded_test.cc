// Evidence that a real broker decoded, and verified AMD's signature of.
#include <filesystem>

#include "svsm/kbs/snp_evidence.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::SameBytes;

using SnpEvidenceRecordedTest = RecordedTest;

TEST_F(SnpEvidenceRecordedTest, RealReportsAreSpelledAlike) {
  for (const char* name : {"milan-v3", "milan-v3-vlek", "turin-v5"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(ByteVector text, ReadFile(RecordedFolder() + "snp-evidence/" +
                                                        std::string(name) + ".json"));
    text.pop_back();  // the end of the line
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector report,
                              ReadFile(RecordedFolder() + "../snp/" + name + "/report.bin"));
    ByteVector out(text.size());
    EXPECT_THAT(EncodeSnpReport(report, out), IsOkAnd(SameBytes(text))) << name;
    ByteVector back(kSnpReportSize);
    EXPECT_THAT(DecodeSnpReport(text, ByteSpan(back).first<kSnpReportSize>()), IsOk());
    EXPECT_THAT(back, SameBytes(report)) << name;
  }
}

TEST_F(SnpEvidenceRecordedTest, EvidenceThatWasSentIsSpelledAlike) {
  std::size_t checked = 0;
  for (const auto& file : std::filesystem::directory_iterator(RecordedFolder() + "snp-own")) {
    if (file.path().extension() != ".json") continue;
    const nlohmann::json recorded = Recorded("snp-own/" + file.path().filename().string());
    const std::string body =
        recorded.at("exchanges").at(1).at("request").at("body").get<std::string>();
    const std::string kBegin = "\"primary_evidence\":";
    const std::size_t begin = body.find(kBegin) + kBegin.size();
    const std::size_t end = body.find(",\"additional_evidence\"");
    ASSERT_LT(begin, end) << file.path();
    const std::string text = body.substr(begin, end - begin);
    ByteVector workspace(text.size());
    const auto evidence = DecodeSnpEvidence(AsBytes(text), workspace);
    ASSERT_THAT(evidence, IsOk()) << file.path();
    EXPECT_THAT(evidence->report, SameBytes(Hex(recorded.at("report_hex")))) << file.path();
    ByteVector out(text.size());
    EXPECT_THAT(EncodeSnpEvidence(*evidence, out), IsOkAnd(SameBytes(AsBytes(text))));
    ++checked;
  }
  EXPECT_GE(checked, 20u);
}

}  // namespace
}  // namespace svsm::kbs
