// Files of cases: refused, or read.
#include <cstddef>
#include <cstdint>

#include "svsm/conformance/vectors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)svsm::conformance::ParseCases({data, size});
  return 0;
}
