#include "tools/svsm-kbs/workers.h"

#include <utility>

namespace svsm::tool {
namespace {

// Of the address space, not of memory. cpp-httplib matches a Range header of 8 KiB with a regular
// expression that takes 5 MiB of stack, and the system's default may be less.
constexpr std::size_t kStackSize = std::size_t{16} << 20;

}  // namespace

void Workers::enqueue(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  while (busy_ == limit_) changed_.wait(lock);
  if (tasks_.size() >= idle_ && !StartThread() && threads_.empty()) {
    lock.unlock();
    return task();
  }
  ++busy_;
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

void Workers::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (const ::pthread_t thread : threads_) ::pthread_join(thread, nullptr);
  threads_.clear();
}

bool Workers::StartThread() {
  threads_.reserve(threads_.size() + 1);
  ::pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return false;
  ::pthread_t thread{};
  const bool started = ::pthread_attr_setstacksize(&attributes, kStackSize) == 0 &&
                       ::pthread_create(&thread, &attributes, &Workers::Run, this) == 0;
  ::pthread_attr_destroy(&attributes);
  if (started) threads_.push_back(thread);
  return started;
}

void* Workers::Run(void* workers) {
  static_cast<Workers*>(workers)->Work();
  return nullptr;
}

void Workers::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    while (tasks_.empty() && !stopping_) changed_.wait(lock);
    --idle_;
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
}

}  // namespace svsm::tool
