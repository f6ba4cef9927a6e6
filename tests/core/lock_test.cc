#include "svsm/core/lock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "svsm/core/hosted.h"

namespace svsm {
namespace {

void ExpectThatItExcludesOtherThreads(Lock& lock) {
  int counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10000; ++n) {
        const LockGuard guard(lock);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 40000);
}

TEST(SpinLock, ExcludesOtherThreads) {
  SpinLock lock;
  ExpectThatItExcludesOtherThreads(lock);
}

TEST(MutexLock, ExcludesOtherThreads) {
  MutexLock lock;
  ExpectThatItExcludesOtherThreads(lock);
}

TEST(SpinLock, TryAcquireSaysWhetherItWasFree) {
  SpinLock lock;
  EXPECT_TRUE(lock.TryAcquire());
  EXPECT_FALSE(lock.TryAcquire());
  lock.Release();
  EXPECT_TRUE(lock.TryAcquire());
}

}  // namespace
}  // namespace svsm
