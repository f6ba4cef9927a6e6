#include "svsm/protocol/attestation.h"
#include "tests/protocol/attest_fakes.h"
#include "tests/protocol/client_fakes.h"

namespace svsm::protocol {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsStatus;

struct ClientAttest : ::testing::Test {
  ClientAttest() : pages(svsm.machine), exit(svsm, kVmsa0) { Fill(nonce.bytes, 0x5A); }
  void Free(const AttestationBuffers& buffers) {
    pages.Free(buffers.report);
    pages.Free(buffers.manifest);
    pages.Free(buffers.certificates);
  }
  AttestingSvsm svsm;
  FakePages pages;
  FakeExit exit;
  Client client{exit, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {}};
  GuestBuffer nonce{kFree, svsm.machine.Map(kFree, 64)};
};

TEST_F(ClientAttest, BringsReportManifestAndCertificates) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto all, client.AttestServices(nonce, pages));
  EXPECT_EQ(all.report_bytes, 1184u);
  EXPECT_EQ(all.manifest_bytes, 386u);
  EXPECT_EQ(all.certificates_bytes, 100u);
  EXPECT_EQ(all.report.bytes[0], 'R');
  const ByteView parts[] = {nonce.bytes, all.manifest.bytes.first(386)};
  Bytes<64> expected{};
  ASSERT_THAT(svsm.sha512.Digest(parts, expected), IsOk());
  EXPECT_THAT(all.report.bytes.subspan(0x50, 64), testing::SameBytes(expected));
  EXPECT_EQ(exit.exits, 1u);
  Free(all);
  EXPECT_THAT(pages.live, IsEmpty());
}

TEST_F(ClientAttest, OfOneService) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto one,
                            client.AttestSingleService(kVtpmService, 1, nonce, pages));
  EXPECT_EQ(one.manifest_bytes, 315u);
  EXPECT_THAT(client.AttestSingleService(kVtpmService, 7, nonce, pages),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000005));
  EXPECT_EQ(pages.live.size(), 3u);
  Free(one);
}

struct LargeManifest : ClientAttest {
  LargeManifest() : large(kVtpmService, std::vector<std::uint8_t>(5000, 'L')) {
    svsm.providers[0] = &large;
  }
  FakeProvider large;
};

TEST_F(LargeManifest, IsFetchedInASecondRound) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto all, client.AttestServices(nonce, pages));
  EXPECT_EQ(exit.exits, 2u);
  EXPECT_EQ(svsm.attester.requests, 1u);
  EXPECT_EQ(all.manifest_bytes, 5072u);
  EXPECT_EQ(all.manifest.bytes.size(), 8192u);
  Free(all);
  EXPECT_THAT(pages.live, IsEmpty());
}

TEST_F(LargeManifest, WithoutPagesForItLeavesNothing) {
  pages.left = 6;
  EXPECT_THAT(client.AttestServices(nonce, pages), IsStatus(Code::kOutOfMemory, Source::kCaller));
  EXPECT_THAT(pages.live, IsEmpty());
  pages.left = 5;
  EXPECT_THAT(client.AttestServices(nonce, pages), IsStatus(Code::kOutOfMemory, Source::kCaller));
  EXPECT_THAT(pages.live, IsEmpty());
}

// An SVSM that answers with any sizes.
class SizesExit final : public GuestExit {
 public:
  explicit SizesExit(FakeMachine& machine) : machine_(machine) {}
  Status RunSvsm(CallRegisters& registers) override {
    ++exits;
    registers.rax = rax;
    registers.rcx = manifest += grow;
    registers.rdx = certificates;
    registers.r8 = report;
    machine_.Poke(kArea0, Bytes<1>{0});
    return OkStatus();
  }
  unsigned exits = 0;
  std::uint64_t rax = ToU32(ResultCode::kInvalidParameter);
  std::uint64_t manifest = 0;
  std::uint64_t certificates = 0;
  std::uint64_t report = 1184;
  std::uint64_t grow = 0;

 private:
  FakeMachine& machine_;
};

struct StrangeSizes : ClientAttest {
  Status Attest() { return client_.AttestServices(nonce, pages).status(); }
  ~StrangeSizes() override { EXPECT_THAT(pages.live, IsEmpty()); }
  SizesExit sizes{svsm.machine};
  Client client_{sizes, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {}};
};

TEST_F(StrangeSizes, ThatKeepGrowingEndAfterThreeRounds) {
  sizes.grow = 5000;
  EXPECT_THAT(Attest(), IsStatus(Code::kExhausted, Source::kProtocol, 3));
  EXPECT_EQ(sizes.exits, 3u);
}

TEST_F(StrangeSizes, ThatFitAlreadyAreTheErrorThatTheyCameWith) {
  EXPECT_THAT(Attest(), IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000005));
  EXPECT_EQ(sizes.exits, 1u);
}

TEST_F(StrangeSizes, OutOfAllBoundsAreRefused) {
  sizes.manifest = kMaxAttestationBuffer + 1;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, kMaxAttestationBuffer + 1));
  sizes.manifest = 0;
  sizes.certificates = kMaxCertificateBuffer + 1;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, kMaxCertificateBuffer + 1));
  sizes.certificates = 0;
  sizes.report = std::uint64_t{1} << 40;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, 0));
}

TEST_F(StrangeSizes, BeyondWhatWasOfferedAreRefused) {
  sizes.rax = 0;
  sizes.manifest = 4097;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, 4097));
  sizes.manifest = 0;
  sizes.certificates = 0x4001;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, 0x4001));
  sizes.certificates = 0;
  sizes.report = 4097;
  EXPECT_THAT(Attest(), IsStatus(Code::kMalformed, Source::kProtocol, 4097));
}

TEST_F(StrangeSizes, NotTouchedAreNoSizes) {
  sizes.certificates = sizes.report = ~std::uint64_t{0};
  EXPECT_THAT(Attest(), IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000005));
}

}  // namespace
}  // namespace svsm::protocol
