// The 64-bit fields of a VMSA, whose offsets svsm/protocol/vmsa.h names. Errors: the platform's.
#ifndef SVSM_PROTOCOL_VMSA_FIELDS_H_
#define SVSM_PROTOCOL_VMSA_FIELDS_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/platform.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::protocol::internal {

inline Result<std::uint64_t> ReadVmsaU64(const Platform& platform, Gpa vmsa, std::size_t offset) {
  Bytes<sizeof(wire::Le64)> bytes{};
  SVSM_TRY(platform.ReadVmsa(vmsa, static_cast<std::uint32_t>(offset), bytes));
  SVSM_ASSIGN_OR_RETURN(const wire::Le64 field, wire::Read<wire::Le64>(bytes));
  return field.get();
}

inline Status WriteVmsaU64(Platform& platform, Gpa vmsa, std::size_t offset, std::uint64_t value) {
  return platform.WriteVmsa(vmsa, static_cast<std::uint32_t>(offset),
                            wire::ToBytes(wire::Le64(value)));
}

}  // namespace svsm::protocol::internal

#endif  // SVSM_PROTOCOL_VMSA_FIELDS_H_
