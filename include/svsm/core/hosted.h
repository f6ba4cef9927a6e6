// svsm/core/hosted.h: conveniences and seam implementations for programs that have an operating
// system.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteVector report, ReadFile("report.bin"));
//   std::puts(ToHex(report).c_str());
//   SVSM_TRY(WriteFileAtomically("copy.bin", report, FileMode::kPrivate));
//
// Profile: hosted; no other public header includes it. Allocates: yes. Threads: as each type says.
#ifndef SVSM_CORE_HOSTED_H_
#define SVSM_CORE_HOSTED_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/core/state_store.h"
#include "svsm/core/status.h"

namespace svsm {

using ByteVector = std::vector<std::uint8_t>;

// "AuthFailed (Snp, detail 17)"; "Ok" for success.
std::string ToString(Status status);

// Lower-case digits without separators, and back.
std::string ToHex(ByteView bytes);
// Errors: kMalformed (detail = index of the first character that is not a digit, or the length if
// it is odd).
Result<ByteVector> FromHex(std::string_view hex);

inline ByteVector ToVector(ByteView bytes) { return ByteVector(bytes.begin(), bytes.end()); }
inline ByteView AsBytes(std::string_view text) {
  return ByteView(static_cast<const std::uint8_t*>(static_cast<const void*>(text.data())),
                  text.size());
}

// Reads a whole file of at most `limit_bytes`.
// Errors: kOutOfRange (larger; detail = limit), kNotFound, kPermissionDenied, kIoError and the
// others of FromErrno() (errno_status.h; detail = errno).
Result<ByteVector> ReadFile(const std::string& path, std::size_t limit_bytes = 64u << 20);

enum class FileMode { kPublic, kPrivate };  // 0644 or 0600, before the umask
// Replaces the file at `path`, or where that leads: written beside it, flushed, renamed, the folder
// flushed. After a failure or a crash the old file or the new one stands, whole. A device or a pipe
// is written into. Errors: kPermissionDenied, kIoError and the others of FromErrno() (detail =
// errno).
Status WriteFileAtomically(const std::string& path, ByteView bytes, FileMode mode);

// The system's clocks. Threads: any.
class SystemClock final : public Clock {
 public:
  std::uint64_t MonotonicMs() const override;
  std::int64_t UnixSeconds() const override;
  void SleepMs(std::uint64_t milliseconds) override;
};

// Seconds since 1970 of "2025-01-31T12:00:00Z" (RFC 3339, UTC designator or numeric offset).
// Errors: kMalformed.
Result<std::int64_t> ParseRfc3339(std::string_view text);
std::string FormatRfc3339(std::int64_t unix_seconds);

// Threads: any; that is its purpose.
class MutexLock final : public Lock {
 public:
  void Acquire() override { mutex_.lock(); }
  bool TryAcquire() override { return mutex_.try_lock(); }
  void Release() override { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// The C++ heap as an Allocator, which counts. Threads: one.
class MallocAllocator final : public Allocator {
 public:
  void* Allocate(std::size_t size, std::size_t alignment) override;
  void Free(void* pointer, std::size_t size) override;

  std::size_t used_bytes() const { return used_; }
  std::size_t high_water_bytes() const { return high_water_; }
  std::uint64_t num_allocations() const { return num_allocations_; }
  void ResetHighWater() { high_water_ = used_; }

 private:
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
  std::uint64_t num_allocations_ = 0;
};

// A StateStore in memory, for tests and for TPMs that shall not outlive their process. Threads:
// one.
class MemoryStateStore final : public StateStore {
 public:
  Result<std::size_t> Size(const char* name) override;
  Result<std::size_t> Read(const char* name, ByteSpan out) override;
  Status Write(const char* name, ByteView blob) override;
  Status Remove(const char* name) override;

 private:
  std::map<std::string, ByteVector, std::less<>> blobs_;
};

}  // namespace svsm

#endif  // SVSM_CORE_HOSTED_H_
