#include "svsm/sim/page_map.h"

#include "svsm/core/panic.h"

namespace svsm::sim {

namespace {

using protocol::PageSize;
using protocol::PageState;

std::size_t IndexOf(Gpa page) { return static_cast<std::size_t>(page.value() / kPageSize); }
Gpa GpaOf(std::size_t index) { return Gpa(index * kPageSize); }

}  // namespace

const char* ViolationKindName(ViolationKind kind) {
  switch (kind) {
    case ViolationKind::kInvalidatedWithRights:
      return "InvalidatedWithRights";
    case ViolationKind::kGrantedUncleared:
      return "GrantedUncleared";
    case ViolationKind::kGrantedVmsa:
      return "GrantedVmsa";
    case ViolationKind::kVmsaWithRights:
      return "VmsaWithRights";
    case ViolationKind::kVmsaBeforeFlush:
      return "VmsaBeforeFlush";
    case ViolationKind::kTouchedSvsmPage:
      return "TouchedSvsmPage";
    case ViolationKind::kStaleTranslations:
      return "StaleTranslations";
  }
  return "?";
}

PageMap::PageMap(std::size_t num_pages) : entries_(num_pages, kAssigned) {}

bool PageMap::Has(Gpa page, Flags flag) const {
  const std::size_t index = IndexOf(page);
  return index < entries_.size() && (entries_[index] & flag) != 0;
}

// The entries of a range that is aligned to its size and inside the map, or nullptr.
PageMap::Flags* PageMap::Find(Gpa gpa, PageSize size, std::size_t& num_pages) {
  num_pages = static_cast<std::size_t>(protocol::SizeBytes(size) / kPageSize);
  if (gpa.value() % protocol::SizeBytes(size) != 0) return nullptr;
  const std::uint64_t index = gpa.value() / kPageSize;
  if (index >= entries_.size() || entries_.size() - index < num_pages) return nullptr;
  return &entries_[index];
}

protocol::PageKind PageMap::Classify(Gpa page) const {
  if (IndexOf(page) >= entries_.size()) return protocol::PageKind::kUnmapped;
  return Has(page, kSvsm) ? protocol::PageKind::kSvsm : protocol::PageKind::kGuest;
}

void PageMap::Launch(Gpa first, std::size_t num_pages, protocol::PageKind kind) {
  const std::size_t index = IndexOf(first);
  SVSM_CHECK(index <= entries_.size() && num_pages <= entries_.size() - index);
  const Flags owner = kind == protocol::PageKind::kSvsm ? kSvsm : 0;
  for (std::size_t i = index; i < index + num_pages; ++i) {
    entries_[i] = kAssigned | kValidated | owner;
  }
}

void PageMap::HostUnassign(Gpa page) {
  SVSM_CHECK(IndexOf(page) < entries_.size());
  entries_[IndexOf(page)] &= kSvsm;
}

void PageMap::HostReplace(Gpa page) {
  HostUnassign(page);
  entries_[IndexOf(page)] |= kAssigned;
}

void PageMap::HostMapLarge(Gpa first) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(first, PageSize::k2M, num_pages);
  SVSM_CHECK(entry != nullptr);
  for (std::size_t i = 0; i < num_pages; ++i) entry[i] |= kLarge;
}

protocol::PvalidateResult PageMap::Pvalidate(Gpa gpa, PageSize size, PageState state) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(gpa, size, num_pages);
  if (entry == nullptr) return {protocol::kFailInput, false};
  for (std::size_t i = 0; i < num_pages; ++i) {
    if ((entry[i] & kAssigned) == 0) return {protocol::kFailInput, false};
    if (size == PageSize::k2M && (entry[i] & kLarge) == 0) {
      return {protocol::kFailSizeMismatch, false};
    }
  }
  bool unchanged = true;
  for (std::size_t i = 0; i < num_pages; ++i) {
    Flags& flags = entry[i];
    const Gpa page = GpaOf(IndexOf(gpa) + i);
    if ((flags & kSvsm) != 0) Record(ViolationKind::kTouchedSvsmPage, page);
    if (size == PageSize::k4K) flags &= static_cast<Flags>(~kLarge);
    if (state == PageState::kValid) {
      if ((flags & kValidated) != 0) continue;
      flags |= kValidated | kUncleared;
    } else {
      if ((flags & kValidated) == 0) continue;
      if ((flags & kGuestRights) != 0) Record(ViolationKind::kInvalidatedWithRights, page);
      flags &= static_cast<Flags>(~(kValidated | kUncleared | kGuestRights));
      flags |= kStale;
      flush_due_ = true;
    }
    unchanged = false;
  }
  return {protocol::kInstructionOk, unchanged};
}

std::uint32_t PageMap::Revoke(Gpa gpa, PageSize size) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(gpa, size, num_pages);
  if (entry == nullptr) return protocol::kFailInput;
  for (std::size_t i = 0; i < num_pages; ++i) {
    if (size == PageSize::k2M && (entry[i] & kLarge) == 0) return protocol::kFailSizeMismatch;
  }
  for (std::size_t i = 0; i < num_pages; ++i) {
    Flags& flags = entry[i];
    if ((flags & kValidated) == 0) continue;  // nobody has rights on it
    if ((flags & kSvsm) != 0) Record(ViolationKind::kTouchedSvsmPage, GpaOf(IndexOf(gpa) + i));
    if ((flags & kGuestRights) != 0) {
      flags |= kStale;
      flush_due_ = true;
    }
    flags &= static_cast<Flags>(~kGuestRights);
  }
  return protocol::kInstructionOk;
}

std::uint32_t PageMap::Grant(Gpa gpa, PageSize size, Vmpl lowest) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(gpa, size, num_pages);
  if (entry == nullptr || lowest.value() >= kNumVmpls) return protocol::kFailInput;
  for (std::size_t i = 0; i < num_pages; ++i) {
    if ((entry[i] & kAssigned) == 0 || (entry[i] & kValidated) == 0) return protocol::kFailInput;
    if (size == PageSize::k2M && (entry[i] & kLarge) == 0) return protocol::kFailSizeMismatch;
  }
  Flags rights = 0;
  for (std::uint32_t vmpl = 1; vmpl <= lowest.value(); ++vmpl) {
    rights |= static_cast<Flags>(1u << (kRightsShift + vmpl));
  }
  for (std::size_t i = 0; i < num_pages; ++i) {
    Flags& flags = entry[i];
    const Gpa page = GpaOf(IndexOf(gpa) + i);
    if ((flags & kSvsm) != 0) Record(ViolationKind::kTouchedSvsmPage, page);
    if ((flags & kVmsa) != 0) Record(ViolationKind::kGrantedVmsa, page);
    if ((flags & kUncleared) != 0) Record(ViolationKind::kGrantedUncleared, page);
    flags = static_cast<Flags>((flags & ~kGuestRights) | rights);
  }
  return protocol::kInstructionOk;
}

std::uint32_t PageMap::SetVmsa(Gpa vmsa) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(vmsa, PageSize::k4K, num_pages);
  if (entry == nullptr || (*entry & kValidated) == 0) return protocol::kFailInput;
  if ((*entry & kSvsm) != 0) Record(ViolationKind::kTouchedSvsmPage, vmsa);
  if ((*entry & kGuestRights) != 0) Record(ViolationKind::kVmsaWithRights, vmsa);
  if ((*entry & kStale) != 0) Record(ViolationKind::kVmsaBeforeFlush, vmsa);
  *entry |= kVmsa;
  return protocol::kInstructionOk;
}

std::uint32_t PageMap::ClearVmsa(Gpa vmsa) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(vmsa, PageSize::k4K, num_pages);
  if (entry == nullptr || (*entry & kValidated) == 0) return protocol::kFailInput;
  if ((*entry & kRunning) != 0) return protocol::kFailInUse;
  *entry &= static_cast<Flags>(~kVmsa);
  return protocol::kInstructionOk;
}

void PageMap::FlushTlbs() {
  if (!flush_due_) return;
  for (Flags& flags : entries_) flags &= static_cast<Flags>(~kStale);
  flush_due_ = false;
}

void PageMap::NoteZeroed(Gpa gpa, PageSize size) {
  std::size_t num_pages = 0;
  Flags* const entry = Find(gpa, size, num_pages);
  SVSM_CHECK(entry != nullptr);
  for (std::size_t i = 0; i < num_pages; ++i) entry[i] &= static_cast<Flags>(~kUncleared);
}

void PageMap::NoteReturnToGuest() {
  if (!flush_due_) return;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if ((entries_[i] & kStale) == 0) continue;
    Record(ViolationKind::kStaleTranslations, GpaOf(i));
    break;
  }
  FlushTlbs();
}

void PageMap::NoteRunning(Gpa vmsa, bool running) {
  SVSM_CHECK(IndexOf(vmsa) < entries_.size());
  Flags& flags = entries_[IndexOf(vmsa)];
  flags = static_cast<Flags>(running ? flags | kRunning : flags & ~kRunning);
}

bool PageMap::accessible(Gpa page, Vmpl vmpl) const {
  const std::size_t index = IndexOf(page);
  if (index >= entries_.size()) return false;
  const Flags flags = entries_[index];
  const bool present = (flags & kAssigned) != 0 && (flags & kValidated) != 0;
  if (vmpl.value() == 0) return present;
  return present && (flags & kVmsa) == 0 && vmpl.value() < kNumVmpls &&
         (flags >> (kRightsShift + vmpl.value()) & 1) != 0;
}

}  // namespace svsm::sim
