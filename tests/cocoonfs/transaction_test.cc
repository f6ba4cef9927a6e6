// Covers: svsm/cocoonfs/file_system.h
#include "svsm/cocoonfs/transaction.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/layouts.h"
#include "tests/cocoonfs/support.h"

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

  const crypto::Symmetric& symmetric = LinkedBackend();
  TestAllocator allocator;
  MemoryDevice device;
  TestRng rng;
  std::unique_ptr<FileSystem> fs;
};

void ExpectClean(FileSystem& fs) {
  VerifyReport report;
  EXPECT_THAT(Verify(fs, report), IsOk());
  for (const Finding& finding : report.listed()) {
    ADD_FAILURE() << ProblemName(finding.problem) << " " << RegionName(finding.region) << " inode "
                  << finding.inode << " blocks " << finding.first_block << "+"
                  << finding.num_blocks;
  }
}

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

struct Content {
  std::uint8_t flags = 0;
  ByteVector data;
};
using Model = std::map<std::uint64_t, Content>;

void ExpectSame(FileSystem& fs, const Model& model) {
  std::vector<FileEntry> entries(model.size() + 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t count, fs.List(kMinUserInode, entries));
  ASSERT_EQ(count, model.size());
  std::size_t i = 0;
  for (const auto& [inode, content] : model) {
    EXPECT_EQ(entries[i].inode, inode);
    EXPECT_EQ(entries[i++].flags, content.flags);
    ASSERT_EQ(ReadFile(fs, inode), content.data) << inode;
  }
}

class TransactionModel : public ::testing::TestWithParam<LayoutCase> {};

// Random operations, many or few a transaction, ended in every way, against a map.
TEST_P(TransactionModel, KeepsToTheModel) {
  const LayoutCase& test = GetParam();
  for (const bool trim : {false, true}) {
    Image image(test.image_bytes, test.layout, test.device_block);
    TestRng dice(trim ? 5 : 6);
    OpenOptions options;
    options.trim = trim;
    ASSERT_THAT(image.Open(options), IsOk());
    Model model;
    ByteVector last_counter(16);
    for (int round = 0; round < 60; ++round) {
      SCOPED_TRACE(round);
      Transaction& transaction = image.Begin();
      Model next = model;
      Status status;
      for (std::uint64_t i = 0, n = 1 + dice.Below(6); i < n && status.ok(); ++i) {
        const std::uint64_t inode = 16 + dice.Below(40);
        if (dice.Below(3) != 0) {
          const std::size_t sizes[] = {0, 1, 100, 111, 112, 2000, 9000, dice.Below(20000)};
          Content content{static_cast<std::uint8_t>(dice.Next()),
                          RandomBytes(dice, sizes[dice.Below(8)])};
          status = transaction.Write(inode, content.data, content.flags);
          next[inode] = content;
          if (status.ok()) {
            ByteVector back(content.data.size() + 1);
            SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, transaction.Read(inode, 0, back));
            back.resize(size);
            EXPECT_EQ(back, content.data);
          }
        } else {
          const Status removed = transaction.Remove(inode);
          EXPECT_EQ(removed, next.erase(inode) != 0 ? OkStatus()
                                                    : Status(Code::kNotFound, Source::kCocoonfs));
        }
      }
      if (!status.ok()) {
        EXPECT_EQ(status, Status(Code::kExhausted, Source::kCocoonfs));
        transaction.Abandon();
      } else if (dice.Below(8) == 0) {
        transaction.Abandon();
      } else {
        const Result<PendingCommit*> commit = transaction.Prepare();
        if (!commit.ok()) {
          ASSERT_THAT(commit, IsStatus(Code::kExhausted, Source::kCocoonfs));
        } else {
          const ByteVector counter((*commit)->counter().begin(), (*commit)->counter().end());
          EXPECT_NE(counter, last_counter);
          last_counter = counter;
          switch (dice.Below(5)) {
            case 0:
              ASSERT_THAT((*commit)->Cancel(), IsOk());
              break;
            case 1:  // found at the next opening
              ASSERT_THAT((*commit)->WriteJournal(), IsOk());
              model = next;
              image.Keep(std::string("pending-") + test.name + (trim ? "-trim" : "") + "-" +
                         std::to_string(round));
              ASSERT_THAT(image.Open(options), IsOk());
              ASSERT_NE(image.fs->pending_commit(), nullptr);
              ExpectSame(*image.fs, model);
              ExpectClean(*image.fs);
              ASSERT_THAT(image.fs->pending_commit()->Apply(), IsOk());
              EXPECT_EQ(image.fs->pending_commit(), nullptr);
              break;
            default:
              ASSERT_THAT((*commit)->Apply(), IsOk());
              model = next;
          }
        }
      }
      if (round % 7 == 0) {
        ASSERT_THAT(image.Open(options), IsOk());
        last_counter.clear();  // the value of a cancelled commit is forgotten
      }
      if (round % 5 == 0 || round > 55) {
        ExpectSame(*image.fs, model);
        ExpectClean(*image.fs);
      }
      if (HasFailure()) return;
    }
    image.Keep(std::string("model-") + test.name);
    while (!model.empty()) {
      Transaction& transaction = image.Begin();
      ASSERT_THAT(transaction.Remove(model.begin()->first), IsOk());
      model.erase(model.begin());
      SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
      ASSERT_THAT(commit->Apply(), IsOk());
    }
    ASSERT_THAT(image.Open(options), IsOk());
    ExpectSame(*image.fs, model);
    ExpectClean(*image.fs);
  }
}

std::string LayoutName(const ::testing::TestParamInfo<LayoutCase>& test) { return test.param.name; }
INSTANTIATE_TEST_SUITE_P(Layouts, TransactionModel, ::testing::ValuesIn(LayoutCases()), LayoutName);

// Files of 5000 bytes fill 85 % of 512 KiB, one commit each; all of them can be removed again, and
// a file of many pieces fits in the holes.
TEST(Transaction, FillsAnImage) {
  Image image(512 << 10);
  ASSERT_THAT(image.Open(), IsOk());
  const ByteVector data = RandomBytes(image.rng, 5000);
  std::uint64_t files = 0;
  for (;; ++files) {
    Transaction& transaction = image.Begin();
    const Status status = transaction.Write(16 + files, data, 0);
    if (!status.ok()) {
      EXPECT_EQ(status, Status(Code::kExhausted, Source::kCocoonfs));
      EXPECT_EQ(transaction.Write(16, {}, 0), kNotNow);
      transaction.Abandon();
      break;
    }
    const Result<PendingCommit*> commit = transaction.Prepare();
    if (!commit.ok()) {
      EXPECT_THAT(commit, IsStatus(Code::kExhausted, Source::kCocoonfs));
      break;
    }
    ASSERT_THAT((*commit)->Apply(), IsOk());
  }
  RecordProperty("files", static_cast<int>(files));
  EXPECT_GE(files * 5000 * 100, (std::uint64_t{512} << 10) * 85) << files << " files";
  ExpectClean(*image.fs);
  // Every second file goes; in the holes there is place for one large file.
  std::uint64_t removed = 0;
  for (std::uint64_t i = 0; i < files; i += 2) {
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.Remove(16 + i), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
    ++removed;
  }
  const ByteVector large = RandomBytes(image.rng, (removed - 2) * 5000);
  Transaction& transaction = image.Begin();
  ASSERT_THAT(transaction.Write(1000, large, 0), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
  ASSERT_THAT(commit->Apply(), IsOk());
  EXPECT_EQ(ReadFile(*image.fs, 1000), large);
  ASSERT_THAT(image.Open(), IsOk());
  EXPECT_EQ(ReadFile(*image.fs, 1000), large);
  ExpectClean(*image.fs);
}

// What the traffic of one rewritten 16 KiB file must not exceed.
TEST(Transaction, WritesLittle) {
  Image image(8 << 20);
  ASSERT_THAT(image.Open(), IsOk());
  for (int round = 0; round < 4; ++round) {
    image.device.ResetTraffic();
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.Write(0x100000000, RandomBytes(image.rng, 16384), 0), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
    const DeviceTraffic& traffic = image.device.traffic();
    EXPECT_LE(traffic.syncs, 4u);
    EXPECT_LE(traffic.written_bytes, 38912u);
    if (round == 3) {
      RecordProperty("syncs", static_cast<int>(traffic.syncs));
      RecordProperty("writes", static_cast<int>(traffic.writes));
      RecordProperty("bytes", static_cast<int>(traffic.written_bytes));
      RecordProperty("reads", static_cast<int>(traffic.reads));
    }
  }
}

TEST(Transaction, SaysWhatIsNotPossibleNow) {
  Image image(65536);
  EXPECT_EQ(FileSystem(image.device, image.symmetric, image.rng, image.allocator).Begin().status(),
            kNotNow);
  ASSERT_THAT(image.Open({.read_only = true}), IsOk());
  EXPECT_EQ(image.fs->Begin().status(), kNotNow);
  ASSERT_THAT(image.Open(), IsOk());
  Transaction& transaction = image.Begin();
  EXPECT_THAT(image.fs->Begin(), IsStatus(Code::kBusy, Source::kCocoonfs));
  EXPECT_THAT(transaction.Write(15, {}, 0), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  EXPECT_THAT(transaction.Remove(3), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(transaction.Remove(99), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(transaction.Stat(99), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(transaction.Stat(1), IsStatus(Code::kNotFound, Source::kCocoonfs));
  ByteVector out(4, 9);
  EXPECT_THAT(transaction.Read(99, 0, out), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_EQ(out, ByteVector(4));
  EXPECT_EQ(transaction.Append(out), kNotNow);
  EXPECT_EQ(transaction.EndWrite(), kNotNow);
  ASSERT_THAT(transaction.BeginWrite(16, 6, 0), IsOk());
  EXPECT_EQ(transaction.Write(17, out, 0), kNotNow);
  EXPECT_EQ(transaction.Prepare().status(), kNotNow);
  ASSERT_THAT(transaction.Append(out), IsOk());
  EXPECT_THAT(transaction.EndWrite(), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  EXPECT_THAT(transaction.Append(out), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  ASSERT_THAT(transaction.Append(ByteView(out).first(2)), IsOk());
  ASSERT_THAT(transaction.EndWrite(), IsOk());
  FileEntry entries[2];
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t count, transaction.List(0, entries));
  EXPECT_EQ(count, 1u);
  EXPECT_THAT(transaction.List(0, {}), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
  EXPECT_FALSE(commit->journal_written());
  EXPECT_EQ(image.fs->Begin().status(), kNotNow);
  EXPECT_EQ(transaction.Write(16, {}, 0), kNotNow);
  EXPECT_EQ(image.fs->pending_commit(), commit);
  ASSERT_THAT(commit->WriteJournal(), IsOk());
  EXPECT_TRUE(commit->journal_written());
  EXPECT_THAT(commit->WriteJournal(), IsOk());
  EXPECT_EQ(commit->Cancel(), kNotNow);
  EXPECT_FALSE(Equal(commit->old_root(), commit->new_root()));
  ASSERT_THAT(commit->Apply(), IsOk());
  EXPECT_EQ(commit->Apply(), kNotNow);
  EXPECT_EQ(commit->WriteJournal(), kNotNow);
  EXPECT_EQ(commit->Cancel(), kNotNow);
  EXPECT_EQ(image.fs->pending_commit(), nullptr);
  transaction.Abandon();  // it is over: nothing
}

TEST(Transaction, FoundCommitIsReadOnlyWhenAskedFor) {
  Image image(65536);
  ASSERT_THAT(image.Open(), IsOk());
  Transaction& transaction = image.Begin();
  ASSERT_THAT(transaction.Write(16, ByteVector(100, 1), 0), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
  ASSERT_THAT(commit->WriteJournal(), IsOk());
  const ByteVector counter(commit->counter().begin(), commit->counter().end());
  const ByteVector bytes(image.device.image().begin(), image.device.image().end());
  ASSERT_THAT(image.Open({.read_only = true}), IsOk());
  ASSERT_NE(image.fs->pending_commit(), nullptr);
  EXPECT_TRUE(image.fs->pending_commit()->old_root().empty());
  EXPECT_TRUE(Equal(image.fs->pending_commit()->counter(), counter));
  EXPECT_EQ(image.fs->pending_commit()->Apply(), kNotNow);
  EXPECT_EQ(image.fs->pending_commit()->WriteJournal(), kNotNow);
  EXPECT_EQ(image.fs->pending_commit()->Cancel(), kNotNow);
  EXPECT_EQ(ReadFile(*image.fs, 16), ByteVector(100, 1));
  ASSERT_THAT(image.Open(), IsOk());
  EXPECT_EQ(image.fs->Begin().status(), kNotNow);
  EXPECT_EQ(image.fs->pending_commit()->Cancel(), kNotNow);
  EXPECT_TRUE(Equal(image.device.image(), bytes)) << "opening wrote";
  ASSERT_THAT(image.Open({.commit_on_open = true}), IsOk());
  EXPECT_EQ(image.fs->pending_commit(), nullptr);
  EXPECT_EQ(ReadFile(*image.fs, 16), ByteVector(100, 1));
  ExpectClean(*image.fs);
}

TEST(Transaction, CommitsNothingAndCounts) {
  Image image(65536);
  ASSERT_THAT(image.Open(), IsOk());
  ByteVector counter(image.fs->update_counter().begin(), image.fs->update_counter().end());
  for (int i = 0; i < 3; ++i) {
    const ByteVector root(image.fs->root_digest().begin(), image.fs->root_digest().end());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, image.Begin().Prepare());
    EXPECT_TRUE(Equal(commit->old_root(), root));
    ASSERT_THAT(commit->Apply(), IsOk());
    std::size_t at = 0;
    while (++counter[at] == 0) ++at;
    EXPECT_TRUE(Equal(image.fs->update_counter(), counter));
    EXPECT_FALSE(Equal(image.fs->root_digest(), root));
  }
  ASSERT_THAT(image.Open(), IsOk());
  EXPECT_TRUE(Equal(image.fs->update_counter(), counter));
  // A cancelled commit takes its value with it.
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const cancelled, image.Begin().Prepare());
  const ByteVector skipped(cancelled->counter().begin(), cancelled->counter().end());
  ASSERT_THAT(cancelled->Cancel(), IsOk());
  EXPECT_TRUE(Equal(image.fs->update_counter(), counter));
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, image.Begin().Prepare());
  EXPECT_FALSE(Equal(commit->counter(), skipped));
  ASSERT_THAT(commit->Apply(), IsOk());
}

TEST(Transaction, SetsAuxiliaryMetadata) {
  for (const char* key : {"plain", "reserve"}) {
    Image image(131072);
    ASSERT_THAT(image.Open(), IsOk());
    AuxMetadata aux(image.allocator);
    ASSERT_THAT(aux.Add(FixedView<16>(Ascii("0123456789abcdef")), ByteVector(9000, 5)), IsOk());
    if (key[0] == 'r') aux.SetExtraReserve(2000);
    for (int round = 0; round < 3; ++round) {
      Transaction& transaction = image.Begin();
      ASSERT_THAT(transaction.Write(16, ByteVector(100, 1), 0), IsOk());
      ASSERT_THAT(transaction.SetAuxMetadata(aux), IsOk());
      ASSERT_THAT(transaction.SetAuxMetadata(aux), IsOk());
      SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
      if (round == 1) {
        ASSERT_THAT(commit->WriteJournal(), IsOk());
        image.Keep(std::string("aux-pending-") + key);
        ASSERT_THAT(image.Open({.commit_on_open = true}), IsOk());
      } else {
        ASSERT_THAT(commit->Apply(), IsOk());
      }
      SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata back, image.fs->ReadAuxMetadata());
      SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata::Entry entry,
                                back.Find(FixedView<16>(Ascii("0123456789abcdef")), 0));
      EXPECT_EQ(entry.data.size(), 9000u);
      EXPECT_EQ(back.extra_reserve(), aux.extra_reserve());
      ExpectClean(*image.fs);
      ASSERT_THAT(image.Open(), IsOk());
      ExpectClean(*image.fs);
    }
    image.Keep(std::string("aux-") + key);
    // None at all.
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.SetAuxMetadata(AuxMetadata(image.allocator)), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
    ASSERT_THAT(image.Open(), IsOk());
    ExpectClean(*image.fs);
    aux.SetExtraReserve(1 << 20);
    EXPECT_THAT(image.Begin().SetAuxMetadata(aux), IsStatus(Code::kExhausted, Source::kCocoonfs));
  }
}

// Memory that runs out anywhere: an error, and nothing is lost; nothing is asked for after
// Prepare().
TEST(Transaction, SurvivesEveryMemoryThatIsNotThere) {
  Image image(65536);
  ASSERT_THAT(image.Open(), IsOk());
  const ByteVector first = RandomBytes(image.rng, 3000);
  {
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.Write(16, first, 0), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
  }
  const ByteVector second = RandomBytes(image.rng, 9000);
  for (std::size_t n = 1;; ++n) {
    ASSERT_LT(n, 2000u);
    image.allocator.FailAt(n);
    const Result<Transaction*> transaction = image.fs->Begin();
    Status status = transaction.status();
    Result<PendingCommit*> commit = kNotNow;
    if (status.ok()) status = (*transaction)->Write(16, second, 1);
    if (status.ok()) status = (*transaction)->Remove(16);
    if (status.ok()) status = (*transaction)->Write(17, second, 1);
    if (status.ok()) {
      commit = (*transaction)->Prepare();
      status = commit.status();
    }
    image.allocator.FailAt(0);
    if (status.ok()) {
      const std::size_t calls = image.allocator.calls();
      ASSERT_THAT((*commit)->Apply(), IsOk());
      EXPECT_EQ(image.allocator.calls(), calls);
      break;
    }
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << n;
    if (transaction.ok()) (*transaction)->Abandon();
    EXPECT_EQ(ReadFile(*image.fs, 16), first);
  }
  EXPECT_EQ(ReadFile(*image.fs, 17), second);
  ExpectClean(*image.fs);
}

// Fails at the n-th write, flush or barrier, and at all that follow.
class BrokenDevice final : public BlockDevice {
 public:
  explicit BrokenDevice(MemoryDevice& below) : below_(below) {}
  void BreakAt(int n) { left_ = n; }
  BlockGeometry Geometry() const override { return below_.Geometry(); }
  Status Read(std::uint64_t first, ByteSpan out) override { return below_.Read(first, out); }
  Status Write(std::uint64_t first, ByteView in) override {
    SVSM_TRY(Step());
    return below_.Write(first, in);
  }
  Status Flush() override { return Step(); }
  Status Barrier() override { return Step(); }
  Status Trim(std::uint64_t first, std::uint64_t count) override {
    return below_.Trim(first, count);
  }

 private:
  Status Step() {
    if (left_ == 0) return Status(Code::kIoError, Source::kCaller, 5);
    if (left_ > 0) --left_;
    return OkStatus();
  }
  MemoryDevice& below_;
  int left_ = -1;
};

TEST(Transaction, SaysWhenTheDeviceFails) {
  const Status io_error(Code::kIoError, Source::kCaller, 5);
  Image image(65536);
  const ByteVector before(image.device.image().begin(), image.device.image().end());
  bool prepared = false;
  bool written = false;
  for (int n = 0; !written; ++n) {
    ASSERT_LT(n, 100);
    MemoryDevice memory(512, before);
    BrokenDevice device(memory);
    FileSystem fs(device, image.symmetric, image.rng, image.allocator);
    ASSERT_THAT(fs.Open(Ascii("key"), {}), IsOk());
    device.BreakAt(n);
    SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs.Begin());
    ASSERT_THAT(transaction->Write(16, ByteVector(5000, 1), 0), IsOk());
    const Result<PendingCommit*> commit = transaction->Prepare();
    if (!commit.ok()) {
      EXPECT_EQ(commit.status(), io_error);
      EXPECT_FALSE(prepared);
      // As if nothing had been tried.
      device.BreakAt(-1);
      SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const again, fs.Begin());
      ASSERT_THAT(again->Write(16, ByteVector(5000, 1), 0), IsOk());
      SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const second, again->Prepare());
      ASSERT_THAT(second->Apply(), IsOk());
      continue;
    }
    prepared = true;
    const Status status = (*commit)->WriteJournal();
    if (!status.ok()) {
      EXPECT_EQ(status, io_error);
    } else {
      written = true;
      EXPECT_EQ((*commit)->Apply(), io_error);
    }
    // What the image shows is known only when it is opened again.
    device.BreakAt(-1);
    EXPECT_EQ((*commit)->Apply(), kNotNow);
    EXPECT_EQ((*commit)->Cancel(), kNotNow);
    EXPECT_EQ(fs.Begin().status(), kNotNow);
    fs.Close();
    ASSERT_THAT(fs.Open(Ascii("key"), {.commit_on_open = true}), IsOk());
    ExpectClean(fs);
    if (written) {
      EXPECT_EQ(ReadFile(fs, 16), ByteVector(5000, 1));
    }
  }
}

TEST(Transaction, TakesFilesInPiecesOfAnySize) {
  Image image(262144);
  ASSERT_THAT(image.Open(), IsOk());
  for (const std::size_t total : {0u, 1u, 15u, 16u, 17u, 8175u, 8176u, 20000u}) {
    const ByteVector data = RandomBytes(image.rng, total);
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.BeginWrite(16 + total, total, 0), IsOk());
    for (std::size_t at = 0; at < total;) {
      std::size_t size = image.rng.Below(70);
      if (size > total - at) size = total - at;
      ASSERT_THAT(transaction.Append(ByteView(data).subspan(at, size)), IsOk());
      at += size;
    }
    ASSERT_THAT(transaction.EndWrite(), IsOk());
    // Own writes are read from any place on.
    for (int i = 0; i < 20; ++i) {
      const std::size_t from = image.rng.Below(total + 2);
      ByteVector out(image.rng.Below(900));
      SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, transaction.Read(16 + total, from, out));
      const std::size_t left = from < total ? total - from : 0;
      ASSERT_EQ(size, out.size() < left ? out.size() : left);
      EXPECT_TRUE(
          std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size),
                     data.begin() + static_cast<std::ptrdiff_t>(from < total ? from : total)));
    }
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
    EXPECT_EQ(ReadFile(*image.fs, 16 + total), data);
  }
  ExpectClean(*image.fs);
}

// Nothing is free but single blocks: a file in hundreds of pieces, whose list is itself a chain of
// single blocks.
TEST(Transaction, ChainsExtentsListsOverSingleBlocks) {
  ImageLayout layout;  // every block by itself
  layout.io_block_log2 = layout.data_block_log2 = layout.bitmap_block_log2 = 0;
  layout.tree_node_log2 = 3;
  Image image(131072, layout, 128);
  ASSERT_THAT(image.Open(), IsOk());
  const ByteVector small(20, 5);
  std::uint64_t files = 0;
  for (bool full = false; !full;) {
    Transaction& transaction = image.Begin();
    const std::uint64_t first = files;
    for (int i = 0; i < 10 && !full; ++i) {
      full = !transaction.Write(16 + files, small, 0).ok();
      if (!full) ++files;
    }
    if (full) {
      transaction.Abandon();
      files = first;
      break;
    }
    const Result<PendingCommit*> commit = transaction.Prepare();
    if (!commit.ok()) {
      files = first;
      break;
    }
    ASSERT_THAT((*commit)->Apply(), IsOk());
  }
  ASSERT_GT(files, 300u);
  for (std::uint64_t i = 0; i < files; i += 2) {
    Transaction& transaction = image.Begin();
    ASSERT_THAT(transaction.Remove(16 + i), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
  }
  ExpectClean(*image.fs);
  bool done = false;
  for (std::size_t size = image.fs->usage().num_free_blocks * 128; !done && size > 1000;
       size -= 256) {
    const ByteVector data = RandomBytes(image.rng, size);
    Transaction& transaction = image.Begin();
    if (!transaction.Write(5000, data, 0).ok()) {
      transaction.Abandon();
      continue;
    }
    const Result<PendingCommit*> commit = transaction.Prepare();
    if (!commit.ok()) continue;
    ASSERT_THAT((*commit)->Apply(), IsOk());
    done = true;
    SVSM_ASSERT_OK_AND_ASSIGN(const FileInfo info, image.fs->Stat(5000));
    EXPECT_GT(info.num_extents, 150u);
    RecordProperty("extents", static_cast<int>(info.num_extents));
    RecordProperty("bytes", static_cast<int>(size));
    ASSERT_THAT(image.Open(), IsOk());
    EXPECT_EQ(ReadFile(*image.fs, 5000), data);
    ExpectClean(*image.fs);
    image.Keep("chained-list");
  }
  EXPECT_TRUE(done);
  Transaction& transaction = image.Begin();
  ASSERT_THAT(transaction.Remove(5000), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction.Prepare());
  ASSERT_THAT(commit->Apply(), IsOk());
  ExpectClean(*image.fs);
}

// The default image of 8 MiB: 16 KiB are committed, again and again, in 256 KiB of memory.
TEST(Transaction, CommitsInLittleMemory) {
  Image image(8 << 20);
  std::vector<std::uint8_t> memory(256 << 10);
  HeapAllocator heap(memory);
  FileSystem fs(image.device, image.symmetric, image.rng, heap);
  ASSERT_THAT(fs.Open(Ascii("key"), {}), IsOk());
  const ByteVector data = RandomBytes(image.rng, 16384);
  for (int round = 0; round < 5; ++round) {
    SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs.Begin());
    ASSERT_THAT(transaction->Write(0x100000000, data, 0), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction->Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
  }
  RecordProperty("high_water_bytes", static_cast<int>(heap.high_water_bytes()));
  EXPECT_EQ(ReadFile(fs, 0x100000000), data);
  // The same with the journal found at opening.
  SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs.Begin());
  ASSERT_THAT(transaction->Write(0x100000000, data, 0), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction->Prepare());
  ASSERT_THAT(commit->WriteJournal(), IsOk());
  fs.Close();
  EXPECT_EQ(heap.used_bytes(), 0u);
  ASSERT_THAT(fs.Open(Ascii("key"), {.commit_on_open = true}), IsOk());
  EXPECT_EQ(ReadFile(fs, 0x100000000), data);
}

}  // namespace
}  // namespace svsm::cocoonfs
