#include "svsm/protocol/attestation.h"

#include "svsm/core/hosted.h"
#include "tests/protocol/attest_fakes.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Gpa kOp = Plus(kArea0, 8);
constexpr Gpa kNonce = Plus(kFree, 0x100);
constexpr Gpa kReport = FakeMachine::Frame(0x50);
constexpr Gpa kManifest = FakeMachine::Frame(0x60);
constexpr Gpa kCertificates = FakeMachine::Frame(0x70);
constexpr std::uint64_t kMark = ~std::uint64_t{0};

struct Attestation : ::testing::Test {
  Attestation() {
    op.common.report_gpa = kReport.value();
    op.common.report_size = 4096;
    op.common.nonce_gpa = kNonce.value();
    op.common.nonce_size = 64;
    op.common.manifest_gpa = kManifest.value();
    op.common.manifest_size = 4096;
    op.common.certificates_gpa = kCertificates.value();
    op.common.certificates_size = 0x4000;
    op.service_guid = kVtpmService.mixed_endian();
    for (std::uint8_t i = 0; i < 64; ++i) nonce[i] = static_cast<std::uint8_t>(i + 1);
    svsm.machine.Poke(kNonce, nonce);
  }

  CallRegisters Run(std::uint32_t call, Gpa gpa) {
    svsm.machine.Poke(gpa, wire::ToBytes(op));
    CallRegisters registers = MakeCall(kAttestationProtocol, call);
    registers.rcx = gpa.value();
    registers.rdx = kMark;
    registers.r8 = kMark;
    return svsm.Call(registers);
  }
  CallRegisters All() { return Run(kAttestServices, kOp); }
  CallRegisters Single() { return Run(kAttestSingleService, kOp); }
  // The code of both calls, which has to be one, without sizes and without a request to the AMD-SP.
  ResultCode Refused() {
    const CallRegisters all = All();
    const CallRegisters single = Single();
    EXPECT_EQ(all, single);
    EXPECT_EQ(all.rcx, kOp.value());
    EXPECT_EQ(all.rdx, kMark);
    EXPECT_EQ(all.r8, kMark);
    EXPECT_EQ(svsm.attester.requests, 0u);
    return static_cast<ResultCode>(all.rax);
  }
  // The REPORT_DATA of the report in guest memory is over this manifest.
  void ExpectReportOver(ByteView manifest) {
    const ByteView parts[] = {nonce, manifest};
    Bytes<64> expected{};
    ASSERT_THAT(svsm.sha512.Digest(parts, expected), IsOk());
    EXPECT_THAT(svsm.machine.Map(Plus(kReport, 0x50), 64), testing::SameBytes(expected));
  }

  AttestingSvsm svsm;
  AttestSingleServiceOp op{};
  Bytes<64> nonce{};
};

TEST_F(Attestation, OfAllServices) {
  const CallRegisters out = All();
  EXPECT_EQ(out.rax, 0u);
  EXPECT_EQ(out.rcx, 24u + 2 * 24 + 314);
  EXPECT_EQ(out.rdx, 100u);
  EXPECT_EQ(out.r8, 1184u);
  const ByteView manifest = svsm.machine.Map(kManifest, out.rcx);
  std::array<ManifestEntry, 2> slots;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto entries, ParseServicesManifest(manifest, slots));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].guid, kVtpmService);
  EXPECT_EQ(entries[0].manifest.size(), 314u);
  EXPECT_EQ(entries[1].guid, kUefiMmService);
  EXPECT_TRUE(entries[1].manifest.empty());
  ExpectReportOver(manifest);
  EXPECT_EQ(svsm.machine.Map(kCertificates, 101)[99], 'C');
  EXPECT_EQ(svsm.machine.Map(kCertificates, 101)[100], 0);
}

TEST_F(Attestation, OfOneServiceIsOverTheBareManifest) {
  const CallRegisters out = Single();
  EXPECT_EQ(out.rax, 0u);
  EXPECT_EQ(out.rcx, 314u);
  ExpectReportOver(std::vector<std::uint8_t>(314, 'V'));
}

TEST_F(Attestation, OfOneServiceInItsOtherVersion) {
  op.manifest_version = 1;
  EXPECT_EQ(Single().rcx, 315u);
  EXPECT_EQ(svsm.machine.Map(kManifest, 1)[0], 1);
}

TEST_F(Attestation, OfAServiceWithoutManifestIsOverTheNonce) {
  op.service_guid = kUefiMmService.mixed_endian();
  op.common.manifest_size = 0;
  op.common.manifest_gpa = 0;
  const CallRegisters out = Single();
  EXPECT_EQ(out.rax, 0u);
  EXPECT_EQ(out.rcx, 0u);
  ExpectReportOver({});
}

TEST_F(Attestation, WithoutCertificates) {
  op.common.certificates_size = 0;
  op.common.certificates_gpa = 0x123;  // not looked at
  svsm.attester.known_certificates = 0x4000;
  const CallRegisters out = All();
  EXPECT_EQ(out.rax, 0u);
  EXPECT_EQ(out.rdx, 0u);
}

TEST_F(Attestation, UnknownServicesAndVersionsAreParameters) {
  const auto expect = [this] {
    const CallRegisters out = Single();
    EXPECT_EQ(out.rax, ToU32(ResultCode::kInvalidParameter));
    EXPECT_EQ(out.rdx, kMark);
    EXPECT_EQ(svsm.attester.requests, 0u);
  };
  op.manifest_version = 2;
  expect();
  op.manifest_version = 0;
  op.service_guid = kServicesManifestGuid.mixed_endian();
  expect();
  op.service_guid = kVtpmService.rfc4122();  // the wrong byte order
  expect();
  EXPECT_EQ(svsm.Code(kAttestationProtocol, 2, kOp.value()), ResultCode::kUnsupportedCall);
}

TEST_F(Attestation, ReservedBytesMustBeZero) {
  const std::vector<std::size_t> reserved = {0x0C, 0x0F, 0x1A, 0x1F, 0x2C, 0x2F, 0x3C, 0x3F};
  const AttestSingleServiceOp good = op;
  for (const std::size_t at : reserved) {
    Bytes<sizeof(op)> bytes = wire::ToBytes(good);
    bytes[at] = 1;
    op = *wire::Read<AttestSingleServiceOp>(bytes);
    EXPECT_EQ(Refused(), ResultCode::kInvalidParameter) << at;
  }
  op = good;
  op.reserved_54[3] = 1;
  EXPECT_EQ(Single().rax, ToU32(ResultCode::kInvalidParameter));
  EXPECT_EQ(All().rax, 0u);  // not a part of that struct
}

TEST_F(Attestation, TheStructMustBeAlignedAndInOnePage) {
  for (const std::uint64_t low : {1u, 4u, 7u}) {
    EXPECT_EQ(Run(kAttestServices, Plus(kOp, low)).rax, ToU32(ResultCode::kInvalidParameter));
    EXPECT_EQ(Run(kAttestSingleService, Plus(kOp, low)).rax, ToU32(ResultCode::kInvalidParameter));
  }
  const Gpa page = FakeMachine::Frame(0x80);
  EXPECT_EQ(Run(kAttestServices, Plus(page, 0x1000 - 0x40)).rax, 0u);
  EXPECT_EQ(Run(kAttestServices, Plus(page, 0x1000 - 0x38)).rax,
            ToU32(ResultCode::kInvalidParameter));
  EXPECT_EQ(Run(kAttestSingleService, Plus(page, 0x1000 - 0x58)).rax, 0u);
  EXPECT_EQ(Run(kAttestSingleService, Plus(page, 0x1000 - 0x50)).rax,
            ToU32(ResultCode::kInvalidParameter));
}

TEST_F(Attestation, TheStructMustBeGuestMemory) {
  for (const Gpa gpa : {kSvsmPage, kNowhere, kVmsa0, Gpa(~std::uint64_t{0xFFF})}) {
    EXPECT_EQ(svsm.Code(kAttestationProtocol, kAttestServices, gpa.value()),
              ResultCode::kInvalidAddress);
    EXPECT_EQ(svsm.Code(kAttestationProtocol, kAttestSingleService, gpa.value()),
              ResultCode::kInvalidAddress);
  }
}

TEST_F(Attestation, TheNonceHas64BytesInOnePage) {
  for (const int size : {0, 1, 63, 65, 128, 0xFFFF}) {
    op.common.nonce_size = static_cast<std::uint16_t>(size);
    EXPECT_EQ(Refused(), ResultCode::kInvalidParameter) << size;
  }
  op.common.nonce_size = 64;
  op.common.nonce_gpa = kFree.value() + 0x1000 - 63;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
}

TEST_F(Attestation, BuffersArePageAligned) {
  const AttestServicesOp good = op.common;
  op.common.report_gpa = kReport.value() + 8;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.manifest_gpa = kManifest.value() + 0x800;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.certificates_gpa = kCertificates.value() + 1;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
}

TEST_F(Attestation, BuffersAreBounded) {
  const AttestServicesOp good = op.common;
  op.common.report_size = kMaxAttestationBuffer + 1;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.manifest_size = 0xFFFFFFFF;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.certificates_size = kMaxCertificateBuffer + 1;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
}

TEST_F(Attestation, BuffersAreTheGuests) {
  const AttestServicesOp good = op.common;
  const Gpa below_svsm = FakeMachine::Frame(FakeMachine::kFirstSvsm - 1);
  for (const Gpa gpa : {kSvsmPage, kNowhere, kVmsa0, Gpa(~std::uint64_t{0xFFF}), below_svsm}) {
    op.common = good;
    op.common.report_gpa = gpa.value();
    op.common.report_size = 0x2000;
    EXPECT_EQ(Refused(), ResultCode::kInvalidAddress) << gpa.value();
    op.common = good;
    op.common.manifest_gpa = gpa.value();
    op.common.manifest_size = 0x2000;
    EXPECT_EQ(Refused(), ResultCode::kInvalidAddress) << gpa.value();
    op.common = good;
    op.common.certificates_gpa = gpa.value();
    EXPECT_EQ(Refused(), ResultCode::kInvalidAddress) << gpa.value();
  }
  for (const Gpa gpa : {kSvsmPage, kNowhere, kVmsa0, Gpa(~std::uint64_t{63})}) {
    op.common = good;
    op.common.nonce_gpa = gpa.value();
    EXPECT_EQ(Refused(), ResultCode::kInvalidAddress) << gpa.value();
  }
}

TEST_F(Attestation, BuffersDoNotOverlapEachOtherOrTheStruct) {
  const AttestServicesOp good = op.common;
  op.common.manifest_gpa = kReport.value();
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.report_gpa = kManifest.value() - kPageSize;
  op.common.report_size = 4097;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.certificates_gpa = kManifest.value() - 3 * kPageSize;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.nonce_gpa = kOp.value() + 0x30;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.nonce_gpa = kReport.value() + 16;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
  op.common = good;
  op.common.nonce_gpa = kOp.value() + 8;
  EXPECT_EQ(Refused(), ResultCode::kInvalidParameter);
}

TEST_F(Attestation, TheHeadOfTheCallingAreaIsNoBuffer) {
  const AttestServicesOp good = op.common;
  op.common.report_gpa = kArea0.value();
  EXPECT_EQ(Refused(), ResultCode::kInvalidAddress);
  op.common = good;
  op.common.nonce_gpa = kArea0.value();
  EXPECT_EQ(Refused(), ResultCode::kInvalidAddress);
  EXPECT_EQ(svsm.Code(kAttestationProtocol, kAttestServices, kArea0.value()),
            ResultCode::kInvalidAddress);
}

TEST_F(Attestation, SizesAreAnsweredBeforeARequestIsSpent) {
  svsm.attester.known_certificates = 100;
  const AttestServicesOp good = op.common;
  const auto expect = [this](std::uint64_t certificates) {
    const CallRegisters out = All();
    EXPECT_EQ(out.rax, ToU32(ResultCode::kInvalidParameter));
    EXPECT_EQ(out.rcx, 24u + 2 * 24 + 314);
    EXPECT_EQ(out.rdx, certificates);
    EXPECT_EQ(out.r8, 1184u);
    EXPECT_EQ(svsm.attester.requests, 0u);
    EXPECT_TRUE(IsZero(svsm.machine.Map(kReport, 4096)));
    EXPECT_TRUE(IsZero(svsm.machine.Map(kManifest, 4096)));
  };
  op.common.report_size = 1183;
  expect(100);
  op.common = good;
  op.common.manifest_size = 24 + 2 * 24 + 313;
  expect(100);
  op.common = good;
  op.common.certificates_size = 99;
  expect(100);
  op.common.report_size = 0;
  op.common.manifest_size = 0;
  op.common.certificates_size = 0;
  expect(0);
}

TEST_F(Attestation, ExactSizesSuffice) {
  op.common.report_size = 1184;
  op.common.manifest_size = 314;
  op.common.certificates_size = 100;
  EXPECT_EQ(Single().rax, 0u);
}

TEST_F(Attestation, CertificatesThatGrewAreASizeAgain) {
  svsm.attester.real_certificates = 5000;
  op.common.certificates_size = 4096;
  const CallRegisters out = Single();
  EXPECT_EQ(out.rax, ToU32(ResultCode::kInvalidParameter));
  EXPECT_EQ(out.rcx, 314u);
  EXPECT_EQ(out.rdx, 5000u);
  EXPECT_EQ(out.r8, 1184u);
}

TEST_F(Attestation, CertificatesThatNoBufferHoldsAreAFailure) {
  svsm.attester.real_certificates = kMaxCertificateBuffer + 1;
  EXPECT_EQ(Single().rax, ToU32(ResultCode::kAttestationFailed));
}

TEST_F(Attestation, AFailedRequestIsNotASize) {
  svsm.attester.next = Status(Code::kIoError, Source::kSnp, 7);
  const CallRegisters out = All();
  EXPECT_EQ(out.rax, 0x80001000u);
  EXPECT_EQ(out.rdx, kMark);
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(Code::kIoError, Source::kSnp, 7));
  EXPECT_TRUE(IsZero(svsm.machine.Map(kReport, 4096)));
  EXPECT_EQ(All().rax, 0u);
}

TEST_F(Attestation, AFailedRequestWithoutCertificatesIsTheSame) {
  op.common.certificates_size = 0;
  svsm.attester.next = Status(Code::kIoError, Source::kSnp, 7);
  EXPECT_EQ(All().rax, 0x80001000u);
  svsm.attester.next = Status(Code::kBusy, Source::kSnp);
  EXPECT_EQ(All().rax, ToU32(ResultCode::kBusy));
  EXPECT_EQ(All().rax, 0u);
}

TEST_F(Attestation, ABusyAmdSpChangesNothing) {
  svsm.attester.next = Status(Code::kBusy, Source::kSnp);
  CallRegisters out = All();
  EXPECT_EQ(out.rax, ToU32(ResultCode::kBusy));
  EXPECT_EQ(out.rcx, kOp.value());
  EXPECT_TRUE(IsZero(svsm.machine.Map(kReport, 4096)));
  EXPECT_TRUE(IsZero(svsm.machine.Map(kManifest, 4096)));
  EXPECT_EQ(All().rax, 0u);
}

TEST_F(Attestation, ABusyWorkAreaIsBusy) {
  svsm.workspace_lock.Acquire();
  EXPECT_EQ(All().rax, ToU32(ResultCode::kBusy));
  svsm.workspace_lock.Release();
  EXPECT_EQ(All().rax, 0u);
}

TEST_F(Attestation, APageThatFaultsIsAnAddress) {
  svsm.machine.page(0x40).faults = true;  // the nonce
  EXPECT_EQ(Refused(), ResultCode::kInvalidAddress);
  svsm.machine.page(0x40).faults = false;
  svsm.machine.page(0x50).faults = true;  // the report, seen when it is written
  EXPECT_EQ(All().rax, ToU32(ResultCode::kInvalidAddress));
}

TEST_F(Attestation, AServiceThatFailsIsTheSvsmsFailure) {
  svsm.vtpm.fails = Status(Code::kIoError, Source::kVtpm, 3);
  EXPECT_EQ(All().rax, ToU32(ResultCode::kInvalidRequest));
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(Code::kIoError, Source::kVtpm, 3));
  // The lock was let go.
  svsm.vtpm.fails = OkStatus();
  EXPECT_EQ(All().rax, 0u);
}

TEST_F(Attestation, AnAttesterThatClaimsMoreThanItHadRoomForIsABug) {
  svsm.attester.lie = 1;
  EXPECT_EQ(All().rax, ToU32(ResultCode::kInvalidRequest));
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(Code::kInternal, Source::kProtocol));
}

TEST_F(Attestation, AWorkAreaThatIsTooSmallIsTheSvsmsFailure) {
  const auto try_with = [this](std::size_t size, std::uint32_t needed) {
    AttestationService small({.attester = svsm.attester,
                              .sha512 = svsm.sha512,
                              .providers = svsm.providers,
                              .workspace = ByteSpan(svsm.workspace).first(size),
                              .log = svsm.log,
                              .workspace_lock = svsm.workspace_lock});
    CallContext context{kVmsa0, kArea0, Vmpl(2), svsm.machine};
    svsm.machine.Poke(kOp, wire::ToBytes(op));
    CallRegisters in = MakeCall(kAttestationProtocol, kAttestServices);
    in.rcx = kOp.value();
    EXPECT_THAT(small.Call(context, in), IsStatus(Code::kOutOfMemory, Source::kProtocol, needed));
  };
  try_with(71, 72);  // the table alone
  const std::size_t all = 386 + 1184 + 0x4000;
  try_with(all - 1, static_cast<std::uint32_t>(all));
}

TEST(AttestationDeathTest, WantsSha512) {
  AttestingSvsm svsm;
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  EXPECT_DEATH(AttestationService({.attester = svsm.attester,
                                   .sha512 = sha256,
                                   .providers = svsm.providers,
                                   .workspace = svsm.workspace,
                                   .log = svsm.log,
                                   .workspace_lock = svsm.workspace_lock}),
               "kSha512");
}

}  // namespace
}  // namespace svsm::protocol
