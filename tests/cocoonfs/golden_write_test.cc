// Images of the other implementation are taken over: what is pending is applied, what is to be made
// is made, and files are written to them.
#include <gtest/gtest.h>

#include <string>

#include "golden.h"
#include "support.h"
#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;

class GoldenWrite : public ::testing::Test {
 protected:
  void SetUp() override {
    if (GoldenImages().empty()) GTEST_SKIP() << "no recorded images";
  }

  void ExpectClean(FileSystem& fs) {
    VerifyReport report;
    EXPECT_THAT(Verify(fs, report), IsOk());
    for (const Finding& finding : report.listed()) {
      ADD_FAILURE() << ProblemName(finding.problem) << " " << RegionName(finding.region)
                    << " blocks " << finding.first_block << "+" << finding.num_blocks;
    }
  }

  void ExpectFiles(FileSystem& fs, const GoldenImage& image) {
    for (const GoldenFile& file : image.files) {
      ByteVector out(file.data.size());
      SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, fs.ReadAll(file.inode, out));
      EXPECT_EQ(size, file.data.size());
      EXPECT_EQ(out, file.data) << file.inode;
    }
  }

  Status WriteSome(FileSystem& fs) {
    SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs.Begin());
    Status status = transaction->Write(kInode, data_, 3);
    if (status.ok()) status = transaction->Write(kInode + 1, ByteVector(10, 1), 4);
    if (!status.ok()) {
      transaction->Abandon();
      return status;
    }
    SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, transaction->Prepare());
    return commit->Apply();
  }

  static constexpr std::uint64_t kInode = 0x7700000000;
  crypto::OpensslSymmetric symmetric_;
  TestRng rng_;
  TestAllocator allocator_;
  const ByteVector data_ = RandomBytes(rng_, 700);
};

TEST_F(GoldenWrite, EveryImageIsTakenOver) {
  std::size_t written = 0;
  for (const GoldenImage& image : GoldenImages()) {
    SCOPED_TRACE(image.name);
    const bool creation = image.state.rfind("creation", 0) == 0;
    if (creation && image.Load().size() < 8192) continue;  // only the header
    MemoryDevice device(static_cast<std::uint32_t>(image.device_block_bytes), image.Load());
    OpenOptions options;
    options.commit_on_open = true;
    options.format_on_open = creation;
    FileSystem fs(device, symmetric_, rng_, allocator_);
    ASSERT_THAT(fs.Open(image.key, options), IsOk());
    EXPECT_EQ(fs.pending_commit(), nullptr);
    // The tables show the unfinished updates of auxiliary metadata after a commit that gave them a
    // new place.
    const bool moved = image.state.find("auxiliary") != std::string::npos;
    if (!image.root_digest.empty() && !creation && !moved) {
      EXPECT_TRUE(Equal(fs.root_digest(), image.root_digest));
      EXPECT_TRUE(Equal(fs.update_counter(), image.counter));
    }
    ExpectFiles(fs, image);
    ExpectClean(fs);
    fs.Close();
    ASSERT_THAT(fs.Open(image.key, {}), IsOk());
    ExpectFiles(fs, image);
    ExpectClean(fs);
    const Status status = WriteSome(fs);
    if (!status.ok()) {
      // Some are full.
      EXPECT_EQ(status, Status(Code::kExhausted, Source::kCocoonfs));
      continue;
    }
    ++written;
    fs.Close();
    ASSERT_THAT(fs.Open(image.key, {}), IsOk());
    ByteVector out(data_.size());
    EXPECT_THAT(fs.ReadAll(kInode, out), IsOk());
    EXPECT_EQ(out, data_);
    ExpectFiles(fs, image);
    ExpectClean(fs);
  }
  EXPECT_GE(written, 95u);
}

}  // namespace
}  // namespace svsm::cocoonfs
