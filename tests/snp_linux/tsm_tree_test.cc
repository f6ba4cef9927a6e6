#include "svsm/snp_linux/tsm_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/snp_linux/configfs_tsm.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

class TsmTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ =
        std::filesystem::path(::testing::TempDir()) / ("tsm-tree-" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  // What the kernel does when an entry is made.
  void Populate(const std::string& entry, const std::string& attribute, const std::string& value) {
    std::ofstream(root_ / entry / attribute, std::ios::binary) << value;
  }
  std::filesystem::path root_;
};

TEST_F(TsmTreeTest, EntriesAreMadeAndRemoved) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string a, tree.MakeEntry());
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string b, tree.MakeEntry());
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::filesystem::is_directory(root_ / a));
  EXPECT_THAT(tree.RemoveEntry(a), IsOk());
  EXPECT_FALSE(std::filesystem::exists(root_ / a));
  EXPECT_THAT(tree.RemoveEntry(a), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  Populate(b, "inblob", "");
  EXPECT_THAT(tree.RemoveEntry(b), IsStatus(Code::kIoError, Source::kSystem, ENOTEMPTY));
}

TEST_F(TsmTreeTest, AttributesAreWrittenAndRead) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  Populate(entry, "inblob", "");
  const ByteVector value(9000, 0x42);
  EXPECT_THAT(tree.Write(entry, "inblob", value), IsOk());
  EXPECT_THAT(tree.Read(entry, "inblob"), IsOkAnd(SameBytes(value)));
  Populate(entry, "auxblob", "");
  EXPECT_THAT(tree.Read(entry, "auxblob"), IsOkAnd(::testing::IsEmpty()));
}

TEST_F(TsmTreeTest, MissingAttributesAreNotMade) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  const auto missing = IsStatus(Code::kNotFound, Source::kSystem, ENOENT);
  EXPECT_THAT(tree.Write(entry, "service_provider", ByteVector(4)), missing);
  EXPECT_THAT(tree.Read(entry, "auxblob"), missing);
  EXPECT_FALSE(std::filesystem::exists(root_ / entry / "service_provider"));
}

TEST_F(TsmTreeTest, WithoutARootThereIsNoConfigfsTsm) {
  PosixTsmTree tree(root_ / "none");
  EXPECT_THAT(tree.MakeEntry(), IsStatus(Code::kUnavailable, Source::kSnp, kDetailNoConfigfsTsm));
  EXPECT_THAT(CollectTsmReport(tree, TsmRequest()),
              IsStatus(Code::kUnavailable, Source::kSnp, kDetailNoConfigfsTsm));
}

TEST_F(TsmTreeTest, NamesRunOut) {
  PosixTsmTree tree(root_);
  for (int i = 0; i < 100; ++i) EXPECT_THAT(tree.MakeEntry(), IsOk());
  EXPECT_THAT(tree.MakeEntry(), IsStatus(Code::kAlreadyExists, Source::kSystem, EEXIST));
}

TEST_F(TsmTreeTest, RefusedByTheSystem) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may do everything";
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  Populate(entry, "inblob", "");
  ::chmod((root_ / entry / "inblob").c_str(), 0);
  const auto denied = IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES);
  EXPECT_THAT(tree.Read(entry, "inblob"), denied);
  EXPECT_THAT(tree.Write(entry, "inblob", ByteVector(1)), denied);
  ::chmod(root_.c_str(), 0500);
  EXPECT_THAT(tree.MakeEntry(), denied);
  ::chmod(root_.c_str(), 0700);
}

TEST_F(TsmTreeTest, WhatIsNoFileIsAnIoError) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  std::filesystem::create_directory(root_ / entry / "outblob");
  EXPECT_THAT(tree.Read(entry, "outblob"), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  EXPECT_THAT(tree.Write(entry, "outblob", ByteVector(1)),
              IsStatus(Code::kIoError, Source::kSystem, EISDIR));
}

TEST_F(TsmTreeTest, HugeAttributesAreRefused) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  Populate(entry, "auxblob", std::string(kMaxTsmAttributeSize, 'x'));
  EXPECT_THAT(tree.Read(entry, "auxblob"), IsOk());
  Populate(entry, "auxblob", std::string(kMaxTsmAttributeSize + 1, 'x'));
  EXPECT_THAT(tree.Read(entry, "auxblob"),
              IsStatus(Code::kOutOfRange, Source::kSnp, kMaxTsmAttributeSize));
}

// A process without a terminal gets ENXIO for it.
TEST_F(TsmTreeTest, DevicesThatAreNotThereAreUnavailable) {
  PosixTsmTree tree(root_);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string entry, tree.MakeEntry());
  std::filesystem::create_symlink("/dev/tty", root_ / entry / "outblob");
  const auto read = tree.Read(entry, "outblob");
  if (read.status().detail() != ENXIO) GTEST_SKIP() << "the test has a terminal";
  EXPECT_THAT(read, IsStatus(Code::kUnavailable, Source::kSystem, ENXIO));
}

}  // namespace
}  // namespace svsm::snp
