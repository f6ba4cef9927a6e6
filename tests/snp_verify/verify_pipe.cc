// svsm-verify-pipe ROOTS: judges what comes in on stdin, a case a line ("REPORT LEAF SECONDS", the
// first two in hex, the last as UNIX time), and answers each with a line: "trusted", "refused" with
// the reasons, or "unusable" with a Status. For tests that compare verifiers; not installed.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"

namespace {

using namespace svsm;  // NOLINT(google-build-using-namespace)

Result<snp::TrustStore> Load(const char* path) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector file, ReadFile(path));
  SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> ders, snp::ReadCertificateFile(file));
  std::vector<snp::X509Certificate> certificates;
  for (const ByteVector& der : ders) {
    SVSM_ASSIGN_OR_RETURN(const snp::X509Certificate certificate, snp::ParseCertificate(der));
    certificates.push_back(certificate);
  }
  snp::Refusals why;
  Result<snp::TrustStore> store = snp::TrustStore::FromCertificates(certificates, why);
  for (const snp::Refusal& refusal : why) {
    std::cerr << snp::ReasonId(refusal.reason) << ": " << refusal.found << '\n';
  }
  return store;
}

std::string Answer(const Result<snp::Verdict>& verdict) {
  if (!verdict.ok()) return "unusable " + ToString(verdict.status());
  if (verdict->trusted()) return "trusted";
  std::string line = "refused";
  for (const snp::Refusal& refusal : verdict->refusals) {
    line += ' ';
    line += snp::ReasonId(refusal.reason);
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Result<snp::TrustStore> store = Load(argv[1]);
  if (!store.ok()) {
    std::cerr << "svsm-verify-pipe: " << argv[1] << ": " << ToString(store.status()) << '\n';
    return 2;
  }
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  svsm::testing::ManualClock clock;
  snp::Verifier verifier(*store, p384, clock);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string report, leaf;
    if (!(words >> report >> leaf >> clock.unix_seconds)) return 2;
    const Result<ByteVector> report_bytes = FromHex(report);
    const Result<ByteVector> leaf_bytes = FromHex(leaf);
    if (!report_bytes.ok() || !leaf_bytes.ok()) return 2;
    std::cout << Answer(verifier.Verify({.report = *report_bytes, .leaf = *leaf_bytes}, {})) << '\n'
              << std::flush;
  }
  return 0;
}
