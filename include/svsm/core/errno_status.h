// svsm/core/errno_status.h: what an errno of the operating system means to a caller.
//
//   if (::fsync(fd) != 0) return FromErrno(errno, Source::kSystem);
//
// A room that knows more about a call of its own looks at the errno first.
//
// Profile: hosted. Allocates: never. Threads: a function of its arguments.
#ifndef SVSM_CORE_ERRNO_STATUS_H_
#define SVSM_CORE_ERRNO_STATUS_H_

#include "svsm/core/status.h"

namespace svsm {

// A Status of `source` with `error` as its detail. Errors: kNotFound (ENOENT), kAlreadyExists
// (EEXIST, EADDRINUSE), kPermissionDenied (EACCES, EPERM, EROFS), kBusy (EAGAIN, EBUSY, EINTR),
// kConnectionClosed (ECONNREFUSED, ECONNRESET, EPIPE), kUnavailable (EAFNOSUPPORT, ENODEV, ENOTTY,
// ENXIO), and for everything else kIoError.
Status FromErrno(int error, Source source);

}  // namespace svsm

#endif  // SVSM_CORE_ERRNO_STATUS_H_
