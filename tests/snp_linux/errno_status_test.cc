// Covers: svsm/snp_linux/tsm_tree.h
#include "src/snp/linux/errno_status.h"

#include <utility>

#include "svsm/testing/matchers.h"

namespace svsm::snp::internal {
namespace {

using svsm::testing::IsStatus;

TEST(ErrnoStatusTest, SaysWhatACallerCanDo) {
  for (const auto& [error, code] :
       {std::pair{ENOENT, Code::kNotFound}, std::pair{EACCES, Code::kPermissionDenied},
        std::pair{EPERM, Code::kPermissionDenied}, std::pair{EAGAIN, Code::kBusy},
        std::pair{EBUSY, Code::kBusy}, std::pair{EINTR, Code::kBusy},
        std::pair{ENXIO, Code::kUnavailable}, std::pair{ENODEV, Code::kUnavailable},
        std::pair{ENOTTY, Code::kUnavailable}, std::pair{EINVAL, Code::kIoError},
        // The kernel wipes its key then: another try does not help.
        std::pair{ETIMEDOUT, Code::kIoError}}) {
    EXPECT_THAT(StatusOfErrno(error), IsStatus(code, Source::kSystem, error));
  }
}

}  // namespace
}  // namespace svsm::snp::internal
