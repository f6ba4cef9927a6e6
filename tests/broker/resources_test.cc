#include "svsm/broker/resources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "svsm/kbs/secret_signature.h"
#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

// Root passes every permission: for its life, the process is somebody without rights.
class AsNobody {
 public:
  AsNobody() : user_(::geteuid()) {
    if (user_ == 0) {
      EXPECT_EQ(::seteuid(65534), 0);
    }
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (user_ == 0) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  }

 private:
  ::uid_t user_;
};

class ResourcesTest : public ::testing::Test {
 protected:
  ResourcesTest() {
    std::string pattern = ::testing::TempDir() + "resources-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Result<std::unique_ptr<DirectoryResources>> opened =
        DirectoryResources::Open(folder_ + "/repository");
    EXPECT_THAT(opened, IsOk());
    resources_ = std::move(*opened);
  }
  ~ResourcesTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::unique_ptr<DirectoryResources> resources_;
};

TEST_F(ResourcesTest, GivesWhatWasPut) {
  ASSERT_THAT(resources_->Put("default/sample/test", AsBytes("hello")), IsOk());
  EXPECT_THAT(resources_->Get("default/sample/test"),
              IsOkAnd(::testing::Eq(ToVector(AsBytes("hello")))));
  ASSERT_THAT(resources_->Put("default/sample/test", ByteView()), IsOk());
  EXPECT_THAT(resources_->Get("default/sample/test"), IsOkAnd(::testing::IsEmpty()));
  ASSERT_THAT(resources_->Remove("default/sample/test"), IsOk());
  EXPECT_THAT(resources_->Get("default/sample/test"),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_THAT(resources_->Remove("default/sample/test"),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
}

TEST_F(ResourcesTest, KeepsFilesForItsOwner) {
  ASSERT_THAT(resources_->Put("a/b/c", AsBytes("x")), IsOk());
  struct ::stat info = {};
  ASSERT_EQ(::stat((folder_ + "/repository/a/b/c").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder_ + "/repository/a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(ResourcesTest, ListsNamesSorted) {
  EXPECT_THAT(resources_->List(), IsOkAnd(::testing::IsEmpty()));
  for (const char* name : {"b/x/1", "a/y/2.bin", "a/x/1"}) {
    ASSERT_THAT(resources_->Put(name, AsBytes("x")), IsOk());
  }
  // What is not named as a resource does not count.
  std::filesystem::create_directories(folder_ + "/repository/.hidden/x");
  std::filesystem::create_directories(folder_ + "/repository/a/x/folder");
  ASSERT_THAT(WriteFileAtomically(folder_ + "/repository/a/x/.new", {}, FileMode::kPrivate),
              IsOk());
  EXPECT_THAT(resources_->List(), IsOkAnd(::testing::ElementsAre("a/x/1", "a/y/2.bin", "b/x/1")));
}

TEST_F(ResourcesTest, RefusesOtherNames) {
  const std::string longest(kbs::kMaxResourceSize - 4, 'n');
  EXPECT_TRUE(IsResourceName("a/b/" + longest));
  EXPECT_TRUE(IsResourceName("_/-/0."));
  for (const std::string& name :
       {std::string(), std::string("a"), std::string("a/b"), std::string("a/b/c/d"),
        std::string("/a/b/c"), std::string("a/b/c/"), std::string("a//c"), std::string("a/b/.."),
        std::string("../b/c"), std::string("a/./c"), std::string("a/.b/c"), std::string("a/b/c d"),
        std::string("a/b/c%2e"), std::string("a/b/c\0", 6), std::string("a/b/\xC3\xA4"),
        "a/b/n" + longest}) {
    EXPECT_FALSE(IsResourceName(name)) << name;
    const auto refused = IsStatus(Code::kInvalidArgument, Source::kBroker);
    EXPECT_THAT(resources_->Get(name), refused) << name;
    EXPECT_THAT(resources_->Put(name, {}), refused) << name;
    EXPECT_THAT(resources_->Remove(name), refused) << name;
  }
  EXPECT_THAT(resources_->List(), IsOkAnd(::testing::IsEmpty()));
}

TEST_F(ResourcesTest, RefusesWhatIsTooLarge) {
  const ByteVector large(kMaxResourceBytes + 1);
  EXPECT_THAT(resources_->Put("a/b/c", large),
              IsStatus(Code::kOutOfRange, Source::kBroker, kMaxResourceBytes));
  ASSERT_THAT(resources_->Put("a/b/c", ByteView(large).first(kMaxResourceBytes)), IsOk());
  EXPECT_THAT(resources_->Get("a/b/c"), IsOk());
  ASSERT_THAT(WriteFileAtomically(folder_ + "/repository/a/b/c", large, FileMode::kPrivate),
              IsOk());
  EXPECT_THAT(resources_->Get("a/b/c"), IsStatus(Code::kDataLoss, Source::kBroker));
}

TEST_F(ResourcesTest, TellsFoldersFromFiles) {
  ASSERT_THAT(resources_->Put("a/b/c", AsBytes("x")), IsOk());
  std::filesystem::create_directories(folder_ + "/repository/a/b/d");
  EXPECT_THAT(resources_->Get("a/b/d").status().code(), Code::kNotFound);
  EXPECT_THAT(resources_->Remove("a/b/d").code(), Code::kNotFound);
  ASSERT_THAT(WriteFileAtomically(folder_ + "/repository/file", {}, FileMode::kPrivate), IsOk());
  EXPECT_THAT(resources_->Get("file/b/c").status().code(), Code::kNotFound);
  EXPECT_FALSE(resources_->Put("file/b/c", {}).ok());
  EXPECT_FALSE(resources_->Put("a/b/d", {}).ok());
}

TEST_F(ResourcesTest, SaysWhyThereIsNoFolder) {
  EXPECT_THAT(DirectoryResources::Open(folder_ + "/none/repository"),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  ASSERT_THAT(WriteFileAtomically(folder_ + "/file", {}, FileMode::kPrivate), IsOk());
  EXPECT_THAT(DirectoryResources::Open(folder_ + "/file"),
              IsStatus(Code::kNotFound, Source::kSystem, ENOTDIR));
  std::filesystem::remove_all(folder_ + "/repository");
  EXPECT_THAT(resources_->List(), IsOkAnd(::testing::IsEmpty()));
}

TEST_F(ResourcesTest, SaysThatTheSystemRefuses) {
  ASSERT_THAT(resources_->Put("a/b/c", AsBytes("x")), IsOk());
  std::filesystem::create_symlink("loop", folder_ + "/repository/a/b/loop");
  EXPECT_THAT(resources_->Get("a/b/loop"), IsStatus(Code::kIoError, Source::kSystem, ELOOP));
  const auto refused = IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES);
  ASSERT_EQ(::chmod(folder_.c_str(), 0), 0);
  {
    const AsNobody nobody;
    EXPECT_THAT(resources_->Get("a/b/c"), refused);
    EXPECT_THAT(resources_->Put("a/b/c", {}), refused);
    EXPECT_THAT(resources_->Remove("a/b/c"), refused);
    EXPECT_THAT(resources_->List(), refused);
    EXPECT_THAT(DirectoryResources::Open(folder_ + "/repository"), refused);
  }
  ASSERT_EQ(::chmod(folder_.c_str(), 0700), 0);
}

TEST_F(ResourcesTest, ReadersSeeOldOrNew) {
  ASSERT_THAT(resources_->Put("a/b/c", ByteVector(5000, 1)), IsOk());
  std::thread writer([&] {
    for (std::uint8_t i = 2; i < 30; ++i) {
      EXPECT_THAT(resources_->Put("a/b/c", ByteVector(std::size_t{5000} * i, i)), IsOk());
    }
  });
  for (int i = 0; i < 200; ++i) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, resources_->Get("a/b/c"));
    ASSERT_FALSE(bytes.empty());
    EXPECT_EQ(bytes, ByteVector(std::size_t{5000} * bytes[0], bytes[0]));
  }
  writer.join();
}

}  // namespace
}  // namespace svsm::broker
