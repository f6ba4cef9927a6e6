// svsm/protocol/core_protocol.h: protocol 0, REMAP_CA, PVALIDATE, CREATE_VCPU, DELETE_VCPU,
// DEPOSIT_MEM, WITHDRAW_MEM, QUERY_PROTOCOL and CONFIGURE_VTOM; and their layouts for both sides.
//
// What each call checks, does, and answers:
//
//   REMAP_CA        RCX = new calling area. kInvalidParameter: not page aligned. kInvalidAddress:
//                   not guest memory, a VMSA, or another vCPU's calling area. Clears CALL_PENDING
//                   in the new and the old page. The same page again is no error.
//   PVALIDATE       RCX = list. kInvalidParameter: not 8-aligned, list not within its page, no
//                   entries, next not below entries, reserved bits, address not aligned to the page
//                   size. kInvalidAddress: the list cannot be read; an entry's page is not guest
//                   memory or holds a VMSA, a calling area or the list. kSizeMismatch,
//                   kPvalidateUnchanged, kInstructionUnknown, 8000_1000 + EAX from the instruction.
//                   kIncomplete: the budget of the call is used up. In every case `next` is then
//                   the number of entries that are finished, and a failed entry left its page's
//                   rights as they were. From version 2 on an entry may ask that a 2M page which
//                   the hardware holds as 4K pages is done as these; if one of them fails, those
//                   before it are done.
//   CREATE_VCPU     RCX = VMSA, RDX = calling area, R8 = APIC id. kInvalidParameter: not page
//                   aligned, R8 above 32 bits, or a VMSA with a VMPL that is 0, above 3 or more
//                   privileged than the caller's, without EFER.SVME, or with other SEV_FEATURES
//                   than the startup vCPU's. kInvalidAddress: not guest memory, or a page that is a
//                   VMSA or calling area already (a calling area may be shared by VMSAs of one APIC
//                   id, as guests do that replace a VMSA). kInvalidRequest: no room for one more.
//                   The guest loses its access before the VMSA is checked, and has it back after a
//                   failure.
//   DELETE_VCPU     RCX = VMSA. kInvalidParameter: not page aligned, unknown, the startup vCPU's,
//                   or more privileged than the caller. kVcpuInUse: it runs or calls elsewhere. A
//                   vCPU that deletes itself does not return.
//   DEPOSIT_MEM     RCX = list. As PVALIDATE says of lists and entries, which have a size and
//                   nothing else. kInvalidAddress, too: a page that is deposited already or that is
//                   not validated. kInvalidRequest: no room for one more. The guest loses its
//                   access.
//   WITHDRAW_MEM    RCX = where the list of what the guest has back goes; it ends with its page.
//                   kInvalidParameter: not 8-aligned, or no room for an entry. kInvalidAddress: the
//                   list cannot be written. Each page is wiped, then access is given to VMPL 1 up
//                   to the caller's; a large page is listed as its small ones, over several calls.
//                   MEM_AVAILABLE of the startup vCPU's calling area says whether more is left.
//   QUERY_PROTOCOL  RCX = protocol, version. RCX = maximum, minimum, or 0; always success.
//   CONFIGURE_VTOM  RCX = a query, or what to set in the caller's VMSA. kInvalidParameter: reserved
//                   bits. kInvalidRequest: to set something where vTOM is not supported.
//                   kInvalidAddress: a vTOM that is out of bounds or not aligned. A call that fails
//                   changes nothing.
//
// Both memory calls are kUnsupportedCall in an SVSM whose VcpuRegistry has no room for deposits.
// Which of these clauses could not be seen in the original: src/protocol/CLAUSES.md.
//
// Spec: AMD 58019, "Core protocol". Profile: freestanding. Allocates: never. Threads: any, at once.
#ifndef SVSM_PROTOCOL_CORE_PROTOCOL_H_
#define SVSM_PROTOCOL_CORE_PROTOCOL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/wire.h"
#include "svsm/protocol/platform.h"
#include "svsm/protocol/service.h"
#include "svsm/protocol/vcpu_registry.h"

namespace svsm::protocol {

inline constexpr std::uint32_t kCoreRemapCa = 0;
inline constexpr std::uint32_t kCorePvalidate = 1;
inline constexpr std::uint32_t kCoreCreateVcpu = 2;
inline constexpr std::uint32_t kCoreDeleteVcpu = 3;
inline constexpr std::uint32_t kCoreDepositMem = 4;
inline constexpr std::uint32_t kCoreWithdrawMem = 5;
inline constexpr std::uint32_t kCoreQueryProtocol = 6;
inline constexpr std::uint32_t kCoreConfigureVtom = 7;

// The head of a PVALIDATE or DEPOSIT_MEM list; `entries` Le64 values follow. Guests do not clear
// `reserved`, and nobody looks at it.
struct PvalidateListHeader {
  wire::Le16 entries;
  wire::Le16 next;
  wire::Le32 reserved;
};
static_assert(wire::Struct<PvalidateListHeader> && sizeof(PvalidateListHeader) == 8);
static_assert(offsetof(PvalidateListHeader, entries) == 0);
static_assert(offsetof(PvalidateListHeader, next) == 2);
static_assert(offsetof(PvalidateListHeader, reserved) == 4);

enum class UnchangedPage : std::uint8_t { kIsError, kIsIgnored };
// What to do with a 2M entry that the hardware holds as 4K pages.
enum class SizeMismatch : std::uint8_t { kIsError, kIsSplit };

// One entry of the list.
struct PvalidateEntry {
  Gpa gpa;
  PageSize size = PageSize::k4K;
  PageState state = PageState::kInvalid;
  UnchangedPage unchanged = UnchangedPage::kIsError;
  SizeMismatch mismatch = SizeMismatch::kIsError;  // kIsSplit: from version 2 of the protocol on

  friend bool operator==(const PvalidateEntry&, const PvalidateEntry&) = default;
};

// Bits: 1:0 size, 2 validate, 3 ignore CF, 4 split on a size mismatch (version 2), 11:5 (version 1:
// 11:4) zero, 63:12 frame number.
// `reserved` has the bits that must be zero in the protocol version at hand.
// Decode's errors: kMalformed (detail: 0 unknown size, 1 reserved bits, 2 address not aligned to
// the size). Encode drops the low 12 bits of the address.
inline constexpr std::uint64_t kPvalidateReservedV1 = 0xFF0;
inline constexpr std::uint64_t kPvalidateReservedV2 = 0xFE0;
Result<PvalidateEntry> DecodePvalidateEntry(std::uint64_t bits, std::uint64_t reserved);
std::uint64_t EncodePvalidateEntry(const PvalidateEntry& entry);

// One entry of a DEPOSIT_MEM list. Bits: 1:0 size, 11:2 zero, 63:12 frame number. Decode and Encode
// are as those of PVALIDATE.
struct DepositEntry {
  Gpa gpa;
  PageSize size = PageSize::k4K;

  friend bool operator==(const DepositEntry&, const DepositEntry&) = default;
};
Result<DepositEntry> DecodeDepositEntry(std::uint64_t bits);
std::uint64_t EncodeDepositEntry(const DepositEntry& entry);

// The head of what WITHDRAW_MEM writes; `entries` Le64 addresses of 4K pages follow.
struct WithdrawListHeader {
  wire::Le16 entries;
  Bytes<6> reserved;
};
static_assert(wire::Struct<WithdrawListHeader> && sizeof(WithdrawListHeader) == 8);
static_assert(offsetof(WithdrawListHeader, entries) == 0);
static_assert(offsetof(WithdrawListHeader, reserved) == 2);

// What CONFIGURE_VTOM can do here. alignment_log2 0: nothing.
struct VtomSupport {
  std::uint8_t alignment_log2 = 0;  // 12 to 63: a vTOM is a multiple of 2^this
  Gpa min;
  Gpa max;

  bool supported() const { return alignment_log2 != 0; }
  friend bool operator==(const VtomSupport&, const VtomSupport&) = default;
};

// RCX of CONFIGURE_VTOM: 0 query; to set: 1 enable, 2 CR3 = RDX, 3 RIP = R8, 4 RSP = R9, 11:5 zero,
// 63:12 vTOM, which counts only with `enable`. A query's answer: RCX 1 supported, 19:12 log2 of the
// alignment; RDX minimum, R8 maximum.
inline constexpr std::uint64_t kVtomQuery = 1 << 0;
inline constexpr std::uint64_t kVtomEnable = 1 << 1;
inline constexpr std::uint64_t kVtomSetCr3 = 1 << 2;
inline constexpr std::uint64_t kVtomSetRip = 1 << 3;
inline constexpr std::uint64_t kVtomSetRsp = 1 << 4;
inline constexpr std::uint64_t kVtomReserved = 0xFE0;
inline constexpr std::uint64_t kVtomSupported = 1 << 1;
inline constexpr unsigned kVtomAlignmentShift = 12;

// What differs between versions of the protocol.
struct CoreVersion {
  std::uint32_t version;
  std::uint64_t pvalidate_reserved;  // bits of a list entry that must be zero
};

struct CoreOptions {
  std::uint32_t max_version = 1;
  // Work of one PVALIDATE or DEPOSIT_MEM call, in 4K pages (a 2M entry is 512); at least one entry
  // is done.
  std::uint32_t pvalidate_pages_per_call = 4096;
  VtomSupport vtom = {};
};

class CoreProtocol final : public Service {
 public:
  // Borrows all for its own life. A max_version that is not known counts as the newest known below
  // it, at least 1. Panics on an alignment of the vTOM outside its bounds.
  CoreProtocol(VcpuRegistry& vcpus, Platform& platform, const ServiceDirectory& directory,
               const CoreOptions& options);

  std::uint32_t protocol() const override { return kCoreProtocol; }
  VersionRange versions() const override;
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override;

 private:
  Result<CallReply> RemapCa(CallContext& context, const CallRegisters& in);
  Result<CallReply> Pvalidate(CallContext& context, const CallRegisters& in);
  Result<CallReply> CreateVcpu(CallContext& context, const CallRegisters& in);
  Result<CallReply> DeleteVcpu(CallContext& context, const CallRegisters& in);
  Result<CallReply> DepositMem(CallContext& context, const CallRegisters& in);
  Result<CallReply> WithdrawMem(CallContext& context, const CallRegisters& in);
  Result<CallReply> QueryProtocol(CallContext& context, const CallRegisters& in);
  Result<CallReply> ConfigureVtom(CallContext& context, const CallRegisters& in);
  ResultCode PvalidateOne(const CallContext& context, std::uint64_t bits, Gpa list_page,
                          bool& stale);
  ResultCode DepositOne(const CallContext& context, std::uint64_t bits, Gpa list_page);
  ResultCode GiveBack(const CallContext& context, Gpa& page);
  Status WriteVtom(Gpa vmsa, const CallRegisters& in);
  ResultCode Reserve(const CallContext& context, const Vcpu& vcpu);
  ResultCode MakeVmsa(const CallContext& context, Vcpu& vcpu);

  VcpuRegistry& vcpus_;
  Platform& platform_;
  const ServiceDirectory& directory_;
  CoreOptions options_;
  const CoreVersion* version_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_CORE_PROTOCOL_H_
