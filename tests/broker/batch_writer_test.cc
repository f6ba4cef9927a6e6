#include "broker/batch_writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using testing::IsOk;
using testing::IsStatus;

class BatchWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(db_.Open(":memory:"), IsOk());
    ASSERT_THAT(db_.Run("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"), IsOk());
    ASSERT_THAT(insert_.Prepare(db_, "INSERT INTO t VALUES (?)"), IsOk());
    ASSERT_THAT(count_.Prepare(db_, "SELECT count(*) FROM t"), IsOk());
  }
  Status Insert(std::int64_t n) {
    Query query(insert_.get());
    return query.Bind(n).Step().status();
  }
  std::int64_t Count() {
    Query query(count_.get());
    EXPECT_THAT(query.Step(), IsOk());
    return query.Int();
  }

  Sqlite db_;
  std::mutex mutex_;
  BatchWriter writer_{db_, mutex_};
  Statement insert_;
  Statement count_;
};

TEST_F(BatchWriterTest, AJobThatFailsLeavesNothing) {
  const Status failed(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(writer_.Run([&]() -> Status {
    SVSM_TRY(Insert(1));
    return failed;
  }),
              IsStatus(Code::kExhausted, Source::kCaller));
  EXPECT_EQ(Count(), 0);
  EXPECT_THAT(writer_.Run([&] { return Insert(1); }), IsOk());
  EXPECT_EQ(writer_.Run([&] { return Insert(1); }).code(), Code::kDataLoss);
  EXPECT_EQ(Count(), 1);
}

TEST_F(BatchWriterTest, JobsThatWaitAreWrittenTogetherAndStandAlone) {
  constexpr int kThreads = 8;
  std::atomic<int> in_line = 0;
  std::vector<Status> results(kThreads);
  std::vector<std::thread> threads;
  // The first job holds the database until the others stand in line behind it.
  std::atomic<bool> started = false;
  std::thread first([&] {
    EXPECT_THAT(writer_.Run([&]() -> Status {
      started = true;
      while (in_line < kThreads) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return OkStatus();
    }),
                IsOk());
  });
  while (!started) std::this_thread::yield();
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ++in_line;
      results[static_cast<std::size_t>(t)] = writer_.Run([&, t]() -> Status {
        SVSM_TRY(Insert(t));
        return t % 2 == 0 ? OkStatus() : Status(Code::kExhausted, Source::kCaller);
      });
    });
  }
  first.join();
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < kThreads; ++t) EXPECT_EQ(results[t].ok(), t % 2 == 0) << t;
  EXPECT_EQ(Count(), kThreads / 2);
}

// The database is full, and gives up the transaction with what was written before; then a commit
// fails, and the next one has nothing to do.
TEST_F(BatchWriterTest, WhatTheDatabaseGaveUpIsNotAcknowledged) {
  ASSERT_THAT(db_.Run("CREATE TABLE large (b BLOB) STRICT; PRAGMA max_page_count = 20"), IsOk());
  bool refuse_commit = false;
  const auto hook = [](void* refuse) {
    return static_cast<int>(std::exchange(*static_cast<bool*>(refuse), false));
  };
  sqlite3_commit_hook(db_.handle(), hook, &refuse_commit);
  const std::function<Status()> jobs[] = {
      [&] { return Insert(1); },
      [&] { return db_.Run("INSERT INTO large VALUES (zeroblob(1000000))"); },
      [&] {
        refuse_commit = true;
        return Insert(3);
      },
  };
  std::vector<Status> results(std::size(jobs));
  std::vector<std::thread> threads;
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); };
  std::atomic<bool> all_in_line = false;
  threads.emplace_back([&] {
    EXPECT_THAT(writer_.Run([&]() -> Status {
      while (!all_in_line) std::this_thread::yield();
      return OkStatus();
    }),
                IsOk());
  });
  pause();
  for (std::size_t i = 0; i < std::size(jobs); ++i) {
    threads.emplace_back([&, i] { results[i] = writer_.Run(jobs[i]); });
    pause();
  }
  all_in_line = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(), std::count(results.begin(), results.end(), OkStatus()) - results[1].ok());
  EXPECT_EQ(results[1].code(), Code::kIoError);
  refuse_commit = false;
  EXPECT_THAT(writer_.Run([&] { return Insert(9); }), IsOk());
}

TEST_F(BatchWriterTest, WithoutATransactionNoJobRuns) {
  ASSERT_THAT(db_.Run("BEGIN"), IsOk());
  bool ran = false;
  EXPECT_FALSE(writer_
                   .Run([&] {
                     ran = true;
                     return OkStatus();
                   })
                   .ok());
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace svsm::broker
