// Between C's types and ours.
#ifndef SVSM_SRC_C_BRIDGE_H_
#define SVSM_SRC_C_BRIDGE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/c/status.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::c {

static_assert(static_cast<int>(Code::kOk) == SVSM_OK);
static_assert(static_cast<int>(Code::kInvalidArgument) == SVSM_INVALID_ARGUMENT);
static_assert(static_cast<int>(Code::kMalformed) == SVSM_MALFORMED);
static_assert(static_cast<int>(Code::kTruncated) == SVSM_TRUNCATED);
static_assert(static_cast<int>(Code::kUnsupported) == SVSM_UNSUPPORTED);
static_assert(static_cast<int>(Code::kBufferTooSmall) == SVSM_BUFFER_TOO_SMALL);
static_assert(static_cast<int>(Code::kOutOfRange) == SVSM_OUT_OF_RANGE);
static_assert(static_cast<int>(Code::kOutOfMemory) == SVSM_OUT_OF_MEMORY);
static_assert(static_cast<int>(Code::kAuthFailed) == SVSM_AUTH_FAILED);
static_assert(static_cast<int>(Code::kNotFound) == SVSM_NOT_FOUND);
static_assert(static_cast<int>(Code::kAlreadyExists) == SVSM_ALREADY_EXISTS);
static_assert(static_cast<int>(Code::kFailedPrecondition) == SVSM_FAILED_PRECONDITION);
static_assert(static_cast<int>(Code::kPermissionDenied) == SVSM_PERMISSION_DENIED);
static_assert(static_cast<int>(Code::kBusy) == SVSM_BUSY);
static_assert(static_cast<int>(Code::kExhausted) == SVSM_EXHAUSTED);
static_assert(static_cast<int>(Code::kDataLoss) == SVSM_DATA_LOSS);
static_assert(static_cast<int>(Code::kIoError) == SVSM_IO_ERROR);
static_assert(static_cast<int>(Code::kConnectionClosed) == SVSM_CONNECTION_CLOSED);
static_assert(static_cast<int>(Code::kUnavailable) == SVSM_UNAVAILABLE);
static_assert(static_cast<int>(Code::kInternal) == SVSM_INTERNAL);
static_assert(sizeof(svsm_status) == 8);

inline svsm_status ToC(Status status) {
  return {static_cast<std::uint8_t>(status.code()), static_cast<std::uint8_t>(status.source()), 0,
          status.detail()};
}

template <std::size_t kSize>
FixedView<kSize> View(const std::uint8_t* bytes) {
  return FixedView<kSize>(bytes, kSize);
}
template <std::size_t kSize>
FixedSpan<kSize> Span(std::uint8_t* bytes) {
  return FixedSpan<kSize>(bytes, kSize);
}

}  // namespace svsm::c

#endif  // SVSM_SRC_C_BRIDGE_H_
