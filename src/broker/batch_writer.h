// broker/batch_writer.h: many threads' transactions, made durable together.
//
// A database makes a change durable by waiting for the disk. While one thread waits, others queue
// up; the first of them then writes for all. Each job stands or falls alone (a savepoint), but all
// of a batch become durable at once, and no thread is answered before.
#ifndef SVSM_BROKER_BATCH_WRITER_H_
#define SVSM_BROKER_BATCH_WRITER_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "broker/sqlite.h"
#include "svsm/core/status.h"

namespace svsm::broker {

class BatchWriter final {
 public:
  // Uses `db` under `db_mutex`.
  BatchWriter(Sqlite& db, std::mutex& db_mutex) : db_(db), db_mutex_(db_mutex) {}

  // Runs `job` in a transaction and returns when it is durable. If the job fails, nothing of it
  // remains, and its Status is returned. If the database gives up the transaction, nothing of the
  // batch remains, and all its jobs fail.
  Status Run(const std::function<Status()>& job);

 private:
  struct Job {
    const std::function<Status()>* run;
    Status status;
    bool done = false;
  };

  void RunBatch(const std::vector<Job*>& batch);
  // Errors: those of the transaction, of which nothing is left.
  Status RunAll(const std::vector<Job*>& batch);
  Status RunOne(Job& job);

  Sqlite& db_;
  std::mutex& db_mutex_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<Job*> queue_;
  bool busy_ = false;  // some thread writes a batch
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_BATCH_WRITER_H_
