#include "svsm/kbs/grant.h"

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"
#include "svsm/crypto/kdf.h"

namespace svsm::kbs {
namespace {

constexpr Bytes<16> kLabel = {'s', 'v', 's', 'm', '-', 'g', 'r', 'a', 'n', 't'};
constexpr std::size_t kVersionOffset = 16;
constexpr std::size_t kSizeOffset = 20;
constexpr std::uint32_t kAllRecords = 0b11110;

Status At(Code code, std::size_t detail) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(detail));
}

void PutRecord(wire::Writer& w, GrantRecord type, ByteView bytes) {
  w.Le16(static_cast<std::uint16_t>(type));
  w.Le16(static_cast<std::uint16_t>(bytes.size()));
  w.Put(bytes);
}

bool HasSize(GrantRecord type, std::size_t size) {
  switch (type) {
    case GrantRecord::kKeySeed:
      return size == kKeySeedSize;
    case GrantRecord::kVmId:
      return size == kVmIdSize;
    case GrantRecord::kBootNumber:
      return size == sizeof(wire::Le64);
    case GrantRecord::kResource:
      return size >= 1 && size <= kMaxResourceSize;
    default:
      return true;
  }
}

void Take(GrantRecord type, ByteView bytes, Grant& grant) {
  switch (type) {
    case GrantRecord::kKeySeed:
      Copy(grant.key_seed.writable(), bytes);
      break;
    case GrantRecord::kVmId:
      Copy(grant.vm_id, bytes);
      break;
    case GrantRecord::kBootNumber:
      grant.boot.value = wire::Reader(bytes).Le64();
      break;
    default:
      grant.resource = bytes;
  }
}

Status ReadRecords(wire::Reader& r, Grant& grant) {
  std::uint32_t seen = 0;
  std::uint32_t last = 0;
  while (r.remaining() > 0) {
    const std::size_t at = r.offset();
    const std::uint16_t number = r.Le16();
    const ByteView bytes = r.Take(r.Le16());
    if (!r.ok()) break;
    if (number <= last) return At(Code::kMalformed, at);
    last = number;
    if (number >= static_cast<std::uint16_t>(GrantRecord::kFirstIgnorable)) continue;
    const auto type = static_cast<GrantRecord>(number);
    if (type > GrantRecord::kResource) return At(Code::kUnsupported, at);
    if (!HasSize(type, bytes.size())) return At(Code::kMalformed, at);
    Take(type, bytes, grant);
    seen |= 1u << number;
  }
  if (r.ok() && seen != kAllRecords) return At(Code::kMalformed, r.offset());
  return OkStatus();
}

Status Decode(ByteView bytes, Grant& grant) {
  if (bytes.size() > kMaxGrantSize) return At(Code::kOutOfRange, kMaxGrantSize);
  wire::Reader r(bytes);
  const ByteView label = r.Take(kLabel.size());
  const std::uint32_t version = r.Le32();
  const std::uint32_t size = r.Le32();
  if (r.ok()) {
    if (!Equal(label, kLabel)) return At(Code::kMalformed, 0);
    if (version != kGrantVersion) return At(Code::kUnsupported, kVersionOffset);
    if (size != bytes.size()) return At(Code::kMalformed, kSizeOffset);
    SVSM_TRY(ReadRecords(r, grant));
  }
  const Status status = r.Finish();
  return status.ok() ? status : At(status.code(), status.detail());
}

}  // namespace

Result<ByteView> EncodeGrant(const Grant& grant, ByteSpan out) {
  if (grant.resource.empty() || grant.resource.size() > kMaxResourceSize) {
    return At(Code::kInvalidArgument, kMaxResourceSize);
  }
  const std::size_t size = kGrantSize - kMaxResourceSize + grant.resource.size();
  if (out.size() < size) return At(Code::kBufferTooSmall, size);
  wire::Writer w(out);
  w.Put(kLabel);
  w.Le32(kGrantVersion);
  w.Le32(static_cast<std::uint32_t>(size));
  PutRecord(w, GrantRecord::kKeySeed, grant.key_seed.view());
  PutRecord(w, GrantRecord::kVmId, grant.vm_id);
  PutRecord(w, GrantRecord::kBootNumber, wire::ToBytes(wire::Le64(grant.boot.value)));
  PutRecord(w, GrantRecord::kResource, grant.resource);
  return w.Finish();
}

Status DecodeGrant(ByteView bytes, Grant& grant) {
  const Status status = Decode(bytes, grant);
  if (!status.ok()) grant.key_seed.wipe();
  return status;
}

Status DeriveRootKey(crypto::Hmac& hmac_sha256, const Grant& grant,
                     FixedSpan<kRootKeySize> root_key) {
  constexpr auto kRootLabel = Ascii("svsm root key 1");
  if (hmac_sha256.algorithm() != crypto::HashAlg::kSha256) {
    Wipe(root_key);
    return At(Code::kInvalidArgument, 0);
  }
  return crypto::KdfA(hmac_sha256, grant.key_seed.view(), kRootLabel, grant.vm_id, grant.resource,
                      root_key);
}

}  // namespace svsm::kbs
