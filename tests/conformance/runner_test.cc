#include "svsm/conformance/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "svsm/crypto/openssl.h"
#include "svsm/protocol/manifest.h"

namespace svsm::conformance {
namespace {

using protocol::CallRegisters;
using ::testing::HasSubstr;

constexpr Gpa kArea{0x1000};
constexpr Gpa kFree{0x2000};
constexpr std::uint64_t kMemory = 0x8000;

// Answers calls as a test says, over a few pages.
class ScriptedSubject final : public Subject {
 public:
  Status Reset() override {
    ++resets;
    return reset;
  }
  Result<std::uint64_t> Place(const std::string& name) override {
    if (name == "vmsa") return std::uint64_t{0};
    if (name == "area") return kArea.value();
    if (name == "free") return kFree.value();
    return Status(Code::kNotFound, Source::kCaller);
  }
  Status Read(Gpa from, ByteSpan out) override {
    if (from.value() + out.size() > kMemory) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(out, ByteView(memory).subspan(from.value(), out.size()));
    return OkStatus();
  }
  Status Write(Gpa to, ByteView bytes) override {
    if (to.value() + bytes.size() > kMemory) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(ByteSpan(memory).subspan(to.value()), bytes);
    return OkStatus();
  }
  Status Call(Gpa, CallRegisters& registers) override {
    ++calls;
    if (clears_pending) memory[kArea.value()] = 0;
    return answer(registers);
  }

  Status reset;
  bool clears_pending = true;
  std::function<Status(CallRegisters&)> answer = [](CallRegisters& registers) {
    registers.rax = 0;
    return OkStatus();
  };
  ByteVector memory = ByteVector(kMemory);
  unsigned resets = 0;
  unsigned calls = 0;
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    one_.name = "case";
    one_.steps.resize(1);
    one_.steps[0].call.registers.fill("0x0");
    one_.steps[0].expected.rax = {"0x0"};
  }
  Expected& expected() { return one_.steps[0].expected; }
  Outcome Run() { return Runner(subject_, sha512_).Run(one_); }
  void ExpectFailure(const std::string& why) {
    const Outcome outcome = Run();
    EXPECT_EQ(outcome.verdict, Verdict::kFailed);
    EXPECT_THAT(outcome.why, HasSubstr(why));
  }
  void ExpectSkip(const std::string& why) {
    const Outcome outcome = Run();
    EXPECT_EQ(outcome.verdict, Verdict::kSkipped);
    EXPECT_THAT(outcome.why, HasSubstr(why));
  }
  void Answer(std::uint64_t rax, std::uint64_t rcx = 0) {
    subject_.answer = [=](CallRegisters& registers) {
      registers.rax = rax;
      registers.rcx = rcx;
      return OkStatus();
    };
  }
  // One check over RCX, which is called "x".
  void CheckRcx(const std::string& name, std::map<std::string, Expression> arguments) {
    expected().saved = {{0, "x"}};
    expected().checks = {{name, std::move(arguments)}};
  }

  crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  ScriptedSubject subject_;
  Case one_;
};

TEST_F(RunnerTest, NamesVerdicts) {
  EXPECT_STREQ(VerdictName(Verdict::kPassed), "passed");
  EXPECT_STREQ(VerdictName(Verdict::kFailed), "FAILED");
  EXPECT_STREQ(VerdictName(Verdict::kDiffers), "differs");
  EXPECT_STREQ(VerdictName(Verdict::kSkipped), "skipped");
}

TEST_F(RunnerTest, EachCaseStartsAnew) {
  EXPECT_EQ(Run(), Outcome());
  EXPECT_EQ(Run(), Outcome());
  EXPECT_EQ(subject_.resets, 2u);
  subject_.reset = Status(Code::kIoError, Source::kCaller, 5);
  ExpectFailure("reset: ");
}

TEST_F(RunnerTest, ComparesTheResult) {
  Answer(0x80000005);
  ExpectFailure("step 1: RAX is 0x80000005, not 0x0");
  expected().rax = {"0x0", "0x80000003"};
  ExpectFailure("not 0x0 or 0x80000003");
  expected().rax.push_back("0x80000005");
  EXPECT_EQ(Run(), Outcome());
  expected().rax = {"0x0"};
  one_.level = Level::kShould;
  EXPECT_EQ(Run().verdict, Verdict::kDiffers);
}

TEST_F(RunnerTest, ComparesRegisters) {
  Answer(0, 7);
  expected().registers[0] = "0x7";
  EXPECT_EQ(Run(), Outcome());
  expected().registers[0] = "0x8";
  ExpectFailure("RCX is 0x7, not 0x8");
}

TEST_F(RunnerTest, LooksAtCallPending) {
  subject_.clears_pending = false;
  ExpectFailure("CALL_PENDING is 1 afterwards");
  one_.steps[0].call.pending = 0;
  EXPECT_EQ(Run(), Outcome());
}

TEST_F(RunnerTest, RepeatsBusyAndIncomplete) {
  const std::uint64_t codes[] = {0x80000007, 0x80000000, 0};
  subject_.answer = [&](CallRegisters& registers) {
    EXPECT_EQ(registers.rdx, 5u);
    registers.rdx = 6;
    registers.rax = codes[subject_.calls - 1];
    return OkStatus();
  };
  one_.steps[0].call.registers[2] = "0x5";
  EXPECT_EQ(Run(), Outcome());
  EXPECT_EQ(subject_.calls, 3u);
  Answer(0x80000007);
  ExpectFailure("BUSY or INCOMPLETE 10000 times");
}

TEST_F(RunnerTest, EvaluatesExpressions) {
  Answer(0, kFree.value() + 0x10 - 2);
  expected().registers[0] = "free+0x10-0x2";
  EXPECT_EQ(Run(), Outcome());
  expected().registers[0] = "0xzz";
  ExpectFailure("'0xzz' is no number");
  expected().registers[0] = "free+elsewhere";
  ExpectSkip("no place 'elsewhere' here");
}

TEST_F(RunnerTest, RemembersRegisters) {
  Answer(0, 0x30);
  expected().saved = {{0, "size"}};
  one_.steps.push_back(one_.steps[0]);
  one_.steps[1].writes = {{"free+size", {0xAB}, ""}, {"free", ByteVector(4), "size+0x10203"}};
  EXPECT_EQ(Run(), Outcome());
  EXPECT_EQ(subject_.memory[kFree.value() + 0x30], 0xAB);
  EXPECT_EQ(subject_.memory[kFree.value()], 0x33);
  EXPECT_EQ(subject_.memory[kFree.value() + 2], 1);
}

TEST_F(RunnerTest, AWriteThatFaultsFails) {
  one_.steps[0].writes = {{"0x8000", {1}, ""}};
  ExpectFailure("write to 0x8000: ");
}

TEST_F(RunnerTest, JudgesMemory) {
  using Kind = ExpectedMemory::Kind;
  subject_.memory[kFree.value() + 1] = 9;
  expected().memory = {{Kind::kBytes, {"free", {0, 9}, ""}},
                       {Kind::kZero, {"free+0x2", ByteVector(4), ""}},
                       {Kind::kAccess, {"free", {}, ""}},
                       {Kind::kNoAccess, {"0x8000", {}, ""}}};
  EXPECT_EQ(Run(), Outcome());
  expected().memory = {{Kind::kBytes, {"free", {0, 8}, ""}}};
  ExpectFailure("byte 1 of free (0x2000) is 0x9, not 0x8");
  expected().memory = {{Kind::kZero, {"free", ByteVector(2), ""}}};
  ExpectFailure("byte 1 of free");
  expected().memory = {{Kind::kAccess, {"0x8000", {}, ""}}};
  ExpectFailure("the guest has no access to 0x8000");
  expected().memory = {{Kind::kNoAccess, {"free", {}, ""}}};
  ExpectFailure("the guest has access to free");
}

TEST_F(RunnerTest, AVcpuMayGo) {
  subject_.answer = [](CallRegisters&) { return Status(Code::kConnectionClosed, Source::kCaller); };
  ExpectFailure("the vCPU does not come back");
  expected().gone = true;
  EXPECT_EQ(Run(), Outcome());
  Answer(0);
  ExpectFailure("it returned");
}

TEST_F(RunnerTest, ASubjectMayNotBeAbleToRunAVcpu) {
  subject_.answer = [](CallRegisters&) { return Status(Code::kUnsupported, Source::kCaller); };
  ExpectSkip("no call here");
  subject_.answer = [](CallRegisters&) { return Status(Code::kIoError, Source::kCaller); };
  ExpectFailure("call: ");
}

TEST_F(RunnerTest, SkipsWhatIsNotOffered) {
  Answer(0, 0);
  one_.needs = {{2, 1, std::nullopt}};
  ExpectSkip("protocol 2 version 1 is not offered");
  Answer(0, 1);
  EXPECT_EQ(Run(), Outcome());
  one_.needs = {{0, std::nullopt, 2}};
  ExpectSkip("protocol 0 version 2 is offered");
  one_.needs.clear();
  one_.not_offered = {"0x80000002"};
  Answer(0x80000002);
  ExpectSkip("the call is not offered");
}

TEST_F(RunnerTest, ChecksVersionRanges) {
  CheckRcx("version_range", {{"value", "x"}, {"contains", "0x1"}});
  Answer(0, std::uint64_t{2} << 32 | 1);
  EXPECT_EQ(Run(), Outcome());
  Answer(0, std::uint64_t{3} << 32 | 2);
  ExpectFailure("versions 2 to 3 do not contain 1");
}

TEST_F(RunnerTest, ChecksBoundsAndBits) {
  CheckRcx("bounds", {{"value", "x"}, {"min", "0x2"}, {"max", "0x4"}});
  Answer(0, 4);
  EXPECT_EQ(Run(), Outcome());
  Answer(0, 5);
  ExpectFailure("x is 0x5, not from 0x2 to 0x4");
  Answer(0, 1);
  ExpectFailure("x is 0x1");
  CheckRcx("bits", {{"value", "x"}, {"set", "0x1"}, {"zero", "0x4"}});
  Answer(0, 3);
  EXPECT_EQ(Run(), Outcome());
  Answer(0, 5);
  ExpectFailure("x is 0x5");
  Answer(0, 2);
  ExpectFailure("x is 0x2");
}

TEST_F(RunnerTest, ChecksServicesManifests) {
  const ByteVector blob = {1, 2, 3};
  const protocol::ManifestEntry entry{protocol::kVtpmService, blob};
  ByteVector manifest(protocol::ServicesManifestSize({&entry, 1}));
  ASSERT_TRUE(protocol::BuildServicesManifest({&entry, 1}, manifest).ok());
  Copy(ByteSpan(subject_.memory).subspan(kFree.value()), manifest);
  CheckRcx("services_manifest", {{"at", "free"}, {"size", "x"}});
  Answer(0, manifest.size());
  EXPECT_EQ(Run(), Outcome());
  Answer(0, manifest.size() - 1);
  ExpectFailure("services manifest: ");
  Answer(0, std::uint64_t{1} << 40);
  ExpectFailure("a size of 0x10000000000");
}

TEST_F(RunnerTest, ChecksReportData) {
  const ByteView nonce = ByteView(subject_.memory).subspan(kFree.value(), 64);
  const ByteVector manifest = {1, 2, 3};
  Bytes<64> data{};
  const ByteView parts[] = {nonce, manifest};
  ASSERT_TRUE(sha512_.Digest(parts, data).ok());
  Copy(ByteSpan(subject_.memory).subspan(kFree.value() + 0x1000), manifest);
  Copy(ByteSpan(subject_.memory).subspan(kFree.value() + 0x2050), data);
  CheckRcx(
      "report_data",
      {{"report", "free+0x2000"}, {"nonce", "free"}, {"manifest", "free+0x1000"}, {"size", "x"}});
  Answer(0, 3);
  EXPECT_EQ(Run(), Outcome());
  Answer(0, 2);
  ExpectFailure("REPORT_DATA is not SHA-512(nonce || manifest)");
}

TEST_F(RunnerTest, RefusesChecksThatItDoesNotKnow) {
  CheckRcx("horoscope", {});
  ExpectFailure("no check is named 'horoscope'");
  CheckRcx("bounds", {{"value", "x"}});
  ExpectFailure("bounds: no argument min");
}

}  // namespace
}  // namespace svsm::conformance
