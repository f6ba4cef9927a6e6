// What the tests of whoever opens a secret begin with: a broker, an SVSM that pins it, and a grant.
#ifndef TESTS_KBS_SECRET_FIXTURE_H_
#define TESTS_KBS_SECRET_FIXTURE_H_

#include <cstddef>

#include "svsm/kbs/broker_policy.h"
#include "tests/kbs/fake_broker.h"

namespace svsm::kbs {

inline auto Is(Code code, std::size_t detail = 0) {
  return testing::IsStatus(code, Source::kKbs, detail);
}
inline auto Denied(BrokerRefusal refusal) {
  return Is(Code::kPermissionDenied, static_cast<std::size_t>(refusal));
}

// `Config` has a member `policy`.
template <typename Config>
class SecretTest : public ::testing::Test {
 protected:
  explicit SecretTest(crypto::Curve curve) : svsm_(curve) {
    broker_.ReleaseGrant();
    config_.policy.known = broker_.key();
  }

  SvsmSide svsm_;
  FakeBroker broker_;
  Config config_;
};

}  // namespace svsm::kbs

#endif  // TESTS_KBS_SECRET_FIXTURE_H_
