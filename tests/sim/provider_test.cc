#include "svsm/sim/provider.h"

#include "svsm/crypto/openssl.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;

Bytes<48> VlekOf(const Provider& provider, const snp::RawTcb& tcb) {
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  EXPECT_THAT(provider.LoadVlek(tcb, signer), IsOk());
  Bytes<48> x{};
  Bytes<48> y{};
  EXPECT_THAT(signer.PublicKey(x, y), IsOk());
  return x;
}

TEST(Provider, EachProviderAndEachTcbHasItsOwnVlek) {
  const snp::RawTcb tcb = kMilan.usual_tcb;
  snp::RawTcb newer = tcb;
  ++newer[0];
  const Bytes<48> key = VlekOf(MakeProvider(kMilan, 1), tcb);
  EXPECT_EQ(key, VlekOf(MakeProvider(kMilan, 1), tcb));
  EXPECT_NE(key, VlekOf(MakeProvider(kMilan, 1), newer));
  EXPECT_NE(key, VlekOf(MakeProvider(kMilan, 2), tcb));
}

TEST(Provider, LoadsOnlyP384Signers) {
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP256);
  EXPECT_THAT(MakeProvider(kMilan, 1).LoadVlek(kMilan.usual_tcb, signer),
              IsStatus(Code::kInvalidArgument, Source::kSim));
}

TEST(Provider, IsCertifiedByItsOwnLinesAsvkOnly) {
  const snp::RawTcb tcb = kMilan.usual_tcb;
  const CertificateAuthority asvk = OpenAuthority(kMilan, EndorsementKey::kVlek);
  EXPECT_THAT(MakeProvider(kMilan, 1).IssueVlek(asvk, tcb, kTestTime), IsOk());
  EXPECT_THAT(MakeProvider(kGenoa, 1).IssueVlek(asvk, tcb, kTestTime),
              IsStatus(Code::kInvalidArgument, Source::kSim));
  EXPECT_THAT(MakeProvider(kMilan, 1).IssueVlek(TestAuthority(), tcb, kTestTime),
              IsStatus(Code::kInvalidArgument, Source::kSim, 4));
}

}  // namespace
}  // namespace svsm::sim
