#include "svsm/vtpm/sealed_object.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::vtpm {
namespace {

using crypto::HashAlg;
using evidence::TpmAlg;
using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

constexpr std::uint32_t kPolicyFail = 0x99D;  // for session 1

class SealedObjectTest : public ::testing::Test {
 protected:
  SealedObjectTest() {
    launch_.fill(0xA1);
    manifest_.fill(0xB2);
  }
  void Manufacture() {
    ManufactureOptions options;
    options.launch_digest = launch_;
    options.manifest_digest = manifest_;
    ASSERT_THAT(vtpm::Manufacture(tpm_.engine(), attester_, hashes_, options, workspace_, vtpm_),
                IsOk());
  }
  Status Seal(const SealRequest& request) {
    return SealToPcrs(tpm_.engine(), sha256_, request, workspace_);
  }
  // What a guest does: a policy session over the PCRs that `mask` has, and TPM2_Unseal.
  Result<ByteVector> Unseal(std::uint16_t bank, std::uint32_t mask) {
    const std::string session = ToHex(tpm_.Run(*FromHex("80010000003b000001764000000740000007"
                                                        "0020" +
                                                        std::string(64, '5') +
                                                        "0000"
                                                        "01"
                                                        "0010"
                                                        "000b")))
                                    .substr(20, 8);
    wire::Writer w(tpm_.command);
    w.Be16(0x8001);
    w.Be32(26);
    w.Be32(0x17F);
    w.Put(*FromHex(session));
    w.Be16(0);
    w.Be32(1);
    w.Be16(bank);
    w.U8(3);
    for (int i = 0; i < 3; ++i) w.U8(static_cast<std::uint8_t>(mask >> (8 * i)));
    EXPECT_EQ(tpm_.Code(w.Finish()), 0u);
    const ByteView answer =
        tpm_.Run(*FromHex("80020000001b0000015e8100010000000009" + session + "0000000000"));
    SVSM_TRY(CheckResponse(answer));
    return ToVector(answer.subspan(16, answer[15]));
  }

  Bytes<48> launch_{};
  Bytes<48> manifest_{};
  MemoryStateStore store_;
  TestTpm tpm_{store_};
  FakeAttester attester_;
  crypto::OpensslHash sha256_{HashAlg::kSha256};
  crypto::OpensslHash sha384_{HashAlg::kSha384};
  crypto::OpensslHash sha512_{HashAlg::kSha512};
  ManufactureHashes hashes_{sha256_, sha384_, sha512_};
  ManufactureWorkspace workspace_;
  ManufacturedVtpm vtpm_;
};

TEST_F(SealedObjectTest, OnlyThePredictedPcrsUnseal) {
  // The owner's side: a TPM without a platform.
  ASSERT_THAT(ManufactureKeys(tpm_.engine(), hashes_, {}, workspace_, vtpm_), IsOk());
  ByteVector secret(kMaxSealedSecret);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  Bytes<32> pcr6;
  ASSERT_THAT(PredictMeasurementPcr(sha256_, launch_, manifest_, pcr6), IsOk());
  const Bytes<32> zero{};
  const PredictedPcr pcrs[] = {{4, zero}, {6, pcr6}};
  ASSERT_THAT(Seal({secret, TpmAlg::kSha256, pcrs}), IsOk());
  EXPECT_TRUE(Equal(workspace_.command, Bytes<kMaxTpmBuffer>{}));
  // Not yet measured.
  EXPECT_THAT(Unseal(0xB, 1 << 4 | 1 << 6),
              IsStatus(Code::kFailedPrecondition, Source::kVtpm, kPolicyFail));

  // The VM's first boot.
  tpm_.engine().PowerOff();
  Manufacture();
  EXPECT_EQ(vtpm_.eks[1].state, EkState::kFound);
  EXPECT_TRUE(vtpm_.eks[1].has_certificate);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector got, Unseal(0xB, 1 << 4 | 1 << 6));
  EXPECT_EQ(got, secret);
  EXPECT_THAT(Unseal(0xB, 1 << 6), IsStatus(Code::kFailedPrecondition, Source::kVtpm, kPolicyFail));
  const Bytes<32> value{1};
  const PcrDigest digest{TpmAlg::kSha256, value};
  ASSERT_EQ(tpm_.Code(BuildPcrExtend(4, {&digest, 1}, tpm_.command)), 0u);
  EXPECT_THAT(Unseal(0xB, 1 << 4 | 1 << 6),
              IsStatus(Code::kFailedPrecondition, Source::kVtpm, kPolicyFail));
}

TEST_F(SealedObjectTest, EveryBankCanBePredicted) {
  Manufacture();
  Bytes<48> pcr6;
  ASSERT_THAT(PredictMeasurementPcr(sha384_, launch_, manifest_, pcr6), IsOk());
  const PredictedPcr pcrs[] = {{6, pcr6}};
  const Bytes<2> secret = {1, 2};
  ASSERT_THAT(Seal({secret, TpmAlg::kSha384, pcrs}), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector got, Unseal(0xC, 1 << 6));
  EXPECT_THAT(got, BytesAre("0102"));
}

TEST_F(SealedObjectTest, PolicyIsThatOfOtherImplementations) {
  const Bytes<32> zero{};
  const PredictedPcr pcrs[] = {{0, zero}, {7, zero}};
  Bytes<32> policy;
  ASSERT_THAT(PcrPolicy(sha256_, TpmAlg::kSha256, pcrs, policy), IsOk());
  // tpm2_createpolicy --policy-pcr -l sha256:0,7 -f <64 zeros> (tpm2-tools 5.4).
  EXPECT_THAT(policy, BytesAre("02e3642b3e29eeccfffd8031c00a6f0a0febe5ceea2f6ef6b0322fe81598cf31"));
}

TEST_F(SealedObjectTest, RefusesPcrsThatAreNone) {
  const Bytes<32> value{};
  Bytes<32> policy;
  const auto check = [&](TpmAlg bank, std::vector<PredictedPcr> pcrs) {
    policy.fill(1);
    const Status status = PcrPolicy(sha256_, bank, pcrs, policy);
    EXPECT_TRUE(Equal(policy, Bytes<32>{}));
    const Bytes<1> secret = {1};
    EXPECT_EQ(Seal({secret, bank, pcrs}), status);
    return status;
  };
  EXPECT_THAT(PcrPolicy(sha384_, TpmAlg::kSha256, {}, policy),
              IsStatus(Code::kInvalidArgument, Source::kVtpm, 1u));
  EXPECT_THAT(check(TpmAlg::kSha3_256, {{0, value}}),
              IsStatus(Code::kInvalidArgument, Source::kVtpm, 2u));
  EXPECT_THAT(check(TpmAlg::kSha256, {}), IsStatus(Code::kInvalidArgument, Source::kVtpm, 3u));
  for (const auto& pcrs : std::vector<std::vector<PredictedPcr>>{
           {{7, value}, {6, value}}, {{6, value}, {6, value}}, {{24, value}}}) {
    EXPECT_THAT(check(TpmAlg::kSha256, pcrs), IsStatus(Code::kInvalidArgument, Source::kVtpm, 4u));
  }
  EXPECT_THAT(check(TpmAlg::kSha256, {{0, ByteView(value).first(31)}}),
              IsStatus(Code::kInvalidArgument, Source::kVtpm, 5u));
}

TEST_F(SealedObjectTest, RefusesSecretsAndDigestsOfOtherSizes) {
  const Bytes<32> zero{};
  const PredictedPcr pcrs[] = {{0, zero}};
  EXPECT_THAT(Seal({{}, TpmAlg::kSha256, pcrs}), IsStatus(Code::kOutOfRange, Source::kVtpm, 0u));
  EXPECT_THAT(Seal({ByteVector(129), TpmAlg::kSha256, pcrs}),
              IsStatus(Code::kOutOfRange, Source::kVtpm, 129u));
  Bytes<32> value;
  EXPECT_THAT(PredictMeasurementPcr(sha256_, ByteVector(65), {}, value),
              IsStatus(Code::kOutOfRange, Source::kVtpm, 65u));
  EXPECT_THAT(PredictMeasurementPcr(sha256_, {}, ByteVector(66), value),
              IsStatus(Code::kOutOfRange, Source::kVtpm, 66u));
  ASSERT_THAT(PredictMeasurementPcr(sha256_, {}, {}, value), IsOk());
  EXPECT_TRUE(Equal(value, zero));
}

TEST_F(SealedObjectTest, TellsWhatTheTpmRefused) {
  Manufacture();
  const Bytes<32> zero{};
  const PredictedPcr pcrs[] = {{0, zero}};
  const Bytes<1> secret = {1};
  SealRequest request{secret, TpmAlg::kSha256, pcrs};
  request.parent = 0x81000077;
  EXPECT_THAT(Seal(request), IsStatus(Code::kFailedPrecondition, Source::kVtpm, kTpmRcHandle1));
  request.parent = kSrkHandle;
  ASSERT_THAT(Seal(request), IsOk());
  // The handle is taken; and no transient object is left behind, or the slots would run out.
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Seal(request), IsStatus(Code::kFailedPrecondition, Source::kVtpm, 0x14Cu));
  }
}

}  // namespace
}  // namespace svsm::vtpm
