#include "svsm/evidence/report_data.h"

#include "svsm/core/wire.h"
#include "svsm/evidence/ek_template.h"

namespace svsm::evidence {
namespace {

Status BadArgument(std::size_t detail) {
  return Status(Code::kInvalidArgument, Source::kEvidence, static_cast<std::uint32_t>(detail));
}

// Digest over `parts` at the start of REPORT_DATA; zeros behind it.
Result<ReportData> Hashed(const crypto::Hash& hash, crypto::HashAlg wanted,
                          std::span<const ByteView> parts) {
  if (hash.algorithm() != wanted) return BadArgument(0);
  ReportData data{};
  SVSM_TRY(hash.Digest(parts, ByteSpan(data).first(crypto::DigestSize(wanted))));
  return data;
}

Result<ReportData> Sha512Of(const crypto::Hash& hash, std::span<const ByteView> parts) {
  return Hashed(hash, crypto::HashAlg::kSha512, parts);
}

struct OwnKindRow {
  OwnKind kind;
  Bytes<16> tag;
  Bytes<19> label;
  std::uint32_t version;
};
constexpr OwnKindRow kOwnKinds[] = {
    {OwnKind::kBrokerBinding, Ascii("SVSM:BROKER-KEY1"), Ascii("svsm broker binding"), 1},
};

const OwnKindRow& RowOf(OwnKind kind) {
  for (const OwnKindRow& row : kOwnKinds) {
    if (row.kind == kind) return row;
  }
  SVSM_CHECK(false);
  return kOwnKinds[0];
}

constexpr std::size_t kTagSize = 16;

}  // namespace

const char* ReportDataKindName(ReportDataKind kind) {
  switch (kind) {
    case ReportDataKind::kEkTpm2b:
      return "SHA-512(TPM2B_PUBLIC of the EK)";
    case ReportDataKind::kEkTpmt:
      return "SHA-512(TPMT_PUBLIC of the EK)";
    case ReportDataKind::kServiceManifest:
      return "SHA-512(nonce || manifest)";
    case ReportDataKind::kHclRuntimeData:
      return "SHA-256(runtime data)";
    case ReportDataKind::kBrokerKey:
      return "SHA-512(x || y || nonce)";
    case ReportDataKind::kRuntimeData:
      return "SHA-384(runtime data)";
    case ReportDataKind::kOwn:
      return "SHA-384(labelled binding) || tag";
  }
  return "?";
}

Result<ReportData> EkReportData(const crypto::Hash& sha512, ByteView public_area) {
  SVSM_TRY(MatchEkTemplate(public_area).status());
  return Sha512Of(sha512, {&public_area, 1});
}

Result<ReportDataKind> MatchEkReportData(const crypto::Hash& sha512,
                                         FixedView<kReportDataSize> data, ByteView public_area) {
  SVSM_ASSIGN_OR_RETURN(const EkMatch ek, MatchEkTemplate(public_area));
  SVSM_ASSIGN_OR_RETURN(const ReportData bare, Sha512Of(sha512, {&ek.tpmt, 1}));
  if (Equal(bare, data)) return ReportDataKind::kEkTpmt;
  const auto size = wire::ToBytes(wire::Be16(static_cast<std::uint16_t>(ek.tpmt.size())));
  const ByteView parts[] = {size, ek.tpmt};
  SVSM_ASSIGN_OR_RETURN(const ReportData sized, Sha512Of(sha512, parts));
  if (Equal(sized, data)) return ReportDataKind::kEkTpm2b;
  return Status(Code::kAuthFailed, Source::kEvidence);
}

Result<ReportData> ServiceManifestReportData(const crypto::Hash& sha512, ByteView nonce,
                                             ByteView manifest) {
  if (nonce.size() != kServiceNonceSize) return BadArgument(kServiceNonceSize);
  const ByteView parts[] = {nonce, manifest};
  return Sha512Of(sha512, parts);
}

Result<ReportData> HclReportData(const crypto::Hash& sha256, ByteView json) {
  if (json.empty() || json.size() > kMaxHclRuntimeDataSize) {
    return BadArgument(kMaxHclRuntimeDataSize);
  }
  return Hashed(sha256, crypto::HashAlg::kSha256, {&json, 1});
}

Result<ReportData> BrokerKeyReportData(const crypto::Hash& sha512, ByteView x, ByteView y,
                                       ByteView nonce) {
  if (x.size() != kBrokerCoordinateSize || y.size() != kBrokerCoordinateSize) {
    return BadArgument(kBrokerCoordinateSize);
  }
  if (nonce.size() < kMinBrokerNonceSize || nonce.size() > kMaxBrokerNonceSize) {
    return BadArgument(kMaxBrokerNonceSize);
  }
  const ByteView parts[] = {x, y, nonce};
  return Sha512Of(sha512, parts);
}

Result<ReportData> RuntimeReportData(const crypto::Hash& sha384, ByteView json) {
  constexpr auto kBegin = Ascii("{\"additional-evidence\":\"");
  if (json.size() < kBegin.size() || json.size() > kMaxRuntimeDataSize ||
      !Equal(json.first(kBegin.size()), kBegin)) {
    return BadArgument(kMaxRuntimeDataSize);
  }
  return Hashed(sha384, crypto::HashAlg::kSha384, {&json, 1});
}

FixedView<16> OwnKindTag(OwnKind kind) { return RowOf(kind).tag; }

Result<ReportData> OwnReportData(OwnKind kind, const crypto::Hash& sha384,
                                 std::span<const ByteView> parts) {
  if (parts.empty() || parts.size() > kMaxOwnParts) return BadArgument(kMaxOwnParts);
  const OwnKindRow& row = RowOf(kind);
  const auto label_size = wire::ToBytes(wire::Be16(static_cast<std::uint16_t>(row.label.size())));
  const auto version = wire::ToBytes(wire::Be32(row.version));
  const auto count = wire::ToBytes(wire::Be32(static_cast<std::uint32_t>(parts.size())));
  std::array<Bytes<8>, kMaxOwnParts> sizes{};
  std::array<ByteView, 4 + 2 * kMaxOwnParts> views = {label_size, row.label, version, count};
  std::size_t used = 4;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sizes[i] = wire::ToBytes(wire::Be64(parts[i].size()));
    views[used++] = sizes[i];
    views[used++] = parts[i];
  }
  SVSM_ASSIGN_OR_RETURN(ReportData data,
                        Hashed(sha384, crypto::HashAlg::kSha384, std::span(views).first(used)));
  Copy(ByteSpan(data).last(kTagSize), row.tag);
  return data;
}

Result<OwnKind> FindOwnKind(FixedView<kReportDataSize> data) {
  for (const OwnKindRow& row : kOwnKinds) {
    if (Equal(data.last(kTagSize), row.tag)) return row.kind;
  }
  return Status(Code::kNotFound, Source::kEvidence);
}

}  // namespace svsm::evidence
