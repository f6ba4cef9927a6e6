// Covers: svsm/core/state_store.h
#include "svsm/sealed_file/sealed_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "src/sealed_file/format.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/sealed_file/folder.h"

namespace svsm::sealed_file {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;
using IfAbsent = SealedFileStore::IfAbsent;

class SealedFileTest : public FolderTest {
 protected:
  Result<std::unique_ptr<SealedFileStore>> Open(IfAbsent if_absent = IfAbsent::kFail) {
    return SealedFileStore::Open(Path("state"), key_, aead_, rng_, if_absent);
  }
  static ByteVector ReadBlob(StateStore& store, const char* name) {
    const Result<std::size_t> size = store.Size(name);
    EXPECT_THAT(size, IsOk());
    ByteVector out(size.ok() ? *size : 0);
    EXPECT_THAT(store.Read(name, out), IsOk());
    return out;
  }

  Secret<32> key_{ByteView(ByteVector(32, 0x2A)).first<32>()};
  CountingRng rng_;
  crypto::OpensslAesGcm aead_;
};

TEST_F(SealedFileTest, KeepsBlobsAcrossOpens) {
  {
    SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
    EXPECT_TRUE(store->created());
    EXPECT_EQ(store->generation(), 1u);
    EXPECT_THAT(store->Write("permanent", ByteVector(5000, 1)), IsOk());
    EXPECT_THAT(store->Write("volatile", {}), IsOk());
    EXPECT_THAT(store->Write("gone", ByteVector(3, 3)), IsOk());
    EXPECT_THAT(store->Remove("gone"), IsOk());
    EXPECT_THAT(store->Write("permanent", ByteVector(6000, 2)), IsOk());
  }
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  EXPECT_FALSE(store->created());
  EXPECT_EQ(store->generation(), 6u);
  EXPECT_THAT(ReadBlob(*store, "permanent"), SameBytes(ByteVector(6000, 2)));
  EXPECT_THAT(store->Size("volatile"), IsOkAnd(Eq(0u)));
  EXPECT_THAT(store->Size("gone"), IsStatus(Code::kNotFound, Source::kSealedFile));
}

TEST_F(SealedFileTest, KeepsTheSeamsContract) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
  EXPECT_THAT(store->Write("a", ByteVector(4, 1)), IsOk());
  Bytes<3> out = {7, 7, 7};
  EXPECT_THAT(store->Read("a", out), IsStatus(Code::kBufferTooSmall, Source::kSealedFile, 4));
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(store->Read("b", out), IsStatus(Code::kNotFound, Source::kSealedFile));
  EXPECT_THAT(store->Remove("b"), IsStatus(Code::kNotFound, Source::kSealedFile));
  for (const char* name : {"", ".lock", "A", "a/b", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    const auto wrong = IsStatus(Code::kInvalidArgument, Source::kSealedFile);
    EXPECT_THAT(store->Size(name), wrong);
    EXPECT_THAT(store->Read(name, out), wrong);
    EXPECT_THAT(store->Write(name, {}), wrong);
    EXPECT_THAT(store->Remove(name), wrong);
  }
}

TEST_F(SealedFileTest, TheStoredBytesAreNotThePlainOnes) {
  const std::string secret = "a seed that nobody shall read";
  {
    SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
    ASSERT_THAT(store->Write("permanent", AsBytes(secret)), IsOk());
  }
  const ByteVector file = FileBytes("state");
  const std::string text(file.begin(), file.end());
  EXPECT_EQ(text.find("seed"), std::string::npos);
  EXPECT_EQ(text.find("permanent"), std::string::npos);
}

TEST_F(SealedFileTest, AbsentFileIsMadeOnlyOnDemand) {
  EXPECT_THAT(Open(), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_EQ(NumFiles(), 0u);
  EXPECT_THAT(Open(IfAbsent::kCreate), IsOk());
  EXPECT_EQ(NumFiles(), 1u);
}

TEST_F(SealedFileTest, WrongKeyAndDamageNeverFormatAnew) {
  { ASSERT_THAT(Open(IfAbsent::kCreate), IsOk()); }
  const ByteVector file = FileBytes("state");
  key_.writable()[31] ^= 1;
  EXPECT_THAT(Open(IfAbsent::kCreate), IsStatus(Code::kAuthFailed, Source::kCrypto));
  key_.writable()[31] ^= 1;
  EXPECT_THAT(FileBytes("state"), SameBytes(file));

  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    ByteVector changed = file;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_THAT(WriteFileAtomically(Path("state"), changed, FileMode::kPrivate), IsOk());
    ASSERT_FALSE(Open(IfAbsent::kCreate).ok()) << bit;
    ASSERT_THAT(FileBytes("state"), SameBytes(changed));
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    ASSERT_THAT(WriteFileAtomically(Path("state"), ByteView(file).first(size), FileMode::kPrivate),
                IsOk());
    EXPECT_EQ(Open(IfAbsent::kCreate).status().code(), Code::kMalformed);
  }
}

TEST_F(SealedFileTest, SaysWhatIsWrongWithAFile) {
  ASSERT_THAT(WriteFileAtomically(Path("state"), AsBytes("hello"), FileMode::kPrivate), IsOk());
  EXPECT_THAT(Open(), IsStatus(Code::kMalformed, Source::kSealedFile, 5));
  ASSERT_THAT(
      WriteFileAtomically(Path("state"), ByteVector(kMaxSealedFileSize + 1), FileMode::kPrivate),
      IsOk());
  EXPECT_THAT(Open(), IsStatus(Code::kOutOfRange, Source::kSystem, kMaxSealedFileSize));
  ASSERT_THAT(aead_.SetKey(key_.view()), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(ByteVector file, internal::Seal({}, 1, aead_, rng_));
  file[0x08] = 9;
  ASSERT_THAT(WriteFileAtomically(Path("state"), file, FileMode::kPrivate), IsOk());
  EXPECT_THAT(Open(), IsStatus(Code::kUnsupported, Source::kSealedFile, 9));
  EXPECT_THAT(SealedFileStore::Open(folder_, key_, aead_, rng_, IfAbsent::kCreate),
              IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  // Authentic, and yet no state that this library writes: a name in capitals.
  ASSERT_THAT(aead_.SetKey(key_.view()), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(file, internal::Seal({{"CAPITALS", {}}}, 1, aead_, rng_));
  ASSERT_THAT(WriteFileAtomically(Path("state"), file, FileMode::kPrivate), IsOk());
  EXPECT_THAT(Open(), IsStatus(Code::kDataLoss, Source::kSealedFile));
}

TEST_F(SealedFileTest, RespectsPermissions) {
  const ReadOnlyFolder read_only(folder_);
  EXPECT_THAT(Open(IfAbsent::kCreate), IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
}

TEST_F(SealedFileTest, SecondStoreIsBusy) {
  SVSM_ASSERT_OK_AND_ASSIGN(auto first, Open(IfAbsent::kCreate));
  crypto::OpensslAesGcm aead;
  EXPECT_THAT(SealedFileStore::Open(Path("state"), key_, aead, rng_, IfAbsent::kFail),
              IsStatus(Code::kBusy, Source::kSealedFile));
  EXPECT_THAT(first->Write("a", {}), IsOk());
  first.reset();
  EXPECT_THAT(Open(), IsOk());
}

// Wherever a full disk cuts the write off, the old state stands, in the object and in the file, and
// the next write works.
TEST_F(SealedFileTest, AFailingWriteLeavesTheOldState) {
  const ByteVector old_blob(100, 1);
  const ByteVector new_blob(200, 2);
  SVSM_ASSERT_OK_AND_ASSIGN(auto store, Open(IfAbsent::kCreate));
  ASSERT_THAT(store->Write("a", old_blob), IsOk());
  const ByteVector file = FileBytes("state");
  for (std::size_t limit = 0; limit < file.size() + 100; limit += 13) {
    {
      const FullDisk disk(limit);
      EXPECT_THAT(store->Write("a", new_blob), IsStatus(Code::kIoError, Source::kSystem, EFBIG));
      EXPECT_THAT(store->Write("b", new_blob), IsStatus(Code::kIoError, Source::kSystem, EFBIG));
    }
    EXPECT_THAT(ReadBlob(*store, "a"), SameBytes(old_blob));
    EXPECT_THAT(store->Size("b"), IsStatus(Code::kNotFound, Source::kSealedFile));
    EXPECT_THAT(FileBytes("state"), SameBytes(file));
    EXPECT_EQ(NumFiles(), 1u);
  }
  {
    const FullDisk disk(10);
    EXPECT_THAT(store->Remove("a"), IsStatus(Code::kIoError, Source::kSystem, EFBIG));
  }
  EXPECT_THAT(ReadBlob(*store, "a"), SameBytes(old_blob));
  ASSERT_THAT(store->Write("a", new_blob), IsOk());
  store.reset();
  SVSM_ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_THAT(ReadBlob(*store, "a"), SameBytes(new_blob));
}

TEST_F(SealedFileTest, AFailingRngLeavesTheOldState) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
  ASSERT_THAT(store->Write("a", ByteVector(3, 1)), IsOk());
  rng_.failing = true;
  EXPECT_THAT(store->Write("a", ByteVector(3, 2)), IsStatus(Code::kExhausted, Source::kCaller));
  EXPECT_THAT(ReadBlob(*store, "a"), SameBytes(ByteVector(3, 1)));
}

TEST_F(SealedFileTest, GrowsToItsLimitAndNoFurther) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
  const std::size_t most = kMaxSealedFileSize - 0x40 - 4 - 1 - 1 - 4;
  const auto full = IsStatus(Code::kOutOfMemory, Source::kSealedFile, kMaxSealedFileSize);
  EXPECT_THAT(store->Write("a", ByteVector(most + 1)), full);
  EXPECT_THAT(store->Write("a", ByteVector(kMaxSealedFileSize + 1)), full);
  EXPECT_THAT(store->Size("a"), IsStatus(Code::kNotFound, Source::kSealedFile));
  EXPECT_THAT(store->Write("a", ByteVector(most)), IsOk());
  EXPECT_THAT(store->Write("b", {}), full);
}

TEST_F(SealedFileTest, StopsAtTheLastGeneration) {
  ASSERT_THAT(aead_.SetKey(key_.view()), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector file,
                            internal::Seal({}, kMaxGeneration - 1, aead_, rng_));
  ASSERT_THAT(WriteFileAtomically(Path("state"), file, FileMode::kPrivate), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  EXPECT_THAT(store->Write("a", {}), IsOk());
  EXPECT_EQ(store->generation(), kMaxGeneration);
  EXPECT_THAT(store->Write("b", {}), IsStatus(Code::kExhausted, Source::kSealedFile));
  EXPECT_THAT(store->Size("b"), IsStatus(Code::kNotFound, Source::kSealedFile));
}

// A process killed while it writes leaves one state or another, whole.
TEST_F(SealedFileTest, SurvivesBeingKilled) {
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Open(IfAbsent::kCreate);
      if (!store.ok()) ::_exit(1);
      for (std::uint8_t i = 0;; ++i) {
        rng_.next = static_cast<std::uint8_t>(i * 12);
        if (!(*store)->Write("a", ByteVector(2000, i)).ok()) ::_exit(2);
      }
    }
    ::usleep(static_cast<useconds_t>(15000 + 700 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    SVSM_ASSERT_OK_AND_ASSIGN(const auto store, Open(IfAbsent::kCreate));
    if (store->Size("a").ok()) {
      const ByteVector blob = ReadBlob(*store, "a");
      EXPECT_THAT(blob, SameBytes(ByteVector(2000, blob.at(0))));
    }
  }
}

}  // namespace
}  // namespace svsm::sealed_file
