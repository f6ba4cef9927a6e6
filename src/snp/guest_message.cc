#include "svsm/snp/guest_message.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kAadOffset = offsetof(GuestMessageHeader, algo);
constexpr std::size_t kAadSize = kGuestMessageHeaderSize - kAadOffset;

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(offset));
}

Bytes<crypto::kGcmNonceSize> NonceOf(std::uint64_t sequence_number) {
  Bytes<crypto::kGcmNonceSize> nonce{};
  Copy(nonce, wire::ToBytes(wire::Le64(sequence_number)));
  return nonce;
}

GuestMessageHeader HeaderOf(const GuestMessageInfo& info, std::size_t payload_bytes) {
  GuestMessageHeader header{};
  header.sequence_number = info.sequence_number;
  header.algo = kAlgoAes256Gcm;
  header.header_version = kGuestMessageHeaderVersion;
  header.header_size = static_cast<std::uint16_t>(kGuestMessageHeaderSize);
  header.message_type = static_cast<std::uint8_t>(info.type);
  header.message_version = info.version;
  header.message_size = static_cast<std::uint16_t>(payload_bytes);
  header.vmpck = info.vmpck.value();
  return header;
}

Status CheckHeader(const GuestMessageHeader& header) {
  if (!IsZero(header.reserved_28)) return Malformed(offsetof(GuestMessageHeader, reserved_28));
  if (header.algo != kAlgoAes256Gcm) return Malformed(offsetof(GuestMessageHeader, algo));
  if (header.header_version != kGuestMessageHeaderVersion) {
    return Malformed(offsetof(GuestMessageHeader, header_version));
  }
  if (header.header_size.get() != kGuestMessageHeaderSize) {
    return Malformed(offsetof(GuestMessageHeader, header_size));
  }
  const std::size_t payload_bytes = header.message_size.get();
  if (payload_bytes == 0 || payload_bytes > kMaxGuestPayloadSize) {
    return Malformed(offsetof(GuestMessageHeader, message_size));
  }
  if (header.reserved_38.get() != 0) return Malformed(offsetof(GuestMessageHeader, reserved_38));
  if (header.vmpck >= kNumVmpcks) return Malformed(offsetof(GuestMessageHeader, vmpck));
  if (!IsZero(header.reserved_3d)) return Malformed(offsetof(GuestMessageHeader, reserved_3d));
  return OkStatus();
}

}  // namespace

Status SealGuestMessage(crypto::Aead& aead, const GuestMessageInfo& info, ByteView payload,
                        FixedSpan<kGuestMessageSize> page) {
  if (payload.empty() || payload.size() > kMaxGuestPayloadSize ||
      info.vmpck.value() >= kNumVmpcks) {
    Fill(page, 0);
    return Status(Code::kInvalidArgument, Source::kSnp);
  }
  GuestMessageHeader header = HeaderOf(info, payload.size());
  const Bytes<kGuestMessageHeaderSize> plain_header = wire::ToBytes(header);
  const Status sealed =
      aead.Seal(NonceOf(info.sequence_number), ByteView(plain_header).subspan(kAadOffset, kAadSize),
                payload, page.subspan(kGuestMessageHeaderSize, payload.size()), header.tag);
  if (!sealed.ok()) {
    Fill(page, 0);
    return sealed;
  }
  Copy(page, wire::ToBytes(header));
  Fill(page.subspan(kGuestMessageHeaderSize + payload.size()), 0);
  return OkStatus();
}

Result<GuestMessageInfo> DecodeGuestMessageHeader(FixedView<kGuestMessageSize> page) {
  SVSM_ASSIGN_OR_RETURN(const GuestMessageHeader header, wire::Read<GuestMessageHeader>(page));
  SVSM_TRY(CheckHeader(header));
  GuestMessageInfo info;
  info.type = static_cast<MessageType>(header.message_type);
  info.version = header.message_version;
  info.vmpck = VmpckId(header.vmpck);
  info.sequence_number = header.sequence_number.get();
  info.payload_bytes = header.message_size.get();
  return info;
}

Result<GuestMessageInfo> OpenGuestMessage(crypto::Aead& aead, FixedView<kGuestMessageSize> page,
                                          ByteSpan payload) {
  const Result<GuestMessageInfo> info = DecodeGuestMessageHeader(page);
  if (!info.ok()) {
    Fill(payload, 0);
    return info;
  }
  const std::size_t size = info->payload_bytes;
  if (payload.size() < size) {
    Fill(payload, 0);
    return Status(Code::kBufferTooSmall, Source::kSnp, static_cast<std::uint32_t>(size));
  }
  const Status opened =
      aead.Open(NonceOf(info->sequence_number), page.subspan(kAadOffset, kAadSize),
                page.subspan(kGuestMessageHeaderSize, size), page.first<crypto::kGcmTagSize>(),
                payload.first(size));
  Fill(opened.ok() ? payload.subspan(size) : payload, 0);
  // Which backend found the tag wrong is of no interest.
  if (opened.code() == Code::kAuthFailed) return Status(Code::kAuthFailed, Source::kSnp);
  if (!opened.ok()) return opened;
  return info;
}

}  // namespace svsm::snp
