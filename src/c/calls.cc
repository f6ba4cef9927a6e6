#include "svsm/c/calls.h"

#include <array>

#include "c/bridge.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/manifest.h"
#include "svsm/protocol/registers.h"
#include "svsm/protocol/result_code.h"
#include "svsm/protocol/vtpm.h"

namespace svsm::c {
namespace {

static_assert(SVSM_CALL_PENDING_OFFSET == offsetof(protocol::CallingArea, call_pending));
static_assert(SVSM_MEM_AVAILABLE_OFFSET == offsetof(protocol::CallingArea, mem_available));
static_assert(SVSM_CALL_BUFFER_OFFSET == offsetof(protocol::CallingArea, buffer));
static_assert(SVSM_VTPM_PROTOCOL == protocol::kVtpmProtocol);
static_assert(SVSM_VTPM_BUFFER_SIZE == protocol::kTpmBufferSize);

constexpr std::size_t kMaxEntries = 511;
constexpr std::uint32_t kKnownFlags = SVSM_PVALIDATE_2M | SVSM_PVALIDATE_VALID |
                                      SVSM_PVALIDATE_IGNORE_UNCHANGED | SVSM_PVALIDATE_SPLIT;

Status Invalid(std::size_t detail) {
  return Status(Code::kInvalidArgument, Source::kProtocol, static_cast<std::uint32_t>(detail));
}

Status WriteList(std::span<const std::uint64_t> gpas, std::uint32_t flags, ByteSpan out,
                 std::size_t& size) {
  if (gpas.empty() || gpas.size() > kMaxEntries || (flags & ~kKnownFlags) != 0) return Invalid(0);
  const std::uint64_t page = (flags & SVSM_PVALIDATE_2M) != 0 ? kLargePageSize : kPageSize;
  for (std::size_t i = 0; i < gpas.size(); ++i) {
    if (gpas[i] % page != 0) return Invalid(i);
  }
  const std::size_t needed = sizeof(protocol::PvalidateListHeader) + 8 * gpas.size();
  if (out.size() < needed) {
    return Status(Code::kBufferTooSmall, Source::kProtocol, static_cast<std::uint32_t>(needed));
  }
  protocol::PvalidateListHeader header{};
  header.entries = static_cast<std::uint16_t>(gpas.size());
  Copy(out, wire::ToBytes(header));
  for (std::size_t i = 0; i < gpas.size(); ++i) {
    Copy(out.subspan(sizeof(header) + 8 * i), wire::ToBytes(wire::Le64(gpas[i] | flags)));
  }
  size = needed;
  return OkStatus();
}

}  // namespace
}  // namespace svsm::c

svsm_status svsm_result_status(std::uint32_t result_code) {
  return svsm::c::ToC(
      svsm::protocol::StatusOf(static_cast<svsm::protocol::ResultCode>(result_code)));
}

svsm_status svsm_pvalidate_list(const std::uint64_t* gpas, std::size_t count, std::uint32_t flags,
                                std::uint8_t* out, std::size_t out_size, std::size_t* size) {
  *size = 0;
  return svsm::c::ToC(svsm::c::WriteList({gpas, count}, flags, {out, out_size}, *size));
}

svsm_status svsm_vtpm_encode_request(const std::uint8_t* command, std::size_t command_size,
                                     std::uint8_t* buffer, std::size_t buffer_size,
                                     std::size_t* size) {
  const svsm::Result<std::size_t> encoded =
      svsm::protocol::EncodeTpmRequest({command, command_size}, {buffer, buffer_size});
  *size = encoded.ok() ? *encoded : 0;
  return svsm::c::ToC(encoded.status());
}

svsm_status svsm_vtpm_decode_response(const std::uint8_t* buffer, std::size_t buffer_size,
                                      const std::uint8_t** response, std::size_t* response_size) {
  const svsm::Result<svsm::ByteView> decoded =
      svsm::protocol::DecodeTpmResponse({buffer, buffer_size});
  *response = decoded.ok() ? decoded->data() : nullptr;
  *response_size = decoded.ok() ? decoded->size() : 0;
  return svsm::c::ToC(decoded.status());
}

svsm_status svsm_services_manifest_parse(const std::uint8_t* bytes, std::size_t size,
                                         svsm_service* services, std::size_t max_services,
                                         std::size_t* count) {
  *count = 0;
  std::array<svsm::protocol::ManifestEntry, SVSM_MAX_SERVICES> slots;
  const std::size_t room = max_services < slots.size() ? max_services : slots.size();
  const auto parsed =
      svsm::protocol::ParseServicesManifest({bytes, size}, std::span(slots).first(room));
  if (!parsed.ok()) return svsm::c::ToC(parsed.status());
  for (const svsm::protocol::ManifestEntry& entry : *parsed) {
    svsm_service& service = services[(*count)++];
    svsm::Copy(service.guid, entry.guid.rfc4122());
    service.manifest = entry.manifest.data();
    service.manifest_size = entry.manifest.size();
  }
  return svsm::c::ToC(svsm::OkStatus());
}
