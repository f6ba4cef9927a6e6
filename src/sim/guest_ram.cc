#include "svsm/sim/guest_ram.h"

#include <utility>

#include "svsm/core/panic.h"

namespace svsm::sim {

namespace {

constexpr std::uint8_t kFillByte = 0xA5;

Status Faults(std::uint64_t page_index) {
  return Status(Code::kOutOfRange, Source::kSim, static_cast<std::uint32_t>(page_index));
}

bool GuestHasAccess(const PageMap& map, Gpa at) {
  const Gpa page(at.value() / kPageSize * kPageSize);
  return map.accessible(page, Vmpl(1)) || map.accessible(page, Vmpl(2)) ||
         map.accessible(page, Vmpl(3));
}

}  // namespace

GuestRam::GuestRam(std::size_t num_pages)
    : map_(num_pages), bytes_(num_pages * kPageSize, kFillByte) {}

ByteSpan GuestRam::At(Gpa gpa, std::size_t size) {
  return ByteSpan(bytes_).subspan(static_cast<std::size_t>(gpa.value()), size);
}
ByteView GuestRam::At(Gpa gpa, std::size_t size) const {
  return ByteView(bytes_).subspan(static_cast<std::size_t>(gpa.value()), size);
}

template <typename Test>
Status GuestRam::CheckRange(Gpa from, std::size_t size, Test test) const {
  if (size == 0) return OkStatus();
  if (!protocol::FitsAddressSpace(from, size)) return Faults(0);
  const std::uint64_t first = from.value() / kPageSize;
  const std::uint64_t last = (from.value() + size - 1) / kPageSize;
  for (std::uint64_t page = first; page <= last; ++page) {
    if (page >= map_.num_pages() || !test(Gpa(page * kPageSize))) return Faults(page - first);
  }
  return OkStatus();
}

void GuestRam::LaunchPage(Gpa page, FixedView<kPageSize> contents, protocol::PageKind kind) {
  const std::lock_guard guard(mutex_);
  map_.Launch(page, 1, kind);
  Copy(At(page, kPageSize), contents);
}

void GuestRam::ReserveForSvsm(Gpa first, std::size_t num_pages) {
  const std::lock_guard guard(mutex_);
  map_.Launch(first, num_pages, protocol::PageKind::kSvsm);
}

Status GuestRam::ReadAs(Vmpl vmpl, Gpa from, ByteSpan out) const {
  const std::lock_guard guard(mutex_);
  const Status status =
      CheckRange(from, out.size(), [&](Gpa page) { return map_.accessible(page, vmpl); });
  if (status.ok()) {
    Copy(out, At(from, out.size()));
  } else {
    Fill(out, 0);
  }
  return status;
}

Status GuestRam::WriteAs(Vmpl vmpl, Gpa to, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  SVSM_TRY(CheckRange(to, bytes.size(), [&](Gpa page) { return map_.accessible(page, vmpl); }));
  Copy(At(to, bytes.size()), bytes);
  return OkStatus();
}

Result<std::uint8_t> GuestRam::ExchangeAs(Vmpl vmpl, Gpa at, std::uint8_t value) {
  const std::lock_guard guard(mutex_);
  SVSM_TRY(CheckRange(at, 1, [&](Gpa page) { return map_.accessible(page, vmpl); }));
  std::uint8_t& byte = At(at, 1)[0];
  const std::uint8_t before = byte;
  byte = value;
  return before;
}

ByteSpan GuestRam::MapAs(Vmpl vmpl, Gpa gpa, std::size_t size_bytes) {
  const std::lock_guard guard(mutex_);
  SVSM_CHECK(
      CheckRange(gpa, size_bytes, [&](Gpa page) { return map_.accessible(page, vmpl); }).ok());
  return At(gpa, size_bytes);
}

void GuestRam::HostUnassign(Gpa page) {
  const std::lock_guard guard(mutex_);
  map_.HostUnassign(page);
}

void GuestRam::HostRemap(Gpa from, Gpa to) {
  const std::lock_guard guard(mutex_);
  map_.HostUnassign(from);
  map_.HostReplace(to);
  Copy(At(to, kPageSize), At(from, kPageSize));
}

void GuestRam::HostMapLarge(Gpa first) {
  const std::lock_guard guard(mutex_);
  map_.HostMapLarge(first);
}

void GuestRam::Disturb(std::vector<Disturbance> disturbances) {
  const std::lock_guard guard(mutex_);
  disturbances_ = std::move(disturbances);
  for (Disturbance& one : disturbances_) {
    SVSM_CHECK(one.at.value() < bytes_.size());
    one.after_accesses += accesses_;
  }
}

std::uint64_t GuestRam::svsm_accesses() const {
  const std::lock_guard guard(mutex_);
  return accesses_;
}

void GuestRam::NoteAccess() const {
  for (auto one = disturbances_.begin(); one != disturbances_.end();) {
    if (one->after_accesses != accesses_) {
      ++one;
      continue;
    }
    if (one->kind == Disturbance::Kind::kTakePage) {
      map_.HostUnassign(Gpa(one->at.value() / kPageSize * kPageSize));
    } else if (GuestHasAccess(map_, one->at)) {
      bytes_[static_cast<std::size_t>(one->at.value())] ^=
          static_cast<std::uint8_t>(1u << (one->bit % 8));
    }
    one = disturbances_.erase(one);
  }
  ++accesses_;
}

void GuestRam::NoteReturnToGuest() {
  const std::lock_guard guard(mutex_);
  map_.NoteReturnToGuest();
}

void GuestRam::NoteRunning(Gpa vmsa, bool running) {
  const std::lock_guard guard(mutex_);
  map_.NoteRunning(vmsa, running);
}

std::vector<Violation> GuestRam::violations() const {
  const std::lock_guard guard(mutex_);
  return map_.violations();
}

PageMap GuestRam::page_map() const {
  const std::lock_guard guard(mutex_);
  return map_;
}

protocol::PageKind GuestRam::Classify(Gpa page) const {
  const std::lock_guard guard(mutex_);
  return map_.Classify(page);
}

Status GuestRam::Read(Gpa from, ByteSpan out) const {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  const Status status = CheckRange(from, out.size(), [&](Gpa page) {
    return map_.Classify(page) == protocol::PageKind::kGuest && map_.accessible(page, Vmpl(0));
  });
  if (status.ok()) {
    Copy(out, At(from, out.size()));
  } else {
    Fill(out, 0);
  }
  return status;
}

Status GuestRam::Write(Gpa to, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  SVSM_TRY(CheckRange(to, bytes.size(), [&](Gpa page) {
    return map_.Classify(page) == protocol::PageKind::kGuest && map_.accessible(page, Vmpl(0));
  }));
  Copy(At(to, bytes.size()), bytes);
  return OkStatus();
}

protocol::PvalidateResult GuestRam::Pvalidate(Gpa gpa, protocol::PageSize size,
                                              protocol::PageState state) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  return map_.Pvalidate(gpa, size, state);
}

std::uint32_t GuestRam::Revoke(Gpa gpa, protocol::PageSize size) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  return map_.Revoke(gpa, size);
}

std::uint32_t GuestRam::Grant(Gpa gpa, protocol::PageSize size, Vmpl lowest) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  return map_.Grant(gpa, size, lowest);
}

Status GuestRam::Zero(Gpa gpa, protocol::PageSize size) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  const auto size_bytes = static_cast<std::size_t>(protocol::SizeBytes(size));
  if (gpa.value() % size_bytes != 0 ||
      !CheckRange(gpa, size_bytes, [&](Gpa page) { return map_.accessible(page, Vmpl(0)); }).ok()) {
    return Status(Code::kIoError, Source::kSim);
  }
  Fill(At(gpa, size_bytes), 0);
  map_.NoteZeroed(gpa, size);
  return OkStatus();
}

void GuestRam::FlushTlbs() {
  const std::lock_guard guard(mutex_);
  map_.FlushTlbs();
}

std::uint32_t GuestRam::SetVmsa(Gpa vmsa) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  return map_.SetVmsa(vmsa);
}

std::uint32_t GuestRam::ClearVmsa(Gpa vmsa) {
  const std::lock_guard guard(mutex_);
  NoteAccess();
  return map_.ClearVmsa(vmsa);
}

Status GuestRam::ReadVmsa(Gpa vmsa, std::uint32_t offset, ByteSpan out) const {
  const std::lock_guard guard(mutex_);
  SVSM_CHECK(offset <= kPageSize && out.size() <= kPageSize - offset);
  NoteAccess();
  Fill(out, 0);
  if (vmsa.value() % kPageSize != 0 || !map_.accessible(vmsa, Vmpl(0))) {
    return Status(Code::kIoError, Source::kSim);
  }
  Copy(out, At(Gpa(vmsa.value() + offset), out.size()));
  return OkStatus();
}

Status GuestRam::WriteVmsa(Gpa vmsa, std::uint32_t offset, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  SVSM_CHECK(offset <= kPageSize && bytes.size() <= kPageSize - offset);
  NoteAccess();
  if (vmsa.value() % kPageSize != 0 || !map_.accessible(vmsa, Vmpl(0))) {
    return Status(Code::kIoError, Source::kSim);
  }
  Copy(At(Gpa(vmsa.value() + offset), bytes.size()), bytes);
  return OkStatus();
}

}  // namespace svsm::sim
