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
  Status whole = db_.Run("BEGIN IMMEDIATE");
  if (whole.ok()) {
    for (Job* job : batch) job->status = RunOne(*job);
    whole = db_.Run("COMMIT");
    if (!whole.ok()) static_cast<void>(db_.Run("ROLLBACK").ok());
  }
  if (whole.ok()) return;
  for (Job* job : batch) job->status = whole;
}

Status BatchWriter::RunOne(Job& job) {
  SVSM_TRY(db_.Run("SAVEPOINT job"));
  const Status status = (*job.run)();
  if (!status.ok()) SVSM_TRY(db_.Run("ROLLBACK TO job"));
  SVSM_TRY(db_.Run("RELEASE job"));
  return status;
}

}  // namespace svsm::broker
