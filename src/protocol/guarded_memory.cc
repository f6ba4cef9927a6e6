#include "protocol/guarded_memory.h"

#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/protocol/calling_area.h"

namespace svsm::protocol::internal {

PageKind GuardedMemory::Classify(Gpa page) const {
  const LockGuard guard(vcpus_.lock());
  return vcpus_.OverlapsOwnedLocked(page, kPageSize) ? PageKind::kSvsm : memory_.Classify(page);
}

Status GuardedMemory::Read(Gpa from, ByteSpan out) const {
  const LockGuard guard(vcpus_.lock());
  if (!Allowed(from, out.size())) {
    Fill(out, 0);
    return Status(Code::kOutOfRange, Source::kProtocol);
  }
  return memory_.Read(from, out);
}

Status GuardedMemory::Write(Gpa to, ByteView bytes) {
  const LockGuard guard(vcpus_.lock());
  if (!Allowed(to, bytes.size())) return Status(Code::kOutOfRange, Source::kProtocol);
  return memory_.Write(to, bytes);
}

Status GuardedMemory::ReadHead(Gpa from, std::uint64_t buffer_bytes, ByteSpan out) const {
  const LockGuard guard(vcpus_.lock());
  if (out.size() > buffer_bytes || !Allowed(from, out.size()) || !IsGuests(from, buffer_bytes)) {
    Fill(out, 0);
    return Status(Code::kOutOfRange, Source::kProtocol);
  }
  return memory_.Read(from, out);
}

Status GuardedMemory::WriteParts(Gpa to, ByteView first, ByteView second) {
  const LockGuard guard(vcpus_.lock());
  if (!Allowed(to, first.size() + second.size())) {
    return Status(Code::kOutOfRange, Source::kProtocol);
  }
  SVSM_TRY(memory_.Write(to, first));
  return memory_.Write(Gpa(to.value() + first.size()), second);
}

bool GuardedMemory::IsGuests(Gpa gpa, std::uint64_t size_bytes) const {
  return IsGuestRange(memory_, gpa, size_bytes) && !vcpus_.OverlapsOwnedLocked(gpa, size_bytes);
}

bool GuardedMemory::Allowed(Gpa gpa, std::uint64_t size_bytes) const {
  return IsGuests(gpa, size_bytes) &&
         !Overlap(gpa, size_bytes, calling_area_, offsetof(CallingArea, buffer));
}

}  // namespace svsm::protocol::internal
