#include "sim/guest_services.h"

#include "sim/cpuid.h"
#include "tests/sim/session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

// A guest that is launched with Secure TSC at the desired frequency, on a machine with this state.
class TimedGuest {
 public:
  TimedGuest(const PlatformState& state, std::uint32_t desired_khz)
      : rng_(1), sp(MakeChip(kMilan, 1), state, rng_) {
    LaunchStartParameters start;
    start.desired_tsc_khz = desired_khz;
    handle = sp.LaunchStart(start).value();
    EXPECT_THAT(sp.LaunchUpdate(handle, snp::PageType::kSecrets, Gpa(0), secrets, {}), IsOk());
    EXPECT_THAT(sp.LaunchFinish(handle, {}), IsOk());
  }
  Result<snp::TscInfo> Ask() {
    Host host(sp, 0);
    GuestPort port(host, handle);
    testing::ManualClock clock{kTestTime};
    crypto::OpensslAesGcm aead;
    snp::VmpckHandover key{snp::VmpckId(2), {}, 0};
    Copy(key.key.writable(), ByteView(secrets).subspan(0x60, 32));
    snp::GuestMessageSession session(aead, std::move(key), port, clock, {.vmpl = Vmpl(2)});
    return session.RequestTscInfo();
  }

 private:
  SeededRng rng_;

 public:
  AmdSp sp;
  GuestHandle handle;
  Bytes<kPageSize> secrets{};
};

TEST(AmdSpTsc, TheGuestsCounterBeginsAtZeroAndRunsAsDesired) {
  PlatformState state;
  state.tsc_khz = 2'000'000;
  state.tsc_factor = 250;
  state.tsc = 0x123456789ABCDEF;
  TimedGuest guest(state, 3'000'000);
  SVSM_ASSERT_OK_AND_ASSIGN(const snp::TscInfo info, guest.Ask());
  EXPECT_EQ(info.scale, 0x1'8000'0000u);
  EXPECT_EQ(info.offset + state.tsc / 2 * 3 + 1, 0u);  // the counter is odd
  EXPECT_EQ(info.factor, 250u);
  EXPECT_EQ(guest.secrets[0x160], 250);
}

TEST(AmdSpTsc, WithoutSecureTscTheGuestIsRefused) {
  PlatformState state;
  state.tsc_factor = 250;
  TimedGuest guest(state, 0);
  EXPECT_THAT(guest.Ask(), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  EXPECT_EQ(guest.secrets[0x160], 0);
}

TEST(AmdSpCpuid, AcceptsWhatIsSoAndCorrectsWhatIsNot) {
  LaunchedGuest guest;
  Session session(guest, 1);
  const snp::CpuidFunction right{.leaf = 1, .eax = PackCpuid(kMilan), .edx = 3};
  snp::CpuidFunction functions[] = {right, {.leaf = 0xD, .subleaf = 1, .xcr0 = 7}};
  EXPECT_THAT(session.session.CheckCpuid(functions), IsOkAnd(snp::CpuidVerdict::kAccepted));
  functions[0].eax = PackCpuid(kTurin);
  EXPECT_THAT(session.session.CheckCpuid(functions), IsOkAnd(snp::CpuidVerdict::kCorrected));
  EXPECT_THAT(functions,
              ElementsAre(right, snp::CpuidFunction{.leaf = 0xD, .subleaf = 1, .xcr0 = 7}));
}

// Sizes and versions that no request has.
TEST(AmdSpRequests, OtherFormsAreNotAnswered) {
  const Chip chip = MakeChip(kMilan, 1);
  const GuestFacts facts;
  const PlatformState platform;
  const GuestServiceContext context{facts, platform, chip, nullptr, Vmpl(0)};
  struct Request {
    snp::MessageType type;
    std::uint8_t version;
    std::size_t size;
  };
  const Request kRefused[] = {
      {snp::MessageType::kReportRequest, 2, 96},   {snp::MessageType::kReportRequest, 1, 95},
      {snp::MessageType::kKeyRequest, 1, 0x28},    {snp::MessageType::kKeyRequest, 2, 0x20},
      {snp::MessageType::kTscInfoRequest, 1, 127}, {snp::MessageType::kTscInfoRequest, 2, 128},
      {snp::MessageType::kCpuidRequest, 1, 0x40},  {snp::MessageType::kCpuidRequest, 2, 0x40},
      {snp::MessageType::kExportRequest, 1, 64},   {snp::MessageType::kReportResponse, 1, 96},
  };
  for (const Request& request : kRefused) {
    const ByteVector payload(request.size);
    EXPECT_THAT(AnswerRequest(context, request.type, request.version, payload),
                IsStatus(Code::kUnsupported, Source::kSim));
  }
  ByteVector payload(snp::kTscInfoSize);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector answer,
                            AnswerRequest(context, snp::MessageType::kTscInfoRequest, 1, payload));
  EXPECT_EQ(answer[0], 0x16);
}

TEST(AmdSpCpuid, ALaunchPageIsCorrectedInPlace) {
  SeededRng rng(1);
  AmdSp sp(MakeChip(kGenoa, 1), UsualPlatform(kGenoa), rng);
  const GuestHandle guest = sp.LaunchStart({}).value();
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kSim, 0x16);
  Bytes<kPageSize> page{};
  const auto load = [&] {
    return sp.LaunchUpdate(guest, snp::PageType::kCpuid, Gpa(0x1000), page, {});
  };
  EXPECT_THAT(load(), IsOk());  // empty
  const snp::CpuidFunction wrong[] = {{.leaf = 1, .eax = PackCpuid(kMilan)}};
  ASSERT_THAT(snp::EncodeCpuidRequest(wrong, page), IsOk());
  const auto before = sp.Measurement(guest).value();
  EXPECT_THAT(load(), invalid);
  EXPECT_EQ(sp.Measurement(guest).value(), before);
  snp::CpuidFunction found[1];
  ASSERT_THAT(snp::DecodeCpuidRequest(page, found), IsOk());
  EXPECT_EQ(found[0].eax, PackCpuid(kGenoa));
  EXPECT_THAT(load(), IsOk());
  page[4] = 1;  // reserved
  EXPECT_THAT(load(), invalid);
}

}  // namespace
}  // namespace svsm::sim
