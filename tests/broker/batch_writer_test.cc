#include "broker/batch_writer.h"

#include <atomic>
#include <thread>

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
