#include "svsm/vtpm/manufacture.h"

#include <gtest/gtest.h>

#include <string>

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/report_data.h"
#include "svsm/testing/matchers.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::vtpm {
namespace {

using crypto::HashAlg;
using evidence::KeyTemplate;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class ManufactureTest : public ::testing::Test {
 protected:
  ManufactureTest() {
    launch_.fill(0xA1);
    manifest_.fill(0xB2);
    options_.launch_digest = launch_;
    options_.manifest_digest = manifest_;
  }

  Status Make() {
    return Manufacture(tpm_.engine(), attester_, hashes_, options_, workspace_, vtpm_);
  }

  ByteVector ReadIndex(std::uint32_t index) {
    const auto area = ParseNvReadPublic(tpm_.Run(BuildNvReadPublic(index, tpm_.command)));
    if (!area.ok()) return {};
    ByteVector out;
    while (out.size() < area->data_size) {
      const auto chunk =
          static_cast<std::uint16_t>(std::min<std::size_t>(1024, area->data_size - out.size()));
      const auto data = ParseNvRead(tpm_.Run(
          BuildNvRead(index, chunk, static_cast<std::uint16_t>(out.size()), tpm_.command)));
      EXPECT_THAT(data, IsOk());
      if (!data.ok()) return {};
      out.insert(out.end(), data->begin(), data->end());
    }
    return out;
  }

  // HierarchyChangeAuth to the password "x".
  std::uint32_t SetHierarchyAuth(std::uint32_t hierarchy) {
    wire::Writer w(tpm_.command);
    w.Be16(0x8002);
    w.Be32(0);
    w.Be32(0x129);
    w.Be32(hierarchy);
    w.Be32(9);
    w.Be32(0x40000009);
    w.Zeros(5);
    w.PutBe16Sized(AsBytes("x"));
    w.PatchBe32(2, static_cast<std::uint32_t>(w.size()));
    return tpm_.Code(w.Finish());
  }

  Bytes<48> launch_{};
  Bytes<64> manifest_{};
  MemoryStateStore store_;
  TestTpm tpm_{store_};
  FakeAttester attester_;
  crypto::OpensslHash sha256_{HashAlg::kSha256};
  crypto::OpensslHash sha384_{HashAlg::kSha384};
  crypto::OpensslHash sha512_{HashAlg::kSha512};
  ManufactureHashes hashes_{sha256_, sha384_, sha512_};
  ManufactureOptions options_;
  ManufactureWorkspace workspace_;
  ManufacturedVtpm vtpm_;
};

TEST_F(ManufactureTest, MakesEveryKeyAndCertificate) {
  ASSERT_THAT(Make(), IsOk());
  EXPECT_TRUE(vtpm_.was_new);
  EXPECT_EQ(vtpm_.banks, kPcrBankSha256 | kPcrBankSha384 | kPcrBankSha512);
  EXPECT_TRUE(vtpm_.has_srk);
  EXPECT_TRUE(vtpm_.has_ak);
  EXPECT_EQ(attester_.reports, 3);
  const std::uint32_t indices[] = {0x01C00002, 0x01C0000A, 0x01C00016};
  const std::uint32_t handles[] = {0x81010001, 0x81010002, 0x81010016};
  for (std::size_t i = 0; i < 3; ++i) {
    const EkOutcome& ek = vtpm_.eks[i];
    EXPECT_EQ(ek.id, evidence::kEkTemplates[i]);
    EXPECT_EQ(ek.state, EkState::kCreated);
    EXPECT_TRUE(ek.has_certificate);
    EXPECT_EQ(ek.response_code, 0u);
    EXPECT_EQ(ek.certificate_index, indices[i]);
    EXPECT_EQ(ek.handle, handles[i]);
    SVSM_ASSERT_OK_AND_ASSIGN(const auto match, evidence::MatchEkTemplate(ek.tpm2b_public()));
    EXPECT_EQ(match.id, ek.id);
    SVSM_ASSERT_OK_AND_ASSIGN(const auto read,
                              ParseReadPublic(tpm_.Run(BuildReadPublic(handles[i], tpm_.command))));
    EXPECT_THAT(read.tpm2b_public, SameBytes(ek.tpm2b_public()));
    const ByteVector report = ReadIndex(indices[i]);
    ASSERT_EQ(report.size(), FakeAttester::kReportSize);
    Bytes<64> digest;
    ASSERT_THAT(sha512_.Digest(ek.tpm2b_public(), digest), IsOk());
    EXPECT_THAT(ByteView(report).subspan(0x50, 64), SameBytes(digest));
  }
}

TEST_F(ManufactureTest, KeysAreRestrictedAndUsable) {
  ASSERT_THAT(Make(), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(auto srk,
                            ParseReadPublic(tpm_.Run(BuildReadPublic(kSrkHandle, tpm_.command))));
  SVSM_ASSERT_OK_AND_ASSIGN(auto key, evidence::ParseTpm2bPublic(srk.tpm2b_public));
  EXPECT_EQ(key.attributes & evidence::kTpmaRestricted, evidence::kTpmaRestricted);
  SVSM_ASSERT_OK_AND_ASSIGN(auto ak,
                            ParseReadPublic(tpm_.Run(BuildReadPublic(kAkHandle, tpm_.command))));
  SVSM_ASSERT_OK_AND_ASSIGN(key, evidence::ParseTpm2bPublic(ak.tpm2b_public));
  EXPECT_EQ(key.attributes & (evidence::kTpmaRestricted | evidence::kTpmaSign),
            evidence::kTpmaRestricted | evidence::kTpmaSign);
  const evidence::PcrSelection selection{evidence::TpmAlg::kSha256, 0xFF};
  constexpr std::uint32_t kRetry = 0x922;  // the TPM tested itself first
  auto quoted = ParseQuoteResponse(
      tpm_.Run(BuildQuote(kAkHandle, AsBytes("nonce"), {&selection, 1}, tpm_.command)));
  if (quoted.status().detail() == kRetry) {
    quoted = ParseQuoteResponse(
        tpm_.Run(BuildQuote(kAkHandle, AsBytes("nonce"), {&selection, 1}, tpm_.command)));
  }
  ASSERT_THAT(quoted, IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const auto quote, evidence::ParseQuote(quoted->attest));
  EXPECT_THAT(quote.common.extra_data, SameBytes(AsBytes("nonce")));
}

TEST_F(ManufactureTest, CertificatesAreLockedUntilTheNextBoot) {
  ASSERT_THAT(Make(), IsOk());
  const Bytes<4> garbage = {1, 2, 3, 4};
  EXPECT_EQ(tpm_.Code(BuildNvWrite(0x01C00002, garbage, 0, tpm_.command)), kTpmRcNvLocked);
  // The firmware's own Startup changes nothing.
  EXPECT_EQ(tpm_.Code(BuildStartup(StartupKind::kClear, tpm_.command)), kTpmRcInitialize);
  EXPECT_EQ(tpm_.Code(BuildNvWrite(0x01C00002, garbage, 0, tpm_.command)), kTpmRcNvLocked);
}

TEST_F(ManufactureTest, WithEmptyPlatformAuthAGuestReplacesTheIndexUntilTheNextBoot) {
  ASSERT_THAT(Make(), IsOk());
  const NvPublic forged{0x01C00002, evidence::TpmAlg::kSha256,
                        kNvPlatformCreate | kNvPpWrite | kNvAuthRead | kNvNoDa, 16};
  EXPECT_EQ(tpm_.Code(BuildNvUndefineSpace(0x01C00002, tpm_.command)), 0u);
  EXPECT_EQ(tpm_.Code(BuildNvDefineSpace(forged, tpm_.command)), 0u);
  EXPECT_EQ(tpm_.Code(BuildNvWrite(0x01C00002, Bytes<16>{9}, 0, tpm_.command)), 0u);
  EXPECT_EQ(ReadIndex(0x01C00002).size(), 16u);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(ReadIndex(0x01C00002).size(), FakeAttester::kReportSize);
  EXPECT_TRUE(vtpm_.eks[0].has_certificate);
}

TEST_F(ManufactureTest, SecondBootFindsTheKeysAndRenewsTheReports) {
  ASSERT_THAT(Make(), IsOk());
  ByteVector keys[3];
  for (std::size_t i = 0; i < 3; ++i) keys[i] = ToVector(vtpm_.eks[i].tpm2b_public());
  const ByteVector report = ReadIndex(0x01C0000A);
  const std::string pcr = tpm_.Pcr(kDefaultMeasurementPcr);
  const std::size_t drawn = tpm_.rng.drawn;
  tpm_.engine().PowerOff();
  ASSERT_THAT(Make(), IsOk());
  EXPECT_FALSE(vtpm_.was_new);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(vtpm_.eks[i].state, EkState::kFound);
    EXPECT_TRUE(vtpm_.eks[i].has_certificate);
    EXPECT_THAT(vtpm_.eks[i].tpm2b_public(), SameBytes(keys[i]));
  }
  const ByteVector renewed = ReadIndex(0x01C0000A);
  EXPECT_NE(renewed, report);
  EXPECT_THAT(ByteView(renewed).subspan(0x50, 64), SameBytes(ByteView(report).subspan(0x50, 64)));
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), pcr);
  EXPECT_EQ(tpm_.Code(BuildNvWrite(0x01C0000A, Bytes<1>{}, 0, tpm_.command)), kTpmRcNvLocked);
  EXPECT_LT(tpm_.rng.drawn - drawn, 1000u);
}

TEST_F(ManufactureTest, KeysAloneNeedNoPlatform) {
  ASSERT_THAT(ManufactureKeys(tpm_.engine(), hashes_, options_, workspace_, vtpm_), IsOk());
  EXPECT_TRUE(vtpm_.was_new);
  EXPECT_TRUE(vtpm_.has_srk);
  EXPECT_TRUE(vtpm_.has_ak);
  EXPECT_EQ(attester_.reports, 0);
  EXPECT_EQ(vtpm_.event_log_size, 0u);
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), std::string(64, '0'));
  const ByteVector ek = ToVector(vtpm_.eks[1].tpm2b_public());
  for (const EkOutcome& outcome : vtpm_.eks) {
    EXPECT_EQ(outcome.state, EkState::kCreated);
    EXPECT_FALSE(outcome.has_certificate);
    EXPECT_TRUE(ReadIndex(outcome.certificate_index).empty());
  }
  // The first boot finds them and adds the rest.
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.eks[1].state, EkState::kFound);
  EXPECT_THAT(vtpm_.eks[1].tpm2b_public(), SameBytes(ek));
  EXPECT_EQ(ReadIndex(vtpm_.eks[1].certificate_index).size(), FakeAttester::kReportSize);
  options_.banks = 0;
  EXPECT_THAT(ManufactureKeys(tpm_.engine(), hashes_, options_, workspace_, vtpm_),
              IsStatus(Code::kInvalidArgument, Source::kVtpm, 1u));
}

TEST_F(ManufactureTest, ResumesNoVolatileState) {
  ASSERT_THAT(Make(), IsOk());
  const std::string pcr = tpm_.Pcr(kDefaultMeasurementPcr);
  const PcrDigest digest{evidence::TpmAlg::kSha256, launch_};
  const PcrDigest extend{evidence::TpmAlg::kSha256, ByteView(launch_).first(32)};
  EXPECT_NE(tpm_.Code(BuildPcrExtend(6, {&digest, 1}, tpm_.command)), 0u);
  EXPECT_EQ(tpm_.Code(BuildPcrExtend(6, {&extend, 1}, tpm_.command)), 0u);
  ASSERT_NE(tpm_.Pcr(kDefaultMeasurementPcr), pcr);
  ASSERT_THAT(tpm_.engine().StoreVolatile(), IsOk());
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), pcr);
}

TEST_F(ManufactureTest, EventLogReplaysToThePcr) {
  ASSERT_THAT(Make(), IsOk());
  wire::Reader r(vtpm_.event_log());
  Bytes<32> pcr{};
  const ByteView measured[] = {launch_, manifest_};
  const std::uint32_t ids[] = {kLaunchDigestEvent, kManifestDigestEvent};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(r.Le32(), kDefaultMeasurementPcr);
    EXPECT_EQ(r.Le32(), 6u);  // EV_EVENT_TAG
    ASSERT_EQ(r.Le32(), 3u);
    EXPECT_EQ(r.Le16(), 0x000B);
    const ByteView digest = r.Take(32);
    EXPECT_EQ(r.Le16(), 0x000C);
    (void)r.Take(48);
    EXPECT_EQ(r.Le16(), 0x000D);
    (void)r.Take(64);
    const ByteView event = r.Take(r.Le32());
    Bytes<32> expected;
    ASSERT_THAT(sha256_.Digest(event, expected), IsOk());
    EXPECT_THAT(digest, SameBytes(expected));
    wire::Reader e(event);
    EXPECT_EQ(e.Le32(), ids[i]);
    EXPECT_EQ(e.Le32(), measured[i].size());
    EXPECT_THAT(e.Rest(), SameBytes(measured[i]));
    const ByteView parts[] = {pcr, digest};
    Bytes<32> next;
    ASSERT_THAT(sha256_.Digest(parts, next), IsOk());
    pcr = next;
  }
  EXPECT_THAT(r.Finish(), IsOk());
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), ToHex(pcr));
}

TEST_F(ManufactureTest, MeasuresNothingThatIsNotGiven) {
  options_.launch_digest = {};
  options_.manifest_digest = {};
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.event_log().size(), 0u);
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), std::string(64, '0'));
}

TEST_F(ManufactureTest, TakesSha1AndAnotherPcrByOption) {
  options_.banks = kPcrBankSha1 | kPcrBankSha256;
  options_.measurement_pcr = 11;
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.banks, kPcrBankSha1 | kPcrBankSha256);
  EXPECT_NE(tpm_.Pcr(11), std::string(64, '0'));
  EXPECT_EQ(tpm_.Pcr(6), std::string(64, '0'));
}

TEST_F(ManufactureTest, LeavesTheBanksOfAnOlderTpmToItsFirmware) {
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(tpm_.Code(BuildPcrAllocate(kPcrBankSha384, tpm_.command)), 0u);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_FALSE(vtpm_.was_new);
  EXPECT_EQ(vtpm_.banks, kPcrBankSha384);
}

TEST_F(ManufactureTest, RemovesAForeignKeyFromAnEkHandle) {
  ASSERT_THAT(Make(), IsOk());
  const ByteVector genuine = ToVector(vtpm_.eks[1].tpm2b_public());
  // The same template under the owner's seed: it looks like an EK in every byte but `unique`.
  Bytes<1024> tmpl;
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteView area,
      evidence::BuildTpmtPublic(evidence::TemplatePublic(KeyTemplate::kEkP256), tmpl));
  SVSM_ASSERT_OK_AND_ASSIGN(
      const auto forged,
      ParseCreatePrimary(tpm_.Run(BuildCreatePrimary(kTpmRhOwner, area, tpm_.command))));
  const std::uint32_t object = forged.handle;
  ASSERT_EQ(tpm_.Code(BuildEvictControl(kTpmRhOwner, kEkP256Handle, kEkP256Handle, tpm_.command)),
            0u);
  ASSERT_EQ(tpm_.Code(BuildEvictControl(kTpmRhOwner, object, kEkP256Handle, tpm_.command)), 0u);
  // And a signing key where the RSA EK should be.
  ASSERT_EQ(
      tpm_.Code(BuildEvictControl(kTpmRhOwner, kEkRsa2048Handle, kEkRsa2048Handle, tpm_.command)),
      0u);
  ASSERT_EQ(tpm_.Code(BuildEvictControl(kTpmRhOwner, object, kEkRsa2048Handle, tpm_.command)), 0u);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.eks[0].state, EkState::kCreated);
  EXPECT_EQ(vtpm_.eks[1].state, EkState::kCreated);
  EXPECT_EQ(vtpm_.eks[2].state, EkState::kFound);
  EXPECT_THAT(vtpm_.eks[1].tpm2b_public(), SameBytes(genuine));
}

TEST_F(ManufactureTest, AnOwnersPasswordsTakeNothingFromStoredKeys) {
  ASSERT_THAT(Make(), IsOk());
  ASSERT_EQ(SetHierarchyAuth(kTpmRhOwner), 0u);
  ASSERT_EQ(SetHierarchyAuth(kTpmRhEndorsement), 0u);
  ASSERT_EQ(SetHierarchyAuth(kTpmRhPlatform), 0u);  // until the next boot
  ASSERT_THAT(Make(), IsOk());
  for (const EkOutcome& ek : vtpm_.eks) {
    EXPECT_EQ(ek.state, EkState::kFound);
    EXPECT_TRUE(ek.has_certificate);
  }
}

TEST_F(ManufactureTest, AnEkThatTheOwnerForbidsHasNoCertificate) {
  ASSERT_THAT(Make(), IsOk());
  ASSERT_EQ(tpm_.Code(BuildEvictControl(kTpmRhOwner, kEkP256Handle, kEkP256Handle, tpm_.command)),
            0u);
  ASSERT_EQ(SetHierarchyAuth(kTpmRhEndorsement), 0u);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.eks[1].state, EkState::kAbsent);
  EXPECT_EQ(vtpm_.eks[1].response_code, 0x9A2u);  // TPM_RC_BAD_AUTH of session 1
  EXPECT_FALSE(vtpm_.eks[1].has_certificate);
  EXPECT_TRUE(vtpm_.eks[1].tpm2b_public().empty());
  EXPECT_EQ(tpm_.Code(BuildNvReadPublic(0x01C0000A, tpm_.command)), kTpmRcHandle1);
  EXPECT_TRUE(vtpm_.eks[0].has_certificate);
}

TEST_F(ManufactureTest, AnIndexThatOnlyAPolicyRemovesIsTold) {
  ASSERT_THAT(Make(), IsOk());
  ASSERT_EQ(tpm_.Code(BuildNvUndefineSpace(0x01C00016, tpm_.command)), 0u);
  // NV_DefineSpace with PLATFORMCREATE, POLICY_DELETE, AUTHREAD, AUTHWRITE and a policy of 32
  // bytes.
  wire::Writer w(tpm_.command);
  w.Be16(0x8002);
  w.Be32(0);
  w.Be32(0x12A);
  w.Be32(kTpmRhPlatform);
  w.Be32(9);
  w.Be32(0x40000009);
  w.Zeros(5);
  w.Be16(0);
  const auto area = w.BeginBe16Sized();
  w.Be32(0x01C00016);
  w.Be16(0x000B);
  w.Be32(kNvPlatformCreate | 1u << 10 | kNvAuthRead | 1u << 2 | kNvNoDa);
  w.PutBe16Sized(Bytes<32>{7});
  w.Be16(8);
  w.End(area);
  w.PatchBe32(2, static_cast<std::uint32_t>(w.size()));
  ASSERT_EQ(tpm_.Code(w.Finish()), 0u);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(vtpm_.eks[2].state, EkState::kFound);
  EXPECT_FALSE(vtpm_.eks[2].has_certificate);
  EXPECT_EQ(vtpm_.eks[2].response_code, 0x282u);  // TPM_RC_ATTRIBUTES of handle 2
}

TEST_F(ManufactureTest, BusyAttesterMayBeAskedAgain) {
  attester_.busy = 2;
  EXPECT_THAT(Make(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(Make(), IsStatus(Code::kBusy, Source::kSnp));
  ASSERT_THAT(Make(), IsOk());
  // As if it had not been busy: the events are in the PCR once.
  const std::string pcr = tpm_.Pcr(kDefaultMeasurementPcr);
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(tpm_.Pcr(kDefaultMeasurementPcr), pcr);
}

TEST_F(ManufactureTest, RefusesWrongArguments) {
  options_.banks = 0;
  EXPECT_THAT(Make(), IsStatus(Code::kInvalidArgument, Source::kVtpm, 1));
  options_.banks = 0x10;
  EXPECT_THAT(Make(), IsStatus(Code::kInvalidArgument, Source::kVtpm, 1));
  options_.banks = kPcrBankSha256;
  options_.measurement_pcr = 16;
  EXPECT_THAT(Make(), IsStatus(Code::kInvalidArgument, Source::kVtpm, 2));
  options_.measurement_pcr = 15;
  const Bytes<65> long_digest{};
  options_.launch_digest = long_digest;
  EXPECT_THAT(Make(), IsStatus(Code::kInvalidArgument, Source::kVtpm, 3));
  options_.launch_digest = {};
  attester_.size = 0;
  EXPECT_THAT(Make(), IsStatus(Code::kOutOfRange, Source::kVtpm, 0));
  attester_.size = 2049;
  EXPECT_THAT(Make(), IsStatus(Code::kOutOfRange, Source::kVtpm, 2049));
  attester_.size = FakeAttester::kReportSize;
  const ManufactureHashes swapped{sha384_, sha256_, sha512_};
  EXPECT_THAT(Manufacture(tpm_.engine(), attester_, swapped, options_, workspace_, vtpm_),
              IsStatus(Code::kInvalidArgument, Source::kVtpm, 4));
  EXPECT_FALSE(tpm_.engine().powered());
}

TEST_F(ManufactureTest, FillsAnIndexToItsLimit) {
  attester_.size = kMaxEkCertificate;
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(ReadIndex(0x01C00002).size(), kMaxEkCertificate);
  // A report of another size next time is a new index.
  attester_.size = 100 + 64;
  ASSERT_THAT(Make(), IsOk());
  EXPECT_EQ(ReadIndex(0x01C00002).size(), 164u);
}

}  // namespace
}  // namespace svsm::vtpm
