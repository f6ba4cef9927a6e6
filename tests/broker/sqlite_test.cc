#include "broker/sqlite.h"

#include <sqlite3.h>

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, int detail = 0) {
  return IsStatus(code, Source::kBroker, static_cast<std::uint32_t>(detail));
}

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(db_.Open(":memory:"), IsOk());
    ASSERT_THAT(db_.Run("CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b BLOB, c INTEGER) STRICT"),
                IsOk());
  }
  Statement Prepared(const char* sql) {
    Statement statement;
    EXPECT_THAT(statement.Prepare(db_, sql), IsOk());
    return statement;
  }

  Sqlite db_;
};

TEST_F(SqliteTest, ResultCodesBecomeCodes) {
  EXPECT_THAT(SqliteStatus(SQLITE_OK), IsOk());
  EXPECT_THAT(SqliteStatus(SQLITE_ROW), IsOk());
  EXPECT_THAT(SqliteStatus(SQLITE_DONE), IsOk());
  EXPECT_THAT(SqliteStatus(SQLITE_BUSY_SNAPSHOT), Is(Code::kBusy, SQLITE_BUSY_SNAPSHOT));
  EXPECT_THAT(SqliteStatus(SQLITE_LOCKED), Is(Code::kBusy, SQLITE_LOCKED));
  EXPECT_THAT(SqliteStatus(SQLITE_NOMEM), Is(Code::kOutOfMemory, SQLITE_NOMEM));
  EXPECT_THAT(SqliteStatus(SQLITE_READONLY), Is(Code::kPermissionDenied, SQLITE_READONLY));
  EXPECT_THAT(SqliteStatus(SQLITE_CORRUPT_INDEX), Is(Code::kDataLoss, SQLITE_CORRUPT_INDEX));
  EXPECT_THAT(SqliteStatus(SQLITE_CONSTRAINT_CHECK), Is(Code::kDataLoss, SQLITE_CONSTRAINT_CHECK));
  EXPECT_THAT(SqliteStatus(SQLITE_IOERR_FSYNC), Is(Code::kIoError, SQLITE_IOERR_FSYNC));
  EXPECT_THAT(SqliteStatus(SQLITE_CANTOPEN), Is(Code::kIoError, SQLITE_CANTOPEN));
}

TEST_F(SqliteTest, WhatIsBoundComesBack) {
  const ByteVector blob = {0, 1, 2};
  {
    const Statement insert = Prepared("INSERT INTO t (a, b, c) VALUES (?, ?, ?), (?, ?, ?)");
    Query query(insert.get());
    query.BindText("text").Bind(ByteView(blob)).Bind(std::int64_t{-5});
    query.BindText("").Bind(ByteView()).BindNull();
    EXPECT_THAT(query.Step(), IsOkAnd(Eq(false)));
  }
  EXPECT_EQ(db_.changes(), 2);
  const Statement select = Prepared("SELECT a, b, c FROM t ORDER BY n");
  Query query(select.get());
  EXPECT_THAT(query.Step(), IsOkAnd(Eq(true)));
  EXPECT_EQ(query.Text(), "text");
  EXPECT_THAT(query.Blob(), SameBytes(blob));
  EXPECT_FALSE(query.TakeNull());
  EXPECT_EQ(query.Int(), -5);
  EXPECT_THAT(query.Step(), IsOkAnd(Eq(true)));
  EXPECT_EQ(query.Text(), "");
  EXPECT_THAT(query.Blob(), SameBytes(ByteView()));
  EXPECT_TRUE(query.TakeNull());
  EXPECT_THAT(query.Step(), IsOkAnd(Eq(false)));
  EXPECT_THAT(query.Finish(), IsOk());
}

TEST_F(SqliteTest, ColumnsOfAnotherFormAreDamage) {
  const auto damaged = [&](auto take) {
    const Statement select = Prepared("SELECT 'text', x'0102', 300, NULL");
    Query query(select.get());
    EXPECT_THAT(query.Step(), IsOkAnd(Eq(true)));
    take(query);
    return query.Finish();
  };
  EXPECT_THAT(damaged([](Query& q) { EXPECT_EQ(q.Int(), 0); }), Is(Code::kDataLoss));
  EXPECT_THAT(damaged([](Query& q) { EXPECT_EQ(q.Blob().size(), 0u); }), Is(Code::kDataLoss));
  EXPECT_THAT(damaged([](Query& q) {
                static_cast<void>(q.Text());
                EXPECT_EQ(q.Text(), "");
              }),
              Is(Code::kDataLoss));
  EXPECT_THAT(damaged([](Query& q) {
                static_cast<void>(q.Text());
                Bytes<3> out{};
                q.Into(out);
              }),
              Is(Code::kDataLoss));
  EXPECT_THAT(damaged([](Query& q) {
                static_cast<void>(q.Text());
                Bytes<2> out{};
                q.Into(out);
                EXPECT_EQ(out[1], 2);
                EXPECT_EQ(q.Small(299), 0u);
              }),
              Is(Code::kDataLoss));
  EXPECT_THAT(damaged([](Query& q) {
                static_cast<void>(q.Text());
                static_cast<void>(q.Blob());
                EXPECT_EQ(q.Small(300), 300u);
                EXPECT_TRUE(q.TakeNull());
              }),
              IsOk());
}

TEST_F(SqliteTest, AStatementServesAgain) {
  const Statement insert = Prepared("INSERT INTO t (n, c) VALUES (?, ?)");
  for (std::int64_t n = 1; n <= 2; ++n) {
    Query query(insert.get());
    if (n == 1) query.Bind(n).Bind(n);
    if (n == 2) query.Bind(n);  // what was bound before is forgotten
    EXPECT_THAT(query.Step(), IsOkAnd(Eq(false)));
  }
  const Statement select = Prepared("SELECT c IS NULL FROM t WHERE n = 2");
  Query query(select.get());
  EXPECT_THAT(query.Step(), IsOkAnd(Eq(true)));
  EXPECT_EQ(query.Int(), 1);
}

TEST_F(SqliteTest, FaultsAreTold) {
  Statement wrong;
  EXPECT_THAT(wrong.Prepare(db_, "SELECT nothing"), Is(Code::kIoError, SQLITE_ERROR));
  EXPECT_THAT(db_.Run("INSERT INTO t (n, a) VALUES (1, 'a'); INSERT INTO t (n) VALUES (1)"),
              Is(Code::kDataLoss, SQLITE_CONSTRAINT_PRIMARYKEY));
  const Statement select = Prepared("SELECT ?");
  Query query(select.get());
  query.Bind(std::int64_t{1}).Bind(std::int64_t{2});
  EXPECT_THAT(query.Step(), Is(Code::kIoError, SQLITE_RANGE));
  Sqlite nowhere;
  EXPECT_THAT(nowhere.Open(::testing::TempDir() + "none/db"), Is(Code::kIoError, SQLITE_CANTOPEN));
}

TEST_F(SqliteTest, NothingThatAHostileFileCouldUseIsOn) {
  EXPECT_THAT(db_.Run("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'x'"),
              Is(Code::kIoError, SQLITE_ERROR));
  EXPECT_THAT(db_.Run("ATTACH ':memory:' AS other"), Is(Code::kIoError, SQLITE_ERROR));
  ASSERT_THAT(db_.Run("CREATE VIEW v AS SELECT 1; CREATE TRIGGER more AFTER INSERT ON t"
                      " BEGIN UPDATE t SET c = 9; END; INSERT INTO t (n, c) VALUES (7, 1)"),
              IsOk());
  EXPECT_THAT(db_.Run("SELECT * FROM v"), Is(Code::kIoError, SQLITE_ERROR));
  const Statement select = Prepared("SELECT c FROM t WHERE n = 7");
  Query query(select.get());
  EXPECT_THAT(query.Step(), IsOkAnd(Eq(true)));
  EXPECT_EQ(query.Int(), 1);  // the trigger did not run
}

}  // namespace
}  // namespace svsm::broker
