// Covers: svsm/core/hosted.h
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : folder_(::testing::TempDir() + "svsm_file_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::string Path(const char* name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(FileTest, ReplacesWholeFilesAndLeavesNothingBeside) {
  EXPECT_THAT(WriteFileAtomically(Path("f"), Bytes<2>{1, 2}, FileMode::kPrivate), IsOk());
  EXPECT_THAT(WriteFileAtomically(Path("f"), Bytes<3>{3, 4, 5}, FileMode::kPrivate), IsOk());
  EXPECT_THAT(ReadFile(Path("f")), IsOkAnd(BytesAre("030405")));
  const std::filesystem::directory_iterator entries(folder_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(FileTest, FollowsLinks) {
  ASSERT_THAT(WriteFileAtomically(Path("f"), Bytes<1>{1}, FileMode::kPrivate), IsOk());
  std::filesystem::create_symlink(Path("f"), Path("link"));
  EXPECT_THAT(WriteFileAtomically(Path("link"), Bytes<1>{2}, FileMode::kPrivate), IsOk());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_THAT(ReadFile(Path("f")), IsOkAnd(BytesAre("02")));
}

TEST_F(FileTest, WritesIntoDevicesAndPipes) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const int reader = ::open(Path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_THAT(WriteFileAtomically(Path("pipe"), Bytes<2>{3, 4}, FileMode::kPrivate), IsOk());
  EXPECT_TRUE(std::filesystem::is_fifo(Path("pipe")));
  Bytes<4> got{};
  EXPECT_EQ(::read(reader, got.data(), got.size()), 2);
  EXPECT_EQ(got, (Bytes<4>{3, 4}));
  ::close(reader);
  const std::filesystem::directory_iterator entries(folder_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(FileTest, SetsTheMode) {
  ASSERT_THAT(WriteFileAtomically(Path("private"), {}, FileMode::kPrivate), IsOk());
  ASSERT_THAT(WriteFileAtomically(Path("public"), {}, FileMode::kPublic), IsOk());
  struct stat info {};
  ASSERT_EQ(::stat(Path("private").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(Path("public").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0644u);
}

TEST_F(FileTest, SaysWhyItCannot) {
  EXPECT_THAT(ReadFile(Path("absent")), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_THAT(ReadFile(folder_), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  EXPECT_THAT(WriteFileAtomically(Path("no/f"), {}, FileMode::kPublic),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  ASSERT_THAT(WriteFileAtomically(Path("f"), Bytes<3>{}, FileMode::kPublic), IsOk());
  EXPECT_THAT(ReadFile(Path("f"), 2), IsStatus(Code::kOutOfRange, Source::kSystem, 2));
  EXPECT_THAT(ReadFile("/proc/self/mem", 16), IsStatus(Code::kIoError, Source::kSystem, EIO));
  EXPECT_THAT(WriteFileAtomically("/proc/self/f", {}, FileMode::kPublic),
              ::testing::AnyOf(IsStatus(Code::kNotFound, Source::kSystem, ENOENT),
                               IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES),
                               IsStatus(Code::kPermissionDenied, Source::kSystem, EPERM)));
}

}  // namespace
}  // namespace svsm
