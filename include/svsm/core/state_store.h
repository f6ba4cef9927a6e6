// svsm/core/state_store.h: the seam behind which named blobs are kept: written as a whole or not at
// all.
//
//   Bytes<256> buffer;
//   SVSM_ASSIGN_OR_RETURN(const std::size_t size, store.Read("counter", buffer));
//   SVSM_TRY(store.Write("counter.old", ByteView(buffer).first(size)));
//
// After a successful Write or Remove the new state survives a crash; after a failed or interrupted
// one a later Read gives the old blob or the new one, whole, never a mixture. What a Read gives is
// what was last written (or the store says kDataLoss or kAuthFailed); a store makes no promise
// about rollback unless it says so.
//
// Profile: freestanding. Allocates: as the implementation says. Threads: one object, one thread,
// unless it says more.
#ifndef SVSM_CORE_STATE_STORE_H_
#define SVSM_CORE_STATE_STORE_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm {

class StateStore {
 public:
  // 1 to this many characters of [a-z0-9.-] make a name; the first is not a dot.
  static constexpr std::size_t kMaxNameSize = 32;

  // The number of bytes stored under `name`. Errors: kNotFound, kInvalidArgument (name),
  // kAuthFailed, kDataLoss, kIoError.
  virtual Result<std::size_t> Size(const char* name) = 0;
  // Copies the blob to the start of `out`, gives its size; a blob may be empty.
  // Errors: as Size(), and kBufferTooSmall (detail = the blob's size). On failure `out` is zero.
  virtual Result<std::size_t> Read(const char* name, ByteSpan out) = 0;
  // Replaces the blob. Errors: kInvalidArgument (name), kOutOfMemory, kIoError; then the old blob
  // stands.
  virtual Status Write(const char* name, ByteView blob) = 0;
  // Errors: kNotFound, kInvalidArgument (name), kIoError; then the blob stands.
  virtual Status Remove(const char* name) = 0;

 protected:
  ~StateStore() = default;
};

// Whether `name` is a legal name; for implementations.
bool IsStateName(const char* name);

}  // namespace svsm

#endif  // SVSM_CORE_STATE_STORE_H_
