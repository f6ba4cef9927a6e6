// Looks into all memory that a program gives back to the heap. It replaces operator new and delete:
// one source of a program includes it, and that program is for this alone.
#ifndef SVSM_TESTS_FREED_MEMORY_H_
#define SVSM_TESTS_FREED_MEMORY_H_

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <string_view>

namespace svsm::testing {

inline std::atomic<bool> watches_freed_memory = false;
inline std::atomic<int> num_found_in_freed_memory = 0;
inline std::string_view text_in_freed_memory;

// How many pieces of memory with `what` in them are freed while `run` runs.
inline int Frees(const std::string& what, const std::function<void()>& run) {
  text_in_freed_memory = what;
  num_found_in_freed_memory = 0;
  watches_freed_memory = true;
  run();
  watches_freed_memory = false;
  return num_found_in_freed_memory;
}

inline void LookAndFree(void* memory) {
  if (memory != nullptr && watches_freed_memory &&
      ::memmem(memory, ::malloc_usable_size(memory), text_in_freed_memory.data(),
               text_in_freed_memory.size()) != nullptr) {
    ++num_found_in_freed_memory;
  }
  std::free(memory);
}

}  // namespace svsm::testing

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { svsm::testing::LookAndFree(memory); }
void operator delete(void* memory, std::size_t) noexcept { svsm::testing::LookAndFree(memory); }

#endif  // SVSM_TESTS_FREED_MEMORY_H_
