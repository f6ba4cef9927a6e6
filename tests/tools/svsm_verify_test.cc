// The program svsm-verify, run as a user runs it: the expected verdict of each recorded file, and
// of forged evidence of each kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/broker_manifest.h"
#include "svsm/evidence/report_data.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/protocol/manifest.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using evidence::ReportData;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::ProgramRun;
using ::testing::StartsWith;
namespace forge = snp::forge;

std::string Vectors() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr || !ReadFile(std::string(folder) + "/snp/README.md").ok()) return "";
  return folder;
}

ByteVector QuoteVector(const std::string& name) {
  Result<ByteVector> bytes = ReadFile(SVSM_TESTS_DIR "/vectors/tpm_quote/" + name);
  EXPECT_THAT(bytes, IsOk());
  return *std::move(bytes);
}
std::string QuotePath(const std::string& name) {
  return SVSM_TESTS_DIR "/vectors/tpm_quote/" + name;
}

class SvsmVerifyTest : public testing::ProgramTest {
 protected:
  ProgramRun Verify(const std::vector<std::string>& arguments) const {
    return Run("svsm-verify", arguments);
  }
};

// ---- What AMD's hardware made ----

struct Recorded {
  const char* name;
  std::vector<std::string> arguments;  // "@x" is the file x of the vectors
  int exit_code;
  std::vector<std::string> says;
};
void PrintTo(const Recorded& recorded, std::ostream* os) { *os << recorded.name; }

const char kThen[] = "2026-06-01T00:00:00Z";
const char kVlekThen[] = "2025-06-01T00:00:00Z";

std::vector<Recorded> RecordedCases() {
  const std::string hcl = "@azure-vtpm/milan/hcl_report.bin";
  const std::vector<std::string> azure = {
      "--hcl",       "@azure-vtpm/milan/hcl_report.bin", "--certs", "@azure-vtpm/milan/vcek.der",
      "--quote",     "@azure-vtpm/milan/quote.msg",      "--pcrs",  "@azure-vtpm/milan/pcrs.json",
      "--quote-sig", "@azure-vtpm/milan/quote.sig",      "--time",  kThen};
  const auto with = [](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const auto report = [](const std::string& folder, const std::string& leaf,
                         const std::string& time, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"@snp/" + folder + "/report.bin", "--certs",
                                      "@snp/" + folder + "/" + leaf, "--time", time};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  return {
      {"MilanV2Debug", report("milan-v2-debug", "vcek.der", kThen), 1, {"refused: debug:"}},
      {"MilanV3", report("milan-v3", "vcek.der", kThen), 0, {"trusted\n", "product: Milan\n"}},
      {"MilanV3Folder",
       {"@snp/milan-v3/report.bin", "--certs", "@snp/milan-v3", "--time", kThen},
       0,
       {"trusted\n", "not judged: measurement\n", "not judged: vmpl\n", "not judged: report-data\n",
        "not fresh: nothing here answers a nonce\n"}},
      {"MilanV3OfSeveralLeaves",
       {"@snp/milan-v3/report.bin", "--certs", "@snp", "--time", kThen},
       0,
       {"trusted\n", "signing-key: VCEK\n"}},
      {"MilanV3Vmpl0",
       report("milan-v3", "vcek.der", kThen,
              {"--vmpl", "0", "--report-data", std::string(128, '0')}),
       0,
       {"vmpl: 0\n", "not fresh: unless a nonce of yours is in --report-data\n"}},
      {"MilanV3Vmpl1",
       report("milan-v3", "vcek.der", kThen, {"--vmpl", "1"}),
       1,
       {"refused: vmpl: "}},
      {"MilanV3OtherReportData",
       report("milan-v3", "vcek.der", kThen, {"--report-data", std::string(128, '1')}),
       1,
       {"refused: report-data: "}},
      {"MilanV3StaleCrl",
       report("milan-v3", "vcek.der", kThen, {"--crl", "@snp/crl/milan.pem"}),
       1,
       {"refused: crl-stale: "}},
      {"MilanV3OwnRoots",
       report("milan-v3", "vcek.der", kThen, {"--roots", "@snp/roots/milan_ask_ark_asvk.pem"}),
       0,
       {"trusted\n"}},
      {"MilanV3RootsOfAnotherLine",
       report("milan-v3", "vcek.der", kThen, {"--roots", "@snp/roots/genoa_ask_ark_asvk.pem"}),
       1,
       {"refused: certificate-issuer: "}},
      {"MilanV3ForeignLeaf",
       {"@snp/milan-v3/report.bin", "--certs", "@snp/turin-v5/vcek.der", "--time", kThen},
       1,
       {"refused: report-signature: "}},
      {"TurinV5", report("turin-v5", "vcek.der", kThen), 0, {"product: Turin\n", "FMC 1, "}},
      {"TurinV5TooEarly",
       report("turin-v5", "vcek.der", "2025-06-01T00:00:00Z"),
       1,
       {"refused: certificate-not-yet-valid: "}},
      {"MilanVlek",
       report("milan-v3-vlek", "vlek.der", kVlekThen),
       0,
       {"vmpl: 1\n", "signing-key: VLEK\n"}},
      {"MilanVlekToday",
       report("milan-v3-vlek", "vlek.der", kThen),
       1,
       {"refused: certificate-expired: "}},
      {"MilanVlekVmpl0",
       report("milan-v3-vlek", "vlek.der", kVlekThen, {"--vmpl", "0"}),
       1,
       {"refused: vmpl: "}},
      {"BadVcekNew",
       {"@snp/milan-v3/report.bin", "--certs", "@snp/bad-vcek/new.der", "--time", kThen},
       1,
       {"refused: certificate-signature: ", "refused: extension-value: "}},
      {"BadVcekLegacy",
       {"@snp/milan-v3/report.bin", "--certs", "@snp/bad-vcek/legacy.der", "--time", kThen},
       1,
       {"refused: certificate-signature: "}},
      {"Azure",
       with(azure, {"--nonce", "6368616c6c656e6765"}),
       0,
       {"trusted\n", "pcr sha256:23: ", "fresh: the evidence answers the nonce\n"}},
      {"AzureWithoutNonce",
       azure,
       0,
       {"not judged: quote-nonce\n", "not fresh: nothing here answers a nonce"}},
      {"AzureOtherNonce",
       with(azure, {"--nonce", "00"}),
       1,
       {"refused: quote-nonce: found 6368616c6c656e6765, wanted 00\n"}},
      {"AzureBlobIsNoReport", {hcl, "--certs", "@azure-vtpm/milan/vcek.der"}, 2, {}},
      {"AzureWithoutQuote",
       {"--hcl", hcl, "--certs", "@azure-vtpm/milan/vcek.der", "--time", kThen},
       0,
       {"attestation-key: RSA", "not fresh: "}},
      {"AzureForeignLeaf",
       {"--hcl", hcl, "--certs", "@snp/milan-v3/vcek.der", "--time", kThen},
       1,
       {"refused: report-signature: "}},
  };
}

class RecordedTest : public SvsmVerifyTest, public ::testing::WithParamInterface<Recorded> {};

TEST_P(RecordedTest, HasTheExpectedVerdict) {
  if (Vectors().empty()) GTEST_SKIP() << "no recorded evidence here";
  std::vector<std::string> arguments;
  for (const std::string& word : GetParam().arguments) {
    arguments.push_back(word[0] == '@' ? Vectors() + "/" + word.substr(1) : word);
  }
  const ProgramRun run = Verify(arguments);
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.out << run.err;
  for (const std::string& text : GetParam().says) EXPECT_THAT(run.out, HasSubstr(text));
  if (run.exit_code == 0) {
    EXPECT_THAT(run.out, StartsWith("trusted\n"));
  }
  if (run.exit_code == 2) {
    EXPECT_EQ(run.out, "");
  }
}

INSTANTIATE_TEST_SUITE_P(SvsmVerify, RecordedTest, ::testing::ValuesIn(RecordedCases()),
                         [](const auto& each) { return each.param.name; });

TEST_F(SvsmVerifyTest, AzureEvidenceWithAnyByteChangedIsNotTrusted) {
  if (Vectors().empty()) GTEST_SKIP() << "no recorded evidence here";
  const std::string folder = Vectors() + "/azure-vtpm/milan/";
  for (const char* part : {"hcl_report.bin", "quote.msg", "quote.sig", "pcrs.json"}) {
    Result<ByteVector> bytes = ReadFile(folder + part);
    ASSERT_THAT(bytes, IsOk());
    for (std::size_t at = 1; at < bytes->size(); at += bytes->size() / 16) {
      (*bytes)[at] ^= 1;
      const std::string changed = Put(part, *bytes);
      (*bytes)[at] ^= 1;
      const auto path = [&](const std::string& name) {
        return name == part ? changed : folder + name;
      };
      const ProgramRun run =
          Verify({"--hcl", path("hcl_report.bin"), "--certs", folder + "vcek.der", "--quote",
                  path("quote.msg"), "--quote-sig", path("quote.sig"), "--pcrs", path("pcrs.json"),
                  "--time", kThen});
      EXPECT_TRUE(run.exit_code == 1 || run.exit_code == 2)
          << part << " byte " << at << ": " << run.exit_code << run.out;
    }
  }
}

// ---- What a forger with roots of his own made ----

class ForgedTest : public SvsmVerifyTest {
 protected:
  ForgedTest() {
    const snp::Product milan = snp::Product::kMilan;
    roots_ = Put("roots.pem", AsBytes(forge::Pem("CERTIFICATE", forge::Make(forge::Ark(milan))) +
                                      forge::Pem("CERTIFICATE", forge::Make(forge::Ask(milan)))));
    certs_ =
        Put("vcek.der", forge::Make(forge::Vcek(milan, forge::Tcb(milan), forge::Hwid(milan))));
    body_ = forge::Body(milan);
  }

  // A signed report over `data` from this VMPL.
  std::string Report(const ReportData& data, std::uint32_t vmpl = 0) {
    snp::ReportBody body = body_;
    body.report_data = data;
    body.vmpl = vmpl;
    return Put("report.bin", forge::Sign(body));
  }
  ReportData EkData(const std::string& ek) {
    const Result<ReportData> data = evidence::EkReportData(sha512_, QuoteVector(ek));
    EXPECT_THAT(data, IsOk());
    return *data;
  }
  ReportData ManifestData(ByteView nonce, ByteView manifest) {
    const Result<ReportData> data = evidence::ServiceManifestReportData(sha512_, nonce, manifest);
    EXPECT_THAT(data, IsOk());
    return *data;
  }
  ProgramRun VerifyForged(const std::string& report, std::vector<std::string> more) {
    more.insert(more.begin(), {report, "--certs", certs_, "--roots", roots_, "--time",
                               FormatRfc3339(forge::kNow)});
    return Verify(more);
  }

  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  std::string roots_;
  std::string certs_;
  snp::ReportBody body_;
};

TEST_F(ForgedTest, RootsOfHisOwnAreNotAmds) {
  const std::string report = Report({});
  EXPECT_EQ(VerifyForged(report, {}).exit_code, 0);
  const ProgramRun run = Verify({report, "--certs", certs_, "--time", FormatRfc3339(forge::kNow)});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr("refused: certificate-signature: "));
}

TEST_F(ForgedTest, EveryEkIsTrustedInEveryForm) {
  for (const char* name : {"ek-rsa2048.pub", "ek-p256.pub", "ek-p384.pub"}) {
    const ByteVector ek = QuoteVector(name);
    const std::string bare = Put("ek.tpmt", evidence::Tpm2bContents(ek));
    const std::string report = Report(EkData(name));
    for (const std::string& file : {QuotePath(name), bare}) {
      const ProgramRun run = VerifyForged(report, {"--ek", file});
      EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
      EXPECT_THAT(run.out,
                  HasSubstr("not fresh: a report from NV alone may be of an earlier boot"));
      EXPECT_THAT(run.out, Not(HasSubstr("not judged: report-data")));
      EXPECT_THAT(run.out, Not(HasSubstr("not judged: vmpl")));
    }
  }
}

TEST_F(ForgedTest, AnotherEkIsRefused) {
  const ProgramRun run =
      VerifyForged(Report(EkData("ek-p256.pub")), {"--ek", QuotePath("ek-p384.pub")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, StartsWith("refused: ek-binding: "));
}

// A digest that matches proves nothing if the bytes are not an EK's.
TEST_F(ForgedTest, ACraftedPublicAreaIsRefused) {
  ByteVector crafted = QuoteVector("ek-rsa2048.pub");
  crafted[9] ^= 2;  // fixedTPM
  ReportData data{};
  ASSERT_THAT(sha512_.Digest(ByteView(crafted), data), IsOk());
  const ProgramRun run = VerifyForged(Report(data), {"--ek", Put("crafted", crafted)});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, StartsWith("refused: ek-template: "));
}

TEST_F(ForgedTest, AnEkIsJudgedAtVmpl0UnlessToldOtherwise) {
  const std::string report = Report(EkData("ek-p256.pub"), 1);
  const std::string ek = QuotePath("ek-p256.pub");
  EXPECT_THAT(VerifyForged(report, {"--ek", ek}).out, StartsWith("refused: vmpl: "));
  EXPECT_EQ(VerifyForged(report, {"--ek", ek, "--vmpl", "1"}).exit_code, 0);
}

TEST_F(ForgedTest, AServiceAttestationIsFresh) {
  const ByteVector ek = QuoteVector("ek-rsa2048.pub");
  const ByteVector nonce(64, 0x5A);
  const ByteVector manifest = ToVector(evidence::Tpm2bContents(ek));
  const std::string report = Report(ManifestData(nonce, manifest));
  const std::string file = Put("manifest", manifest);
  const std::vector<std::string> arguments = {"--manifest", file,   "--service-nonce",
                                              ToHex(nonce), "--ek", QuotePath("ek-rsa2048.pub")};
  const ProgramRun run = VerifyForged(report, arguments);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("fresh: the evidence answers the nonce\n"));
  EXPECT_THAT(run.out, Not(HasSubstr("not fresh")));

  std::vector<std::string> other = arguments;
  other[3] = ToHex(ByteVector(64, 0x5B));
  EXPECT_THAT(VerifyForged(report, other).out, StartsWith("refused: report-data: "));
  other = arguments;
  other[5] = QuotePath("ek-p256.pub");
  EXPECT_THAT(VerifyForged(report, other).out, StartsWith("refused: ek-binding: "));
  other[5] = QuotePath("srk-p256.pub");
  EXPECT_THAT(VerifyForged(report, other).out, StartsWith("refused: ek-template: "));
  other = arguments;
  other[3] = "5a";
  EXPECT_EQ(VerifyForged(report, other).err, "svsm-verify: --service-nonce: not 64 bytes\n");
  // The report in NV over the same EK does not answer the nonce.
  EXPECT_THAT(VerifyForged(Report(EkData("ek-rsa2048.pub")), arguments).out,
              StartsWith("refused: report-data: "));
}

TEST_F(ForgedTest, AnEkMayBeOneOfManyAndInATable) {
  const ByteVector rsa = QuoteVector("ek-rsa2048.pub");
  const ByteVector p256 = QuoteVector("ek-p256.pub");
  ByteVector list = {0, 0, 0, 1, 0, 0, 0, 2};
  list.insert(list.end(), rsa.begin(), rsa.end());
  list.insert(list.end(), p256.begin(), p256.end());
  const protocol::ManifestEntry entries[] = {{protocol::kVtpmService, list}};
  ByteVector table(protocol::ServicesManifestSize(entries));
  ASSERT_THAT(protocol::BuildServicesManifest(entries, table), IsOk());
  const ByteVector nonce(64, 1);
  for (const ByteVector& manifest : {list, table}) {
    const std::string report = Report(ManifestData(nonce, manifest));
    const std::string file = Put("manifest", manifest);
    const auto verify = [&](const std::string& ek) {
      return VerifyForged(
          report, {"--manifest", file, "--service-nonce", ToHex(nonce), "--ek", QuotePath(ek)});
    };
    EXPECT_EQ(verify("ek-rsa2048.pub").exit_code, 0);
    EXPECT_EQ(verify("ek-p256.pub").exit_code, 0);
    EXPECT_THAT(verify("ek-p384.pub").out, StartsWith("refused: ek-binding: "));
  }
}

TEST_F(ForgedTest, TheBrokerOfTheBootIsTold) {
  evidence::BrokerManifest broker;
  broker.curve = crypto::Curve::kP256;
  Fill(ByteSpan(broker.x).first(32), 0xAB);
  broker.boot = 41;
  const auto bytes = evidence::EncodeBrokerManifest(broker);
  ASSERT_THAT(bytes, IsOk());
  const protocol::ManifestEntry entries[] = {{evidence::kBrokerService, *bytes}};
  ByteVector table(protocol::ServicesManifestSize(entries));
  ASSERT_THAT(protocol::BuildServicesManifest(entries, table), IsOk());
  const ByteVector nonce(64, 1);
  const auto verify = [&](const ByteVector& manifest) {
    return VerifyForged(Report(ManifestData(nonce, manifest)),
                        {"--manifest", Put("manifest", manifest), "--service-nonce", ToHex(nonce)})
        .out;
  };
  const std::string told = "broker: ECDSA P-256, x " + ToHex(ByteVector(32, 0xAB)) + ", y " +
                           ToHex(ByteVector(32, 0)) + "\nboot-number: 41\n";
  EXPECT_THAT(verify(table), HasSubstr(told));
  EXPECT_THAT(verify(ToVector(*bytes)), HasSubstr(told));
  table.back() = 1;
  EXPECT_THAT(verify(table), Not(HasSubstr("broker")));
}

TEST_F(ForgedTest, AQuoteOfOurOwnOrOfTpm2Tools) {
  const std::string report = Report(EkData("ek-p256.pub"));
  const auto verify = [&](const std::string& name, const std::string& ak,
                          const std::string& nonce) {
    return VerifyForged(
        report, {"--ek", QuotePath("ek-p256.pub"), "--quote", QuotePath(name + ".msg"),
                 "--quote-sig", QuotePath(name + ".sig"), "--pcrs", QuotePath(name + ".pcrs"),
                 "--ak", QuotePath(ak), "--nonce", nonce});
  };
  const std::string nonce = "00112233445566778899aabbccddeeff";
  for (const char* name :
       {"ecdsa", "ecdsa-values", "ecdsa-plain", "rsassa", "rsassa-plain", "rsapss"}) {
    const ProgramRun run = verify(name, std::string(name) + ".ak", nonce);
    EXPECT_EQ(run.exit_code, 0) << name << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("not judged: ak-origin"));
  }
  EXPECT_EQ(verify("ecdsa", "ecdsa.pem", nonce).exit_code, 0);
  EXPECT_THAT(verify("ecdsa", "ecdsa-plain.ak", nonce).out, StartsWith("refused: quote-signature"));
  EXPECT_THAT(verify("ecdsa", "ecdsa.ak", "00").out, StartsWith("refused: quote-nonce"));
  // An endorsement key decrypts; it signs nothing.
  EXPECT_THAT(verify("ecdsa", "ek-p256.pub", nonce).out, StartsWith("refused: quote-key-use"));
}

TEST_F(ForgedTest, APolicyFileCounts) {
  const std::string report = Report({});
  const std::string good =
      Put("good.json", AsBytes("{\"measurements\": [\"" + ToHex(body_.measurement) + "\"]}"));
  EXPECT_EQ(VerifyForged(report, {"--policy", good}).exit_code, 0);
  const std::string other =
      Put("other.json", AsBytes("{\"measurements\": [\"" + std::string(96, '7') + "\"]}"));
  EXPECT_THAT(VerifyForged(report, {"--policy", other}).out, StartsWith("refused: measurement: "));
  const std::string misspelt = Put("bad.json", AsBytes("{\"mesurements\": []}"));
  const ProgramRun run = VerifyForged(report, {"--policy", misspelt});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("mesurements: unknown key"));
}

TEST_F(ForgedTest, JsonSaysTheSame) {
  const std::string report = Report({});
  using Json = nlohmann::json;
  const Json trusted = Json::parse(VerifyForged(report, {"--json"}).out);
  EXPECT_EQ(trusted.at("verdict"), "trusted");
  EXPECT_EQ(trusted.at("fresh"), false);
  EXPECT_EQ(trusted.at("facts").at("vmpl"), "0");
  EXPECT_EQ(trusted.at("not_judged").at(0), "measurement");
  const ProgramRun run = VerifyForged(report, {"--json", "--vmpl", "3"});
  EXPECT_EQ(run.exit_code, 1);
  const Json refused = Json::parse(run.out);
  EXPECT_EQ(refused.at("verdict"), "refused");
  EXPECT_EQ(refused.at("refusals").at(0).at("reason"), "vmpl");
  const ProgramRun bad = Verify({Path("absent"), "--certs", certs_, "--json"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_EQ(Json::parse(bad.out).at("verdict"), "unusable");
}

TEST_F(ForgedTest, ExplainTellsTheChain) {
  const std::string report = Report(EkData("ek-p256.pub"));
  std::vector<std::string> arguments = {"--ek", QuotePath("ek-p256.pub")};
  const ProgramRun plain = VerifyForged(report, arguments);
  arguments.push_back("explain");
  const ProgramRun run = VerifyForged(report, arguments);
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(plain.out, Not(HasSubstr("proves: ")));
  EXPECT_THAT(run.out, StartsWith("trusted\n\n1. Root key (ARK): holds\n"));
  for (const char* text :
       {"this is not AMD's word", "2. Intermediate key (ASK): holds\n",
        "3. Revocation: holds as far as it was judged\n", "   not judged: revocation\n",
        "4. Chip's key (VCEK): holds\n", "   judged as of: 2025-06-01T00:00:00Z\n",
        "5. Attestation report: holds\n",
        "6. What runs, and under which rules: ", "7. REPORT_DATA: holds\n",
        "   kind: SHA-512(TPM2B_PUBLIC of the EK)\n", "8. Endorsement key: holds\n",
        "   template: EK ECC P-256 (L-2)\n", "9. Freshness: holds as far as it was judged\n"}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(ForgedTest, ExplainShowsWhatABrokenLinkTakesDown) {
  const std::string report = Report(EkData("ek-p256.pub"));
  // The wrong key breaks its own link alone.
  const ProgramRun wrong = VerifyForged(report, {"explain", "--ek", QuotePath("ek-p384.pub")});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.out, StartsWith("refused\n\n1. Root key (ARK): holds\n"));
  EXPECT_THAT(wrong.out, HasSubstr("8. Endorsement key: broken\n"));
  EXPECT_THAT(wrong.out, HasSubstr("   refused: ek-binding: "));
  EXPECT_THAT(wrong.out, HasSubstr("9. Freshness: rests on a broken link\n"));
  // Without the root, nothing below has a foundation.
  const snp::Product turin = snp::Product::kTurin;
  const std::string others =
      Put("others.pem", AsBytes(forge::Pem("CERTIFICATE", forge::Make(forge::Ark(turin)))));
  const ProgramRun rootless = Verify({"explain", report, "--certs", certs_, "--roots", others,
                                      "--time", FormatRfc3339(forge::kNow)});
  EXPECT_EQ(rootless.exit_code, 1);
  EXPECT_THAT(rootless.out, HasSubstr("1. Root key (ARK): not reached\n"));
  EXPECT_THAT(rootless.out, HasSubstr("4. Chip's key (VCEK): broken\n"));
  EXPECT_THAT(rootless.out, HasSubstr("5. Attestation report: rests on a broken link\n"));
}

TEST_F(ForgedTest, ExplainInJsonHasTheSameLinks) {
  using Json = nlohmann::json;
  const std::string report = Report({});
  const Json json = Json::parse(VerifyForged(report, {"explain", "--json", "--vmpl", "3"}).out);
  EXPECT_EQ(json.at("verdict"), "refused");
  EXPECT_EQ(json.at("chain").size(), 8u);
  EXPECT_EQ(json.at("chain").at(0).at("state"), "holds");
  EXPECT_EQ(json.at("chain").at(5).at("state"), "broken");
  EXPECT_EQ(json.at("chain").at(5).at("refusals").at(0).at("reason"), "vmpl");
  EXPECT_EQ(json.at("chain").at(6).at("state"), "unfounded");
  EXPECT_FALSE(Json::parse(VerifyForged(report, {"--json"}).out).contains("chain"));
}

// Whether Python's parser finds a document whose elements nest and which asks for nothing outside.
void ExpectWellFormed(const std::string& page) {
  const std::string command = "python3 " SVSM_TESTS_DIR "/tools/check_page.py '" + page + "'";
  if (std::system("python3 -c 'import html.parser' >/dev/null 2>&1") != 0) return;
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(ForgedTest, APageSaysTheSame) {
  const std::string report = Report(EkData("ek-p256.pub"));
  const ByteVector ek = QuoteVector("ek-p256.pub");
  const std::string hostile = Put("<script>&\"'.pub", ek);
  for (const char* vmpl : {"0", "2"}) {
    const std::string page = Path("page.html");
    const ProgramRun run = VerifyForged(report, {"--ek", hostile, "--vmpl", vmpl, "--html", page});
    EXPECT_EQ(run.exit_code, vmpl[0] == '0' ? 0 : 1) << run.err;
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, ReadFile(page));
    const std::string html(bytes.begin(), bytes.end());
    EXPECT_THAT(html, StartsWith("<!DOCTYPE html>\n"));
    EXPECT_THAT(html, HasSubstr(vmpl[0] == '0' ? "<h1 class=\"trusted\">Trusted</h1>"
                                               : "<h1 class=\"refused\">Refused</h1>"));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;&amp;&quot;&#39;.pub"));
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    ExpectWellFormed(page);
  }
  const ProgramRun nowhere = VerifyForged(report, {"--html", Path("absent/page.html")});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_EQ(nowhere.out, "");
}

TEST_F(ForgedTest, UnusableInputIsOneClearLine) {
  const std::string report = Report({});
  const std::string garbage = Put("garbage", AsBytes("no such thing"));
  const std::string empty = Put("empty", {});
  const std::string cut = Put("cut", ByteVector(1183));
  const std::vector<std::string> base = {report, "--certs", certs_, "--roots", roots_};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return more;
  };
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"--certs", certs_},
      {report},
      {report, "--certs", Path("absent")},
      {report, "--certs", garbage},
      {report, "--certs", empty},
      {report, "--certs", roots_},
      {garbage, "--certs", certs_},
      {cut, "--certs", certs_},
      {Path("absent"), "--certs", certs_},
      with({"--time", "yesterday"}),
      with({"--vmpl", "4"}),
      with({"--report-data", "00"}),
      with({"--report-data", "xy"}),
      with({"--ek", garbage}),
      with({"--ek", empty}),
      with({"--crl", garbage}),
      with({"--policy", garbage}),
      with({"--policy", Path("absent")}),
      {report, "--certs", certs_, "--roots", garbage},
      {report, "--certs", certs_, "--roots", certs_},
      with({"--manifest", garbage}),
      with({"--service-nonce", "00"}),
      with({"--hcl", garbage}),
      with({"--quote", QuotePath("ecdsa.msg")}),
      with({"--quote", QuotePath("ecdsa.msg"), "--quote-sig", QuotePath("ecdsa.sig")}),
      with({"--quote", garbage, "--quote-sig", QuotePath("ecdsa.sig"), "--ak",
            QuotePath("ecdsa.ak")}),
      with({"--quote", QuotePath("ecdsa.msg"), "--quote-sig", garbage, "--ak",
            QuotePath("ecdsa.ak")}),
      with({"--quote", QuotePath("ecdsa.msg"), "--quote-sig", QuotePath("ecdsa.sig"), "--ak",
            garbage}),
      with({"--quote", QuotePath("ecdsa.msg"), "--quote-sig", QuotePath("ecdsa.sig"), "--ak",
            QuotePath("ecdsa.ak"), "--pcrs", garbage}),
      with({"--no-such-option"}),
      {"--hcl", garbage, "--certs", certs_},
      {"explain"},
      {"explain", garbage, "--certs", certs_},
  };
  for (const std::vector<std::string>& arguments : cases) {
    const ProgramRun run = Verify(arguments);
    std::string line;
    for (const std::string& word : arguments) line += word + ' ';
    EXPECT_EQ(run.exit_code, 2) << line;
    EXPECT_EQ(run.out, "") << line;
    EXPECT_THAT(run.err, StartsWith("svsm-verify: ")) << line;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << line << run.err;
  }
}

TEST_F(SvsmVerifyTest, HelpIsNoError) {
  const ProgramRun run = Verify({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("--service-nonce"));
}

}  // namespace
}  // namespace svsm
