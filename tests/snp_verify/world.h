// A trust store, a chip and a verifier of the forge, as most tests want them.
#ifndef SVSM_TESTS_SNP_VERIFY_WORLD_H_
#define SVSM_TESTS_SNP_VERIFY_WORLD_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"

namespace svsm::snp {

// How GoogleTest prints a refusal.
inline void PrintTo(Reason reason, std::ostream* os) { *os << ReasonId(reason); }
inline void PrintTo(const Refusal& refusal, std::ostream* os) {
  *os << ReasonId(refusal.reason) << ": " << refusal.found << " (wanted " << refusal.wanted << ')';
}

inline std::vector<Reason> ReasonsOf(const Refusals& refusals) {
  std::vector<Reason> out;
  for (const Refusal& refusal : refusals) out.push_back(refusal.reason);
  return out;
}

namespace forge {

// Makes a store of certificates; ends the program if that fails.
inline TrustStore StoreOf(const std::vector<CertificateSpec>& specs) {
  std::vector<ByteVector> ders;
  std::vector<X509Certificate> certificates;
  for (const CertificateSpec& spec : specs) ders.push_back(Make(spec));
  for (const ByteVector& der : ders) certificates.push_back(*ParseCertificate(der));
  Refusals why;
  return *TrustStore::FromCertificates(certificates, why);
}

inline TrustStore StoreOf(Product product) {
  return StoreOf({Ark(product), Ask(product), Asvk(product)});
}

// The verdict of a fresh verifier over a report and a leaf, at forge::kNow.
inline Result<Verdict> Judge(const TrustStore& store, ByteView report, ByteView leaf,
                             const Policy& policy = {}, ByteView ek_public = {},
                             std::int64_t now = kNow) {
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  const svsm::testing::ManualClock clock(now);
  Verifier verifier(store, p384, clock);
  return verifier.Verify({report, leaf, ek_public}, policy);
}

}  // namespace forge
}  // namespace svsm::snp

#endif  // SVSM_TESTS_SNP_VERIFY_WORLD_H_
