// broker/pool.h: objects that serve one thread at a time, for any number of threads.
#ifndef SVSM_BROKER_POOL_H_
#define SVSM_BROKER_POOL_H_

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace svsm::broker {

// As many objects as threads that needed one at once.
template <typename T>
class Pool final {
 public:
  using Make = std::function<std::unique_ptr<T>()>;
  explicit Pool(Make make) : make_(std::move(make)) {}

  // Borrows an object for its own life.
  class Lease final {
   public:
    explicit Lease(Pool& pool) : pool_(pool), object_(pool.Take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.Give(std::move(object_)); }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> object_;
  };

 private:
  std::unique_ptr<T> Take() {
    {
      const std::lock_guard guard(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> object = std::move(idle_.back());
        idle_.pop_back();
        return object;
      }
    }
    return make_();
  }
  void Give(std::unique_ptr<T> object) {
    const std::lock_guard guard(mutex_);
    idle_.push_back(std::move(object));
  }

  Make make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_POOL_H_
