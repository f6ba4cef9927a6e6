#include "svsm/core/lock.h"

namespace svsm {

void SpinLock::Acquire() {
  while (!TryAcquire()) {
    while (__atomic_load_n(&held_, __ATOMIC_RELAXED)) __builtin_ia32_pause();
  }
}

bool SpinLock::TryAcquire() { return !__atomic_test_and_set(&held_, __ATOMIC_ACQUIRE); }

void SpinLock::Release() { __atomic_clear(&held_, __ATOMIC_RELEASE); }

}  // namespace svsm
