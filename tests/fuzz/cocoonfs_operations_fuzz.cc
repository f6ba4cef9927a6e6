// Operations on a small image, with the power going in between, against a map of what should be in
// it. Two bytes choose the configuration and the seed; then one byte an operation, with arguments.
#include <cstdlib>

#include "tests/cocoonfs/machine.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::cocoonfs;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kMaxOperations = 80;
constexpr std::size_t kMaxFileSize = 9000;

void Require(bool condition) {
  if (!condition) std::abort();
}

class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::size_t Number() { return std::size_t{Byte()} << 8 | Byte(); }

 private:
  ByteView bytes_;
};

class Session {
 public:
  Session(const MachineConfig& config, Input& in) : machine_(config), in_(in) {}

  void Run() {
    Require(machine_.Format().ok());
    Open();
    for (std::size_t i = 0; i < kMaxOperations && !in_.empty(); ++i) Step();
    Reopen();
    Require(machine_.Verify().ok());
  }

 private:
  void Step() {
    switch (in_.Byte() % 12) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Write();
      case 4:
        return Remove();
      case 5:
      case 6:
        return Commit();
      case 7:
        return CommitWithFailure();
      case 8:
        return CommitAndLoseWrites();
      case 9:
        return LeavePending();
      case 10:
        return Cancel();
      default:
        return Reopen();
    }
  }

  void Write() {
    const std::uint64_t inode = 16 + in_.Byte() % 40 * 0x10000001ULL;
    const std::size_t size = in_.Number() % kMaxFileSize;
    Set({inode, FileState{in_.Byte(), TestData(inode, ++version_, size)}});
  }
  void Remove() {
    const std::uint64_t inode = 16 + in_.Byte() % 40 * 0x10000001ULL;
    if (contents_.count(inode) != 0) Set({inode, std::nullopt});
  }
  // One change for each inode.
  void Set(Change change) {
    std::erase_if(changes_, [&](const Change& each) { return each.inode == change.inode; });
    changes_.push_back(std::move(change));
  }

  Contents Next() const {
    Contents next = contents_;
    ApplyTo(next, changes_);
    return next;
  }

  // Nothing if there is no room, which changes nothing.
  PendingCommit* Prepare() {
    const Result<PendingCommit*> commit = machine_.Prepare(changes_);
    if (commit.ok()) return *commit;
    Require(commit.status().code() == Code::kExhausted);
    changes_.clear();
    Check();
    return nullptr;
  }
  void Commit() {
    PendingCommit* const commit = Prepare();
    if (commit == nullptr) return;
    Require(commit->Apply().ok());
    Took();
  }
  void Took() {
    contents_ = Next();
    changes_.clear();
    Check();
  }
  void Cancel() {
    PendingCommit* const commit = Prepare();
    if (commit == nullptr) return;
    Require(commit->Cancel().ok());
    changes_.clear();
    Check();
  }
  void LeavePending() {
    PendingCommit* const commit = Prepare();
    if (commit == nullptr) return;
    Require(commit->WriteJournal().ok());
    machine_.Close();
    contents_ = Next();
    changes_.clear();
    Open();
  }

  // The device stops at its n-th call, and then the power goes.
  void CommitWithFailure() {
    machine_.device().FailNth(testing::kFailAllWriting, 1 + in_.Byte() % 40,
                              testing::Failing::kFromThenOn);
    const Result<PendingCommit*> commit = machine_.Prepare(changes_);
    const Status status = commit.ok() ? (*commit)->Apply() : commit.status();
    Require(status.ok() || status.code() == Code::kIoError || status.code() == Code::kExhausted);
    machine_.device().FailNth(0, 0, testing::Failing::kOnce);
    if (status.ok()) {
      Took();
    } else {
      EitherState();
    }
  }

  // The power goes at some event, and of what no barrier had ordered any pieces are lost.
  void CommitAndLoseWrites() {
    const ByteVector before = ToVector(machine_.device().image());
    testing::DeviceLog log;
    machine_.device().Record(&log);
    PendingCommit* const commit = Prepare();
    if (commit != nullptr) Require(commit->Apply().ok());
    machine_.device().Record(nullptr);
    if (commit == nullptr || log.events.empty()) return;
    const std::size_t cut = in_.Number() % (log.events.size() + 1);
    std::size_t ordered = cut;
    const auto is_write = [&](std::size_t i) {
      return log.events[i].call == testing::DeviceCall::kWrite ||
             log.events[i].call == testing::DeviceCall::kTrim;
    };
    while (ordered > 0 && is_write(ordered - 1)) --ordered;
    machine_.Close();
    machine_.device().SetBase(before);
    TestRng rng(in_.Byte());
    for (std::size_t i = 0; i < cut; ++i) {
      const testing::DeviceEvent& event = log.events[i];
      if (!is_write(i)) continue;
      ByteVector bytes(event.size_bytes);
      testing::FillTrimmed(event.offset_bytes, bytes);
      if (event.call == testing::DeviceCall::kWrite) bytes = ToVector(log.DataOf(event));
      for (std::size_t at = 0; at < bytes.size(); at += testing::kTearBytes) {
        if (i >= ordered && rng.Below(4) == 0) continue;
        machine_.device().Poke(event.offset_bytes + at,
                               ByteView(bytes).subspan(at, testing::kTearBytes));
      }
    }
    EitherState();
  }

  // After a failure: the old state or the new one.
  void EitherState() {
    machine_.Close();
    const Contents next = Next();
    changes_.clear();
    OpenOptions options;
    options.commit_on_open = true;
    Require(machine_.Open(options).ok());
    const Result<Contents> seen = machine_.ReadContents();
    Require(seen.ok() && (*seen == contents_ || *seen == next));
    contents_ = *seen;
    Require(machine_.Verify().ok());
  }

  void Reopen() {
    machine_.Close();
    Open();
  }
  // A pending commit is shown before it is applied.
  void Open() {
    Require(machine_.Open().ok());
    Check();
    if (machine_.fs().pending_commit() == nullptr) return;
    Require(machine_.fs().pending_commit()->Apply().ok());
    Check();
  }
  void Check() {
    const Result<Contents> seen = machine_.ReadContents();
    Require(seen.ok() && *seen == contents_);
  }

  Machine machine_;
  Input& in_;
  Contents contents_;
  Changes changes_;
  std::uint64_t version_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(ByteView(data, size));
  static const std::vector<MachineConfig> configs = MachineConfigs();
  Session(configs[in.Byte() % configs.size()], in).Run();
  return 0;
}
