// svsm/protocol/calling_area.h: the page through which a vCPU says that it calls.
//
//   Bytes<kPageSize>& area = MappedCallingArea();        // the guest, before it leaves
//   area[offsetof(CallingArea, call_pending)] = kCallPending;
//
// The guest sets CALL_PENDING to 1, leaves to VMPL 0, and then exchanges it with 0: a value other
// than 0 means that the host never ran the SVSM. Bytes 8 to 4095 are the guest's own; Linux and the
// client here put the argument structures there.
//
// Spec: AMD 58019, "Calling area". Profile: freestanding. Allocates: never. Threads: a value.
#ifndef SVSM_PROTOCOL_CALLING_AREA_H_
#define SVSM_PROTOCOL_CALLING_AREA_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"

namespace svsm::protocol {

inline constexpr std::uint8_t kCallNotPending = 0;
inline constexpr std::uint8_t kCallPending = 1;

struct CallingArea {
  std::uint8_t call_pending;
  std::uint8_t mem_available;    // boot vCPU's only: 1 if WITHDRAW_MEM has pages to give
  std::uint8_t no_eoi_required;  // APIC protocol
  Bytes<5> reserved;             // the SVSM looks at none of them
  Bytes<4088> buffer;            // the guest's
};
static_assert(wire::Struct<CallingArea> && sizeof(CallingArea) == kPageSize);
static_assert(offsetof(CallingArea, call_pending) == 0);
static_assert(offsetof(CallingArea, mem_available) == 1);
static_assert(offsetof(CallingArea, no_eoi_required) == 2);
static_assert(offsetof(CallingArea, reserved) == 3);
static_assert(offsetof(CallingArea, buffer) == 8);

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_CALLING_AREA_H_
