#include "svsm/snp_verify/refusal.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace svsm::snp {
namespace {

TEST(ReasonId, NamesEveryReasonOnce) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kNumReasons; ++i) {
    const std::string name = ReasonId(static_cast<Reason>(i));
    EXPECT_GT(name.size(), 2u) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_STREQ(ReasonId(static_cast<Reason>(kNumReasons)), "?");
}

TEST(ReasonId, GoesWithTheEnumerators) {
  EXPECT_STREQ(ReasonId(Reason::kCertificateVersion), "certificate-version");
  EXPECT_STREQ(ReasonId(Reason::kCertificateIssuer), "certificate-issuer");
  EXPECT_STREQ(ReasonId(Reason::kCrlStale), "crl-stale");
  EXPECT_STREQ(ReasonId(Reason::kReportSignature), "report-signature");
  EXPECT_STREQ(ReasonId(Reason::kMeasurement), "measurement");
  EXPECT_STREQ(ReasonId(Reason::kDebug), "debug");
  EXPECT_STREQ(ReasonId(Reason::kMinimumTcb), "minimum-tcb");
  EXPECT_STREQ(ReasonId(Reason::kEkBinding), "ek-binding");
}

TEST(AspectId, NamesEveryAspectOnce) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kNumAspects; ++i) {
    EXPECT_TRUE(names.insert(AspectId(static_cast<Aspect>(i))).second);
  }
  EXPECT_STREQ(AspectId(Aspect::kMeasurement), "measurement");
  EXPECT_STREQ(AspectId(Aspect::kAuthorKey), "author-key");
  EXPECT_STREQ(AspectId(static_cast<Aspect>(kNumAspects)), "?");
}

TEST(Contains, LooksForTheReason) {
  const Refusals refusals = {{Reason::kVmpl, "1", "0"}};
  EXPECT_TRUE(Contains(refusals, Reason::kVmpl));
  EXPECT_FALSE(Contains(refusals, Reason::kDebug));
}

}  // namespace
}  // namespace svsm::snp
