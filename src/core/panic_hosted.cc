#include <cstdio>
#include <cstdlib>

#include "svsm/core/panic.h"

// Weak, so that a program which links the hosted library can still have its own.
extern "C" [[noreturn]] __attribute__((weak)) void svsm_panic(const char* what) {
  std::fputs(what, stderr);
  std::fputc('\n', stderr);
  std::abort();
}
