#include "tools/common/tpm_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "svsm/cocoonfs/format.h"
#include "svsm/testing/matchers.h"
#include "tools/common/entropy.h"

namespace svsm::tool {
namespace {

using cocoonfs::Refusal;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using ::testing::StartsWith;
using vtpm::SuspendedState;
using vtpm::VtpmStart;

constexpr std::uint64_t kSize = 1 << 20;
const Bytes<32> kKey = {1};
const Bytes<4> kSalt = {1, 2, 3, 4};

class TpmImageTest : public ::testing::Test {
 protected:
  TpmImageTest() : folder_(::testing::TempDir() + "/tpm-image-XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    EXPECT_THAT(entropy_.Seed(), IsOk());
  }
  ~TpmImageTest() override { std::filesystem::remove_all(folder_, ignored_); }

  std::string path() const { return folder_ + "/image"; }
  Status Make() { return MakeImage(path(), kSize, kKey, kSalt, entropy_.rng()); }
  std::unique_ptr<TpmImage> Open(const TpmImageFile& file, ByteView key) {
    return TpmImage::Open(file, key, entropy_.rng(), refusal_);
  }
  std::unique_ptr<TpmImage> Open() { return Open({path(), {}, true}, kKey); }
  void ExpectRefused(Refusal reason, const TpmImageFile& file, ByteView key) {
    EXPECT_EQ(Open(file, key), nullptr);
    EXPECT_EQ(refusal_.reason, reason) << refusal_.text;
    EXPECT_THAT(refusal_.text, StartsWith(std::string(cocoonfs::RefusalName(reason)) + ": "));
  }

  std::string folder_;
  Entropy entropy_;
  ImageRefusal refusal_;
  std::error_code ignored_;
};

TEST_F(TpmImageTest, KeepsATpmsStateUntilTheNextBoot) {
  ASSERT_THAT(Make(), IsOk());
  const Bytes<3> state = {7, 8, 9};
  {
    const auto image = Open();
    ASSERT_NE(image, nullptr) << refusal_.text;
    EXPECT_FALSE(image->was_new());
    EXPECT_THAT(image->Begin(SuspendedState::kDiscard, false), IsOkAnd(VtpmStart::kManufacture));
    EXPECT_THAT(image->store().Write(vtpm::kLibtpmsState.permanent, state), IsOk());
    EXPECT_THAT(image->persistent().Finish(), IsOk());
    ExpectRefused(Refusal::kIo, {path(), {}, true}, kKey);
    EXPECT_EQ(refusal_.status.code(), Code::kBusy);
  }
  const auto image = Open();
  ASSERT_NE(image, nullptr) << refusal_.text;
  EXPECT_THAT(image->Begin(SuspendedState::kDiscard, false), IsOkAnd(VtpmStart::kLoad));
  Bytes<3> found{};
  EXPECT_THAT(image->store().Read(vtpm::kLibtpmsState.permanent, found), IsOkAnd(std::size_t{3}));
  EXPECT_EQ(found, state);
}

TEST_F(TpmImageTest, MakesWhatIsStillToBeMadeAndGrowsTheFile) {
  {
    cocoonfs::FileDeviceOptions file;
    file.creation = cocoonfs::FileCreation::kMustNotExist;
    file.max_block_size_bytes = 512;
    SVSM_ASSERT_OK_AND_ASSIGN(auto device, cocoonfs::FileDevice::Open(path(), file));
    ASSERT_THAT(device.Resize(64 << 10), IsOk());
    MallocAllocator heap;
    cocoonfs::FormatOptions format;
    format.size_bytes = kSize;
    ASSERT_THAT(cocoonfs::WriteCreationHeader(device, heap, format), IsOk());
  }
  {
    const auto image = Open();
    ASSERT_NE(image, nullptr) << refusal_.text;
    EXPECT_TRUE(image->was_new());
  }
  EXPECT_EQ(std::filesystem::file_size(path()), kSize);
  const auto image = Open();
  ASSERT_NE(image, nullptr) << refusal_.text;
  EXPECT_FALSE(image->was_new());
}

TEST_F(TpmImageTest, SaysWhyItRefuses) {
  ExpectRefused(Refusal::kIo, {path(), {}, false}, kKey);
  EXPECT_EQ(refusal_.status, Status(Code::kNotFound, Source::kSystem, ENOENT));
  ASSERT_THAT(Make(), IsOk());
  EXPECT_THAT(Make(), IsStatus(Code::kAlreadyExists, Source::kSystem, EEXIST));
  ExpectRefused(Refusal::kWrongKey, {path(), {}, true}, Bytes<32>{2});
  ExpectRefused(Refusal::kOtherImage, {path(), {9}, true}, kKey);
  EXPECT_NE(Open({path(), ToVector(kSalt), true}, kKey), nullptr) << refusal_.text;
}

TEST_F(TpmImageTest, LeavesAnotherEnginesTpmAlone) {
  ASSERT_THAT(Make(), IsOk());
  const auto image = Open();
  ASSERT_NE(image, nullptr) << refusal_.text;
  constexpr std::array<const char*, 1> kMarker = {"marker"};
  cocoonfs::FixedStateStore other(image->file_system(), cocoonfs::kOtherEngineMarker, kMarker);
  ASSERT_THAT(other.Write(kMarker[0], Bytes<1>{1}), IsOk());
  EXPECT_THAT(image->Begin(SuspendedState::kDiscard, false),
              IsStatus(Code::kAlreadyExists, Source::kCaller));
  EXPECT_THAT(image->Begin(SuspendedState::kDiscard, true), IsOkAnd(VtpmStart::kManufacture));
}

}  // namespace
}  // namespace svsm::tool
