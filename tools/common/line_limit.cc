#include "tools/common/line_limit.h"

namespace svsm::tool {

bool LineLimit::Admits(Time now, unsigned& missed) {
  missed = 0;
  if (now - second_ >= std::chrono::seconds(1)) {
    if (lines_ > per_second_) missed = lines_ - per_second_;
    second_ = now;
    lines_ = 0;
  }
  return ++lines_ <= per_second_;
}

}  // namespace svsm::tool
