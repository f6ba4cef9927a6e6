#include "svsm/cocoonfs/state_store.h"

#include <gtest/gtest.h>

#include <string>

#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr std::uint64_t kFirst = 0x500000000;

class FileStateStoreTest : public ::testing::Test {
 protected:
  FileStateStoreTest() {
    EXPECT_THAT(Format(device_, symmetric_, rng_, allocator_, Ascii("key"), {}), IsOk());
    EXPECT_THAT(fs_.Open(Ascii("key"), {}), IsOk());
  }
  const crypto::Symmetric& symmetric_ = LinkedBackend();
  TestRng rng_;
  TestAllocator allocator_;
  MemoryDevice device_{512, ByteVector(262144)};
  FileSystem fs_{device_, symmetric_, rng_, allocator_};
  FileStateStore store_{fs_, allocator_, kFirst};
};

TEST_F(FileStateStoreTest, KeepsBlobsUnderTheirNames) {
  ByteVector out(100);
  EXPECT_THAT(store_.Size("nvchip"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(store_.Read("nvchip", out), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(store_.Remove("nvchip"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  ASSERT_THAT(store_.Write("nvchip", ByteVector(60, 1)), IsOk());
  ASSERT_THAT(store_.Write("empty", {}), IsOk());
  ASSERT_THAT(store_.Write("nvchip", ByteVector(70, 2)), IsOk());
  FileStateStore other(fs_, allocator_, kFirst);
  EXPECT_THAT(other.Size("nvchip"), IsOkAnd(::testing::Eq(70u)));
  EXPECT_THAT(other.Size("empty"), IsOkAnd(::testing::Eq(0u)));
  EXPECT_THAT(other.Read("nvchip", out), IsOkAnd(::testing::Eq(70u)));
  EXPECT_EQ(out[69], 2);
  EXPECT_EQ(out[70], 0);
  EXPECT_THAT(other.Read("nvchip", ByteSpan(out).first(69)),
              IsStatus(Code::kBufferTooSmall, Source::kCocoonfs, 70u));
  ASSERT_THAT(other.Remove("nvchip"), IsOk());
  EXPECT_THAT(store_.Size("nvchip"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(store_.Size("empty"), IsOkAnd(::testing::Eq(0u)));
  ASSERT_THAT(store_.Write("again", ByteVector(1, 3)), IsOk());
  EXPECT_THAT(store_.Size("again"), IsOkAnd(::testing::Eq(1u)));
}

TEST_F(FileStateStoreTest, RefusesBadNames) {
  ByteVector out(4);
  for (const char* name : {"", ".x", "A", "a b", "0123456789012345678901234567890123"}) {
    EXPECT_THAT(store_.Size(name), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(store_.Read(name, out), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(store_.Write(name, out), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(store_.Remove(name), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  }
}

TEST_F(FileStateStoreTest, HoldsAsManyAsItSays) {
  for (std::size_t i = 0; i < FileStateStore::kMaxBlobs; ++i) {
    ASSERT_THAT(store_.Write(("blob-" + std::to_string(i)).c_str(), {}), IsOk());
  }
  EXPECT_THAT(store_.Write("one-more", {}), IsStatus(Code::kExhausted, Source::kCocoonfs));
  ASSERT_THAT(store_.Remove("blob-77"), IsOk());
  EXPECT_THAT(store_.Write("one-more", {}), IsOk());
  EXPECT_THAT(store_.Size("blob-254"), IsOkAnd(::testing::Eq(0u)));
}

TEST_F(FileStateStoreTest, SaysWhenItCannot) {
  ASSERT_THAT(store_.Write("a", ByteVector(10)), IsOk());
  EXPECT_THAT(store_.Write("b", ByteVector(300000)), IsStatus(Code::kExhausted, Source::kCocoonfs));
  EXPECT_THAT(store_.Size("b"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs_.Begin());
  EXPECT_THAT(store_.Write("a", {}), IsStatus(Code::kBusy, Source::kCocoonfs));
  // Names that are none.
  ASSERT_THAT(transaction->Write(kFirst, ByteVector{1, 5, 9, 'x'}, 0), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction->Prepare());
  ASSERT_THAT(commit->Apply(), IsOk());
  EXPECT_THAT(store_.Size("a"), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  EXPECT_THAT(store_.Write("a", {}), IsStatus(Code::kDataLoss, Source::kCocoonfs));
}

class FixedStateStoreTest : public FileStateStoreTest {
 protected:
  static constexpr const char* kNames[] = {"one", "two"};
  void WriteFile(std::uint64_t inode, ByteView bytes) {
    SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs_.Begin());
    ASSERT_THAT(transaction->Write(inode, bytes, 0), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, transaction->Prepare());
    ASSERT_THAT(commit->Apply(), IsOk());
  }
  FixedStateStore fixed_{fs_, TpmInodes(0x4C54), kNames};
};

TEST_F(FixedStateStoreTest, EachNameIsANumber) {
  ByteVector out(100);
  EXPECT_THAT(fixed_.Size("two"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(fixed_.Read("two", out), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(fixed_.Remove("two"), IsStatus(Code::kNotFound, Source::kCocoonfs));
  ASSERT_THAT(fixed_.Write("two", ByteVector(60, 1)), IsOk());
  ASSERT_THAT(fixed_.Write("two", ByteVector(70, 2)), IsOk());
  ASSERT_THAT(fixed_.Write("one", {}), IsOk());
  EXPECT_THAT(fixed_.Size("one"), IsOkAnd(::testing::Eq(0u)));
  EXPECT_THAT(fixed_.Read("two", out), IsOkAnd(::testing::Eq(70u)));
  EXPECT_EQ(out[69], 2);
  EXPECT_THAT(fixed_.Read("two", ByteSpan(out).first(69)),
              IsStatus(Code::kBufferTooSmall, Source::kCocoonfs, 70u));
  EXPECT_EQ(out[0], 0);
  EXPECT_THAT(fs_.Stat(0x14C540001), IsOk());
  EXPECT_THAT(fs_.Stat(0x14C540000), IsOk());
  ASSERT_THAT(fixed_.Remove("two"), IsOk());
  EXPECT_THAT(fs_.Stat(0x14C540001), IsStatus(Code::kNotFound, Source::kCocoonfs));
}

TEST_F(FixedStateStoreTest, HasNoOtherNames) {
  ByteVector out(4);
  for (const char* name : {"three", "on", "onee", "", ".one", "ONE"}) {
    EXPECT_THAT(fixed_.Size(name), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(fixed_.Read(name, out), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(fixed_.Write(name, out), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
    EXPECT_THAT(fixed_.Remove(name), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  }
}

TEST_F(FixedStateStoreTest, SaysWhenItCannot) {
  ASSERT_THAT(fixed_.Write("one", ByteVector(10)), IsOk());
  EXPECT_THAT(fixed_.Write("two", ByteVector(300000)),
              IsStatus(Code::kExhausted, Source::kCocoonfs));
  SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, fs_.Begin());
  EXPECT_THAT(fixed_.Write("one", {}), IsStatus(Code::kBusy, Source::kCocoonfs));
  EXPECT_THAT(fixed_.Remove("one"), IsStatus(Code::kBusy, Source::kCocoonfs));
  transaction->Abandon();
  EXPECT_THAT(fixed_.Size("one"), IsOkAnd(::testing::Eq(10u)));
}

TEST_F(FixedStateStoreTest, KnowsAnotherEnginesTpm) {
  EXPECT_EQ(kOtherEngineNvImage, 0x100000000u);
  EXPECT_EQ(kOtherEngineMarker, 0x100000001u);
  EXPECT_THAT(HasOtherEngine(fs_), IsOkAnd(::testing::Eq(false)));
  WriteFile(kOtherEngineNvImage, ByteVector(16384));
  WriteFile(kOtherEngineMarker, {});
  EXPECT_THAT(HasOtherEngine(fs_), IsOkAnd(::testing::Eq(false)));
  WriteFile(kOtherEngineMarker, ByteVector(12));
  EXPECT_THAT(HasOtherEngine(fs_), IsOkAnd(::testing::Eq(true)));
  fs_.Close();
  EXPECT_THAT(HasOtherEngine(fs_), IsStatus(Code::kFailedPrecondition, Source::kCocoonfs));
}

}  // namespace
}  // namespace svsm::cocoonfs
