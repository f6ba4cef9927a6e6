// svsm/snp/guest_message.h: the messages that a guest and the AMD-SP exchange under a VMPCK.
//
//   const GuestMessageInfo info{
//       .type = MessageType::kReportRequest, .vmpck = VmpckId(0), .sequence_number = next};
//   SVSM_TRY(SealGuestMessage(aead, info, payload, page));
//
// Layouts, and sealing and opening, for both sides: guests use them through
// svsm/snp/guest_message_session.h, a software AMD-SP directly. A message is one 4 KiB page: a
// header of 60h bytes, of which bytes 30h..5Fh are authenticated, and an encrypted payload. The
// nonce is the sequence number; sealing two payloads under one number and key gives both away, and
// nothing here can notice it.
//
// Profile: freestanding. Allocates: never. Threads: pure functions, as far as the Aead allows.
// Spec: AMD 56860, "SNP_GUEST_REQUEST" and "Guest Messages".
#ifndef SVSM_SNP_GUEST_MESSAGE_H_
#define SVSM_SNP_GUEST_MESSAGE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/aead.h"
#include "svsm/snp/report_layout.h"
#include "svsm/snp/tcb.h"

namespace svsm::snp {

inline constexpr std::size_t kVmpckSize = 32;
inline constexpr std::uint8_t kNumVmpcks = 4;
// Which VM platform communication key, 0 to 3. The AMD-SP takes the caller's VMPL from it.
using VmpckId = Strong<struct VmpckIdTag, std::uint8_t>;

inline constexpr std::size_t kGuestMessageSize = 4096;
inline constexpr std::size_t kGuestMessageHeaderSize = 0x60;
inline constexpr std::size_t kMaxGuestPayloadSize = 4000;

inline constexpr std::uint8_t kAlgoAes256Gcm = 1;
inline constexpr std::uint8_t kGuestMessageHeaderVersion = 1;

enum class MessageType : std::uint8_t {
  kCpuidRequest = 1,
  kCpuidResponse = 2,
  kKeyRequest = 3,
  kKeyResponse = 4,
  kReportRequest = 5,
  kReportResponse = 6,
  kExportRequest = 7,
  kExportResponse = 8,
  kImportRequest = 9,
  kImportResponse = 10,
  kAbsorbRequest = 11,
  kAbsorbResponse = 12,
  kVmrkRequest = 13,
  kVmrkResponse = 14,
  kAbsorbNoMaRequest = 15,
  kAbsorbNoMaResponse = 16,
  kTscInfoRequest = 17,
  kTscInfoResponse = 18
};

// STATUS at the start of a response's payload.
inline constexpr std::uint32_t kMessageSuccess = 0;
inline constexpr std::uint32_t kMessageInvalidParam = 0x16;
inline constexpr std::uint32_t kMessageInvalidKey = 0x27;

struct GuestMessageHeader {
  Bytes<crypto::kGcmTagSize> tag;
  Bytes<16> tag_padding;  // zero when sealed, not looked at when opened
  wire::Le64 sequence_number;
  Bytes<8> reserved_28;
  std::uint8_t algo;  // from here on authenticated
  std::uint8_t header_version;
  wire::Le16 header_size;
  std::uint8_t message_type;
  std::uint8_t message_version;
  wire::Le16 message_size;  // of the payload
  wire::Le32 reserved_38;
  std::uint8_t vmpck;
  Bytes<35> reserved_3d;
};
static_assert(wire::Struct<GuestMessageHeader>);
static_assert(sizeof(GuestMessageHeader) == kGuestMessageHeaderSize);
static_assert(offsetof(GuestMessageHeader, tag) == 0x00);
static_assert(offsetof(GuestMessageHeader, tag_padding) == 0x10);
static_assert(offsetof(GuestMessageHeader, sequence_number) == 0x20);
static_assert(offsetof(GuestMessageHeader, reserved_28) == 0x28);
static_assert(offsetof(GuestMessageHeader, algo) == 0x30);
static_assert(offsetof(GuestMessageHeader, header_version) == 0x31);
static_assert(offsetof(GuestMessageHeader, header_size) == 0x32);
static_assert(offsetof(GuestMessageHeader, message_type) == 0x34);
static_assert(offsetof(GuestMessageHeader, message_version) == 0x35);
static_assert(offsetof(GuestMessageHeader, message_size) == 0x36);
static_assert(offsetof(GuestMessageHeader, reserved_38) == 0x38);
static_assert(offsetof(GuestMessageHeader, vmpck) == 0x3C);
static_assert(offsetof(GuestMessageHeader, reserved_3d) == 0x3D);

// KEY_SEL of a report request.
enum class ReportKey : std::uint32_t { kVlekIfLoaded = 0, kVcek = 1, kVlek = 2 };

struct ReportRequest {
  Bytes<64> report_data;
  wire::Le32 vmpl;
  wire::Le32 key_select;
  Bytes<24> reserved_48;
};
static_assert(wire::Struct<ReportRequest> && sizeof(ReportRequest) == 96);
static_assert(offsetof(ReportRequest, report_data) == 0x00);
static_assert(offsetof(ReportRequest, vmpl) == 0x40);
static_assert(offsetof(ReportRequest, key_select) == 0x44);
static_assert(offsetof(ReportRequest, reserved_48) == 0x48);

// The report follows.
struct ReportResponse {
  wire::Le32 status;
  wire::Le32 report_size;
  Bytes<24> reserved_08;
};
static_assert(wire::Struct<ReportResponse> && sizeof(ReportResponse) == 32);
static_assert(offsetof(ReportResponse, status) == 0 && offsetof(ReportResponse, report_size) == 4);
static_assert(offsetof(ReportResponse, reserved_08) == 8);

// Message version 1; version 2 appends launch_mit_vector.
struct KeyRequest {
  wire::Le32 root_key_select;
  wire::Le32 reserved_04;
  wire::Le64 guest_field_select;
  wire::Le32 vmpl;
  wire::Le32 guest_svn;
  RawTcb tcb;
};
static_assert(wire::Struct<KeyRequest> && sizeof(KeyRequest) == 0x20);
static_assert(offsetof(KeyRequest, root_key_select) == 0x00);
static_assert(offsetof(KeyRequest, reserved_04) == 0x04);
static_assert(offsetof(KeyRequest, guest_field_select) == 0x08);
static_assert(offsetof(KeyRequest, vmpl) == 0x10 && offsetof(KeyRequest, guest_svn) == 0x14);
static_assert(offsetof(KeyRequest, tcb) == 0x18);

struct KeyRequestV2 {
  KeyRequest v1;
  wire::Le64 launch_mit_vector;
};
static_assert(wire::Struct<KeyRequestV2> && sizeof(KeyRequestV2) == 0x28);
static_assert(offsetof(KeyRequestV2, launch_mit_vector) == 0x20);

struct KeyResponse {
  wire::Le32 status;
  Bytes<28> reserved_04;
  Bytes<32> derived_key;
};
static_assert(wire::Struct<KeyResponse> && sizeof(KeyResponse) == 0x40);
static_assert(offsetof(KeyResponse, status) == 0 && offsetof(KeyResponse, reserved_04) == 4);
static_assert(offsetof(KeyResponse, derived_key) == 0x20);

// What a header says besides its constants.
struct GuestMessageInfo {
  MessageType type = MessageType::kReportRequest;
  std::uint8_t version = 1;
  VmpckId vmpck;
  std::uint64_t sequence_number = 0;
  std::size_t payload_bytes = 0;  // ignored by SealGuestMessage(), which takes it from the payload
};

// Fills `page` with header and encrypted `payload`; what is behind them becomes zero. `aead` holds
// the VMPCK; `payload` and `page` do not overlap. Errors: kInvalidArgument (payload empty or longer
// than kMaxGuestPayloadSize, or VMPCK above 3), and the Aead's; `page` is zero then.
Status SealGuestMessage(crypto::Aead& aead, const GuestMessageInfo& info, ByteView payload,
                        FixedSpan<kGuestMessageSize> page);

// Reads the header of a page in private memory: algorithm, header version and size, reserved bytes
// zero, payload of 1 to kMaxGuestPayloadSize bytes, VMPCK 0 to 3. The type may be one that
// MessageType does not list. Nothing is authenticated yet. Errors: kMalformed (detail = offset of
// the first field that is wrong).
Result<GuestMessageInfo> DecodeGuestMessageHeader(FixedView<kGuestMessageSize> page);

// Decodes the header as above, opens the message with the sequence number that the header names and
// gives its payload at the start of `payload`, zeros behind it. The caller compares type, version,
// VMPCK and sequence number with what it expects, before or after; GuestMessageExchange does both.
// Errors: kMalformed (as above), kBufferTooSmall (detail = bytes needed), kAuthFailed, and the
// Aead's; `payload` is zero then.
Result<GuestMessageInfo> OpenGuestMessage(crypto::Aead& aead, FixedView<kGuestMessageSize> page,
                                          ByteSpan payload);

}  // namespace svsm::snp

#endif  // SVSM_SNP_GUEST_MESSAGE_H_
