#include "broker/batch_writer.h"

#include <utility>

namespace svsm::broker {

Status BatchWriter::Run(const std::function<Status()>& job) {
  Job mine{&job, OkStatus()};
  std::unique_lock lock(mutex_);
  queue_.push_back(&mine);
  done_.wait(lock, [&] { return mine.done || !busy_; });
  if (mine.done) return mine.status;
  busy_ = true;
  const std::vector<Job*> batch = std::exchange(queue_, {});
  lock.unlock();
  RunBatch(batch);
  lock.lock();
  for (Job* each : batch) each->done = true;
  busy_ = false;
  done_.notify_all();
  return mine.status;
}

void BatchWriter::RunBatch(const std::vector<Job*>& batch) {
  const std::lock_guard guard(db_mutex_);
  const Status whole = RunAll(batch);
  if (whole.ok()) return;
  if (db_.in_transaction()) static_cast<void>(db_.Run("ROLLBACK").ok());
  for (Job* job : batch) job->status = whole;
}

Status BatchWriter::RunAll(const std::vector<Job*>& batch) {
  SVSM_TRY(db_.Run("BEGIN IMMEDIATE"));
  for (Job* job : batch) SVSM_TRY(RunOne(*job));
  return db_.Run("COMMIT");
}

// A full or failing disk makes SQLite give up the whole transaction, with what the jobs before have
// written. A savepoint would then begin another one, and the jobs behind could commit without them.
Status BatchWriter::RunOne(Job& job) {
  SVSM_TRY(db_.Run("SAVEPOINT job"));
  job.status = (*job.run)();
  if (!db_.in_transaction()) {
    return Status(Code::kIoError, Source::kBroker, job.status.detail());
  }
  if (!job.status.ok()) SVSM_TRY(db_.Run("ROLLBACK TO job"));
  return db_.Run("RELEASE job");
}

}  // namespace svsm::broker
