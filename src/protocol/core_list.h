// The list in guest memory that PVALIDATE and DEPOSIT_MEM work off: the head is read and judged
// once, each entry is read once, and `next` says how far the call came.
#ifndef SVSM_PROTOCOL_CORE_LIST_H_
#define SVSM_PROTOCOL_CORE_LIST_H_

#include "svsm/core/wire.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/result_code.h"

namespace svsm::protocol::internal {

class CoreList final {
 public:
  CoreList(GuestMemory& memory, Gpa at) : memory_(memory), at_(at) {}

  // The head. kInvalidParameter (not 8-aligned, no entries, next not below entries, not within its
  // page), kInvalidAddress (it cannot be read). Only after kSuccess is the rest of use.
  ResultCode Open() {
    if (at_.value() % 8 != 0) return ResultCode::kInvalidParameter;
    Bytes<sizeof(PvalidateListHeader)> bytes{};
    if (!memory_.Read(at_, bytes).ok()) return ResultCode::kInvalidAddress;
    const PvalidateListHeader header = *wire::Read<PvalidateListHeader>(bytes);
    entries_ = header.entries.get();
    next_ = header.next.get();
    const bool fits = InOnePage(at_, sizeof(header) + 8 * std::uint64_t{entries_});
    return entries_ != 0 && next_ < entries_ && fits ? ResultCode::kSuccess
                                                     : ResultCode::kInvalidParameter;
  }
  bool Done() const { return next_ == entries_; }
  // The entry that is next.
  ResultCode Read(std::uint64_t& bits) const {
    Bytes<8> bytes{};
    const Gpa at(at_.value() + sizeof(PvalidateListHeader) + 8 * std::uint64_t{next_});
    if (!memory_.Read(at, bytes).ok()) return ResultCode::kInvalidAddress;
    bits = wire::Read<wire::Le64>(bytes)->get();
    return ResultCode::kSuccess;
  }
  void Advance() { ++next_; }
  // Tells the guest how far the call came, and gives `code` back; kInvalidAddress if that fails.
  ResultCode Close(ResultCode code) {
    const Gpa at(at_.value() + offsetof(PvalidateListHeader, next));
    return memory_.Write(at, wire::ToBytes(wire::Le16(next_))).ok() ? code
                                                                    : ResultCode::kInvalidAddress;
  }
  // The page that the list is in.
  Gpa Page() const { return Gpa(at_.value() / kPageSize * kPageSize); }

 private:
  GuestMemory& memory_;
  Gpa at_;
  std::uint16_t entries_ = 0;
  std::uint16_t next_ = 0;
};

}  // namespace svsm::protocol::internal

#endif  // SVSM_PROTOCOL_CORE_LIST_H_
