// Covers: svsm/core/state_store.h
#include "svsm/sealed_file/plain_directory.h"

#include <sys/stat.h>

#include <cerrno>

#include "svsm/testing/matchers.h"
#include "tests/sealed_file/folder.h"

namespace svsm::sealed_file {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class PlainDirectoryTest : public FolderTest {};

TEST_F(PlainDirectoryTest, KeepsBlobsAcrossOpens) {
  {
    SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
    EXPECT_THAT(store->Write("permanent", ByteVector(500, 1)), IsOk());
    EXPECT_THAT(store->Write("gone", {}), IsOk());
    EXPECT_THAT(store->Remove("gone"), IsOk());
  }
  EXPECT_THAT(FileBytes("permanent"), SameBytes(ByteVector(500, 1)));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  EXPECT_THAT(store->Size("permanent"), IsOkAnd(Eq(500u)));
  ByteVector out(501, 7);
  EXPECT_THAT(store->Read("permanent", out), IsOkAnd(Eq(500u)));
  EXPECT_EQ(out[499], 1);
  EXPECT_EQ(out[500], 0);
}

TEST_F(PlainDirectoryTest, KeepsTheSeamsContract) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  EXPECT_THAT(store->Write("a", ByteVector(4, 1)), IsOk());
  Bytes<3> out = {7, 7, 7};
  EXPECT_THAT(store->Read("a", out), IsStatus(Code::kBufferTooSmall, Source::kSealedFile, 4));
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(store->Read("b", out), IsStatus(Code::kNotFound, Source::kSealedFile));
  EXPECT_THAT(store->Size("b"), IsStatus(Code::kNotFound, Source::kSealedFile));
  EXPECT_THAT(store->Remove("b"), IsStatus(Code::kNotFound, Source::kSealedFile));
  for (const char* name : {"", ".lock", "..", "a/b"}) {
    const auto wrong = IsStatus(Code::kInvalidArgument, Source::kSealedFile);
    EXPECT_THAT(store->Size(name), wrong);
    EXPECT_THAT(store->Read(name, out), wrong);
    EXPECT_THAT(store->Write(name, {}), wrong);
    EXPECT_THAT(store->Remove(name), wrong);
  }
}

TEST_F(PlainDirectoryTest, NeedsAFolderOfItsOwn) {
  EXPECT_THAT(PlainDirectoryStore::Open(Path("absent")),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  EXPECT_THAT(PlainDirectoryStore::Open(folder_), IsStatus(Code::kBusy, Source::kSealedFile));
}

TEST_F(PlainDirectoryTest, RespectsPermissions) {
  const ReadOnlyFolder read_only(folder_);
  EXPECT_THAT(PlainDirectoryStore::Open(folder_),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
}

TEST_F(PlainDirectoryTest, AFailingWriteLeavesTheOldState) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  const ByteVector old_blob(100, 1);
  ASSERT_THAT(store->Write("a", old_blob), IsOk());
  for (std::size_t limit = 0; limit < 200; limit += 20) {
    const FullDisk disk(limit);
    EXPECT_THAT(store->Write("a", ByteVector(200, 2)),
                IsStatus(Code::kIoError, Source::kSystem, EFBIG));
  }
  EXPECT_THAT(FileBytes("a"), SameBytes(old_blob));
  EXPECT_EQ(NumFiles(), 1u);
}

TEST_F(PlainDirectoryTest, BoundsBlobs) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  EXPECT_THAT(store->Write("a", ByteVector(kMaxPlainBlobSize + 1)),
              IsStatus(Code::kOutOfMemory, Source::kSealedFile, kMaxPlainBlobSize));
  ASSERT_THAT(WriteFileAtomically(Path("a"), ByteVector(kMaxPlainBlobSize + 1), FileMode::kPrivate),
              IsOk());
  EXPECT_THAT(store->Size("a"), IsStatus(Code::kDataLoss, Source::kSealedFile, kMaxPlainBlobSize));
}

TEST_F(PlainDirectoryTest, FilesArePrivateAndFoldersAreNoBlobs) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, PlainDirectoryStore::Open(folder_));
  ASSERT_THAT(store->Write("a", {}), IsOk());
  struct stat info {};
  ASSERT_EQ(::stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ASSERT_EQ(::mkdir(Path("b").c_str(), 0700), 0);
  EXPECT_THAT(store->Size("b"), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  EXPECT_THAT(store->Remove("b"), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
}

}  // namespace
}  // namespace svsm::sealed_file
