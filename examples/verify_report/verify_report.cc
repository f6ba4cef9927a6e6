// Judges an attestation report against AMD's built-in roots: example-verify-report REPORT VCEK
#include <cstdio>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/verifier.h"

namespace {

svsm::Result<svsm::snp::Verdict> Judge(const char* report_file, const char* certificate_file) {
  using namespace svsm;
  SVSM_ASSIGN_OR_RETURN(const ByteVector report, ReadFile(report_file));
  SVSM_ASSIGN_OR_RETURN(const ByteVector file, ReadFile(certificate_file));
  SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> leaf, snp::ReadCertificateFile(file));
  SVSM_ASSIGN_OR_RETURN(const snp::TrustStore store, snp::TrustStore::Amd());
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  const SystemClock clock;
  snp::Verifier verifier(store, p384, clock);
  return verifier.Verify({.report = report, .leaf = leaf.at(0)}, snp::Policy());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: example-verify-report REPORT VCEK\n", stderr), 2;
  const auto verdict = Judge(argv[1], argv[2]);
  if (!verdict.ok()) {
    std::printf("not a report: %s\n", svsm::ToString(verdict.status()).c_str());
    return 2;
  }
  std::puts(verdict->trusted() ? "trusted" : "refused");
  for (const svsm::snp::Refusal& refusal : verdict->refusals) {
    std::printf("  found %s, wanted %s\n", refusal.found.c_str(), refusal.wanted.c_str());
  }
  return verdict->trusted() ? 0 : 1;
}
