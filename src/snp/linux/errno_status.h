// What an errno of the kernel's SEV-SNP drivers means to a caller.
#ifndef SVSM_SRC_SNP_LINUX_ERRNO_STATUS_H_
#define SVSM_SRC_SNP_LINUX_ERRNO_STATUS_H_

#include <cerrno>
#include <cstdint>

#include "svsm/core/status.h"

namespace svsm::snp::internal {

inline Status StatusOfErrno(int error) {
  Code code = Code::kIoError;
  switch (error) {
    case ENOENT:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
      code = Code::kPermissionDenied;
      break;
    case EAGAIN:
    case EBUSY:
    case EINTR:
      code = Code::kBusy;
      break;
    case ENXIO:
    case ENODEV:
    case ENOTTY:
      code = Code::kUnavailable;
      break;
    default:
      break;
  }
  return Status(code, Source::kSystem, static_cast<std::uint32_t>(error));
}

}  // namespace svsm::snp::internal

#endif  // SVSM_SRC_SNP_LINUX_ERRNO_STATUS_H_
