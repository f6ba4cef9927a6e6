#include "tests/cocoonfs/power.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "svsm/cocoonfs/verify.h"

namespace svsm::cocoonfs {

std::size_t Recording::FirstAllowed(const testing::CrashState& state) const {
  std::size_t acknowledged = 0;
  while (acknowledged < steps.size() && steps[acknowledged].acknowledged <= state.last_moment) {
    ++acknowledged;
  }
  return acknowledged;
}

std::size_t Recording::LastAllowed(const testing::CrashState& state) const {
  std::size_t begun = 0;
  while (begun < steps.size() && steps[begun].begin < state.end_event) ++begun;
  return std::max(begun, FirstAllowed(state));
}

Status Record(const MachineConfig& config, const std::vector<ScriptStep>& script, Recording& out) {
  Machine machine(config);
  SVSM_TRY(machine.Format());
  SVSM_TRY(machine.Open());
  out.base = ToVector(machine.device().image());
  out.versions = {Contents{}};
  machine.device().Record(&out.log);
  bool in_two_steps = false;
  for (const ScriptStep& each : script) {
    Recording::Step step;
    step.begin = out.log.events.size();
    SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, machine.Prepare(each.changes));
    Contents contents = out.versions.back();
    if (each.cancelled) {
      SVSM_TRY(commit->Cancel());
    } else {
      in_two_steps = !in_two_steps;
      if (in_two_steps) {
        SVSM_TRY(commit->WriteJournal());
        step.acknowledged = out.log.events.size();
      }
      SVSM_TRY(commit->Apply());
      ApplyTo(contents, each.changes);
    }
    step.end = out.log.events.size();
    if (step.acknowledged == 0) step.acknowledged = step.end;
    out.steps.push_back(step);
    out.versions.push_back(std::move(contents));
  }
  return OkStatus();
}

bool PowerJudge::Fail(const std::string& what, Status status) {
  why_ = what + ": " + ToString(status);
  return false;
}

bool PowerJudge::Judge(testing::FaultDevice& device, std::span<const Contents> versions,
                       std::size_t first, std::size_t last) {
  const std::uint64_t key = (device.Fingerprint() ^ (first << 16 | last)) * 0x9E3779B97F4A7C15;
  if (!seen_.insert(key).second) return true;
  return Recover(device, versions.subspan(first, last - first + 1), recovery_every_ != 0);
}

bool PowerJudge::Recover(testing::FaultDevice& device, std::span<const Contents> allowed,
                         bool cut) {
  TestAllocator allocator;
  TestRng rng(seen_.size());
  FileSystem fs(device, TestSymmetric(), rng, allocator);
  device.ResetCounts();
  OpenOptions options;
  options.trim = config_.trim;
  if (const Status status = fs.Open(TestKey(), options); !status.ok()) {
    return Fail("Open", status);
  }
  const Result<Contents> shown = ReadContents(fs);
  if (!shown.ok()) return Fail("reading", shown.status());
  if (std::find(allowed.begin(), allowed.end(), *shown) == allowed.end()) {
    return Fail("wrong contents, " + std::to_string(shown->size()) + " files", OkStatus());
  }
  if (device.count(testing::DeviceCall::kWrite) != 0 || device.num_syncs() != 0) {
    return Fail("Open writes", OkStatus());
  }
  if (fs.pending_commit() != nullptr && !ApplyPending(device, fs, *shown, cut)) return false;
  VerifyReport report;
  if (const Status status = Verify(fs, report); !status.ok()) return Fail("Verify", status);
  if (seen_.size() % 8 != 0) return true;

  // What is left of the journal must not get in the way of the next commit.
  const Result<Transaction*> transaction = fs.Begin();
  if (!transaction.ok()) return Fail("Begin", transaction.status());
  Contents next = *shown;
  const Change change{77, FileState{1, TestData(77, 1, 600)}};
  ApplyTo(next, {change});
  Status status = (*transaction)->Write(change.inode, change.state->data, change.state->flags);
  if (!status.ok()) return Fail("writing more", status);
  const Result<PendingCommit*> commit = (*transaction)->Prepare();
  if (!commit.ok()) return Fail("Prepare", commit.status());
  status = (*commit)->Apply();
  if (!status.ok()) return Fail("Apply of more", status);
  fs.Close();
  status = fs.Open(TestKey(), options);
  if (!status.ok()) return Fail("Open after more", status);
  const Result<Contents> more = ReadContents(fs);
  if (!more.ok() || *more != next) return Fail("reading more", more.status());
  status = Verify(fs, report);
  return status.ok() || Fail("Verify after more", status);
}

bool PowerJudge::ApplyPending(testing::FaultDevice& device, FileSystem& fs, const Contents& shown,
                              bool cut) {
  cut = cut && num_pending_++ % recovery_every_ == 0;
  ByteVector before;
  testing::DeviceLog log;
  if (cut) {
    before = ToVector(device.image());
    device.Record(&log);
  }
  const Status status = fs.pending_commit()->Apply();
  device.Record(nullptr);
  if (!status.ok()) return Fail("Apply", status);
  const Result<Contents> after = ReadContents(fs);
  if (!after.ok()) return Fail("reading after Apply", after.status());
  if (*after != shown) return Fail("contents change by Apply", OkStatus());
  return !cut || CutRecovery(before, log, shown);
}

bool PowerJudge::CutRecovery(ByteView before, const testing::DeviceLog& log,
                             const Contents& shown) {
  ++num_recoveries_;
  testing::CrashOptions options;
  options.seed = num_recoveries_;
  options.tear_everywhere = num_recoveries_ % 4 == 0;
  testing::CrashStates states(before, log, options);
  testing::FaultDevice device(config_.device_block_bytes, {});
  bool good = true;
  states.ForEach(device, [&](const testing::CrashState&) {
    if (!seen_.insert(device.Fingerprint() * 3).second) return true;
    good = Recover(device, std::span<const Contents>(&shown, 1), false);
    if (!good) why_ = "after a cut of the recovery: " + why_;
    return good;
  });
  return good;
}

std::size_t WantedStates(std::size_t otherwise) {
  const char* const text = std::getenv("SVSM_POWER_STATES");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace svsm::cocoonfs
