#include "svsm/core/state_store.h"

namespace svsm {

bool IsStateName(const char* name) {
  std::size_t size = 0;
  for (; name[size] != '\0'; ++size) {
    const char c = name[size];
    const bool legal = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (!legal || size == StateStore::kMaxNameSize) return false;
  }
  return size != 0 && name[0] != '.';
}

}  // namespace svsm
