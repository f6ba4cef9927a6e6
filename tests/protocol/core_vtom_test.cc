// CONFIGURE_VTOM.
#include "svsm/protocol/core_protocol.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsStatus;

constexpr VtomSupport kSupport{
    .alignment_log2 = 30, .min = Gpa(0x40000000), .max = Gpa(0x7FFFC0000000)};

struct Vtom : ::testing::Test {
  CallRegisters Configure(std::uint64_t rcx) {
    CallRegisters call = MakeCall(kCoreProtocol, kCoreConfigureVtom);
    call.rcx = rcx;
    call.rdx = 0xC3;
    call.r8 = 0x1234;
    call.r9 = 0x5678;
    return svsm.Call(call);
  }
  ResultCode Code(std::uint64_t rcx) { return static_cast<ResultCode>(Configure(rcx).rax); }
  std::uint64_t Field(std::size_t offset) {
    return svsm.machine.Peek<wire::Le64>(Plus(kVmsa0, offset)).get();
  }
  Svsm svsm{CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 1, .vtom = kSupport}};
};

TEST_F(Vtom, AQueryTellsBounds) {
  const CallRegisters answer = Configure(kVtomQuery);
  EXPECT_EQ(answer.rax, 0u);
  EXPECT_EQ(answer.rcx, 0x1E002u);
  EXPECT_EQ(answer.rdx, kSupport.min.value());
  EXPECT_EQ(answer.r8, kSupport.max.value());
  EXPECT_EQ(answer.r9, 0x5678u);
}

TEST_F(Vtom, AQueryHasNoOtherBits) {
  for (unsigned bit = 1; bit < 64; ++bit) {
    EXPECT_EQ(Code(kVtomQuery | std::uint64_t{1} << bit), ResultCode::kInvalidParameter) << bit;
  }
}

TEST_F(Vtom, SetsWhatItIsToldTo) {
  EXPECT_EQ(Code(0x80000000 | kVtomEnable), ResultCode::kSuccess);
  EXPECT_EQ(Field(kVmsaVirtualTom), 0x80000000u);
  EXPECT_EQ(Field(kVmsaSevFeatures), kFeatures | kSevFeatureVtom);
  EXPECT_EQ(Field(kVmsaCr3), 0u);
  EXPECT_EQ(Field(kVmsaRip), 0u);
  EXPECT_EQ(Field(kVmsaRsp), 0u);
  EXPECT_EQ(Code(kVtomSetCr3 | kVtomSetRip | kVtomSetRsp), ResultCode::kSuccess);
  EXPECT_EQ(Field(kVmsaVirtualTom), 0u);
  EXPECT_EQ(Field(kVmsaSevFeatures), kFeatures);
  EXPECT_EQ(Field(kVmsaCr3), 0xC3u);
  EXPECT_EQ(Field(kVmsaRip), 0x1234u);
  EXPECT_EQ(Field(kVmsaRsp), 0x5678u);
}

TEST_F(Vtom, LaterVmsasHaveTheFeaturesOfTheStartupVcpu) {
  ASSERT_EQ(Code(0x80000000 | kVtomEnable), ResultCode::kSuccess);
  EXPECT_EQ(svsm.CreateVcpu1(), ResultCode::kInvalidParameter);
  svsm.machine.PokeVmsa(kVmsa1, 2, kEfer, kFeatures | kSevFeatureVtom);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCoreCreateVcpu, kVmsa1.value(), kArea1.value(), 1),
            ResultCode::kSuccess);
}

TEST_F(Vtom, RefusesReservedBitsAndBadPlaces) {
  svsm.machine.TakeSteps();
  for (unsigned bit = 5; bit < 12; ++bit) {
    EXPECT_EQ(Code(0x80000000 | kVtomEnable | 1u << bit), ResultCode::kInvalidParameter);
  }
  for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{0x80001000},
                                  std::uint64_t{0xA0000000}, std::uint64_t{0x800000000000}}) {
    EXPECT_EQ(Code(bad | kVtomEnable), ResultCode::kInvalidAddress) << bad;
  }
  EXPECT_EQ(Code(kSupport.min.value() | kVtomEnable), ResultCode::kSuccess);
  EXPECT_EQ(Code(kSupport.max.value() | kVtomEnable), ResultCode::kSuccess);
}

TEST_F(Vtom, IsRefusedWhereItIsNotSupported) {
  Svsm plain;
  CallRegisters query = MakeCall(kCoreProtocol, kCoreConfigureVtom);
  query.rcx = kVtomQuery;
  const CallRegisters answer = plain.Call(query);
  EXPECT_EQ(answer.rax, 0u);
  EXPECT_EQ(answer.rcx, 0u);
  EXPECT_EQ(plain.Code(kCoreProtocol, kCoreConfigureVtom, kVtomEnable | 0x40000000),
            ResultCode::kInvalidRequest);
  EXPECT_EQ(plain.Code(kCoreProtocol, kCoreConfigureVtom, 0), ResultCode::kInvalidRequest);
  EXPECT_EQ(plain.Code(kCoreProtocol, kCoreConfigureVtom, 0x20), ResultCode::kInvalidParameter);
}

TEST_F(Vtom, AFailureChangesNothing) {
  svsm.machine.TakeSteps();
  svsm.machine.fail_vmsa_write_after = 3;
  EXPECT_EQ(Code(0x80000000 | kVtomEnable | kVtomSetCr3 | kVtomSetRip | kVtomSetRsp),
            ResultCode::kInvalidRequest);
  EXPECT_THAT(svsm.machine.TakeSteps(),
              ElementsAre("writevmsa 3b0", "writevmsa 3c8", "writevmsa 150", "writevmsa 150",
                          "writevmsa 3c8", "writevmsa 3b0"));
  EXPECT_EQ(Field(kVmsaSevFeatures), kFeatures);
  EXPECT_EQ(Field(kVmsaVirtualTom), 0u);
  EXPECT_EQ(Field(kVmsaCr3), 0u);
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(Code::kIoError, Source::kCaller));
  EXPECT_EQ(svsm.vcpus.Find(kVmsa0)->sev_features, kFeatures);
}

TEST_F(Vtom, WantsAnAlignmentThatCanBe) {
  for (const std::uint8_t log2 : Bytes<3>{1, 11, 64}) {
    EXPECT_DEATH(Svsm({.max_version = 1,
                       .pvalidate_pages_per_call = 1,
                       .vtom = {.alignment_log2 = log2, .min = Gpa(0), .max = Gpa(0)}}),
                 "alignment_log2");
  }
}

}  // namespace
}  // namespace svsm::protocol
