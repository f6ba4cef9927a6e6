// A launch with an ID block: src/sim/amd_sp.cc, LaunchFinish().
// Covers: svsm/sim/amd_sp.h

#include "svsm/crypto/openssl.h"
#include "svsm/sim/host.h"
#include "svsm/snp/report.h"
#include "tests/sim/session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

class Identity : public ::testing::Test {
 protected:
  Identity() : rng_(1), sp_(MakeChip(kMilan, 1), PlatformState(), rng_) {
    EXPECT_THAT(id_key_.SetPrivateKey(Scalar(3)), IsOk());
    EXPECT_THAT(author_key_.SetPrivateKey(Scalar(5)), IsOk());
    guest_ = sp_.LaunchStart({}).value();
    Bytes<kPageSize> page{};
    EXPECT_THAT(sp_.LaunchUpdate(guest_, snp::PageType::kNormal, Gpa(0x1000), page, {}), IsOk());
    snp::IdBlockFields fields;
    fields.family_id.fill(0xFA);
    fields.image_id.fill(0x1A);
    fields.guest_svn = 7;
    identity_.block = snp::MakeIdBlock(sp_.Measurement(guest_).value(), fields);
  }
  static Bytes<48> Scalar(std::uint8_t last) {
    Bytes<48> scalar{};
    scalar[47] = last;
    return scalar;
  }
  void Sign(crypto::EcdsaSigner* author) {
    ASSERT_THAT(
        snp::SignIdBlock(sha384_, identity_.block, id_key_, author, identity_.authentication),
        IsOk());
  }
  Status Finish() { return sp_.LaunchFinish(guest_, {.host_data = {}, .identity = &identity_}); }
  snp::UnverifiedReport Report() {
    return snp::DecodeReport(sp_.HostReport(guest_).value()).value();
  }

  SeededRng rng_;
  AmdSp sp_;
  GuestHandle guest_;
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslEcdsaSigner id_key_{crypto::Curve::kP384};
  crypto::OpensslEcdsaSigner author_key_{crypto::Curve::kP384};
  LaunchIdentity identity_;
};

TEST_F(Identity, IsInReports) {
  Sign(&author_key_);
  ASSERT_THAT(Finish(), IsOk());
  const snp::UnverifiedReport report = Report();
  EXPECT_EQ(report.guest_svn(), 7u);
  EXPECT_EQ(report.family_id(), identity_.block.family_id);
  EXPECT_EQ(report.image_id(), identity_.block.image_id);
  const auto id = snp::IdKeyDigest(sha384_, identity_.authentication.id_key).value();
  const auto author = snp::IdKeyDigest(sha384_, identity_.authentication.author_key).value();
  EXPECT_THAT(report.id_key_digest(), SameBytes(id));
  EXPECT_THAT(report.author_key_digest(), SameBytes(author));
  EXPECT_TRUE(report.author_key_enabled());
}

TEST_F(Identity, NeedsNoAuthor) {
  Sign(nullptr);
  ASSERT_THAT(Finish(), IsOk());
  EXPECT_FALSE(IsZero(Report().id_key_digest()));
  EXPECT_TRUE(IsZero(Report().author_key_digest()));
  EXPECT_FALSE(Report().author_key_enabled());
}

TEST_F(Identity, IsNotNeeded) {
  ASSERT_THAT(sp_.LaunchFinish(guest_, {}), IsOk());
  EXPECT_TRUE(IsZero(Report().id_key_digest()));
  EXPECT_EQ(Report().guest_svn(), 0u);
}

TEST_F(Identity, BindsTheKeysThatDependOnIt) {
  LaunchedGuest plain;
  Session without(plain, 0);
  snp::DerivedKeySelection selection;
  selection.guest_svn = 7;
  EXPECT_THAT(without.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
}

TEST_F(Identity, AnotherDigestIsRefusedAndTheLaunchGoesOn) {
  identity_.block.launch_digest[0] ^= 1;
  Sign(&author_key_);
  EXPECT_THAT(Finish(), IsStatus(Code::kAuthFailed, Source::kSim, 0x0B));
  identity_.block.launch_digest[0] ^= 1;
  Sign(&author_key_);
  EXPECT_THAT(Finish(), IsOk());
}

TEST_F(Identity, AnotherPolicyIsRefused) {
  identity_.block.policy = identity_.block.policy.get() | snp::guest_policy::kDebug;
  Sign(nullptr);
  EXPECT_THAT(Finish(), IsStatus(Code::kPermissionDenied, Source::kSim, 0x07));
}

TEST_F(Identity, WrongSignaturesAreRefused) {
  const auto bad_signature = IsStatus(Code::kAuthFailed, Source::kSim, 0x0A);
  Sign(&author_key_);
  identity_.block.family_id[0] ^= 1;
  EXPECT_THAT(Finish(), bad_signature);
  identity_.block.family_id[0] ^= 1;
  identity_.authentication.id_key_signature.r[0] ^= 1;
  EXPECT_THAT(Finish(), bad_signature);
}

TEST_F(Identity, WrongFormIsRefused) {
  Sign(nullptr);
  identity_.authentication.reserved_008[0] = 1;
  EXPECT_THAT(Finish(), IsStatus(Code::kInvalidArgument, Source::kSim, 0x16));
  identity_.authentication.reserved_008[0] = 0;
  identity_.block.version = 2;
  EXPECT_THAT(Finish(), IsStatus(Code::kInvalidArgument, Source::kSim, 0x16));
}

}  // namespace
}  // namespace svsm::sim
