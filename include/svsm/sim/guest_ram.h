// svsm/sim/guest_ram.h: the memory of a simulated guest: bytes, and the page map that guards them.
//
//   GuestRam ram(64);
//   ram.LaunchPage(Gpa(0x2000), contents, protocol::PageKind::kGuest);
//   SVSM_TRY(ram.ReadAs(Vmpl(0), Gpa(0x2000), out));
//
// The SVSM sees it through the two seams that it knows, protocol::GuestMemory (copies) and
// protocol::Platform (page state). The guest, at its VMPL, reads and writes through ReadAs() and
// WriteAs(), which fault where hardware would. The host's moves are functions of their own.
//
// Profile: hosted. Allocates: yes. Threads: any, at once; each call is atomic.
#ifndef SVSM_SIM_GUEST_RAM_H_
#define SVSM_SIM_GUEST_RAM_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/status.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/platform.h"
#include "svsm/sim/page_map.h"

namespace svsm::sim {

// What goes on in memory while the SVSM works: another vCPU of the guest changes a byte between
// check and use, or the host takes a page away.
struct Disturbance {
  enum class Kind : std::uint8_t { kFlipBit, kTakePage };
  std::uint64_t after_accesses = 0;
  Kind kind = Kind::kFlipBit;
  Gpa at;
  std::uint8_t bit = 0;  // of the byte there, 0 to 7
};

class GuestRam final : public protocol::GuestMemory, public protocol::Platform {
 public:
  // `num_pages` pages of 4K from GPA 0, filled with A5h: memory is not zero by itself.
  explicit GuestRam(std::size_t num_pages);

  // --- Launch -------------------------------------------------------------------------------
  // Puts a page in place, validated, for VMPL 0 alone. The page must exist.
  void LaunchPage(Gpa page, FixedView<kPageSize> contents, protocol::PageKind kind);
  // Gives pages to the SVSM, validated, with whatever is in them. They must exist.
  void ReserveForSvsm(Gpa first, std::size_t num_pages);

  // --- The guest, at a VMPL ------------------------------------------------------------------
  // Errors: kOutOfRange (detail = index of the page of the range that faults: outside, not
  // assigned, not validated, no rights, or in use as a VMSA); `out` is zero then, earlier pages may
  // have been written.
  Status ReadAs(Vmpl vmpl, Gpa from, ByteSpan out) const;
  Status WriteAs(Vmpl vmpl, Gpa to, ByteView bytes);
  // Exchanges one byte at once. Errors: as above.
  Result<std::uint8_t> ExchangeAs(Vmpl vmpl, Gpa at, std::uint8_t value);

  // The memory itself, as the guest maps it; what it writes there the SVSM sees. Panics unless all
  // of it is accessible now. Two threads must not map the same bytes.
  ByteSpan MapAs(Vmpl vmpl, Gpa gpa, std::size_t size_bytes);

  // --- The host ------------------------------------------------------------------------------
  void HostUnassign(Gpa page);
  // Maps the memory that backs page `from` at `to` instead: `from` faults from then on; `to` is not
  // validated, and shows what was in `from` once it is. The remap attack.
  void HostRemap(Gpa from, Gpa to);
  void HostMapLarge(Gpa first);

  // Does these, each when the SVSM has made so many accesses more (0: before its next), in this
  // order; what is left of an earlier list is dropped. An access is one call of a function of
  // protocol::GuestMemory or protocol::Platform, Classify() and FlushTlbs() aside. A bit flips only
  // where VMPL 1, 2 or 3 has access then. The pages must exist.
  void Disturb(std::vector<Disturbance> disturbances);
  // Accesses of the SVSM so far.
  std::uint64_t svsm_accesses() const;

  // --- Marks for the page map ----------------------------------------------------------------
  void NoteReturnToGuest();
  void NoteRunning(Gpa vmsa, bool running);

  // Violations so far, in order.
  std::vector<Violation> violations() const;
  // A copy of the page map, for tests to look at.
  PageMap page_map() const;

  // --- protocol::GuestMemory, protocol::Platform -----------------------------------------------
  protocol::PageKind Classify(Gpa page) const override;
  Status Read(Gpa from, ByteSpan out) const override;
  Status Write(Gpa to, ByteView bytes) override;
  protocol::PvalidateResult Pvalidate(Gpa gpa, protocol::PageSize size,
                                      protocol::PageState state) override;
  std::uint32_t Revoke(Gpa gpa, protocol::PageSize size) override;
  std::uint32_t Grant(Gpa gpa, protocol::PageSize size, Vmpl lowest) override;
  Status Zero(Gpa gpa, protocol::PageSize size) override;
  void FlushTlbs() override;
  std::uint32_t SetVmsa(Gpa vmsa) override;
  std::uint32_t ClearVmsa(Gpa vmsa) override;
  Status ReadVmsa(Gpa vmsa, std::uint32_t offset, ByteSpan out) const override;
  Status WriteVmsa(Gpa vmsa, std::uint32_t offset, ByteView bytes) override;

 private:
  // Whether every page of a range passes `test`; else the index of the first that does not.
  template <typename Test>
  Status CheckRange(Gpa from, std::size_t size, Test test) const;
  ByteSpan At(Gpa gpa, std::size_t size);
  ByteView At(Gpa gpa, std::size_t size) const;

  // Counts an access, and does what is due.
  void NoteAccess() const;

  mutable std::mutex mutex_;
  mutable PageMap map_;
  mutable ByteVector bytes_;
  mutable std::uint64_t accesses_ = 0;
  mutable std::vector<Disturbance> disturbances_;  // `after_accesses` is of all accesses
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_GUEST_RAM_H_
