#include "svsm/protocol/secrets_page.h"

#include "svsm/protocol/guest_memory.h"

namespace svsm::protocol {
namespace {

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kProtocol, static_cast<std::uint32_t>(offset));
}

constexpr std::size_t VmpckOffset(std::size_t index) {
  return offsetof(SecretsPage, vmpck) + index * kVmpckSize;
}

constexpr std::size_t SeqnoOffset(std::size_t index) {
  return offsetof(SecretsPage, message_seqno) + index * sizeof(wire::Le32);
}

template <typename T>
auto Get(ByteView page, std::size_t offset) {
  return wire::Read<T>(page.subspan(offset))->get();
}

template <typename T, typename V>
void Put(ByteSpan page, std::size_t offset, V value) {
  Copy(page.subspan(offset), wire::ToBytes(T(value)));
}

// The offset of the field that cannot be, or 0 (where no field of the SVSM is).
std::size_t BadField(const SvsmPlace& place) {
  if (!IsPageAligned(place.base)) return offsetof(SecretsPage, svsm_base);
  if (place.size_bytes == 0 || place.size_bytes % kPageSize != 0 ||
      !FitsAddressSpace(place.base, place.size_bytes)) {
    return offsetof(SecretsPage, svsm_size);
  }
  if (!IsPageAligned(place.boot_calling_area)) return offsetof(SecretsPage, svsm_caa);
  if (place.max_core_version == 0) return offsetof(SecretsPage, svsm_max_version);
  if (place.guest_vmpl == Vmpl(0) || place.guest_vmpl >= Vmpl(kNumVmpls)) {
    return offsetof(SecretsPage, svsm_guest_vmpl);
  }
  return 0;
}

}  // namespace

Status CheckSecretsPage(FixedView<kPageSize> page) {
  const std::uint32_t version = Get<wire::Le32>(page, offsetof(SecretsPage, version));
  return version == 0 ? Status(Code::kUnsupported, Source::kProtocol, version) : OkStatus();
}

Result<Secret<kVmpckSize>> TakeVmpck(FixedSpan<kPageSize> page, std::size_t index) {
  if (index >= kNumVmpcks) return Status(Code::kOutOfRange, Source::kProtocol);
  const ByteSpan field = page.subspan(VmpckOffset(index), kVmpckSize);
  if (IsZero(field)) return Status(Code::kNotFound, Source::kProtocol);
  Secret<kVmpckSize> key{field.first<kVmpckSize>()};
  Wipe(field);
  return key;
}

Result<std::uint32_t> MessageSeqno(FixedView<kPageSize> page, std::size_t index) {
  if (index >= kNumVmpcks) return Status(Code::kOutOfRange, Source::kProtocol);
  return Get<wire::Le32>(page, SeqnoOffset(index));
}

Status SetMessageSeqno(FixedSpan<kPageSize> page, std::size_t index, std::uint64_t seqno) {
  if (index >= kNumVmpcks || seqno > 0xFFFFFFFF) {
    return Status(Code::kOutOfRange, Source::kProtocol);
  }
  Put<wire::Le32>(page, SeqnoOffset(index), static_cast<std::uint32_t>(seqno));
  return OkStatus();
}

Status MakeGuestSecretsPage(FixedView<kPageSize> page, const SvsmPlace& place,
                            FixedSpan<kPageSize> out) {
  if (BadField(place) != 0) return Status(Code::kInvalidArgument, Source::kProtocol);
  Copy(out, page);
  for (std::size_t i = 0; i < place.guest_vmpl.value(); ++i) {
    Wipe(out.subspan(VmpckOffset(i), kVmpckSize));
  }
  Put<wire::Le64>(out, offsetof(SecretsPage, svsm_base), place.base.value());
  Put<wire::Le64>(out, offsetof(SecretsPage, svsm_size), place.size_bytes);
  Put<wire::Le64>(out, offsetof(SecretsPage, svsm_caa), place.boot_calling_area.value());
  Put<wire::Le32>(out, offsetof(SecretsPage, svsm_max_version), place.max_core_version);
  out[offsetof(SecretsPage, svsm_guest_vmpl)] = static_cast<std::uint8_t>(place.guest_vmpl.value());
  return OkStatus();
}

Result<SvsmPlace> FindSvsm(FixedView<kPageSize> page) {
  SvsmPlace place;
  place.size_bytes = Get<wire::Le64>(page, offsetof(SecretsPage, svsm_size));
  if (place.size_bytes == 0) return Status(Code::kNotFound, Source::kProtocol);
  place.base = Gpa(Get<wire::Le64>(page, offsetof(SecretsPage, svsm_base)));
  place.boot_calling_area = Gpa(Get<wire::Le64>(page, offsetof(SecretsPage, svsm_caa)));
  place.max_core_version = Get<wire::Le32>(page, offsetof(SecretsPage, svsm_max_version));
  place.guest_vmpl = Vmpl(page[offsetof(SecretsPage, svsm_guest_vmpl)]);
  const std::size_t bad = BadField(place);
  if (bad != 0) return Malformed(bad);
  return place;
}

}  // namespace svsm::protocol
