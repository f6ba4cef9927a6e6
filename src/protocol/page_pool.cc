#include "svsm/protocol/page_pool.h"

#include "svsm/protocol/guest_memory.h"

namespace svsm::protocol {
namespace {

constexpr std::uint16_t NumSmallPages(PageSize size) {
  return static_cast<std::uint16_t>(SizeBytes(size) / kPageSize);
}

bool IsAvailable(DepositState state) {
  return state == DepositState::kFree || state == DepositState::kLeaving;
}

}  // namespace

Result<Gpa> PagePool::Take(PageSize size) {
  const LockGuard guard(lock_);
  for (DepositedPage& page : slots_.first(count_)) {
    if (page.state != DepositState::kFree || page.size != size) continue;
    page.state = DepositState::kTaken;
    --available_;
    return page.gpa;
  }
  return Status(Code::kOutOfMemory, Source::kProtocol);
}

Status PagePool::Return(Gpa page) {
  const LockGuard guard(lock_);
  const std::size_t at = IndexOf(page);
  if (at == count_ || slots_[at].state != DepositState::kTaken) {
    return Status(Code::kNotFound, Source::kProtocol);
  }
  slots_[at].state = DepositState::kFree;
  ++available_;
  return OkStatus();
}

bool PagePool::OverlapsLocked(Gpa gpa, std::uint64_t size_bytes) const {
  for (const DepositedPage& page : slots_.first(count_)) {
    if (page.state != DepositState::kLeaving &&
        Overlap(page.gpa, SizeBytes(page.size), gpa, size_bytes)) {
      return true;
    }
  }
  return false;
}

Status PagePool::AddLocked(Gpa gpa, PageSize size, Gpa by) {
  for (const DepositedPage& page : slots_.first(count_)) {
    if (Overlap(page.gpa, SizeBytes(page.size), gpa, SizeBytes(size))) {
      return Status(Code::kAlreadyExists, Source::kProtocol);
    }
  }
  if (count_ == slots_.size()) return Status(Code::kOutOfMemory, Source::kProtocol);
  slots_[count_++] = {
      .gpa = gpa, .size = size, .state = DepositState::kArriving, .told = 0, .by = by};
  return OkStatus();
}

void PagePool::SettleLocked(Gpa by) {
  for (DepositedPage& page : slots_.first(count_)) {
    if (page.state != DepositState::kArriving || page.by != by) continue;
    page.state = DepositState::kFree;
    ++available_;
  }
}

Status PagePool::RemoveLocked(Gpa gpa) {
  const std::size_t at = IndexOf(gpa);
  if (at == count_) return Status(Code::kNotFound, Source::kProtocol);
  Erase(at);
  return OkStatus();
}

const DepositedPage* PagePool::FirstFreeLocked() const {
  for (const DepositedPage& page : slots_.first(count_)) {
    if (page.state == DepositState::kFree) return &page;
  }
  return nullptr;
}

void PagePool::LeaveLocked(Gpa gpa) {
  const std::size_t at = IndexOf(gpa);
  if (at < count_ && slots_[at].state == DepositState::kFree) {
    slots_[at].state = DepositState::kLeaving;
  }
}

Result<Gpa> PagePool::TellLocked() {
  for (std::size_t i = 0; i < count_; ++i) {
    DepositedPage& page = slots_[i];
    if (page.state != DepositState::kLeaving) continue;
    const Gpa next(page.gpa.value() + page.told * kPageSize);
    if (++page.told == NumSmallPages(page.size)) Erase(i);
    return next;
  }
  return Status(Code::kNotFound, Source::kProtocol);
}

std::size_t PagePool::IndexOf(Gpa gpa) const {
  std::size_t at = 0;
  while (at < count_ && slots_[at].gpa != gpa) ++at;
  return at;
}

void PagePool::Erase(std::size_t index) {
  if (IsAvailable(slots_[index].state)) --available_;
  slots_[index] = slots_[--count_];
}

}  // namespace svsm::protocol
