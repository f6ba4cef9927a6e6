#include "protocol/guarded_memory.h"

#include "svsm/core/lock.h"
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

bool GuardedMemory::Allowed(Gpa gpa, std::uint64_t size_bytes) const {
  return IsGuestRange(memory_, gpa, size_bytes) && !vcpus_.OverlapsOwnedLocked(gpa, size_bytes) &&
         !Overlap(gpa, size_bytes, calling_area_, offsetof(CallingArea, buffer));
}

}  // namespace svsm::protocol::internal
