#include "svsm/sealed_file/file_lock.h"

#include <unistd.h>

#include <cerrno>
#include <optional>

#include "svsm/testing/matchers.h"
#include "tests/sealed_file/folder.h"

namespace svsm::sealed_file {
namespace {

using testing::IsOk;
using testing::IsStatus;

class FileLockTest : public FolderTest {};

TEST_F(FileLockTest, OneHolderAtATime) {
  std::optional<Result<FileLock>> first(FileLock::Acquire(Path("lock")));
  ASSERT_THAT(*first, IsOk());
  EXPECT_THAT(FileLock::Acquire(Path("lock")), IsStatus(Code::kBusy, Source::kSealedFile));
  first.reset();
  EXPECT_THAT(FileLock::Acquire(Path("lock")), IsOk());
}

TEST_F(FileLockTest, SaysWhyThereIsNone) {
  EXPECT_THAT(FileLock::Acquire(Path("absent/lock")),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  ASSERT_EQ(::symlink("/dev/null", Path("link").c_str()), 0);
  EXPECT_THAT(FileLock::Acquire(Path("link")), IsStatus(Code::kIoError, Source::kSystem, ELOOP));
}

TEST_F(FileLockTest, RespectsPermissions) {
  const ReadOnlyFolder read_only(folder_);
  EXPECT_THAT(FileLock::Acquire(Path("lock")),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
}

}  // namespace
}  // namespace svsm::sealed_file
