// tools/svsm-kbs/workers.h: the threads that serve connections, however scarce threads are.
#ifndef SVSM_TOOLS_SVSM_KBS_WORKERS_H_
#define SVSM_TOOLS_SVSM_KBS_WORKERS_H_

#include <httplib.h>
#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace svsm::tool {

// As many threads as connections may be served at once, made when they are needed. Who comes then
// waits in the kernel's queue, because enqueue() waits. Where the system gives no more threads,
// those that there are serve everybody; where it gives none, the caller does.
class Workers final : public httplib::TaskQueue {
 public:
  explicit Workers(std::size_t limit) : limit_(limit) {}

  void enqueue(std::function<void()> task) override;
  // Ends the tasks under way and in the queue. Nothing is enqueued afterwards.
  void shutdown() override;

 private:
  static void* Run(void* workers);
  bool StartThread();
  void Work();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<::pthread_t> threads_;
  std::size_t busy_ = 0;  // tasks that wait or run
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_WORKERS_H_
