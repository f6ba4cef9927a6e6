// svsm/core/status.h: the error value of the whole library.
//
// A Status is eight bytes and returns in a register: a closed code, the room that speaks, and a
// 32-bit detail whose meaning the function's header states (an offset, a needed size, a TPM_RC, a
// firmware error, an errno, an HTTP status).
//
//   svsm::Status s = store.Write("state", blob);
//   if (!s.ok()) log(s.code(), s.source(), s.detail());
//
// Profile: freestanding. Allocates: never. Threads: a value.
#ifndef SVSM_CORE_STATUS_H_
#define SVSM_CORE_STATUS_H_

#include <cstdint>

namespace svsm {

// Codes are for decisions. What is not decided upon differently shares a code; the detail tells it
// apart for people.
enum class Code : std::uint8_t {
  kOk = 0,
  kInvalidArgument,  // the caller broke the contract of the call (wrong size, wrong enum value)
  kMalformed,        // outside bytes do not have the form they must have
  kTruncated,        // outside bytes end too early; detail = bytes needed where known
  kUnsupported,  // well-formed, but a version, algorithm or feature that this build does not know
  kBufferTooSmall,      // detail = bytes needed
  kOutOfRange,          // an index, offset or counter is outside its bounds
  kOutOfMemory,         // an Allocator or a stated workspace ran out; the object is still whole
  kAuthFailed,          // a tag, MAC or signature does not verify; never says more
  kNotFound,            // no such blob, file, index, key
  kAlreadyExists,       // there is one already
  kFailedPrecondition,  // not now: the object is in another state
  kPermissionDenied,    // a policy or the operating system refuses
  kBusy,                // try again later; nothing has changed
  kExhausted,           // a bounded budget, counter or retry count is used up
  kDataLoss,            // stored data are damaged or older than they must be
  kIoError,             // a device or transport failed; detail = errno where there is one
  kConnectionClosed,    // the other side went away
  kUnavailable,         // the means is not there (no such CPU feature, no such device)
  kInternal,            // a library below us failed in a way that its contract excludes
};

// The room, or the library below it, that made the Status.
enum class Source : std::uint8_t {
  kNone = 0,
  kCore,
  kCrypto,
  kOpenssl,
  kBearssl,
  kNettle,
  kEvidence,
  kSealedFile,
  kProtocol,
  kSnp,
  kSnpVerify,
  kSim,
  kVtpm,
  kLibtpms,
  kCocoonfs,
  kKbs,
  kBroker,
  kUefi,
  kSystem,  // the operating system
  kCaller,  // a seam's implementation outside the library
};

class [[nodiscard]] Status {
 public:
  constexpr Status() = default;
  constexpr Status(Code code, Source source, std::uint32_t detail = 0)
      : code_(code), source_(source), detail_(detail) {}

  constexpr bool ok() const { return code_ == Code::kOk; }
  constexpr Code code() const { return code_; }
  constexpr Source source() const { return source_; }
  constexpr std::uint32_t detail() const { return detail_; }

  friend constexpr bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  Source source_ = Source::kNone;
  std::uint16_t reserved_ = 0;
  std::uint32_t detail_ = 0;
};
static_assert(sizeof(Status) == 8);

constexpr Status OkStatus() { return Status(); }

// The code's or source's name without its `k` ("AuthFailed", "Snp"), a static string; "?" for a
// value outside the list.
const char* CodeName(Code code);
const char* SourceName(Source source);

}  // namespace svsm

#endif  // SVSM_CORE_STATUS_H_
