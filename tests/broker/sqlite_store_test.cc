// Covers: svsm/broker/store.h
#include "svsm/broker/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using testing::FakeRng;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;
using ::testing::SizeIs;

constexpr std::int64_t kNow = 1795305087;

auto Is(Code code) { return IsStatus(code, Source::kBroker); }

Verdict VerdictOf(std::uint8_t number, bool affirmed) {
  Verdict verdict;
  Fill(verdict.session, number);
  verdict.at = kNow + number;
  verdict.peer = "192.0.2.7";
  verdict.affirmed = affirmed;
  Fill(verdict.request_digest, 2);
  Fill(verdict.nonce, 3);
  verdict.mode = kbs::BindingMode::kProxyCompatible;
  verdict.key.curve = crypto::Curve::kP256;
  Fill(verdict.key.x, 4);
  Fill(verdict.key.y, 5);
  Fill(verdict.report_digest, 6);
  Fill(verdict.measurement, 7);
  Fill(verdict.chip_id, 8);
  if (affirmed) {
    verdict.token = "token " + std::to_string(number);
  } else {
    verdict.reasons = "vmpl: found 1, wanted 0";
    verdict.error_id = "0123";
  }
  return verdict;
}

Bytes<32> Sha256(ByteView bytes) {
  Bytes<32> digest{};
  EXPECT_THAT(crypto::OpensslHash(crypto::HashAlg::kSha256).Digest(bytes, digest), IsOk());
  return digest;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "broker.db";
    Remove();
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    Remove();
  }
  void Remove() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path_ + suffix).c_str());
  }
  void Reopen() {
    store_.reset();
    auto opened = SqliteStore::Open(path_, rng_);
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }
  // Changes the closed database as somebody with another program would.
  void Alter(const std::string& sql) {
    store_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(db);
  }

  FakeRng rng_;
  std::string path_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, KeepsAVerdictAndTheBootThatItBegan) {
  const Verdict verdict = VerdictOf(1, true);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session session, store_->RecordVerdict(verdict, BootRule::kOpen));
  EXPECT_EQ(session.boot.value, 1u);
  Reopen();
  SVSM_ASSERT_OK_AND_ASSIGN(const Session found, store_->FindSession(verdict.session));
  EXPECT_EQ(found.boot, session.boot);
  EXPECT_EQ(found.vm, session.vm);
  EXPECT_THAT(VmOfHostData(verdict.host_data), IsOkAnd(Eq(found.vm)));
  EXPECT_EQ(found.verdict.at, verdict.at);
  EXPECT_EQ(found.verdict.peer, verdict.peer);
  EXPECT_TRUE(found.verdict.affirmed);
  EXPECT_EQ(found.verdict.mode, verdict.mode);
  EXPECT_EQ(found.verdict.key, verdict.key);
  EXPECT_EQ(found.verdict.nonce, verdict.nonce);
  EXPECT_EQ(found.verdict.request_digest, verdict.request_digest);
  EXPECT_EQ(found.verdict.report_digest, verdict.report_digest);
  EXPECT_EQ(found.verdict.measurement, verdict.measurement);
  EXPECT_EQ(found.verdict.chip_id, verdict.chip_id);
  EXPECT_EQ(found.verdict.token, verdict.token);
}

TEST_F(SqliteStoreTest, FindsByToken) {
  const Verdict verdict = VerdictOf(1, true);
  ASSERT_THAT(store_->RecordVerdict(verdict, BootRule::kOpen), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const Session found, store_->FindToken(Sha256(AsBytes(verdict.token))));
  EXPECT_EQ(found.verdict.session, verdict.session);
  EXPECT_THAT(store_->FindToken(Sha256(AsBytes("another"))), Is(Code::kNotFound));
}

TEST_F(SqliteStoreTest, KeepsARefusalWithoutBoot) {
  const Verdict verdict = VerdictOf(1, false);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session session, store_->RecordVerdict(verdict, BootRule::kOpen));
  EXPECT_EQ(session.boot.value, 0u);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session found, store_->FindSession(verdict.session));
  EXPECT_FALSE(found.verdict.affirmed);
  EXPECT_EQ(found.verdict.reasons, verdict.reasons);
  EXPECT_EQ(found.verdict.error_id, verdict.error_id);
  EXPECT_EQ(found.boot.value, 0u);
  EXPECT_THAT(store_->Guests(9), IsOkAnd(SizeIs(0)));
}

TEST_F(SqliteStoreTest, ANonceServesOnce) {
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), IsOk());
  EXPECT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), Is(Code::kAlreadyExists));
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(2, false), BootRule::kOpen), IsOk());
  EXPECT_THAT(store_->RecordVerdict(VerdictOf(2, true), BootRule::kOpen), Is(Code::kAlreadyExists));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto guests, store_->Guests(9));
  ASSERT_THAT(guests, SizeIs(1));
  EXPECT_EQ(guests[0].boots.value, 1u);
}

TEST_F(SqliteStoreTest, CountsBootsOfEachGuest) {
  for (std::uint8_t i = 1; i <= 3; ++i) {
    SVSM_ASSERT_OK_AND_ASSIGN(const Session session,
                              store_->RecordVerdict(VerdictOf(i, true), BootRule::kOpen));
    EXPECT_EQ(session.boot.value, i);
  }
  Verdict other = VerdictOf(4, true);
  Fill(other.host_data, 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session session, store_->RecordVerdict(other, BootRule::kOpen));
  EXPECT_EQ(session.boot.value, 1u);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto guests, store_->Guests(9));
  ASSERT_THAT(guests, SizeIs(2));
  EXPECT_EQ(guests[0].vm, session.vm);
  EXPECT_EQ(guests[1].boots.value, 3u);
  EXPECT_THAT(store_->Guests(1), IsOkAnd(SizeIs(1)));
}

TEST_F(SqliteStoreTest, BootNumbersEnd) {
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), IsOk());
  Alter("UPDATE vm SET boots = 9223372036854775807");
  Reopen();
  EXPECT_THAT(store_->RecordVerdict(VerdictOf(2, true), BootRule::kOpen), Is(Code::kExhausted));
  EXPECT_THAT(store_->FindSession(VerdictOf(2, true).session), Is(Code::kNotFound));
}

TEST_F(SqliteStoreTest, ABootRequestServesAsOftenAsItSays) {
  BootRequest request;
  Fill(request.id, 9);
  Fill(request.vm, 1);
  request.uses_left = 1;
  request.not_after = kNow + 100;
  ASSERT_THAT(store_->AddBootRequest(request), IsOk());
  EXPECT_THAT(store_->AddBootRequest(request), Is(Code::kAlreadyExists));

  Verdict stranger = VerdictOf(1, true);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session refused,
                            store_->RecordVerdict(stranger, BootRule::kRequested));
  EXPECT_FALSE(refused.verdict.affirmed);
  EXPECT_THAT(refused.verdict.reasons, HasSubstr("boot request"));
  EXPECT_EQ(refused.verdict.token, "");
  EXPECT_EQ(refused.boot.value, 0u);

  Verdict first = VerdictOf(2, true);
  first.host_data = Sha256(request.id);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session begun,
                            store_->RecordVerdict(first, BootRule::kRequested));
  EXPECT_TRUE(begun.verdict.affirmed);
  EXPECT_EQ(begun.vm, request.vm);
  EXPECT_EQ(begun.boot.value, 1u);

  Verdict second = VerdictOf(3, true);
  second.host_data = first.host_data;
  SVSM_ASSERT_OK_AND_ASSIGN(const Session again,
                            store_->RecordVerdict(second, BootRule::kRequested));
  EXPECT_FALSE(again.verdict.affirmed);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto requests, store_->BootRequests(9));
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].id, request.id);
  EXPECT_EQ(requests[0].uses_left, 0u);
}

TEST_F(SqliteStoreTest, ABootRequestEnds) {
  BootRequest request;
  Fill(request.id, 9);
  request.uses_left = 5;
  request.not_after = kNow + 1;
  ASSERT_THAT(store_->AddBootRequest(request), IsOk());
  Verdict in_time = VerdictOf(1, true);
  in_time.host_data = Sha256(request.id);
  Verdict late = VerdictOf(2, true);
  late.host_data = in_time.host_data;
  SVSM_ASSERT_OK_AND_ASSIGN(const Session begun,
                            store_->RecordVerdict(in_time, BootRule::kRequested));
  EXPECT_TRUE(begun.verdict.affirmed);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session refused,
                            store_->RecordVerdict(late, BootRule::kRequested));
  EXPECT_FALSE(refused.verdict.affirmed);
  EXPECT_THAT(store_->RemoveBootRequest(request.id), IsOk());
  EXPECT_THAT(store_->RemoveBootRequest(request.id), Is(Code::kNotFound));
}

TEST_F(SqliteStoreTest, ASecretLeavesByOneAnswer) {
  const Verdict verdict = VerdictOf(1, true);
  ASSERT_THAT(store_->RecordVerdict(verdict, BootRule::kOpen), IsOk());
  EXPECT_THAT(store_->FindSecret(verdict.session, "a/b/c"), Is(Code::kNotFound));
  EXPECT_THAT(store_->IssueSecret(verdict.session, "a/b/c", AsBytes("one"), kNow),
              IsOkAnd(SameBytes(AsBytes("one"))));
  EXPECT_THAT(store_->IssueSecret(verdict.session, "a/b/c", AsBytes("two"), kNow),
              IsOkAnd(SameBytes(AsBytes("one"))));
  EXPECT_THAT(store_->IssueSecret(verdict.session, "a/b/d", AsBytes("two"), kNow),
              IsOkAnd(SameBytes(AsBytes("two"))));
  Reopen();
  EXPECT_THAT(store_->FindSecret(verdict.session, "a/b/c"), IsOkAnd(SameBytes(AsBytes("one"))));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto issued, store_->Issued(9));
  ASSERT_THAT(issued, SizeIs(2));
  EXPECT_EQ(issued[0].resource, "a/b/d");
  EXPECT_EQ(issued[1].session, verdict.session);
}

TEST_F(SqliteStoreTest, NoSecretWithoutAnAffirmedSession) {
  const Verdict refused = VerdictOf(1, false);
  ASSERT_THAT(store_->RecordVerdict(refused, BootRule::kOpen), IsOk());
  EXPECT_THAT(store_->IssueSecret(refused.session, "a/b/c", AsBytes("one"), kNow),
              Is(Code::kNotFound));
  EXPECT_THAT(store_->IssueSecret(VerdictOf(2, true).session, "a/b/c", AsBytes("one"), kNow),
              Is(Code::kNotFound));
  EXPECT_THAT(store_->Issued(9), IsOkAnd(SizeIs(0)));
}

TEST_F(SqliteStoreTest, PruneWipesWhatWasSentAndDropsOldRefusals) {
  const Verdict old = VerdictOf(1, true);
  ASSERT_THAT(store_->RecordVerdict(old, BootRule::kOpen), IsOk());
  ASSERT_THAT(store_->IssueSecret(old.session, "a/b/c", AsBytes("one"), kNow), IsOk());
  const Verdict young = VerdictOf(2, true);
  ASSERT_THAT(store_->RecordVerdict(young, BootRule::kOpen), IsOk());
  ASSERT_THAT(store_->Prune(old.at + 1), IsOk());
  EXPECT_THAT(store_->FindSecret(old.session, "a/b/c"), Is(Code::kExhausted));
  EXPECT_THAT(store_->IssueSecret(old.session, "a/b/c", AsBytes("two"), kNow),
              Is(Code::kExhausted));
  SVSM_ASSERT_OK_AND_ASSIGN(const Session pruned, store_->FindSession(old.session));
  EXPECT_EQ(pruned.verdict.token, "");
  EXPECT_TRUE(pruned.verdict.affirmed);
  SVSM_ASSERT_OK_AND_ASSIGN(const Session kept, store_->FindSession(young.session));
  EXPECT_EQ(kept.verdict.token, young.token);
  EXPECT_THAT(store_->Sessions(9), IsOkAnd(SizeIs(2)));
}

TEST_F(SqliteStoreTest, KeepsItsChallengeKey) {
  const Bytes<32> key = [&] {
    Bytes<32> copy{};
    Copy(copy, store_->challenge_key().view());
    return copy;
  }();
  EXPECT_FALSE(IsZero(key));
  Reopen();
  EXPECT_THAT(store_->challenge_key().view(), SameBytes(key));
}

TEST_F(SqliteStoreTest, TheFileIsItsOwnersAlone) {
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  store_.reset();
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(SqliteStore::Open(path_, rng_).status(),
              IsStatus(Code::kPermissionDenied, Source::kBroker, 0640));
}

TEST_F(SqliteStoreTest, RefusesAFolderThatIsNotThere) {
  EXPECT_THAT(SqliteStore::Open(path_ + ".d/x.db", rng_).status(), Is(Code::kNotFound));
}

TEST_F(SqliteStoreTest, SaysThatItsGeneratorFails) {
  rng_.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(SqliteStore::Open(":memory:", rng_).status(),
              IsStatus(Code::kExhausted, Source::kCaller));
}

// What somebody may have made of the file.
class AlteredStoreTest : public SqliteStoreTest,
                         public ::testing::WithParamInterface<const char*> {};

TEST_P(AlteredStoreTest, IsRefused) {
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), IsOk());
  Alter(GetParam());
  const Status status = SqliteStore::Open(path_, rng_).status();
  EXPECT_EQ(status.code(), Code::kDataLoss) << ToString(status);
}

INSTANTIATE_TEST_SUITE_P(
    Alterations, AlteredStoreTest,
    ::testing::Values("PRAGMA application_id = 1", "PRAGMA user_version = 0", "DROP TABLE secret",
                      "CREATE TABLE more (x)", "CREATE VIEW more AS SELECT 1",
                      "CREATE INDEX more ON session (at)", "DROP INDEX vm_last_at",
                      "CREATE TRIGGER more AFTER INSERT ON vm BEGIN UPDATE vm SET boots = 1; END",
                      "ALTER TABLE vm ADD COLUMN more INTEGER", "DELETE FROM meta",
                      "DELETE FROM vm", "UPDATE session SET boot = 2",
                      "PRAGMA ignore_check_constraints = 1; UPDATE vm SET boots = 0",
                      "PRAGMA ignore_check_constraints = 1; UPDATE session SET x = x'00'",
                      "PRAGMA ignore_check_constraints = 1; UPDATE session SET mode = 7",
                      "INSERT INTO secret VALUES (x'000102030405060708090a0b0c0d0e0f', 'a/b/c',"
                      " NULL, zeroblob(48), 0)"));

TEST_F(SqliteStoreTest, RefusesANewerVersion) {
  Alter("PRAGMA user_version = 2");
  EXPECT_THAT(SqliteStore::Open(path_, rng_).status(),
              IsStatus(Code::kUnsupported, Source::kBroker, 2));
}

TEST_F(SqliteStoreTest, WaitsForAnotherProcessButNotForEver) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen).status().code(),
            Code::kBusy);
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), IsOk());
  sqlite3_close(other);
}

TEST_F(SqliteStoreTest, SaysThatItCannotBeRead) {
  store_.reset();
  Remove();
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  EXPECT_EQ(SqliteStore::Open(path_, rng_).status().code(), Code::kIoError);
  ASSERT_EQ(rmdir(path_.c_str()), 0);
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoDatabase) {
  store_.reset();
  ASSERT_THAT(WriteFileAtomically(path_, AsBytes(std::string(5000, 'x')), FileMode::kPrivate),
              IsOk());
  EXPECT_EQ(SqliteStore::Open(path_, rng_).status().code(), Code::kDataLoss);
}

TEST_F(SqliteStoreTest, LeavesAStrangersDatabaseAlone) {
  Alter("PRAGMA journal_mode = DELETE; PRAGMA application_id = 7");
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector before, ReadFile(path_));
  EXPECT_EQ(SqliteStore::Open(path_, rng_).status().code(), Code::kDataLoss);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector after, ReadFile(path_));
  EXPECT_EQ(before, after);
}

TEST_F(SqliteStoreTest, TwoProcessesMayHaveItOpen) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto other, SqliteStore::Open(path_, rng_));
  EXPECT_THAT(other->challenge_key().view(), SameBytes(store_->challenge_key().view()));
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), IsOk());
  EXPECT_THAT(other->RecordVerdict(VerdictOf(1, true), BootRule::kOpen), Is(Code::kAlreadyExists));
  SVSM_ASSERT_OK_AND_ASSIGN(const Session session,
                            other->RecordVerdict(VerdictOf(2, true), BootRule::kOpen));
  EXPECT_EQ(session.boot.value, 2u);
}

TEST_F(SqliteStoreTest, ManyThreadsGetDifferentBootNumbersAndOneReply) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 8;
  std::array<std::vector<std::uint64_t>, kThreads> boots;
  std::array<ByteVector, kThreads> replies;
  ASSERT_THAT(store_->RecordVerdict(VerdictOf(255, true), BootRule::kOpen), IsOk());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const auto number = static_cast<std::uint8_t>(t * kEach + i);
        const auto session = store_->RecordVerdict(VerdictOf(number, true), BootRule::kOpen);
        if (session.ok()) boots[t].push_back(session->boot.value);
      }
      const Bytes<1> mine = {static_cast<std::uint8_t>(t)};
      const auto reply = store_->IssueSecret(VerdictOf(255, true).session, "a/b/c", mine, kNow);
      if (reply.ok()) replies[t] = *reply;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> all;
  for (const auto& some : boots) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  ASSERT_THAT(all, SizeIs(kThreads * kEach));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i + 2);
  for (const ByteVector& reply : replies) EXPECT_EQ(reply, replies[0]);
  EXPECT_THAT(replies[0], SizeIs(1));
}

}  // namespace
}  // namespace svsm::broker
