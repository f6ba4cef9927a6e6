#include "svsm/sim/chip.h"

#include "svsm/crypto/openssl.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;

struct PublicKey {
  Bytes<48> x{};
  Bytes<48> y{};
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

PublicKey VcekOf(const Chip& chip, const snp::RawTcb& tcb) {
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  EXPECT_THAT(chip.LoadVcek(tcb, signer), IsOk());
  PublicKey key;
  EXPECT_THAT(signer.PublicKey(key.x, key.y), IsOk());
  return key;
}

constexpr snp::RawTcb kTcb = {3, 0, 0, 0, 0, 0, 8, 115};
constexpr snp::RawTcb kNewerTcb = {4, 0, 0, 0, 0, 0, 8, 115};

TEST(Chip, OneSeedOneChip) {
  EXPECT_EQ(MakeChip(kMilan, 1).chip_id(), MakeChip(kMilan, 1).chip_id());
  EXPECT_NE(MakeChip(kMilan, 1).chip_id(), MakeChip(kMilan, 2).chip_id());
  EXPECT_EQ(VcekOf(MakeChip(kMilan, 1), kTcb), VcekOf(MakeChip(kMilan, 1), kTcb));
}

TEST(Chip, EachTcbAndEachChipHasItsOwnVcek) {
  const Chip chip = MakeChip(kMilan, 1);
  EXPECT_FALSE(VcekOf(chip, kTcb) == VcekOf(chip, kNewerTcb));
  EXPECT_FALSE(VcekOf(chip, kTcb) == VcekOf(MakeChip(kMilan, 2), kTcb));
}

TEST(Chip, TurinUsesEightBytesOfTheChipId) {
  const Chip chip = MakeChip(kTurin, 1);
  EXPECT_EQ(chip.hwid().size(), 8u);
  EXPECT_FALSE(IsZero(chip.hwid()));
  EXPECT_TRUE(IsZero(ByteView(chip.chip_id()).subspan(8)));
}

TEST(Chip, LoadsOnlyP384Signers) {
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP256);
  EXPECT_THAT(MakeChip(kMilan, 1).LoadVcek(kTcb, signer),
              IsStatus(Code::kInvalidArgument, Source::kSim));
}

TEST(Chip, IsCertifiedByItsOwnLineOnly) {
  EXPECT_THAT(MakeChip(kMilan, 1).IssueVcek(TestAuthority(), kTcb, kTestTime), IsOk());
  EXPECT_THAT(MakeChip(kGenoa, 1).IssueVcek(TestAuthority(), kTcb, kTestTime),
              IsStatus(Code::kInvalidArgument, Source::kSim));
}

TEST(Chip, SecretsDependOnChipAndContext) {
  const Bytes<3> context = {1, 2, 3};
  Bytes<32> key{};
  Bytes<32> again{};
  Bytes<32> other_context{};
  Bytes<32> other_chip{};
  ASSERT_THAT(MakeChip(kMilan, 1).DeriveSecret(context, key), IsOk());
  ASSERT_THAT(MakeChip(kMilan, 1).DeriveSecret(context, again), IsOk());
  ASSERT_THAT(MakeChip(kMilan, 1).DeriveSecret(Bytes<3>{1, 2, 4}, other_context), IsOk());
  ASSERT_THAT(MakeChip(kMilan, 2).DeriveSecret(context, other_chip), IsOk());
  EXPECT_EQ(key, again);
  EXPECT_NE(key, other_context);
  EXPECT_NE(key, other_chip);
}

}  // namespace
}  // namespace svsm::sim
