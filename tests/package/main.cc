// The smallest user of the library: it compiles with exceptions, RTTI and default flags, as users
// do.
#include <cstdio>
#include <stdexcept>
#include <typeinfo>

#include "svsm/core/result.h"
#include "svsm/core/status.h"

namespace {

svsm::Result<int> Half(int value) {
  if (value % 2 != 0) return svsm::Status(svsm::Code::kInvalidArgument, svsm::Source::kCaller, 1);
  return value / 2;
}

}  // namespace

int main() {
  const svsm::Result<int> odd = Half(3);
  if (odd.ok() || Half(4).value() != 2) throw std::logic_error(typeid(odd).name());
  std::printf("%s from %s, detail %u\n", svsm::CodeName(odd.status().code()),
              svsm::SourceName(odd.status().source()),
              static_cast<unsigned>(odd.status().detail()));
  return 0;
}
