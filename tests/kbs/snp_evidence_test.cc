#include "svsm/kbs/snp_evidence.h"

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail) { return IsStatus(code, Source::kKbs, detail); }

constexpr std::size_t kFamily = 0x188;
constexpr std::size_t kMitVector = 0x1F8;

// A report with something in every field, of a processor of family 19h.
ByteVector Report(std::uint8_t version) {
  ByteVector report(kSnpReportSize);
  report[0] = version;
  for (const std::size_t tcb : {0x38u, 0x180u, 0x1E0u, 0x1F0u}) {
    const Bytes<8> parts = {4, 1, 0, 0, 0, 0, 24, 219};
    Copy(ByteSpan(report).subspan(tcb), parts);
  }
  Fill(ByteSpan(report).subspan(0x50, 64), 0x5A);
  Fill(ByteSpan(report).subspan(0x1A0, 64), 0xC1);
  report[0x0F] = 0x80;
  report[0x1E8] = 29;
  report[0x1E9] = 55;
  report[0x1EA] = 1;
  if (version >= 3) report[kFamily] = 0x19;
  if (version >= 5) report[kMitVector] = 63;
  Fill(ByteSpan(report).subspan(0x2A0, 48), 1);
  Fill(ByteSpan(report).subspan(0x2E8, 48), 2);
  return report;
}

std::string Text(ByteView report) {
  ByteVector out(16384);
  const Result<ByteView> text = EncodeSnpReport(report, out);
  EXPECT_THAT(text, IsOk());
  return text.ok() ? std::string(text->begin(), text->end()) : std::string();
}

Status Decode(const std::string& text, ByteVector& report) {
  report.assign(kSnpReportSize, 0xEE);
  return DecodeSnpReport(AsBytes(text), ByteSpan(report).first<kSnpReportSize>());
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(SnpEvidenceTest, EveryVersionComesBack) {
  for (std::uint8_t version = 2; version <= 5; ++version) {
    const ByteVector report = Report(version);
    const std::string text = Text(report);
    ByteVector back;
    EXPECT_THAT(Decode(text, back), IsOk());
    EXPECT_THAT(back, SameBytes(report));
    EXPECT_EQ(text.find("\"cpuid_step\":null") != std::string::npos, version < 3);
    EXPECT_EQ(text.find("\"launch_mit_vector\":null") != std::string::npos, version < 5);
  }
  EXPECT_NE(Text(Report(3)).find("\"current\":{\"major\":1,\"minor\":55,\"build\":29}"),
            std::string::npos);
}

TEST(SnpEvidenceTest, TcbsHaveTheFormOfTheirProcessor) {
  ByteVector report = Report(3);
  EXPECT_NE(Text(report).find(R"("fmc":null,"bootloader":4,"tee":1,"snp":24,"microcode":219)"),
            std::string::npos);
  const Bytes<8> turin = {9, 1, 2, 4, 0, 0, 0, 81};
  for (const std::size_t tcb : {0x38u, 0x180u, 0x1E0u, 0x1F0u}) {
    Copy(ByteSpan(report).subspan(tcb), turin);
  }
  report[kFamily] = 0x1A;
  EXPECT_NE(Text(report).find(R"("fmc":9,"bootloader":1,"tee":2,"snp":4,"microcode":81)"),
            std::string::npos);
  ByteVector back;
  EXPECT_THAT(Decode(Text(report), back), IsOk());
  EXPECT_THAT(back, SameBytes(report));
  // Version 2 tells it by the length of the chip id.
  report[0] = 2;
  report[kFamily] = 0;
  Fill(ByteSpan(report).subspan(0x1A8, 56), 0);
  EXPECT_THAT(Decode(Text(report), back), IsOk());
  EXPECT_THAT(back, SameBytes(report));
}

TEST(SnpEvidenceTest, RefusesReportsThatTheTextCannotCarry) {
  ByteVector out(16384);
  ByteVector report = Report(3);
  EXPECT_THAT(EncodeSnpReport(ByteView(report).first(1183), out),
              Is(Code::kMalformed, kSnpReportSize));
  for (const std::size_t at :
       {0x4Cu, 0x18Bu, 0x1EBu, 0x1EFu, 0x208u, 0x29Fu, 0x330u, 0x49Fu, 0x182u, 0x1F8u, 0x207u}) {
    report[at] = 1;
    EXPECT_THAT(EncodeSnpReport(report, out), Is(Code::kMalformed, at));
    EXPECT_THAT(EncodeSnpEvidence({.report = report}, out), Is(Code::kMalformed, at));
    report[at] = 0;
  }
  report = Report(2);
  report[kFamily] = 0x19;
  EXPECT_THAT(EncodeSnpReport(report, out), Is(Code::kMalformed, kFamily));
  for (const std::uint8_t version : Bytes<3>{0, 1, 6}) {
    report[0] = version;
    EXPECT_THAT(EncodeSnpReport(report, out), Is(Code::kUnsupported, version));
  }
  const std::size_t needed = Text(Report(3)).size();
  EXPECT_THAT(EncodeSnpReport(Report(3), ByteSpan(out).first(needed - 1)),
              Is(Code::kBufferTooSmall, needed));
}

TEST(SnpEvidenceTest, OptionalMembersMayBeMissingAndUnknownOnesThere) {
  ByteVector report = Report(5);
  std::string text = Replaced(Text(report), "\"launch_mit_vector\":63,", "\"other\":[{}],");
  text = Replaced(text, "\"cpuid_step\":0", "\"cpuid_step\":null");
  ByteVector back;
  EXPECT_THAT(Decode(text, back), IsOk());
  report[kMitVector] = 0;
  EXPECT_THAT(back, SameBytes(report));
  EXPECT_THAT(Decode(Replaced(text, "\"fmc\":null,", ""), back), IsOk());
  EXPECT_THAT(back, SameBytes(report));
}

TEST(SnpEvidenceTest, RefusesOtherShapes) {
  const std::string text = Text(Report(3));
  const std::string kCases[][2] = {
      {"\"vmpl\":0", "\"vmpk\":0"},              // a member less
      {"\"vmpl\":0", "\"vmpl\":4294967296"},     // too large
      {"\"vmpl\":0", "\"vmpl\":null"},           //
      {"\"vmpl\":0", "\"vmpl\":-1"},             //
      {"\"vmpl\":0", "\"guest_svn\":0"},         // twice
      {"\"family_id\":[0,", "\"family_id\":["},  // too short
      {"\"family_id\":[0,", "\"family_id\":[0,0,"},
      {"\"family_id\":[0,", "\"family_id\":[256,"},
      {"\"tee\":1", "\"tea\":1"},
      {"\"tee\":1", "\"tee\":null"},
      {"\"build\":29", "\"build\":256"},
      {"\"fmc\":null", "\"fmc\":0"},  // not of that processor
      {"\"launch_mit_vector\":null", "\"launch_mit_vector\":1"},
      {"\"s\":[", "\"t\":["},
      {"\"signature\":{", "\"signature\":[{"},
  };
  ByteVector back;
  for (const auto& [from, to] : kCases) {
    EXPECT_EQ(Decode(Replaced(text, from, to), back).code(), Code::kMalformed) << to;
  }
  for (const char* version : {"1", "6"}) {
    const std::string other =
        Replaced(text, "\"version\":3", std::string("\"version\":") + version);
    EXPECT_THAT(Decode(other, back), Is(Code::kUnsupported, text.size()));
  }
  EXPECT_THAT(Decode(text.substr(0, 100), back), Is(Code::kTruncated, 100));
}

TEST(SnpEvidenceTest, CertificatesComeAlong) {
  const ByteVector report = Report(3);
  const ByteVector der = {0x30, 0x82, 0, 255};
  using Type = EvidenceCertificate::Type;
  SnpEvidence evidence = {.report = report};
  for (const Type type :
       {Type::kArk, Type::kAsk, Type::kVcek, Type::kVlek, Type::kCrl, Type::kEmpty}) {
    evidence.certificates[evidence.num_certificates++] = {.type = type, .data = der};
  }
  evidence.certificates[evidence.num_certificates++] = {
      .type = Type::kOther, .uuid = AsBytes("92f81bc3-5811-4d3d-97ff-d19f88dc67ea")};
  ByteVector out(16384);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView text, EncodeSnpEvidence(evidence, out));
  ByteVector workspace(text.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const SnpEvidence back, DecodeSnpEvidence(text, workspace));
  EXPECT_THAT(back.report, SameBytes(report));
  ASSERT_EQ(back.num_certificates, evidence.num_certificates);
  for (std::size_t i = 0; i < back.num_certificates; ++i) {
    EXPECT_EQ(back.certificates[i].type, evidence.certificates[i].type);
    EXPECT_THAT(back.certificates[i].data, SameBytes(evidence.certificates[i].data));
    EXPECT_THAT(back.certificates[i].uuid, SameBytes(evidence.certificates[i].uuid));
  }
  EXPECT_THAT(DecodeSnpEvidence(text, ByteSpan(workspace).first(kSnpReportSize - 1)),
              Is(Code::kBufferTooSmall, kSnpReportSize));
  EXPECT_THAT(DecodeSnpEvidence(text, ByteSpan(workspace).first(kSnpReportSize + 6)),
              Is(Code::kBufferTooSmall, 3));
  evidence.num_certificates = 9;
  EXPECT_THAT(EncodeSnpEvidence(evidence, out),
              Is(Code::kInvalidArgument, kMaxEvidenceCertificates));
  evidence.num_certificates = 7;
  evidence.certificates[6].uuid = AsBytes("\"");
  EXPECT_THAT(EncodeSnpEvidence(evidence, out), Is(Code::kInvalidArgument, 0));
}

TEST(SnpEvidenceTest, RefusesOtherChains) {
  ByteVector out(16384);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView encoded, EncodeSnpEvidence({.report = Report(3)}, out));
  const std::string text(encoded.begin(), encoded.end());
  const std::string one = R"({"cert_type":"VCEK","data":[1]})";
  const auto with = [&](const std::string& chain) {
    const std::string other = Replaced(text, "\"cert_chain\":null", "\"cert_chain\":" + chain);
    ByteVector workspace(other.size());
    return DecodeSnpEvidence(AsBytes(other), workspace).status();
  };
  EXPECT_THAT(with("[" + one + "]"), IsOk());
  EXPECT_THAT(with("[" + one + ",{\"cert_type\":{\"OTHER\":\"x\"},\"data\":[]}]"), IsOk());
  std::string nine = one;
  for (int i = 0; i < 8; ++i) nine += "," + one;
  EXPECT_EQ(with("[" + nine + "]").code(), Code::kOutOfRange);
  EXPECT_EQ(with("[{\"cert_type\":\"CA\",\"data\":[1]}]").code(), Code::kUnsupported);
  EXPECT_EQ(with("[{\"cert_type\":{\"CA\":\"x\"},\"data\":[1]}]").code(), Code::kUnsupported);
  for (const char* chain :
       {"[]", "{}", "[{}]", "[{\"cert_type\":\"VCEK\"}]", "[{\"data\":[1]}]",
        "[{\"cert_type\":{},\"data\":[1]}]", "[{\"cert_type\":\"VCEK\",\"data\":[300]}]"}) {
    EXPECT_EQ(with(chain).code(), Code::kMalformed) << chain;
  }
  ByteVector workspace(2048);
  EXPECT_THAT(DecodeSnpEvidence(AsBytes("{\"cert_chain\":null}"), workspace),
              Is(Code::kMalformed, 19));
  EXPECT_THAT(DecodeSnpEvidence(AsBytes("{"), workspace), Is(Code::kTruncated, 1));
  // However short the text, its own size suffices for the workspace.
  const std::string kShort = R"({"attestation_report":{}})";
  workspace.resize(kShort.size());
  EXPECT_THAT(DecodeSnpEvidence(AsBytes(kShort), workspace), Is(Code::kMalformed, 24));
}

}  // namespace
}  // namespace svsm::kbs
