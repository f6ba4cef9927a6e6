// svsm/protocol/secrets_page.h: the page in which the AMD-SP hands the VM its message keys, and in
// which the SVSM tells the guest where it is.
//
//   SVSM_TRY(CheckSecretsPage(page));                              // as the firmware wrote it
//   SVSM_ASSIGN_OR_RETURN(Secret<32> key, TakeVmpck(page, 0));     // the SVSM's own
//   SVSM_TRY(SetMessageSeqno(page, 1, messages_used));             // where the guest goes on
//   SVSM_TRY(MakeGuestSecretsPage(page, place, guest_page));       // without the keys below it
//   Wipe(page);
//
// The functions work on the page where it lies, so that no copy of a key is left behind.
//
// Spec: AMD 56860, "SNP_LAUNCH_FINISH" secrets page; AMD 58019, "SVSM discovery". Profile:
// freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_PROTOCOL_SECRETS_PAGE_H_
#define SVSM_PROTOCOL_SECRETS_PAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"

namespace svsm::protocol {

inline constexpr std::size_t kNumVmpcks = 4;
inline constexpr std::size_t kVmpckSize = 32;

struct SecretsPage {
  wire::Le32 version;
  wire::Le32 flags;  // bit 0: IMI_EN
  wire::Le32 fms;
  wire::Le32 reserved_0c;
  Bytes<16> gosvw;
  std::array<Bytes<kVmpckSize>, kNumVmpcks> vmpck;
  // Reserved for the guest OS: the low halves of the four message sequence numbers, and the AP jump
  // table.
  std::array<wire::Le32, kNumVmpcks> message_seqno;
  wire::Le64 ap_jump_table;
  Bytes<40> os_reserved;
  Bytes<32> guest_use;
  Bytes<64> vmsa_tweak_bitmap;
  wire::Le64 svsm_base;
  wire::Le64 svsm_size;  // 0: there is no SVSM
  wire::Le64 svsm_caa;
  wire::Le32 svsm_max_version;
  std::uint8_t svsm_guest_vmpl;
  Bytes<3> reserved_15d;
  wire::Le32 tsc_factor;
  Bytes<3740> reserved_164;
};
static_assert(wire::Struct<SecretsPage> && sizeof(SecretsPage) == kPageSize);
static_assert(offsetof(SecretsPage, version) == 0x000);
static_assert(offsetof(SecretsPage, flags) == 0x004);
static_assert(offsetof(SecretsPage, fms) == 0x008);
static_assert(offsetof(SecretsPage, gosvw) == 0x010);
static_assert(offsetof(SecretsPage, vmpck) == 0x020);
static_assert(offsetof(SecretsPage, message_seqno) == 0x0A0);
static_assert(offsetof(SecretsPage, ap_jump_table) == 0x0B0);
static_assert(offsetof(SecretsPage, os_reserved) == 0x0B8);
static_assert(offsetof(SecretsPage, guest_use) == 0x0E0);
static_assert(offsetof(SecretsPage, vmsa_tweak_bitmap) == 0x100);
static_assert(offsetof(SecretsPage, svsm_base) == 0x140);
static_assert(offsetof(SecretsPage, svsm_size) == 0x148);
static_assert(offsetof(SecretsPage, svsm_caa) == 0x150);
static_assert(offsetof(SecretsPage, svsm_max_version) == 0x158);
static_assert(offsetof(SecretsPage, svsm_guest_vmpl) == 0x15C);
static_assert(offsetof(SecretsPage, tsc_factor) == 0x160);

// Where the SVSM is, as its fields of the page say.
struct SvsmPlace {
  Gpa base;                      // 4K multiple
  std::uint64_t size_bytes = 0;  // 4K multiple
  Gpa boot_calling_area;         // 4K aligned
  std::uint32_t max_core_version = 1;
  Vmpl guest_vmpl;  // 1 to 3
};

// What the firmware wrote. Errors: kUnsupported (version 0: nobody wrote the page).
Status CheckSecretsPage(FixedView<kPageSize> page);

// Moves VMPCK number `index` out and leaves zeros in its place.
// Errors: kOutOfRange (index above 3), kNotFound (it is all zero: taken before, or blanked).
Result<Secret<kVmpckSize>> TakeVmpck(FixedSpan<kPageSize> page, std::size_t index);

// The last message sequence number that was used with a VMPCK, as the previous owner of the page
// left it. Errors: kOutOfRange (index above 3).
Result<std::uint32_t> MessageSeqno(FixedView<kPageSize> page, std::size_t index);

// Errors: kOutOfRange (index above 3, or a number that does not fit 32 bits: the VMPCK must not be
// used by the next owner). The page is unchanged then.
Status SetMessageSeqno(FixedSpan<kPageSize> page, std::size_t index, std::uint64_t seqno);

// Writes to `out` what the guest gets: `page` with the SVSM's place in it, and zeros for every
// VMPCK whose number is below the guest's VMPL, so that the guest cannot speak for the SVSM or for
// a VMPL between them. `out` may be `page`.
// Errors: kInvalidArgument (`place` is not aligned, empty, wraps, or its VMPL is not 1 to 3; `out`
// is unchanged).
Status MakeGuestSecretsPage(FixedView<kPageSize> page, const SvsmPlace& place,
                            FixedSpan<kPageSize> out);

// The guest's side: where the SVSM is. Errors: kNotFound (there is none), kMalformed (detail =
// offset of the field that cannot be).
Result<SvsmPlace> FindSvsm(FixedView<kPageSize> page);

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_SECRETS_PAGE_H_
