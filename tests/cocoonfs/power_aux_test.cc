// The power goes while auxiliary metadata are changed without the key, in images of ours: the old
// or the new ones are there, however often it goes, and the files beside them are untouched.
// Covers: svsm/cocoonfs/metadata.h
#include <cstdio>
#include <optional>

#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/testing/crash_states.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/machine.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::CrashOptions;
using svsm::testing::CrashState;
using svsm::testing::CrashStates;
using svsm::testing::DeviceLog;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;

class PowerAux : public ::testing::TestWithParam<MachineConfig> {
 protected:
  static MachineConfig Config() {
    MachineConfig config = GetParam();
    config.aux_reserve = 12 * 1024;  // groups of several extents, where blocks are small
    config.image_bytes += 64 * 1024;
    return config;
  }

  // An image with a file, and a commit in its journal if asked for.
  void Make(Machine& machine, bool pending) {
    ASSERT_THAT(machine.Format(), IsOk());
    ASSERT_THAT(machine.Open(), IsOk());
    Changes changes = {{16, FileState{1, TestData(16, 1, 3000)}}};
    ASSERT_THAT(machine.Commit(changes), IsOk());
    ApplyTo(contents_, changes);
    if (!pending) return;
    changes = {{16, FileState{2, TestData(16, 2, 3000)}}, {17, FileState{0, TestData(17, 1, 99)}}};
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, machine.Prepare(changes));
    ASSERT_THAT(commit->WriteJournal(), IsOk());
    ApplyTo(contents_, changes);
  }

  static ByteVector Encoded(const AuxMetadata& aux) {
    ByteVector bytes(aux.encoded_size());
    EXPECT_THAT(aux.Encode(bytes), IsOk());
    return bytes;
  }
  // Adds an entry without the key, and gives all that there are then.
  Result<ByteVector> Add(FaultDevice& device, std::uint8_t mark, std::size_t size) {
    SVSM_ASSIGN_OR_RETURN(Metadata metadata, ReadMetadata(device, allocator_));
    Bytes<kUuidSize> uuid{};
    Fill(uuid, mark);
    SVSM_TRY(metadata.aux.Add(uuid, ByteVector(size, mark)));
    SVSM_TRY(WriteAuxInPlace(device, allocator_, metadata.aux));
    return Encoded(metadata.aux);
  }
  std::optional<ByteVector> Found(FaultDevice& device) {
    const Result<Metadata> metadata = ReadMetadata(device, allocator_);
    if (!metadata.ok()) return std::nullopt;
    return Encoded(metadata->aux);
  }

  // The image opens with its files, and shows the same metadata as without the key.
  void ExpectFiles(FaultDevice& device, const ByteVector& aux, bool pending) {
    TestRng rng;
    FileSystem fs(device, TestSymmetric(), rng, allocator_);
    OpenOptions options;
    options.trim = GetParam().trim;
    ASSERT_THAT(fs.Open(TestKey(), options), IsOk());
    EXPECT_EQ(fs.pending_commit() != nullptr, pending);
    for (int i = 0; i < 2; ++i) {
      SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata shown, fs.ReadAuxMetadata());
      EXPECT_EQ(Encoded(shown), aux);
      SVSM_ASSERT_OK_AND_ASSIGN(const Contents contents, ReadContents(fs));
      EXPECT_EQ(contents, contents_);
      VerifyReport report;
      EXPECT_THAT(Verify(fs, report), IsOk());
      if (fs.pending_commit() == nullptr) break;
      ASSERT_THAT(fs.pending_commit()->Apply(), IsOk());
    }
  }

  // Changes what a cut left, and cuts that.
  void CutAgain(const ByteVector& base, const ByteVector& found) {
    FaultDevice device(GetParam().device_block_bytes, base);
    DeviceLog log;
    device.Record(&log);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector next, Add(device, 0x66, 50));
    device.Record(nullptr);
    CrashOptions few;
    few.write_samples = few.piece_samples = 2;
    few.tear_everywhere = false;
    num_states_ += CrashStates(base, log, few).ForEach(device, [&](const CrashState&) {
      const std::optional<ByteVector> last = Found(device);
      EXPECT_TRUE(last == found || last == next) << "a cut of a cut";
      return !HasFailure();
    });
  }

  void CutAll(bool pending) {
    Machine machine(Config());
    Make(machine, pending);
    machine.Close();
    ASSERT_THAT(Add(machine.device(), 0x44, 900), IsOk());
    const ByteVector base = ToVector(machine.device().image());
    const std::optional<ByteVector> before = Found(machine.device());
    DeviceLog log;
    machine.device().Record(&log);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector after, Add(machine.device(), 0x55, 9000));
    machine.device().Record(nullptr);
    std::size_t visited = 0;
    FaultDevice device(GetParam().device_block_bytes, {});
    CrashStates states(base, log, CrashOptions{});
    num_states_ += states.ForEach(device, [&](const CrashState& state) {
      const std::optional<ByteVector> found = Found(device);
      const bool must_be_new = state.last_moment == log.events.size();
      EXPECT_TRUE(found == after || (!must_be_new && found == before))
          << "epoch " << state.epoch << ", event " << state.end_event;
      if (HasFailure()) return false;
      const ByteVector left = ToVector(device.image());
      if (visited % 4 == 0) ExpectFiles(device, *found, pending);
      if (visited++ % 40 == 0) CutAgain(left, *found);
      return !HasFailure();
    });
    EXPECT_GT(visited, 100u);
  }

  // The files are as before or as after, the metadata are the same, with and without the key.
  void ExpectEither(FaultDevice& device, const ByteVector& aux, const Contents& next) {
    EXPECT_EQ(Found(device), aux);
    TestRng rng;
    FileSystem fs(device, TestSymmetric(), rng, allocator_);
    OpenOptions options;
    options.trim = GetParam().trim;
    ASSERT_THAT(fs.Open(TestKey(), options), IsOk());
    if (fs.pending_commit() != nullptr) {
      ASSERT_THAT(fs.pending_commit()->Apply(), IsOk());
    }
    SVSM_ASSERT_OK_AND_ASSIGN(const Contents contents, ReadContents(fs));
    EXPECT_TRUE(contents == contents_ || contents == next);
    SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata shown, fs.ReadAuxMetadata());
    EXPECT_EQ(Encoded(shown), aux);
    VerifyReport report;
    EXPECT_THAT(Verify(fs, report), IsOk());
  }

  TestAllocator allocator_;
  Contents contents_;
  std::size_t num_states_ = 0;
};

TEST_P(PowerAux, AnEditWithoutTheKeyIsTheOldOrTheNew) {
  CutAll(false);
  std::printf("power: %zu states (auxiliary metadata, %s)\n", num_states_, GetParam().name.c_str());
}

TEST_P(PowerAux, AnEditBesideAPendingCommitIsTheOldOrTheNew) {
  CutAll(true);
  std::printf("power: %zu states (auxiliary metadata, %s, a commit pending)\n", num_states_,
              GetParam().name.c_str());
}

// They have become short of their reserve: the next commit gives them other extents.
TEST_P(PowerAux, AMoveByACommitLosesNothing) {
  MachineConfig config = Config();
  config.image_bytes += 128 * 1024;  // they take no more than a quarter of what is free
  Machine machine(config);
  Make(machine, false);
  machine.Close();
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector aux, Add(machine.device(), 0x44, 9000));
  ASSERT_THAT(machine.Open(), IsOk());
  const ByteVector base = ToVector(machine.device().image());
  const Changes changes = {{17, FileState{0, TestData(17, 1, 99)}}};
  Contents next = contents_;
  ApplyTo(next, changes);
  DeviceLog log;
  machine.device().Record(&log);
  ASSERT_THAT(machine.Commit(changes), IsOk());
  machine.device().Record(nullptr);
  FaultDevice device(GetParam().device_block_bytes, {});
  CrashOptions options;
  options.tear_everywhere = false;
  num_states_ = CrashStates(base, log, options).ForEach(device, [&](const CrashState& state) {
    ExpectEither(device, aux, next);
    EXPECT_FALSE(HasFailure()) << "epoch " << state.epoch << ", event " << state.end_event;
    return !HasFailure();
  });
  EXPECT_GT(num_states_, 30u);
  // Two groups of at least entry and reserve.
  SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata shown, machine.fs().ReadAuxMetadata());
  EXPECT_EQ(Encoded(shown), aux);
  EXPECT_THAT(Add(machine.device(), 0x55, 12'000), IsOk());
  std::printf("power: %zu states (auxiliary metadata moved, %s)\n", num_states_,
              GetParam().name.c_str());
}

INSTANTIATE_TEST_SUITE_P(Cocoonfs, PowerAux, ::testing::ValuesIn(MachineConfigs()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace svsm::cocoonfs
