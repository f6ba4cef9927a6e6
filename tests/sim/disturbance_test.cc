// What goes on in memory while the SVSM works: each call of a guest is disturbed at each access.
// Covers: svsm/sim/guest_ram.h

#include <cstdio>
#include <memory>
#include <vector>

#include "svsm/core/wire.h"
#include "svsm/protocol/vmsa.h"
#include "svsm/sim/machine.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using Kind = Disturbance::Kind;

constexpr Gpa kSecondVmsa{kGuestHeap.value() + 64 * kPageSize};
constexpr Gpa kSecondCallingArea{kGuestHeap.value() + 65 * kPageSize};

// The calls of a guest that make the SVSM read guest memory, or change who owns it.
enum class Call { kQuery, kInvalidate, kValidate, kCreateVcpu, kRemap };
constexpr Call kCalls[] = {Call::kQuery, Call::kInvalidate, Call::kValidate, Call::kCreateVcpu,
                           Call::kRemap};

class DisturbanceTest : public ::testing::Test {
 protected:
  DisturbanceTest() : rng_(1), sp_(MakeChip(kMilan, 1), PlatformState(), rng_), host_(sp_, 1) {}

  std::unique_ptr<Machine> Boot() {
    Result<std::unique_ptr<Machine>> machine =
        Machine::Launch(sp_, host_, SvsmImage(AsBytes("svsm")), {});
    EXPECT_THAT(machine, IsOk());
    EXPECT_THAT((*machine)->StartGuest(), IsOk());
    return *std::move(machine);
  }

  static Status Make(Call call, Machine& machine) {
    protocol::Client client(machine.boot_vcpu(), machine.boot_calling_area(), {});
    std::vector<protocol::PvalidateEntry> entries(3);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i].gpa = Gpa(kGuestHeap.value() + i * kPageSize);
      entries[i].state =
          call == Call::kValidate ? protocol::PageState::kValid : protocol::PageState::kInvalid;
    }
    switch (call) {
      case Call::kQuery:
        return client.QueryProtocol(0, 1).status();
      case Call::kCreateVcpu:
        return client.CreateVcpu(kSecondVmsa, kSecondCallingArea, 1);
      case Call::kRemap:
        return client.RemapCallingArea(machine.Map(kSecondCallingArea, kPageSize));
      default:
        return client.Pvalidate(entries);
    }
  }

  // Runs `call` in a fresh machine with this disturbance. However it ends, the SVSM kept to the
  // order in which pages change hands, and its memory and the VMSAs are nobody else's.
  void Run(Call call, const Disturbance& disturbance) {
    const auto machine = Boot();
    if (call == Call::kValidate) {
      ASSERT_THAT(Make(Call::kInvalidate, *machine), IsOk());
    }
    if (call == Call::kCreateVcpu) {
      const Bytes<1> vmpl{2};
      const Gpa at(kSecondVmsa.value() + protocol::kVmsaVmpl);
      ASSERT_THAT(machine->ram().WriteAs(Vmpl(2), at, vmpl), IsOk());
      ASSERT_THAT(machine->ram().WriteAs(Vmpl(2), Gpa(kSecondVmsa.value() + protocol::kVmsaEfer),
                                         wire::ToBytes(wire::Le64(protocol::kEferSvme))),
                  IsOk());
      ASSERT_THAT(
          machine->ram().WriteAs(Vmpl(2), Gpa(kSecondVmsa.value() + protocol::kVmsaSevFeatures),
                                 wire::ToBytes(wire::Le64(1))),
          IsOk());
    }
    const std::uint64_t before = machine->ram().svsm_accesses();
    machine->ram().Disturb({disturbance});
    succeeded_ += Make(call, *machine).ok() ? 1 : 0;
    accesses_ = machine->ram().svsm_accesses() - before;
    ++runs_;
    EXPECT_THAT(machine->ram().violations(), IsEmpty());
    Bytes<16> out{};
    EXPECT_FALSE(machine->ram().ReadAs(Vmpl(2), kSvsmBase, out).ok());
    EXPECT_FALSE(machine->ram().WriteAs(Vmpl(2), kBootVmsa, out).ok());
    const PageMap map = machine->ram().page_map();
    for (std::uint64_t page = 0; page < map.num_pages(); ++page) {
      const Gpa gpa(page * kPageSize);
      ASSERT_FALSE(map.is_vmsa(gpa) && map.accessible(gpa, Vmpl(2))) << gpa.value();
    }
  }

  SeededRng rng_;
  AmdSp sp_;
  Host host_;
  std::uint64_t accesses_ = 0;
  std::size_t runs_ = 0;
  std::size_t succeeded_ = 0;
};

TEST_F(DisturbanceTest, NothingBreaksWhatTheSvsmKeepsTo) {
  const std::uint64_t seed = 2026;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SeededRng choice(seed);
  for (const Call call : kCalls) {
    accesses_ = 1;
    for (std::uint64_t access = 0; access < accesses_; ++access) {
      SCOPED_TRACE(::testing::Message() << "call " << static_cast<int>(call) << ", access "
                                        << access << ", seed " << seed);
      // A bit of the calling area's head or of the list behind it, or of the VMSA-to-be.
      const Gpa list(kBootCallingArea.value() + choice.Below(48));
      const Gpa vmsa(kSecondVmsa.value() + choice.Below(2) * 0xC8 + choice.Below(16));
      const auto bit = static_cast<std::uint8_t>(choice.Below(8));
      Run(call, {access, Kind::kFlipBit, list, bit});
      Run(call, {access, Kind::kFlipBit, vmsa, bit});
      for (const Gpa page : {kBootCallingArea, kGuestHeap, kSecondVmsa, kSecondCallingArea}) {
        Run(call, {access, Kind::kTakePage, page});
      }
    }
  }
  std::printf("%zu calls disturbed, %zu of them succeeded\n", runs_, succeeded_);
  EXPECT_GT(runs_, 100u);
  EXPECT_GT(succeeded_, runs_ / 5);
  EXPECT_LT(succeeded_, runs_);
}

TEST_F(DisturbanceTest, ComesAtTheAccessThatWasNamed) {
  GuestRam ram(2);
  ram.LaunchPage(Gpa(0), Bytes<kPageSize>{}, protocol::PageKind::kGuest);
  ASSERT_THAT(ram.Zero(Gpa(0), protocol::PageSize::k4K), IsOk());
  ASSERT_EQ(ram.Grant(Gpa(0), protocol::PageSize::k4K, Vmpl(2)), protocol::kInstructionOk);
  ram.Disturb({{1, Kind::kFlipBit, Gpa(3), 7}, {2, Kind::kTakePage, Gpa(5)}});
  const auto read = [&] {
    Bytes<4> out{};
    const Status status = ram.Read(Gpa(0), out);
    return status.ok() ? int{out[3]} : -1;
  };
  EXPECT_EQ(read(), 0);
  EXPECT_EQ(read(), 0x80);
  EXPECT_EQ(read(), -1);
  EXPECT_EQ(ram.svsm_accesses(), 5u);
  // Where no guest may write, nothing changes.
  ram.LaunchPage(Gpa(kPageSize), Bytes<kPageSize>{}, protocol::PageKind::kGuest);
  ram.Disturb({{0, Kind::kFlipBit, Gpa(kPageSize), 0}});
  Bytes<1> out{};
  EXPECT_THAT(ram.Read(Gpa(kPageSize), out), IsOk());
  EXPECT_EQ(out[0], 0);
}

}  // namespace
}  // namespace svsm::sim
