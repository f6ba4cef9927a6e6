// Covers: svsm/core/block_device.h
#include "svsm/cocoonfs_file/file_device.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

class FileDeviceTest : public ::testing::Test {
 protected:
  FileDeviceTest() : path_(::testing::TempDir() + "/device.img") { std::filesystem::remove(path_); }
  void Make(std::size_t size) {
    std::ofstream(path_, std::ios::binary) << std::string(size, '\x11');
  }
  FileDeviceOptions Small() const {
    FileDeviceOptions options;
    options.max_block_size_bytes = 128;
    return options;
  }
  Status OpenStatus(const FileDeviceOptions& options) {
    return FileDevice::Open(path_, options).status();
  }

  std::string path_;
};

TEST_F(FileDeviceTest, ReadsAndWritesTheFile) {
  Make(1000);
  {
    auto device = FileDevice::Open(path_, Small());
    ASSERT_THAT(device, IsOk());
    EXPECT_EQ(device->Geometry().block_size_bytes, 128u);
    EXPECT_EQ(device->Geometry().num_blocks, 7u);
    EXPECT_EQ(device->size_bytes(), 1000u);
    ASSERT_THAT(device->Write(5, ByteVector(256, 0x5A)), IsOk());
    ASSERT_THAT(device->Barrier(), IsOk());
    ASSERT_THAT(device->Flush(), IsOk());
    ByteVector out(384);
    ASSERT_THAT(device->Read(4, out), IsOk());
    EXPECT_EQ(out[127], 0x11);
    EXPECT_EQ(out[128], 0x5A);
  }
  const ByteVector file = *ReadFile(path_);
  EXPECT_EQ(file.size(), 1000u);
  EXPECT_EQ(file[6 * 128 + 127], 0x5A);
  EXPECT_EQ(file[7 * 128], 0x11);
}

TEST_F(FileDeviceTest, TakesTheFileSystemsBlockSizeUnlessTold) {
  Make(64 << 10);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  auto device = FileDevice::Open(path_, {});
  ASSERT_THAT(device, IsOk());
  EXPECT_EQ(device->Geometry().block_size_bytes, static_cast<std::uint32_t>(info.st_blksize));
}

TEST_F(FileDeviceTest, RefusesOtherSizesAndPlaces) {
  Make(1024);
  auto device = FileDevice::Open(path_, Small());
  ASSERT_THAT(device, IsOk());
  ByteVector bytes(256);
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCocoonfs);
  const auto out_of_range = IsStatus(Code::kOutOfRange, Source::kCocoonfs);
  EXPECT_THAT(device->Read(0, ByteSpan(bytes).first(127)), invalid);
  EXPECT_THAT(device->Write(0, ByteSpan(bytes).first(129)), invalid);
  EXPECT_THAT(device->Read(7, bytes), out_of_range);
  EXPECT_THAT(device->Write(7, bytes), out_of_range);
  EXPECT_THAT(device->Trim(8, 1), out_of_range);
  EXPECT_THAT(device->Trim(1, ~std::uint64_t{0}), out_of_range);
  EXPECT_THAT(device->Trim(1, 0), IsOk());
}

TEST_F(FileDeviceTest, LocksAgainstASecondWriter) {
  Make(1024);
  const auto busy = IsStatus(Code::kBusy, Source::kSystem, EWOULDBLOCK);
  FileDeviceOptions read_only;
  read_only.access = FileAccess::kReadOnly;
  {
    const auto writer = FileDevice::Open(path_, {});
    ASSERT_THAT(writer, IsOk());
    EXPECT_THAT(OpenStatus({}), busy);
    EXPECT_THAT(OpenStatus(read_only), busy);
  }
  const auto reader = FileDevice::Open(path_, read_only);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(OpenStatus(read_only), IsOk());
  EXPECT_THAT(OpenStatus({}), busy);
}

TEST_F(FileDeviceTest, ReadOnlyWritesNothing) {
  Make(1024);
  FileDeviceOptions options = Small();
  options.access = FileAccess::kReadOnly;
  auto device = FileDevice::Open(path_, options);
  ASSERT_THAT(device, IsOk());
  const auto denied = IsStatus(Code::kPermissionDenied, Source::kCocoonfs);
  EXPECT_THAT(device->Write(0, ByteVector(128)), denied);
  EXPECT_THAT(device->Trim(0, 1), denied);
  EXPECT_THAT(device->Resize(0), denied);
  EXPECT_EQ(ReadFile(path_)->size(), 1024u);
}

TEST_F(FileDeviceTest, CreatesAsTold) {
  FileDeviceOptions options = Small();
  EXPECT_THAT(OpenStatus(options), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  options.creation = FileCreation::kMustNotExist;
  {
    auto device = FileDevice::Open(path_, options);
    ASSERT_THAT(device, IsOk());
    EXPECT_EQ(device->Geometry().num_blocks, 0u);
    ASSERT_THAT(device->Resize(1024), IsOk());
    EXPECT_EQ(device->Geometry().num_blocks, 8u);
    ByteVector block(128, 1);
    ASSERT_THAT(device->Read(7, block), IsOk());
    EXPECT_TRUE(IsZero(block));
  }
  EXPECT_THAT(OpenStatus(options), IsStatus(Code::kAlreadyExists, Source::kSystem, EEXIST));
  options.creation = FileCreation::kEither;
  EXPECT_THAT(OpenStatus(options), IsOk());
}

TEST_F(FileDeviceTest, RefusesWhatIsNoImage) {
  FileDeviceOptions options;
  options.access = FileAccess::kReadOnly;
  EXPECT_THAT(FileDevice::Open("/dev/null", options).status(),
              IsStatus(Code::kUnsupported, Source::kSystem));
  EXPECT_THAT(FileDevice::Open(::testing::TempDir(), {}).status(),
              IsStatus(Code::kUnsupported, Source::kSystem, EISDIR));
  for (const std::uint32_t size : {1u, 64u, 129u, 768u}) {
    options.max_block_size_bytes = size;
    EXPECT_THAT(OpenStatus(options), IsStatus(Code::kInvalidArgument, Source::kCocoonfs, size));
  }
  options.max_block_size_bytes = 256;
  options.direct = true;
  EXPECT_THAT(OpenStatus(options), IsStatus(Code::kInvalidArgument, Source::kCocoonfs, 256));
}

TEST_F(FileDeviceTest, DirectAccessGivesTheSameBytes) {
  Make(1 << 20);
  FileDeviceOptions options;
  options.direct = true;
  auto device = FileDevice::Open(path_, options);
  if (device.status() == Status(Code::kUnsupported, Source::kSystem, EINVAL)) {
    GTEST_SKIP() << "no O_DIRECT in " << path_;
  }
  ASSERT_THAT(device, IsOk());
  const std::uint32_t size = device->Geometry().block_size_bytes;
  ByteVector in(600 << 10);
  in.resize(in.size() / size * size);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i >> 9);
  ASSERT_THAT(device->Write(1, in), IsOk());
  ByteVector out(in.size());
  ASSERT_THAT(device->Read(1, out), IsOk());
  EXPECT_EQ(out, in);
  EXPECT_TRUE(Equal(ByteView(*ReadFile(path_)).subspan(size, in.size()), in));
}

TEST_F(FileDeviceTest, PunchesHolesThatReadAsZero) {
  Make(64 << 10);
  auto device = FileDevice::Open(path_, {});
  ASSERT_THAT(device, IsOk());
  const std::uint32_t size = device->Geometry().block_size_bytes;
  ASSERT_THAT(device->Trim(1, 2), IsOk());
  ByteVector around(4 * size);
  ASSERT_THAT(device->Read(0, around), IsOk());
  EXPECT_EQ(around[size - 1], 0x11);
  EXPECT_EQ(around[3 * size], 0x11);
}

// A file that somebody else has cut reads as an error, not as old bytes.
TEST_F(FileDeviceTest, SaysIoErrorWhereTheFileEnds) {
  Make(4096);
  auto device = FileDevice::Open(path_, Small());
  ASSERT_THAT(device, IsOk());
  std::filesystem::resize_file(path_, 1024);
  ByteVector block(128);
  EXPECT_THAT(device->Read(16, block), IsStatus(Code::kIoError, Source::kSystem, EIO));
}

TEST_F(FileDeviceTest, SaysIoErrorWhereTheSystemRefuses) {
  Make(4096);
  auto device = FileDevice::Open(path_, Small());
  ASSERT_THAT(device, IsOk());
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = old_limit;
  limit.rlim_cur = 2048;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Status write = device->Write(20, ByteVector(128));
  const Status resize = device->Resize(8192);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(write, IsStatus(Code::kIoError, Source::kSystem, EFBIG));
  EXPECT_THAT(resize, IsStatus(Code::kIoError, Source::kSystem, EFBIG));
}

}  // namespace
}  // namespace svsm::cocoonfs
