// An image in memory with some files, for tests of what reads it.
#ifndef SVSM_TESTS_COCOONFS_TEST_IMAGE_H_
#define SVSM_TESTS_COCOONFS_TEST_IMAGE_H_

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/crypto/symmetric.h"
#include "svsm/testing/fault_device.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {

inline constexpr auto kImageKey = Ascii("key of a test");

class TestImage {
 public:
  using Files = std::map<std::uint64_t, std::vector<std::uint8_t>>;

  TestImage(const crypto::Symmetric& symmetric, std::size_t size,
            const ImageLayout& layout = ImageLayout(), std::uint32_t device_block = 128)
      : symmetric_(symmetric), device_(device_block, std::vector<std::uint8_t>(size)) {
    FormatOptions options;
    options.layout = layout;
    options.salt = kImageKey;
    const Status status = Format(device_, symmetric, rng_, allocator_, kImageKey, options);
    EXPECT_TRUE(status.ok()) << CodeName(status.code()) << status.detail();
  }

  // Writes files of random bytes in one commit.
  void Write(const std::map<std::uint64_t, std::size_t>& sizes) {
    FileSystem fs(device_, symmetric_, rng_, allocator_);
    ASSERT_TRUE(fs.Open(kImageKey, OpenOptions{}).ok());
    const Result<Transaction*> transaction = fs.Begin();
    ASSERT_TRUE(transaction.ok());
    for (const auto& [inode, size] : sizes) {
      files_[inode] = RandomBytes(rng_, size);
      const auto flags = static_cast<std::uint8_t>(inode & 0xFF);
      ASSERT_TRUE((*transaction)->Write(inode, files_[inode], flags).ok());
    }
    const Result<PendingCommit*> commit = (*transaction)->Prepare();
    ASSERT_TRUE(commit.ok());
    ASSERT_TRUE((*commit)->Apply().ok());
  }

  testing::FaultDevice& device() { return device_; }
  TestAllocator& allocator() { return allocator_; }
  TestRng& rng() { return rng_; }
  const Files& files() const { return files_; }
  const crypto::Symmetric& symmetric() const { return symmetric_; }

 private:
  const crypto::Symmetric& symmetric_;
  TestAllocator allocator_;
  TestRng rng_;
  testing::FaultDevice device_;
  Files files_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_TEST_IMAGE_H_
