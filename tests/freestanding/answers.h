// Known answers without an operating system: what a suite of this folder is given.
//
// tests/freestanding/<room>_answers.cc defines `void svsm::answers::Run_<room>(Tally&)` and is
// found by its name. It may use what firmware may use: our freestanding headers and the mem*
// functions.
#ifndef SVSM_TESTS_FREESTANDING_ANSWERS_H_
#define SVSM_TESTS_FREESTANDING_ANSWERS_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::answers {

class Tally final {
 public:
  // One vector. `name` is printed when it does not hold.
  void Check(const char* name, bool holds);
  void Equal(const char* name, ByteView got, ByteView wanted);
  void Is(const char* name, Status got, Status wanted);
  // The result of a suite that counts by itself.
  void Add(const char* name, unsigned run, unsigned failed);

  unsigned run() const { return run_; }
  unsigned failed() const { return failed_; }

 private:
  unsigned run_ = 0;
  unsigned failed_ = 0;
};

// Writes text to the standard output.
void Print(const char* text);
void Print(unsigned value);

}  // namespace svsm::answers

#endif  // SVSM_TESTS_FREESTANDING_ANSWERS_H_
