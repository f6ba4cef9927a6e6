#include "svsm/cocoonfs/transaction.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Status kNotNow(Code::kFailedPrecondition, Source::kCocoonfs);

class Image {
 public:
  explicit Image(std::size_t bytes, ImageLayout layout = {}, std::uint32_t device_block = 512)
      : device(device_block, ByteVector(bytes, 0x5A)), rng(bytes) {
    FormatOptions options;
    options.layout = layout;
    const Bytes<3> salt = Ascii("abc");
    options.salt = salt;
    EXPECT_THAT(Format(device, symmetric, rng, allocator, Ascii("key"), options), IsOk());
  }
  Status Open(OpenOptions options = {}) {
    fs = std::make_unique<FileSystem>(device, symmetric, rng, allocator);
    return fs->Open(Ascii("key"), options);
  }
  Transaction& Begin() {
    const Result<Transaction*> transaction = fs->Begin();
    EXPECT_THAT(transaction, IsOk());
    return **transaction;
  }
  void Keep(const std::string& name) {
    const char* const dir = std::getenv("SVSM_KEEP_IMAGES");
    if (dir == nullptr) return;
    FILE* const file = std::fopen((std::string(dir) + "/" + name + ".img").c_str(), "wb");
    std::fwrite(device.image().data(), 1, device.image().size(), file);
    std::fclose(file);
  }

  crypto::OpensslSymmetric symmetric;
  TestAllocator allocator;
  MemoryDevice device;
  TestRng rng;
  std::unique_ptr<FileSystem> fs;
};

ByteVector ReadFile(FileSystem& fs, std::uint64_t inode) {
  const Result<FileInfo> info = fs.Stat(inode);
  EXPECT_THAT(info, IsOk());
  if (!info.ok()) return {};
  ByteVector out(info->size_bytes);
  EXPECT_THAT(fs.ReadAll(inode, out), IsOk());
  return out;
}

TEST(Transaction, WritesOneFileThatIsThereAfterOpening) {
  Image image(65536);
  ASSERT_THAT(image.Open(), IsOk());
  const ByteVector data = RandomBytes(image.rng, 3000);
  Transaction& transaction = image.Begin();
  ASSERT_THAT(transaction.Write(32, data, 7), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
  const ByteVector root(commit->new_root().begin(), commit->new_root().end());
  ASSERT_THAT(commit->Apply(), IsOk());
  EXPECT_TRUE(Equal(image.fs->root_digest(), root));
  EXPECT_EQ(ReadFile(*image.fs, 32), data);
  image.Keep("one-file");
  ASSERT_THAT(image.Open(), IsOk());
  EXPECT_TRUE(Equal(image.fs->root_digest(), root));
  EXPECT_EQ(ReadFile(*image.fs, 32), data);
  SVSM_ASSERT_OK_AND_ASSIGN(const FileInfo info, image.fs->Stat(32));
  EXPECT_EQ(info.flags, 7);
}

}  // namespace
}  // namespace svsm::cocoonfs
