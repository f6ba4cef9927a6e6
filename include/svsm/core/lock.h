// svsm/core/lock.h: the seam behind which mutual exclusion comes from: a spinlock in firmware, a
// mutex on hosts.
//
//   {
//     const LockGuard guard(lock);
//     ++calls;
//   }
//
// Profile: freestanding. Allocates: never. Threads: any, at once; that is its purpose.
#ifndef SVSM_CORE_LOCK_H_
#define SVSM_CORE_LOCK_H_

namespace svsm {

class Lock {
 public:
  virtual void Acquire() = 0;
  // True if the lock was free and is now held.
  virtual bool TryAcquire() = 0;
  virtual void Release() = 0;

 protected:
  ~Lock() = default;
};

// Holds `lock` for its own life.
class LockGuard {
 public:
  explicit LockGuard(Lock& lock) : lock_(lock) { lock_.Acquire(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;
  ~LockGuard() { lock_.Release(); }

 private:
  Lock& lock_;
};

// Spins on one byte with acquire and release order. For firmware, where nothing else can run on the
// vCPU meanwhile.
class SpinLock final : public Lock {
 public:
  constexpr SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;
  void Acquire() override;
  bool TryAcquire() override;
  void Release() override;

 private:
  bool held_ = false;
};

// For one thread: does nothing but keep the contract.
class NoLock final : public Lock {
 public:
  void Acquire() override {}
  bool TryAcquire() override { return true; }
  void Release() override {}
};

}  // namespace svsm

#endif  // SVSM_CORE_LOCK_H_
