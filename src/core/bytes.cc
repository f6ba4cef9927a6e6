#include "svsm/core/bytes.h"

#include "svsm/core/panic.h"

extern "C" void* memmove(void* to, const void* from, std::size_t size);
extern "C" void* memset(void* to, int value, std::size_t size);

namespace svsm {
namespace {

std::uint64_t Word(const std::uint8_t* from) {
  std::uint64_t word;
  __builtin_memcpy(&word, from, sizeof(word));
  return word;
}

}  // namespace

void Copy(ByteSpan to, ByteView from) {
  SVSM_CHECK(to.size() >= from.size());
  if (!from.empty()) memmove(to.data(), from.data(), from.size());
}

void Fill(ByteSpan to, std::uint8_t value) {
  if (!to.empty()) memset(to.data(), value, to.size());
}

bool Equal(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

bool ConstantTimeEqual(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  std::uint64_t difference = 0;
  std::size_t i = 0;
  for (; a.size() - i >= sizeof(difference); i += sizeof(difference)) {
    difference |= Word(a.data() + i) ^ Word(b.data() + i);
    asm volatile("" : "+r"(difference));  // keeps the compiler from leaving the loop early
  }
  for (; i < a.size(); ++i) {
    difference |= static_cast<std::uint64_t>(a[i] ^ b[i]);
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

bool IsZero(ByteView bytes) {
  std::uint8_t any = 0;
  for (const std::uint8_t byte : bytes) any = static_cast<std::uint8_t>(any | byte);
  return any == 0;
}

void Wipe(ByteSpan bytes) {
  Fill(bytes, 0);
  asm volatile("" : : "r"(bytes.data()) : "memory");  // the zeros are observable
}

}  // namespace svsm
