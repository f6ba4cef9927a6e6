// A device or an allocator that fails at every n-th call, and an image that is full: an error, and
// nothing lost.
#include <cstdio>

#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/power.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::Failing;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::kInjectedError;

class PowerFaults : public ::testing::TestWithParam<MachineConfig> {
 protected:
  // Runs the script from its step `from` on until something fails. `contents` is what was
  // acknowledged, `next` what the failed step would have made.
  Status RunScript(Machine& machine, const std::vector<ScriptStep>& script, Contents& contents,
                   Contents& next) {
    for (const ScriptStep& step : script) {
      next = contents;
      if (!step.cancelled) ApplyTo(next, step.changes);
      SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, machine.Prepare(step.changes));
      SVSM_TRY(step.cancelled ? commit->Cancel() : commit->Apply());
      contents = next;
      SVSM_ASSIGN_OR_RETURN(const Contents seen, machine.ReadContents());
      if (seen != contents) return Status(Code::kDataLoss, Source::kCaller);
    }
    return OkStatus();
  }

  // The power goes and comes back, and the device works again.
  void ExpectOldOrNew(Machine& machine, const Contents& old, const Contents& next) {
    machine.Close();
    machine.device().FailNth(0, 0, Failing::kOnce);
    machine.allocator().FailAt(0);
    OpenOptions options;
    options.commit_on_open = true;
    ASSERT_THAT(machine.Open(options), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(const Contents seen, machine.ReadContents());
    EXPECT_TRUE(seen == old || seen == next) << seen.size() << " files";
    EXPECT_THAT(machine.Verify(), IsOk());
  }

  void FailAtEveryCall(unsigned calls, Failing failing) {
    const std::vector<ScriptStep> script = MixedScript(GetParam(), 1);
    std::size_t n = 1;
    for (;; ++n) {
      SCOPED_TRACE(n);
      Machine machine(GetParam());
      ASSERT_THAT(machine.Format(), IsOk());
      ASSERT_THAT(machine.Open(), IsOk());
      machine.device().FailNth(calls, n, failing);
      Contents contents, next;
      const Status status = RunScript(machine, script, contents, next);
      if (!machine.device().has_failed()) {
        EXPECT_THAT(status, IsOk());
        break;
      }
      EXPECT_THAT(status, IsStatus(Code::kIoError, Source::kSystem, kInjectedError));
      ExpectOldOrNew(machine, contents, next);
      if (HasFatalFailure()) return;
    }
    std::printf("power: %zu calls failed (%s)\n", n - 1, GetParam().name.c_str());
  }
};

TEST_P(PowerFaults, AWriteThatFailsOnceLosesNothing) {
  FailAtEveryCall(testing::kFailWrites, Failing::kOnce);
}

TEST_P(PowerFaults, ADeviceThatStopsWritingLosesNothing) {
  FailAtEveryCall(testing::kFailAllWriting, Failing::kFromThenOn);
}

TEST_P(PowerFaults, ABarrierThatFailsLosesNothing) {
  FailAtEveryCall(testing::kFailSyncs, Failing::kOnce);
}

TEST_P(PowerFaults, AReadThatFailsLosesNothing) {
  FailAtEveryCall(testing::kFailReads, Failing::kOnce);
}

// Open() of a pending commit, and its Apply(), with every call failing in turn.
TEST_P(PowerFaults, ARecoveryThatFailsCanBeTriedAgain) {
  const std::vector<ScriptStep> script = MixedScript(GetParam(), 1);
  Machine machine(GetParam());
  ASSERT_THAT(machine.Format(), IsOk());
  ASSERT_THAT(machine.Open(), IsOk());
  Contents contents;
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_THAT(machine.Commit(script[i].changes), IsOk());
    ApplyTo(contents, script[i].changes);
  }
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, machine.Prepare(script[4].changes));
  ASSERT_THAT(commit->WriteJournal(), IsOk());
  ApplyTo(contents, script[4].changes);
  machine.Close();
  const ByteVector pending = ToVector(machine.device().image());
  OpenOptions options;
  options.commit_on_open = true;
  for (const unsigned calls : {testing::kFailAllWriting, testing::kFailReads}) {
    for (std::size_t n = 1;; ++n) {
      SCOPED_TRACE(n);
      machine.device().SetBase(pending);
      machine.device().FailNth(calls, n, Failing::kFromThenOn);
      const Status status = machine.Open(options);
      machine.Close();
      if (!machine.device().has_failed()) {
        EXPECT_THAT(status, IsOk());
        break;
      }
      EXPECT_THAT(status, IsStatus(Code::kIoError, Source::kSystem, kInjectedError));
      ExpectOldOrNew(machine, contents, contents);
      if (HasFatalFailure()) return;
    }
  }
}

// The object is whole after kOutOfMemory: the same step succeeds when there is memory again.
TEST_P(PowerFaults, RunningOutOfMemoryLosesNothing) {
  const std::vector<ScriptStep> script = MixedScript(GetParam(), 1);
  Machine machine(GetParam());
  ASSERT_THAT(machine.Format(), IsOk());
  ASSERT_THAT(machine.Open(), IsOk());
  Contents contents;
  std::size_t failures = 0;
  for (const ScriptStep& step : script) {
    for (std::size_t n = 1;; ++n) {
      SCOPED_TRACE(n);
      machine.allocator().FailAt(n);
      const Result<PendingCommit*> commit = machine.Prepare(step.changes);
      if (!commit.ok()) {
        ASSERT_EQ(commit.status().code(), Code::kOutOfMemory) << ToString(commit.status());
        ++failures;
        machine.allocator().FailAt(0);
        SVSM_ASSERT_OK_AND_ASSIGN(const Contents seen, machine.ReadContents());
        ASSERT_EQ(seen, contents);
        continue;
      }
      // Nothing allocates from here on.
      machine.allocator().FailAt(1);
      if (step.cancelled) {
        ASSERT_THAT((*commit)->Cancel(), IsOk());
      } else {
        ASSERT_THAT((*commit)->Apply(), IsOk());
        ApplyTo(contents, step.changes);
      }
      machine.allocator().FailAt(0);
      break;
    }
    SVSM_ASSERT_OK_AND_ASSIGN(const Contents seen, machine.ReadContents());
    ASSERT_EQ(seen, contents);
    ASSERT_THAT(machine.Verify(), IsOk());
  }
  EXPECT_GT(failures, script.size());
  std::printf("power: %zu allocations failed (%s)\n", failures, GetParam().name.c_str());
}

TEST_P(PowerFaults, OpeningAndReadingWithoutMemorySaysSo) {
  Machine machine(GetParam());
  ASSERT_THAT(machine.Format(), IsOk());
  ASSERT_THAT(machine.Open(), IsOk());
  ASSERT_THAT(machine.Commit({{16, FileState{0, TestData(16, 1, 5000)}}}), IsOk());
  machine.Close();
  for (std::size_t n = 1;; ++n) {
    SCOPED_TRACE(n);
    machine.allocator().FailAt(n);
    Status status = machine.Open();
    if (status.ok()) status = machine.ReadContents().status();
    machine.allocator().FailAt(0);
    if (status.ok()) break;
    ASSERT_EQ(status.code(), Code::kOutOfMemory) << ToString(status);
    machine.Close();
    ASSERT_EQ(machine.allocator().used(), 0u);
    ASSERT_LT(n, 10'000u);
  }
}

TEST_P(PowerFaults, AFullImageLosesNothing) {
  Machine machine(GetParam());
  ASSERT_THAT(machine.Format(), IsOk());
  ASSERT_THAT(machine.Open(), IsOk());
  Contents contents;
  const std::size_t unit = GetParam().layout.io_block_bytes();
  for (std::size_t size = 8 * unit; size >= 16; size /= 4) {
    for (std::uint64_t inode = 16 + size * 1000;; ++inode) {
      const Changes changes = {{inode, FileState{0, TestData(inode, 1, size)}}};
      const Result<PendingCommit*> commit = machine.Prepare(changes);
      if (!commit.ok()) {
        ASSERT_THAT(commit,
                    IsStatus(Code::kExhausted, Source::kCocoonfs, commit.status().detail()));
        break;
      }
      ASSERT_THAT((*commit)->Apply(), IsOk());
      ApplyTo(contents, changes);
    }
    SVSM_ASSERT_OK_AND_ASSIGN(const Contents seen, machine.ReadContents());
    ASSERT_EQ(seen, contents);
    ASSERT_THAT(machine.Verify(), IsOk());
  }
  // What is full can be emptied.
  while (!contents.empty()) {
    const std::uint64_t inode = contents.begin()->first;
    ASSERT_THAT(machine.Commit({{inode, std::nullopt}}), IsOk());
    contents.erase(inode);
  }
  ASSERT_THAT(machine.Verify(), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Cocoonfs, PowerFaults, ::testing::ValuesIn(MachineConfigs()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace svsm::cocoonfs
