#include "svsm/protocol/apic.h"

#include <map>

#include "tests/protocol/client_fakes.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

// Remembers what it was told, and refuses with `error`.
class FakeApic final : public ApicEmulation {
 public:
  bool InUse() const override { return in_use; }
  std::uint64_t Features() const override { return 0x5; }
  Status Configure(const CallContext& context, ApicRegistration what) override {
    vmsa = context.vmsa;
    registration = what;
    return error;
  }
  Result<std::uint64_t> Read(const CallContext&, ApicRegister reg) override {
    if (!error.ok()) return error;
    return registers[reg.value()];
  }
  Status Write(const CallContext&, ApicRegister reg, std::uint64_t value) override {
    if (error.ok()) registers[reg.value()] = value;
    return error;
  }
  Status ConfigureVector(const CallContext&, const ApicVectorChoice& wanted) override {
    if (error.ok()) choice = wanted;
    return error;
  }

  bool in_use = true;
  Status error;
  Gpa vmsa;
  ApicRegistration registration = ApicRegistration::kQuery;
  std::map<std::uint64_t, std::uint64_t> registers;
  ApicVectorChoice choice;
};

struct ApicTest : ::testing::Test {
  ApicTest() {
    const Status registered = svsm.dispatcher.Register(service);
    EXPECT_THAT(registered, IsOk());
  }
  ResultCode Code(std::uint32_t call, std::uint64_t rcx, std::uint64_t rdx = 0) {
    return svsm.Code(kApicProtocol, call, rcx, rdx);
  }

  Svsm svsm;
  FakeApic apic;
  ApicService service{apic};
  FakeExit exit{svsm, kVmsa0};
  Client client{exit, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {.max_busy = 2}};
  ApicClient guest{client};
};

TEST(ApicVectorChoice, RoundTrips) {
  for (const ApicVectorChoice choice :
       {ApicVectorChoice{0x31, true, false}, ApicVectorChoice{0, false, true},
        ApicVectorChoice{0xFF, true, true}, ApicVectorChoice{}}) {
    EXPECT_THAT(DecodeApicVectorChoice(EncodeApicVectorChoice(choice)), IsOkAnd(choice));
  }
  EXPECT_EQ(EncodeApicVectorChoice({0x31, true, true}), 0x331u);
  for (unsigned bit = 10; bit < 64; ++bit) {
    EXPECT_THAT(DecodeApicVectorChoice(std::uint64_t{1} << bit),
                IsStatus(svsm::Code::kMalformed, Source::kProtocol));
  }
}

TEST(ApicRegisters, AreThoseThatAreEmulated) {
  const std::map<std::uint64_t, ApicAccess> special = {
      {0x802, ApicAccess::kRead},  {0x808, ApicAccess::kReadWrite}, {0x80A, ApicAccess::kRead},
      {0x80B, ApicAccess::kWrite}, {0x80D, ApicAccess::kRead},      {0x830, ApicAccess::kReadWrite},
      {0x83F, ApicAccess::kWrite}};
  for (std::uint64_t reg = 0x7F0; reg < 0x900; ++reg) {
    const auto found = special.find(reg);
    const ApicAccess expected = found != special.end()        ? found->second
                                : reg >= 0x810 && reg < 0x828 ? ApicAccess::kRead
                                                              : ApicAccess::kUnsupported;
    EXPECT_EQ(AccessOf(ApicRegister(reg)), expected) << reg;
  }
  EXPECT_EQ(ReservedBitsOf(ApicRegister(0x803)), ~std::uint64_t{0});
}

TEST_F(ApicTest, IsThereOnlyUnderAlternateInjection) {
  EXPECT_THAT(client.QueryProtocol(kApicProtocol, 1), IsOkAnd(VersionRange{1, 1}));
  apic.in_use = false;
  EXPECT_THAT(client.QueryProtocol(kApicProtocol, 1), IsOkAnd(VersionRange{}));
  EXPECT_EQ(Code(kApicQueryFeatures, 0), ResultCode::kUnsupportedProtocol);
}

TEST_F(ApicTest, HasFiveCalls) {
  EXPECT_THAT(guest.QueryFeatures(), IsOkAnd(5u));
  EXPECT_EQ(Code(5, 0), ResultCode::kUnsupportedCall);
  EXPECT_THAT(guest.Configure(ApicRegistration::kRegister), IsOk());
  EXPECT_EQ(apic.registration, ApicRegistration::kRegister);
  EXPECT_EQ(apic.vmsa, kVmsa0);
  EXPECT_THAT(guest.Write(kApicTpr, 0x20), IsOk());
  EXPECT_THAT(guest.Read(kApicTpr), IsOkAnd(0x20u));
  EXPECT_THAT(guest.ConfigureVector({0x31, true, false}), IsOk());
  EXPECT_EQ(apic.choice, (ApicVectorChoice{0x31, true, false}));
}

TEST_F(ApicTest, RefusesWhatIsReservedBeforeTheEmulationIsAsked) {
  EXPECT_EQ(Code(kApicConfigure, 3), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicConfigureVector, 0x400), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicReadRegister, 0x803), ResultCode::kInvalidAddress);
  EXPECT_EQ(Code(kApicWriteRegister, 0x803), ResultCode::kInvalidAddress);
  EXPECT_EQ(Code(kApicReadRegister, 0x100000802), ResultCode::kInvalidAddress);
  EXPECT_EQ(Code(kApicReadRegister, kApicEoi.value()), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicReadRegister, kApicSelfIpi.value()), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicWriteRegister, kApicId.value()), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicWriteRegister, kApicIrr0.value() + 7), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicWriteRegister, kApicTpr.value(), 0x100), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kApicWriteRegister, kApicEoi.value(), 1), ResultCode::kInvalidParameter);
  for (const unsigned bit : {12u, 13u, 16u, 17u, 20u, 31u}) {
    EXPECT_EQ(Code(kApicWriteRegister, kApicIcr.value(), std::uint64_t{1} << bit),
              ResultCode::kInvalidParameter);
  }
  EXPECT_TRUE(apic.registers.empty());
  EXPECT_EQ(Code(kApicWriteRegister, kApicIcr.value(), 0x00000007000CCFFF & ~0x3000ull),
            ResultCode::kSuccess);
  EXPECT_EQ(Code(kApicWriteRegister, kApicEoi.value(), 0), ResultCode::kSuccess);
}

TEST_F(ApicTest, WhatTheEmulationSaysIsAnswered) {
  const auto all = [this](ResultCode code) {
    EXPECT_EQ(Code(kApicConfigure, 1), code);
    EXPECT_EQ(Code(kApicReadRegister, kApicId.value()), code);
    EXPECT_EQ(Code(kApicWriteRegister, kApicTpr.value()), code);
    EXPECT_EQ(Code(kApicConfigureVector, 0), code);
  };
  apic.error = Status(svsm::Code::kPermissionDenied, Source::kCaller);
  all(kApicRefused);
  EXPECT_THAT(guest.Configure(ApicRegistration::kDeregister),
              IsStatus(svsm::Code::kPermissionDenied, Source::kProtocol, 0x80001000));
  apic.error = Status(svsm::Code::kInvalidArgument, Source::kCaller);
  all(ResultCode::kInvalidParameter);
  apic.error = Status(svsm::Code::kFailedPrecondition, Source::kCaller);
  all(ResultCode::kInvalidRequest);
  EXPECT_TRUE(svsm.log.lines.empty());
  apic.error = Status(svsm::Code::kBusy, Source::kCaller);
  all(ResultCode::kBusy);
  EXPECT_THAT(guest.Read(kApicId), IsStatus(svsm::Code::kBusy, Source::kProtocol, 3));
  apic.error = Status(svsm::Code::kIoError, Source::kCaller);
  all(ResultCode::kInvalidRequest);
  EXPECT_EQ(svsm.log.lines.size(), 4u);
}

}  // namespace
}  // namespace svsm::protocol
