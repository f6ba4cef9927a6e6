// svsm/protocol/page_pool.h: memory that the guest gave to the SVSM (DEPOSIT_MEM) and may ask back
// (WITHDRAW_MEM).
//
//   std::array<DepositedPage, 256> deposits;
//   VcpuRegistry vcpus(slots, deposits, lock);
//   ...
//   const Result<Gpa> page = vcpus.pool().Take(PageSize::k4K);   // in a service
//   if (!page.ok()) return CallReply(in).With(NeedPages(1));
//   ...
//   SVSM_TRY(vcpus.pool().Return(*page));                       // the guest may have it back
//
// A deposited page is the SVSM's: no VMPL above 0 has a right on it, and no call reads or writes it
// for the guest. It is wiped before the guest sees it again.
//
// Spec: AMD 58019, "Core protocol". Profile: freestanding. Allocates: never; the caller's slots
// bound the number of pages. Threads: any, at once; a function whose name ends in Locked wants the
// VcpuRegistry's lock held by its caller.
#ifndef SVSM_PROTOCOL_PAGE_POOL_H_
#define SVSM_PROTOCOL_PAGE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/platform.h"

namespace svsm::protocol {

enum class DepositState : std::uint8_t {
  kArriving,  // its call has not yet flushed the TLBs
  kFree,
  kTaken,
  kLeaving,  // the guest's again; some of a large page's addresses are yet to be told
};

struct DepositedPage {
  Gpa gpa;
  PageSize size = PageSize::k4K;
  DepositState state = DepositState::kFree;
  std::uint16_t told = 0;  // of a page that leaves: 4K addresses that the guest knows
  Gpa by;                  // of one that arrives: the VMSA of the vCPU that gives it
};

class PagePool final {
 public:
  // Borrows both for its own life. `slots` is overwritten.
  PagePool(std::span<DepositedPage> slots, Lock& lock) : slots_(slots), lock_(lock) {}
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // A page of this size for the SVSM's own use; a deposited page is not divided. What is in it is
  // unspecified. Errors: kOutOfMemory (none is free).
  Result<Gpa> Take(PageSize size);
  // Ends the use. Errors: kNotFound (no page that was taken).
  Status Return(Gpa page);

  // No slots at all: this SVSM takes no memory, and both calls are unsupported.
  bool empty() const { return slots_.empty(); }
  // Whether WITHDRAW_MEM has something to give.
  bool AvailableLocked() const { return available_ != 0; }
  // Whether a byte of the range is in a page that is the SVSM's. The range must not wrap.
  bool OverlapsLocked(Gpa gpa, std::uint64_t size_bytes) const;

  // Enters a page of the vCPU `by` as kArriving. Errors: kAlreadyExists (a byte of it is deposited
  // already), kOutOfMemory (no slot).
  Status AddLocked(Gpa gpa, PageSize size, Gpa by);
  // Makes what `by` gave kFree: the TLBs are flushed.
  void SettleLocked(Gpa by);
  // Forgets a page, whatever its state. Errors: kNotFound.
  Status RemoveLocked(Gpa gpa);

  // A page that is free, or null.
  const DepositedPage* FirstFreeLocked() const;
  // Says that the guest has access to this free page again.
  void LeaveLocked(Gpa gpa);
  // The next 4K address of a page that leaves. A page is forgotten with its last address.
  // Errors: kNotFound (none leaves).
  Result<Gpa> TellLocked();

 private:
  std::size_t IndexOf(Gpa gpa) const;
  void Erase(std::size_t index);

  std::span<DepositedPage> slots_;  // the first count_ are in use
  std::size_t count_ = 0;
  std::size_t available_ = 0;  // pages that are free or leave
  Lock& lock_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_PAGE_POOL_H_
