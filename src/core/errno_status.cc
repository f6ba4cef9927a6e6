#include "svsm/core/errno_status.h"

#include <cerrno>

namespace svsm {
namespace {

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return Code::kNotFound;
    case EADDRINUSE:
    case EEXIST:
      return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case EAGAIN:
    case EBUSY:
    case EINTR:
      return Code::kBusy;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return Code::kConnectionClosed;
    case EAFNOSUPPORT:
    case ENODEV:
    case ENOTTY:
    case ENXIO:
      return Code::kUnavailable;
    default:
      return Code::kIoError;
  }
}

}  // namespace

Status FromErrno(int error, Source source) {
  return Status(CodeOf(error), source, static_cast<std::uint32_t>(error));
}

}  // namespace svsm
