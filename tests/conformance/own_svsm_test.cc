// The published calls against our own SVSM, and against ones that are broken on purpose.
#include "tools/svsm-conformance/own_svsm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "svsm/conformance/runner.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/result_code.h"
#include "svsm/testing/matchers.h"

namespace svsm::conformance {
namespace {

using protocol::CallRegisters;
using svsm::testing::IsOk;
using ::testing::Contains;
using ::testing::IsEmpty;

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const char* name : {"core", "attestation", "vtpm", "apic", "uefi_mm"}) {
    const auto cases = LoadCases(std::string(SVSM_PUBLISHED_DIR) + "/calls/" + name + ".json");
    EXPECT_THAT(cases.status(), IsOk()) << name;
    if (cases.ok()) all.insert(all.end(), cases->begin(), cases->end());
  }
  return all;
}

TEST(OwnSvsmTest, PassesWhatItOffers) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto own, OwnSvsm::Create());
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  Runner runner(*own, sha512);
  for (const Case& one : AllCases()) {
    const Outcome outcome = runner.Run(one);
    const bool skips = one.name == "core/pvalidate/reserved-bit-4-in-version-1";
    EXPECT_EQ(outcome.verdict, skips ? Verdict::kSkipped : Verdict::kPassed)
        << one.name << ": " << outcome.why;
    EXPECT_FALSE(own->has_violations()) << one.name;
  }
}

// Ours, with one thing wrong.
class BrokenSvsm final : public Subject {
 public:
  using After = std::function<void(OwnSvsm&, const CallRegisters& in, CallRegisters& out)>;
  BrokenSvsm(OwnSvsm& own, After after) : own_(own), after_(std::move(after)) {}
  Status Reset() override { return own_.Reset(); }
  Result<std::uint64_t> Place(const std::string& name) override { return own_.Place(name); }
  Status Read(Gpa from, ByteSpan out) override { return own_.Read(from, out); }
  Status Write(Gpa to, ByteView bytes) override { return own_.Write(to, bytes); }
  Status Call(Gpa vmsa, CallRegisters& registers) override {
    const CallRegisters in = registers;
    SVSM_TRY(own_.Call(vmsa, registers));
    after_(own_, in, registers);
    return OkStatus();
  }

 private:
  OwnSvsm& own_;
  After after_;
};

struct Fault {
  const char* name;
  BrokenSvsm::After after;
  const char* found_by;
};

bool Is(const CallRegisters& in, std::uint32_t protocol, std::uint32_t call) {
  return in.protocol() == protocol && in.call() == call;
}
void Poke(OwnSvsm& own, std::uint64_t at, std::uint8_t value) {
  (void)own.Write(Gpa(at), {&value, 1});
}

std::vector<Fault> Faults() {
  return {
      {"CALL_PENDING stays set",
       [](OwnSvsm& own, const CallRegisters&, CallRegisters&) { Poke(own, 0x9000, 1); },
       "core/query-protocol/core"},
      {"wrong alignment is an invalid address",
       [](OwnSvsm&, const CallRegisters& in, CallRegisters& out) {
         if (in.rcx % 8 != 0 && out.rax == 0x80000005) out.rax = 0x80000003;
       },
       "core/pvalidate/list-unaligned"},
      {"an unknown call is an unknown protocol",
       [](OwnSvsm&, const CallRegisters&, CallRegisters& out) {
         if (out.rax == 0x80000002) out.rax = 0x80000001;
       },
       "attestation/unknown-call"},
      {"validated pages are not zeroed",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters& out) {
         if (Is(in, 0, protocol::kCorePvalidate) && out.rax == 0) Poke(own, 0x21800, 0xAA);
       },
       "core/pvalidate/validated-page-is-zero"},
      {"PVALIDATE does not say how far it came",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters&) {
         if (Is(in, 0, protocol::kCorePvalidate)) Poke(own, in.rcx + 2, 0);
       },
       "core/pvalidate/stops-at-the-failure"},
      {"every version is offered",
       [](OwnSvsm&, const CallRegisters& in, CallRegisters& out) {
         if (Is(in, 0, protocol::kCoreQueryProtocol)) out.rcx = std::uint64_t{9} << 32 | 1;
       },
       "core/query-protocol/unknown-protocol"},
      {"the report binds another manifest",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters& out) {
         if (in.protocol() == 1 && out.rax == 0) Poke(own, 0x30000, 0);
       },
       "attestation/services/answers"},
      {"the report is of another VMPL",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters& out) {
         if (in.protocol() == 1 && out.rax == 0) Poke(own, 0x21030, 2);
       },
       "attestation/services/answers"},
      {"sizes that are needed are not said",
       [](OwnSvsm&, const CallRegisters& in, CallRegisters& out) {
         if (in.protocol() == 1 && out.rax == 0x80000005) out.rcx = in.rcx, out.r8 = in.r8;
       },
       "attestation/services/report-does-not-fit"},
      {"the vTPM echoes the request behind its answer",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters&) {
         if (Is(in, 2, 1)) Poke(own, in.rcx + 0x210, 0);
       },
       "vtpm/bytes-behind-the-answer-stay"},
      {"the vTPM answers from another address",
       [](OwnSvsm& own, const CallRegisters& in, CallRegisters& out) {
         if (Is(in, 2, 1) && out.rax == 0) Poke(own, in.rcx, 0);
       },
       "vtpm/command"},
      {"every error is a success",
       [](OwnSvsm&, const CallRegisters&, CallRegisters& out) { out.rax = 0; },
       "core/remap-ca/svsm"},
  };
}

TEST(OwnSvsmTest, ABrokenSvsmIsCaught) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto own, OwnSvsm::Create());
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const std::vector<Case> cases = AllCases();
  for (const Fault& fault : Faults()) {
    SCOPED_TRACE(fault.name);
    BrokenSvsm broken(*own, fault.after);
    Runner runner(broken, sha512);
    std::set<std::string> failed;
    for (const Case& one : cases) {
      if (runner.Run(one).verdict == Verdict::kFailed) failed.insert(one.name);
    }
    EXPECT_THAT(failed, Contains(fault.found_by));
  }
}

}  // namespace
}  // namespace svsm::conformance
