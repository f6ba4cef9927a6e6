// Covers: svsm/snp_linux/tsm_tree.h
#include "svsm/core/errno_status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace svsm {
namespace {

TEST(ErrnoStatusTest, SaysWhatACallerCanDo) {
  for (const auto& [error, code] :
       {std::pair{ENOENT, Code::kNotFound}, std::pair{EEXIST, Code::kAlreadyExists},
        std::pair{EADDRINUSE, Code::kAlreadyExists}, std::pair{EACCES, Code::kPermissionDenied},
        std::pair{EPERM, Code::kPermissionDenied}, std::pair{EROFS, Code::kPermissionDenied},
        std::pair{EAGAIN, Code::kBusy}, std::pair{EWOULDBLOCK, Code::kBusy},
        std::pair{EBUSY, Code::kBusy}, std::pair{EINTR, Code::kBusy},
        std::pair{ECONNREFUSED, Code::kConnectionClosed},
        std::pair{ECONNRESET, Code::kConnectionClosed}, std::pair{EPIPE, Code::kConnectionClosed},
        std::pair{EAFNOSUPPORT, Code::kUnavailable}, std::pair{ENODEV, Code::kUnavailable},
        std::pair{ENOTTY, Code::kUnavailable}, std::pair{ENXIO, Code::kUnavailable},
        std::pair{EIO, Code::kIoError}, std::pair{EINVAL, Code::kIoError},
        // The kernel's SEV-SNP driver wipes its key then: another try does not help.
        std::pair{ETIMEDOUT, Code::kIoError}}) {
    for (const Source source : {Source::kSystem, Source::kVtpm}) {
      EXPECT_EQ(FromErrno(error, source), Status(code, source, static_cast<std::uint32_t>(error)));
    }
  }
}

}  // namespace
}  // namespace svsm
