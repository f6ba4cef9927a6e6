// All that this program has of a host: an entry point, two system calls, four memory functions and
// a panic.
#include <cstddef>
#include <cstdint>

#include "svsm/core/panic.h"
#include "tests/freestanding/answers.h"

extern "C" {
void* memcpy(void* to, const void* from, std::size_t size);
void* memmove(void* to, const void* from, std::size_t size);
void* memset(void* to, int value, std::size_t size);
int memcmp(const void* a, const void* b, std::size_t size);
[[noreturn]] void svsm_start();
}

asm(R"(
  .text
  .globl _start
_start:
  xor %ebp, %ebp
  and $-16, %rsp
  call svsm_start
  ud2
)");

// The string instructions, because a loop would be compiled into a call of the function that it is
// in.
void* memcpy(void* to, const void* from, std::size_t size) {
  void* at = to;
  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}

void* memset(void* to, int value, std::size_t size) {
  void* at = to;
  asm volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  if (t <= f || t >= f + size) return memcpy(to, from, size);
  void* at = t + size - 1;
  const void* end = f + size - 1;
  asm volatile("std\n\trep movsb\n\tcld" : "+D"(at), "+S"(end), "+c"(size) : : "memory", "cc");
  return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
  const auto* x = static_cast<const volatile unsigned char*>(a);
  const auto* y = static_cast<const volatile unsigned char*>(b);
  for (std::size_t i = 0; i < size; ++i) {
    const int difference = x[i] - y[i];
    if (difference != 0) return difference;
  }
  return 0;
}

namespace {

constexpr long kSysWrite = 1;
constexpr long kSysExitGroup = 231;

long SystemCall(long number, long first, const void* second, std::size_t third) {
  long result = number;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(first), "S"(second), "d"(third)
               : "rcx", "r11", "memory");
  return result;
}

[[noreturn]] void Exit(int status) {
  SystemCall(kSysExitGroup, status, nullptr, 0);
  for (;;) asm volatile("ud2");
}

}  // namespace

void svsm_panic(const char* what) {
  svsm::answers::Print("PANIC: ");
  svsm::answers::Print(what);
  svsm::answers::Print("\n");
  Exit(2);
}

namespace svsm::answers {

void Print(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  SystemCall(kSysWrite, 1, text, size);
}

void Print(unsigned value) {
  char digits[11] = {};
  std::size_t at = sizeof(digits) - 1;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  Print(digits + at);
}

void Tally::Check(const char* name, bool holds) {
  ++run_;
  if (holds) return;
  ++failed_;
  Print("FAILED: ");
  Print(name);
  Print("\n");
}

void Tally::Equal(const char* name, ByteView got, ByteView wanted) {
  Check(name, got.size() == wanted.size() && memcmp(got.data(), wanted.data(), got.size()) == 0);
}

void Tally::Is(const char* name, Status got, Status wanted) { Check(name, got == wanted); }

void Tally::Add(const char* name, unsigned run, unsigned failed) {
  run_ += run;
  failed_ += failed;
  if (failed == 0) return;
  Print("FAILED: ");
  Print(name);
  Print("\n");
}

void RunAll(Tally& tally);  // written by the build: every suite of this folder

}  // namespace svsm::answers

void svsm_start() {
  svsm::answers::Tally tally;
  svsm::answers::RunAll(tally);
  svsm::answers::Print(tally.run() - tally.failed());
  svsm::answers::Print(" vectors hold, ");
  svsm::answers::Print(tally.failed());
  svsm::answers::Print(" do not\n");
  Exit(tally.failed() == 0 ? 0 : 1);
}
