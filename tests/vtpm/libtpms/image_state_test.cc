// A TPM whose state is in a CocoonFS image, on a device that fails, and on one that loses power.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/state_store.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/crash_states.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "svsm/vtpm/persistent.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::vtpm {
namespace {

using cocoonfs::FileSystem;
using testing::Failing;
using testing::FaultDevice;
using testing::IsOk;

constexpr char kDefineCounter[] =
    "80020000002d0000012a40000001"
    "00000009"
    "400000090000000000"
    "0000"
    "000e01500001000b0002001200000008";
constexpr char kIncrement[] =
    "80020000001f000001344000000101500001"
    "00000009"
    "400000090000000000";
constexpr char kReadCounter[] =
    "8002000000230000014e4000000101500001"
    "00000009"
    "400000090000000000"
    "00080000";

// One boot: an image that is opened, and a TPM in it that is started.
class Boot {
 public:
  Boot(FaultDevice& device, std::uint64_t seed)
      : rng_(seed), fs_(device, symmetric_, rng_, heap_), tpm_(store_, seed) {}

  Status Start() {
    cocoonfs::OpenOptions options;
    options.commit_on_open = true;
    SVSM_TRY(fs_.Open(AsBytes("key"), options));
    PersistentVtpm persistent(store_, kLibtpmsState);
    SVSM_ASSIGN_OR_RETURN(start_, persistent.Begin(SuspendedState::kDiscard));
    SVSM_TRY(tpm_.engine().PowerOn(StoredVolatile::kDelete));
    SVSM_TRY(CheckResponse(tpm_.Run(BuildStartup(StartupKind::kClear, tpm_.command))));
    return start_ == VtpmStart::kManufacture ? persistent.Finish() : OkStatus();
  }
  VtpmStart start() const { return start_; }
  bool Increment() { return tpm_.CodeOfHex(kIncrement) == 0; }
  std::uint64_t Counter() {
    const ByteView reply = tpm_.Run(*FromHex(kReadCounter));
    return reply.size() < 24 ? 0 : std::stoull(ToHex(reply.subspan(16, 8)), nullptr, 16);
  }
  TestTpm& tpm() { return tpm_; }

 private:
  testing::FakeRng rng_;
  MallocAllocator heap_;
  crypto::OpensslSymmetric symmetric_;
  FileSystem fs_;
  cocoonfs::FixedStateStore store_{fs_, cocoonfs::TpmInodes(kLibtpmsState.tag), kLibtpmsStateNames};
  VtpmStart start_ = VtpmStart::kLoad;
  TestTpm tpm_;
};

class ImageStateTest : public ::testing::Test {
 protected:
  ImageStateTest() {
    testing::FakeRng rng(7);
    MallocAllocator heap;
    const crypto::OpensslSymmetric symmetric;
    EXPECT_THAT(cocoonfs::Format(device_, symmetric, rng, heap, AsBytes("key"), {}), IsOk());
  }
  // Makes the TPM, with the counter at some value, which it gives.
  std::uint64_t Make() {
    Boot boot(device_, 1);
    EXPECT_THAT(boot.Start(), IsOk());
    EXPECT_EQ(boot.start(), VtpmStart::kManufacture);
    EXPECT_EQ(boot.tpm().CodeOfHex(kDefineCounter), 0u);
    EXPECT_TRUE(boot.Increment());
    return boot.Counter();
  }

  FaultDevice device_{512, ByteVector(512 * 1024)};
};

class ImageFaultTest : public ImageStateTest,
                       public ::testing::WithParamInterface<std::tuple<unsigned, Failing>> {};

// The guest gets a TPM failure, the disk keeps the last good state, a restart recovers it.
TEST_P(ImageFaultTest, AFailingDeviceLosesNothingThatWasAnswered) {
  const auto [calls, failing] = GetParam();
  std::uint64_t acknowledged = Make();
  std::uint64_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    {
      Boot boot(device_, 2);
      ASSERT_THAT(boot.Start(), IsOk());
      ASSERT_EQ(boot.start(), VtpmStart::kLoad);
      ASSERT_EQ(boot.Counter(), acknowledged);
      device_.FailNth(calls, nth, failing);
      const bool done = boot.Increment();
      failed = device_.has_failed();
      if (done) ++acknowledged;
      if (failed && !done) {
        // Nothing works until the next power cycle, and nothing of it is stored.
        EXPECT_EQ(boot.tpm().CodeOfHex(kIncrement), kTpmRcFailure);
        EXPECT_EQ(boot.tpm().CodeOfHex(kReadCounter), kTpmRcFailure);
        EXPECT_THAT(boot.tpm().engine().failure(),
                    testing::IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
      }
      device_.FailNth(calls, 0, failing);
    }
    Boot after(device_, 3);
    ASSERT_THAT(after.Start(), IsOk()) << nth;
    const std::uint64_t found = after.Counter();
    ASSERT_GE(found, acknowledged) << nth;
    ASSERT_LE(found, acknowledged + 1) << nth;
    ASSERT_TRUE(after.Increment());
    acknowledged = found + 1;
    ASSERT_LT(nth, 200u);
  }
  // Several places were there to fail at.
  EXPECT_GT(nth, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, ImageFaultTest,
    ::testing::Combine(::testing::Values(testing::kFailWrites, testing::kFailSyncs),
                       ::testing::Values(Failing::kOnce, Failing::kFromThenOn)),
    [](const auto& tested) {
      return std::string(std::get<0>(tested.param) == testing::kFailWrites ? "Writes" : "Syncs") +
             (std::get<1>(tested.param) == Failing::kOnce ? "Once" : "FromThenOn");
    });

// Whatever a device kept when the power went during an increment, the counter is the old or the new
// one, and the new one if the guest may have had its answer.
TEST_F(ImageStateTest, APowerCutLosesNothingThatWasAnswered) {
  const std::uint64_t before = Make();
  testing::DeviceLog log;
  ByteVector base;
  {
    Boot boot(device_, 2);
    ASSERT_THAT(boot.Start(), IsOk());
    base = ToVector(device_.image());
    device_.Record(&log);
    ASSERT_TRUE(boot.Increment());
    device_.Record(nullptr);
  }
  testing::CrashOptions options;
  options.tear_everywhere = false;
  options.max_exhaustive_writes = 3;
  options.write_samples = 4;
  options.piece_samples = 4;
  testing::CrashStates each(base, log, options);
  std::size_t renewed = 0;
  const std::size_t visited = each.ForEach(device_, [&](const testing::CrashState& state) {
    Boot boot(device_, 3);
    EXPECT_THAT(boot.Start(), IsOk());
    const std::uint64_t found = boot.Counter();
    if (found != before) {
      EXPECT_EQ(found, before + 1);
      ++renewed;
    }
    if (state.last_moment >= log.events.size()) {
      EXPECT_EQ(found, before + 1);
    }
    return !HasFailure();
  });
  EXPECT_GT(renewed, 0u);
  EXPECT_LT(renewed, visited);
}

// A device that fails from some write on while the TPM is made: the next boot makes it anew, or
// finds it whole.
TEST_F(ImageStateTest, AnInterruptedManufactureIsNeverLoaded) {
  const ByteVector empty = ToVector(device_.image());
  bool failed = true;
  for (std::uint64_t nth = 1; failed; nth += 3) {
    device_.SetBase(empty);
    device_.FailNth(testing::kFailAllWriting, nth, Failing::kFromThenOn);
    Status first;
    {
      Boot boot(device_, 2);
      first = boot.Start();
    }
    failed = device_.has_failed();
    device_.FailNth(testing::kFailAllWriting, 0, Failing::kOnce);
    Boot after(device_, 3);
    ASSERT_THAT(after.Start(), IsOk()) << nth;
    if (first.ok()) {
      EXPECT_EQ(after.start(), VtpmStart::kLoad) << nth;
    }
    ASSERT_EQ(after.tpm().CodeOfHex(kDefineCounter), 0u);
    ASSERT_TRUE(after.Increment());
    ASSERT_LT(nth, 1000u);
  }
}

}  // namespace
}  // namespace svsm::vtpm
