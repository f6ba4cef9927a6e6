// How much memory a commit takes that is found in the journal: what is said is enough, and
// transactions that would need more than is allowed are refused.
// Covers: svsm/cocoonfs/layout.h
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/layouts.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using testing::FaultDevice;
using testing::IsOk;
using testing::IsStatus;

// Files to write, from inode 16 on; every `remove`-th is removed again in a commit of its own.
struct Load {
  const char* name;
  std::size_t num_files = 1;
  std::size_t bytes = 0;
  std::size_t remove = 0;
};
constexpr Load kOneBlock = {"one block", 1, 12};

std::vector<Load> LoadsFor(const LayoutCase& test) {
  const std::size_t many = test.image_bytes / (10 * test.layout.allocation_block_bytes());
  return {kOneBlock,
          {"one file", 1, 16384},
          {"scattered", many, 200, 3},
          {"large", 1, test.image_bytes}};
}

std::vector<LayoutCase> Cases() {
  std::vector<LayoutCase> cases = LayoutCases();
  cases.push_back({"large", {}, 2 << 20, 512});
  return cases;
}

class Workspace : public ::testing::TestWithParam<LayoutCase> {
 protected:
  void Make(bool trim) {
    options_.trim = trim;
    device_.emplace(GetParam().device_block, ByteVector(4 * GetParam().image_bytes));
    FormatOptions format;
    format.layout = GetParam().layout;
    ASSERT_THAT(Format(*device_, LinkedBackend(), rng_, allocator_, Ascii("key"), format), IsOk());
    fs_.emplace(*device_, LinkedBackend(), rng_, allocator_);
    ASSERT_THAT(fs_->Open(Ascii("key"), options_), IsOk());
  }
  Result<PendingCommit*> Prepare(const Load& load, bool remove) {
    SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs_->Begin());
    for (std::size_t i = 0; i < load.num_files; ++i) {
      const Status status = remove ? (i % load.remove == 0 ? transaction->Remove(16 + i) : Status())
                                   : transaction->Write(16 + i, RandomBytes(rng_, load.bytes), 0);
      if (!status.ok()) {
        transaction->Abandon();
        return status;
      }
    }
    return transaction->Prepare();
  }

  // Opens what is in the journal within the memory that was said, and applies it.
  void OpenWithin(std::size_t replay_bytes, bool commit_on_open) {
    const std::size_t bound = WorkspaceSize(fs_->layout(), fs_->usage().num_blocks) + replay_bytes;
    const ByteVector image = ToVector(device_->image());
    FaultDevice device(GetParam().device_block, image);
    std::vector<std::uint8_t> memory(bound);
    HeapAllocator heap(memory);
    FileSystem fs(device, LinkedBackend(), rng_, heap);
    OpenOptions options = options_;
    options.commit_on_open = commit_on_open;
    ASSERT_THAT(fs.Open(Ascii("key"), options), IsOk()) << bound;
    if (!commit_on_open) {
      ASSERT_NE(fs.pending_commit(), nullptr);
      EXPECT_EQ(fs.pending_commit()->replay_bytes(), replay_bytes);
      ASSERT_THAT(fs.pending_commit()->Apply(), IsOk());
    }
    FileEntry entries[8];
    EXPECT_THAT(fs.List(kMinUserInode, entries), IsOk());
    most_used_ = std::max(most_used_, 100 * heap.high_water_bytes() / bound);
  }

  OpenOptions options_;
  TestAllocator allocator_;
  TestRng rng_;
  std::optional<FaultDevice> device_;
  std::optional<FileSystem> fs_;
  std::size_t most_used_ = 0;  // percent of the bound
};

TEST_P(Workspace, ACommitIsOpenedWithinWhatItSays) {
  for (const bool trim : {false, true}) {
    for (const Load& load : LoadsFor(GetParam())) {
      SCOPED_TRACE(load.name);
      Make(trim);
      for (const bool remove : {false, true}) {
        if (remove && load.remove == 0) continue;
        SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, Prepare(load, remove));
        const std::size_t replay_bytes = commit->replay_bytes();
        EXPECT_GT(replay_bytes, 0u);
        ASSERT_THAT(commit->WriteJournal(), IsOk());
        OpenWithin(replay_bytes, false);
        OpenWithin(replay_bytes, true);
        ASSERT_THAT(commit->Apply(), IsOk());
      }
      fs_.reset();
    }
  }
  EXPECT_GT(most_used_, 20u) << "the bound is far from what is needed";
  std::printf("memory: %zu %% of the bound used at most (%s)\n", most_used_, GetParam().name);
}

TEST_P(Workspace, WhatIsTooLargeIsRefusedBeforeAnythingIsWritten) {
  Make(false);
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const small, Prepare(kOneBlock, false));
  const std::size_t little = small->replay_bytes();
  ASSERT_THAT(small->Apply(), IsOk());
  options_.max_replay_bytes = little + 256;
  fs_->Close();
  ASSERT_THAT(fs_->Open(Ascii("key"), options_), IsOk());
  const ByteVector before = ToVector(device_->image());
  const ByteVector counter = ToVector(fs_->update_counter());
  EXPECT_THAT(Prepare({"", 1, GetParam().image_bytes}, false),
              IsStatus(Code::kExhausted, Source::kCocoonfs, kTooLarge));
  EXPECT_EQ(ToVector(device_->image()), before);
  EXPECT_EQ(ToVector(fs_->update_counter()), counter);
  // What fits is accepted afterwards.
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const again, Prepare(kOneBlock, false));
  EXPECT_LE(again->replay_bytes(), options_.max_replay_bytes);
  ASSERT_THAT(again->Apply(), IsOk());
  VerifyReport report;
  EXPECT_THAT(Verify(*fs_, report), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Layouts, Workspace, ::testing::ValuesIn(Cases()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace svsm::cocoonfs
