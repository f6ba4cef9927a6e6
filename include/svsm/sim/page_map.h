// svsm/sim/page_map.h: who owns which page: a model of the reverse map table (RMP) that judges the
// order in which pages change hands.
//
// Each 4K page of the guest has an entry: whether the host has assigned it to the guest, whether
// the guest has validated it, which VMPLs may touch it, whether it is a VMSA. PVALIDATE and
// RMPADJUST answer as the instructions do. What hardware would allow and a careful SVSM must not do
// is carried out and recorded as a Violation, which tests compare with "none".
//
//   map.Pvalidate(gpa, PageSize::k4K, PageState::kValid);
//   map.Grant(gpa, PageSize::k4K, Vmpl(2));     // not zeroed: records kGrantedUncleared
//
// Left out of the model: rights are all or nothing for a VMPL; entries of 2M are split by the host
// at once, and without a trace, where the guest uses 4K.
//
// Spec: AMD 24593 (APM volume 2) section 15.36; AMD 24594, PVALIDATE, RMPADJUST. Profile: hosted.
// Allocates: yes. Threads: one (GuestRam brings the lock).
#ifndef SVSM_SIM_PAGE_MAP_H_
#define SVSM_SIM_PAGE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "svsm/core/strong.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/platform.h"

namespace svsm::sim {

enum class ViolationKind : std::uint8_t {
  kInvalidatedWithRights,  // PVALIDATE took a page away while VMPL 1..3 still had rights on it
  kGrantedUncleared,       // rights given on a page not zeroed since it was validated
  kGrantedVmsa,            // rights given on a page that is a VMSA
  kVmsaWithRights,         // made a VMSA while VMPL 1..3 still had rights on it
  kVmsaBeforeFlush,        // made a VMSA while a CPU may still hold the old translation
  kTouchedSvsmPage,        // page state of the SVSM's own memory changed on behalf of a guest
  kStaleTranslations,      // the SVSM returned to the guest without the TLB flush that was due
};
// The name without its `k`, a static string.
const char* ViolationKindName(ViolationKind kind);

struct Violation {
  ViolationKind kind;
  Gpa gpa;
  friend bool operator==(const Violation&, const Violation&) = default;
};

class PageMap final {
 public:
  // `num_pages` pages from GPA 0, all of them the guest's, assigned, not validated.
  explicit PageMap(std::size_t num_pages);

  std::size_t num_pages() const { return entries_.size(); }
  protocol::PageKind Classify(Gpa page) const;

  // What launch does: gives pages to the SVSM or leaves them the guest's, and validates them. Only
  // VMPL 0 may touch them. `num_pages` from `first` must exist.
  void Launch(Gpa first, std::size_t num_pages, protocol::PageKind kind);

  // What the host may do at any time: take a page away; put another page of the guest in its place,
  // which is then assigned and not validated; map 2M at once.
  void HostUnassign(Gpa page);
  void HostReplace(Gpa page);
  void HostMapLarge(Gpa first);

  // The instructions; see protocol::Platform. On a range outside the map: kFailInput.
  protocol::PvalidateResult Pvalidate(Gpa gpa, protocol::PageSize size, protocol::PageState state);
  std::uint32_t Revoke(Gpa gpa, protocol::PageSize size);
  std::uint32_t Grant(Gpa gpa, protocol::PageSize size, Vmpl lowest);
  std::uint32_t SetVmsa(Gpa vmsa);
  std::uint32_t ClearVmsa(Gpa vmsa);
  void FlushTlbs();

  // The SVSM zeroed these pages.
  void NoteZeroed(Gpa gpa, protocol::PageSize size);
  // The SVSM goes back to the guest: records kStaleTranslations if a flush is due.
  void NoteReturnToGuest();
  // A CPU runs on this VMSA, or no longer does.
  void NoteRunning(Gpa vmsa, bool running);

  bool assigned(Gpa page) const { return Has(page, kAssigned); }
  bool validated(Gpa page) const { return Has(page, kValidated); }
  bool is_vmsa(Gpa page) const { return Has(page, kVmsa); }
  // Whether code at `vmpl` can read and write the page now.
  bool accessible(Gpa page, Vmpl vmpl) const;

  const std::vector<Violation>& violations() const { return violations_; }
  void ClearViolations() { violations_.clear(); }

 private:
  using Flags = std::uint16_t;
  static constexpr Flags kAssigned = 1 << 0;
  static constexpr Flags kValidated = 1 << 1;
  static constexpr Flags kVmsa = 1 << 2;
  static constexpr Flags kRunning = 1 << 3;
  static constexpr Flags kSvsm = 1 << 4;
  static constexpr Flags kUncleared = 1 << 5;  // not zeroed since it was validated
  static constexpr Flags kStale = 1 << 6;      // a translation from before may still be held
  static constexpr Flags kLarge = 1 << 7;      // part of a 2M entry
  static constexpr Flags kRightsShift = 8;     // bits 8..11: VMPL 0..3
  static constexpr Flags kGuestRights = 0xE << kRightsShift;

  bool Has(Gpa page, Flags flag) const;
  Flags* Find(Gpa gpa, protocol::PageSize size, std::size_t& num_pages);
  void Record(ViolationKind kind, Gpa gpa) { violations_.push_back({kind, gpa}); }

  std::vector<Flags> entries_;
  std::vector<Violation> violations_;
  bool flush_due_ = false;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_PAGE_MAP_H_
