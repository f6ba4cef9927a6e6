// svsm/snp/tsc_info.h: how fast a guest's time stamp counter runs, as the AMD-SP tells it.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::TscInfo tsc, session.RequestTscInfo());
//
// With Secure TSC the host can neither stop nor bend the counter: RDTSC gives
// (host TSC * scale) >> 32, plus offset. Whoever starts another vCPU writes both into its VMSA.
//
// Profile: freestanding. Allocates: never. Threads: pure functions.
// Spec: AMD 56860, "TSC Info" (MSG_TSC_INFO_REQ, MSG_TSC_INFO_RSP).
#ifndef SVSM_SNP_TSC_INFO_H_
#define SVSM_SNP_TSC_INFO_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::snp {

// A request is as many zeros.
inline constexpr std::size_t kTscInfoSize = 128;

struct TscInfo {
  std::uint64_t scale = 0;   // GUEST_TSC_SCALE, a fixed-point number with 32 fractional bits
  std::uint64_t offset = 0;  // GUEST_TSC_OFFSET, modulo 2^64
  // How much slower than nominal the counter runs: thousandths of a percent.
  std::uint32_t factor = 0;
  friend bool operator==(const TscInfo&, const TscInfo&) = default;
};

struct TscInfoResponse {
  wire::Le32 status;
  wire::Le32 reserved_04;
  wire::Le64 scale;
  wire::Le64 offset;
  wire::Le32 factor;
  Bytes<100> reserved_1c;
};
static_assert(wire::Struct<TscInfoResponse> && sizeof(TscInfoResponse) == kTscInfoSize);
static_assert(offsetof(TscInfoResponse, status) == 0x00);
static_assert(offsetof(TscInfoResponse, reserved_04) == 0x04);
static_assert(offsetof(TscInfoResponse, scale) == 0x08);
static_assert(offsetof(TscInfoResponse, offset) == 0x10);
static_assert(offsetof(TscInfoResponse, factor) == 0x18);
static_assert(offsetof(TscInfoResponse, reserved_1c) == 0x1C);

// The AMD-SP's side: the payload of a response; a `status` other than kMessageSuccess comes with
// zeros.
Bytes<kTscInfoSize> EncodeTscInfo(std::uint32_t status, const TscInfo& info);

// The guest's side: reads the payload of an authentic response. Errors: kInvalidArgument (detail =
// the firmware's status, which is not success), kMalformed (detail = offset of a reserved field
// that is not zero, or kTscInfoSize for a payload of another size).
Result<TscInfo> DecodeTscInfo(ByteView payload);

}  // namespace svsm::snp

#endif  // SVSM_SNP_TSC_INFO_H_
