#include "svsm/protocol/vcpu_registry.h"

#include <array>

#include "svsm/testing/matchers.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Vcpu Make(std::uint64_t vmsa, std::uint64_t area, std::uint32_t apic_id = 0) {
  return {.vmsa = Gpa(vmsa), .calling_area = Gpa(area), .apic_id = apic_id, .vmpl = Vmpl(2)};
}

struct VcpuRegistryTest : ::testing::Test {
  std::array<Vcpu, 3> slots;
  NoLock lock;
  VcpuRegistry vcpus{slots, lock};
};

TEST_F(VcpuRegistryTest, HasOneStartupVcpu) {
  EXPECT_EQ(vcpus.StartupLocked(), nullptr);
  EXPECT_THAT(vcpus.AddStartup(Make(0x1000, 0x2000, 7)), IsOk());
  ASSERT_NE(vcpus.StartupLocked(), nullptr);
  EXPECT_EQ(vcpus.StartupLocked()->apic_id, 7u);
  EXPECT_THAT(vcpus.AddStartup(Make(0x3000, 0x4000)),
              IsStatus(Code::kAlreadyExists, Source::kProtocol));
}

TEST_F(VcpuRegistryTest, RefusesAStartupVcpuThatCannotBe) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kProtocol);
  EXPECT_THAT(vcpus.AddStartup(Make(0x1001, 0x2000)), invalid);
  EXPECT_THAT(vcpus.AddStartup(Make(0x1000, 0x2008)), invalid);
  EXPECT_THAT(vcpus.AddStartup(Make(0x1000, 0x1000)), invalid);
  Vcpu vcpu = Make(0x1000, 0x2000);
  vcpu.vmpl = Vmpl(0);
  EXPECT_THAT(vcpus.AddStartup(vcpu), invalid);
  vcpu.vmpl = Vmpl(4);
  EXPECT_THAT(vcpus.AddStartup(vcpu), invalid);
}

TEST_F(VcpuRegistryTest, NoSlotForTheStartupVcpu) {
  VcpuRegistry none({}, lock);
  EXPECT_THAT(none.AddStartup(Make(0x1000, 0x2000)),
              IsStatus(Code::kOutOfMemory, Source::kProtocol));
}

TEST_F(VcpuRegistryTest, FindsWhatWasAddedInAnyOrder) {
  EXPECT_THAT(vcpus.AddLocked(Make(0x5000, 0x6000, 5)), IsOk());
  EXPECT_THAT(vcpus.AddLocked(Make(0x1000, 0x2000, 1)), IsOk());
  EXPECT_THAT(vcpus.AddLocked(Make(0x3000, 0x4000, 3)), IsOk());
  EXPECT_TRUE(vcpus.FullLocked());
  for (const std::uint32_t n : {1u, 3u, 5u}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const Vcpu found, vcpus.Find(Gpa(n * 0x1000)));
    EXPECT_EQ(found.apic_id, n);
    EXPECT_EQ(vcpus.FindLocked(Gpa(n * 0x1000))->apic_id, n);
  }
  EXPECT_THAT(vcpus.Find(Gpa(0x2000)), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(vcpus.Find(Gpa(0x9000)), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_EQ(vcpus.FindLocked(Gpa(0x4000)), nullptr);
  EXPECT_THAT(vcpus.AddLocked(Make(0x3000, 0x8000)),
              IsStatus(Code::kAlreadyExists, Source::kProtocol));
  EXPECT_THAT(vcpus.AddLocked(Make(0x7000, 0x8000)),
              IsStatus(Code::kOutOfMemory, Source::kProtocol));
}

TEST_F(VcpuRegistryTest, Removes) {
  EXPECT_THAT(vcpus.AddLocked(Make(0x1000, 0x2000, 1)), IsOk());
  EXPECT_THAT(vcpus.AddLocked(Make(0x3000, 0x4000, 3)), IsOk());
  EXPECT_THAT(vcpus.RemoveLocked(Gpa(0x2000)), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(vcpus.RemoveLocked(Gpa(0x1000)), IsOk());
  EXPECT_THAT(vcpus.Find(Gpa(0x1000)), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(vcpus.Find(Gpa(0x3000)), IsOk());
  EXPECT_EQ(vcpus.CountLocked(), 1u);
}

TEST_F(VcpuRegistryTest, KnowsEveryByteOfItsPages) {
  EXPECT_THAT(vcpus.AddLocked(Make(0x1000, 0x2000, 1)), IsOk());
  EXPECT_THAT(vcpus.AddLocked(Make(0x5000, 0x6000, 5)), IsOk());
  EXPECT_TRUE(vcpus.OverlapsVmsaLocked(Gpa(0x1FFF), 1));
  EXPECT_FALSE(vcpus.OverlapsVmsaLocked(Gpa(0x2000), 0x3000));
  EXPECT_TRUE(vcpus.OverlapsVmsaLocked(Gpa(0x2000), 0x3001));
  EXPECT_TRUE(vcpus.OverlapsVmsaLocked(Gpa(0xFFF), 2));
  EXPECT_FALSE(vcpus.OverlapsVmsaLocked(Gpa(0xFFF), 1));
  EXPECT_TRUE(vcpus.OverlapsVmsaLocked(Gpa(0x5800), 0x10));
  EXPECT_FALSE(vcpus.OverlapsVmsaLocked(Gpa(0x1000), 0));
  EXPECT_TRUE(vcpus.OverlapsVmsaLocked(Gpa(0), 0x200000));
  EXPECT_TRUE(vcpus.OverlapsCallingAreaLocked(Gpa(0x6FFF), 1));
  EXPECT_FALSE(vcpus.OverlapsCallingAreaLocked(Gpa(0x7000), 0x1000));
  EXPECT_FALSE(vcpus.OverlapsForeignCallingAreaLocked(Gpa(0x6000), 0x1000, 5));
  EXPECT_TRUE(vcpus.OverlapsForeignCallingAreaLocked(Gpa(0x6000), 0x1000, 1));
}

}  // namespace
}  // namespace svsm::protocol
