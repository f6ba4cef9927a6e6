#include "svsm/vtpm/tpm.h"

#include "svsm/core/reader.h"
#include "svsm/core/wire.h"

namespace svsm::vtpm {

Bytes<kTpmHeaderSize> ErrorResponse(std::uint32_t response_code) {
  struct Header {
    wire::Be16 tag;
    wire::Be32 size;
    wire::Be32 code;
  };
  static_assert(wire::Struct<Header> && sizeof(Header) == kTpmHeaderSize &&
                offsetof(Header, size) == 2 && offsetof(Header, code) == 6);
  return wire::ToBytes(Header{wire::Be16(static_cast<std::uint16_t>(TpmTag::kNoSessions)),
                              wire::Be32(kTpmHeaderSize), wire::Be32(response_code)});
}

Result<std::uint32_t> ResponseCode(ByteView response) {
  if (response.size() < kTpmHeaderSize) {
    return Status(Code::kTruncated, Source::kVtpm, kTpmHeaderSize);
  }
  wire::Reader r(response);
  const auto tag = static_cast<TpmTag>(r.Be16());
  if (tag != TpmTag::kNoSessions && tag != TpmTag::kSessions) {
    return Status(Code::kMalformed, Source::kVtpm, 0);
  }
  if (r.Be32() != response.size()) return Status(Code::kMalformed, Source::kVtpm, 2);
  return r.Be32();
}

}  // namespace svsm::vtpm
