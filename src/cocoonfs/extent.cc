#include "cocoonfs/extent.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {

Result<ExtentPointer> DecodeExtentPointer(std::uint64_t raw) {
  ExtentPointer out;
  if (raw == kNilPointer) return out;
  out.nil = false;
  out.indirect = (raw & 1) != 0;
  out.extent = {raw >> 7, (raw >> 1 & (kMaxPointerBlocks - 1)) + 1};
  if (out.extent.first == 0 || out.extent.end() > kMaxPosition + 1) {
    return Malformed(Region::kDevice);
  }
  return out;
}

Result<std::uint64_t> DecodeBlockPointer(std::uint64_t raw) {
  if (raw == kNilPointer) return kNilPointer;
  if ((raw & 0x7F) != 0 || raw == 0) return Malformed(Region::kDevice);
  return raw >> 7;
}

}  // namespace svsm::cocoonfs
