// svsm/c/status.h: the error value of the C functions; svsm/core/status.h says it in full.
//
//   svsm_status status = svsm_report_parse(bytes, size, &report);
//   if (!svsm_ok(status)) return complain(status.code, status.detail);
//
// The headers in svsm/c/ are for programs in C99 and for languages that call C. They stand for the
// C++ headers that they name, which say more; objects live in storage of a stated size that the
// caller has, and nothing is borrowed beyond a call unless a comment says so. Pointers may be null
// only where a comment says so or the size beside them is 0.
//
// Profile: freestanding. Allocates: never. Threads: a value.
#ifndef SVSM_C_STATUS_H_
#define SVSM_C_STATUS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum svsm_code {
  SVSM_OK = 0,
  SVSM_INVALID_ARGUMENT = 1,
  SVSM_MALFORMED = 2,
  SVSM_TRUNCATED = 3,
  SVSM_UNSUPPORTED = 4,
  SVSM_BUFFER_TOO_SMALL = 5,
  SVSM_OUT_OF_RANGE = 6,
  SVSM_OUT_OF_MEMORY = 7,
  SVSM_AUTH_FAILED = 8,
  SVSM_NOT_FOUND = 9,
  SVSM_ALREADY_EXISTS = 10,
  SVSM_FAILED_PRECONDITION = 11,
  SVSM_PERMISSION_DENIED = 12,
  SVSM_BUSY = 13,
  SVSM_EXHAUSTED = 14,
  SVSM_DATA_LOSS = 15,
  SVSM_IO_ERROR = 16,
  SVSM_CONNECTION_CLOSED = 17,
  SVSM_UNAVAILABLE = 18,
  SVSM_INTERNAL = 19
};

typedef struct svsm_status {
  uint8_t code;    // enum svsm_code
  uint8_t source;  // svsm::Source: which room of the library speaks
  uint16_t reserved;
  uint32_t detail;  // as the function says
} svsm_status;

static inline int svsm_ok(svsm_status status) { return status.code == SVSM_OK; }

#ifdef __cplusplus
}
#endif

#endif  // SVSM_C_STATUS_H_
