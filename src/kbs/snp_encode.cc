#include "kbs/snp_report_fields.h"
#include "svsm/core/wire.h"
#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

constexpr std::uint8_t kFamilyWithFmc = 0x1A;
constexpr std::size_t kShortChipIdSize = 8;
constexpr std::size_t kChipIdSize = 64;

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kKbs, static_cast<std::uint32_t>(offset));
}

std::uint64_t Number(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

Status CheckZero(ByteView report, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    if (report[i] != 0) return Malformed(i);
  }
  return OkStatus();
}

Status CheckTcb(ByteView report, std::size_t offset, const SnpTcbLayout& layout) {
  for (std::size_t i = 0; i < 8; ++i) {
    bool carried = layout.has_fmc && i == 0;
    for (const std::uint8_t part : layout.parts) carried = carried || part == i;
    if (!carried && report[offset + i] != 0) return Malformed(offset + i);
  }
  return OkStatus();
}

void PutNumber(JsonWriter& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Unsigned(value);
}

void PutBytes(JsonWriter& json, const char* name, ByteView bytes) {
  json.Key(name);
  json.BeginArray();
  for (const std::uint8_t byte : bytes) json.Unsigned(byte);
  json.EndArray();
}

void PutTcb(JsonWriter& json, ByteView tcb, const SnpTcbLayout& layout) {
  json.BeginObject();
  json.Key("fmc");
  if (layout.has_fmc) {
    json.Unsigned(tcb[0]);
  } else {
    json.Null();
  }
  PutNumber(json, "bootloader", tcb[layout.parts[0]]);
  PutNumber(json, "tee", tcb[layout.parts[1]]);
  PutNumber(json, "snp", tcb[layout.parts[2]]);
  PutNumber(json, "microcode", tcb[layout.parts[3]]);
  json.EndObject();
}

// Stored as build, minor, major.
void PutVersion(JsonWriter& json, ByteView version) {
  json.BeginObject();
  PutNumber(json, "major", version[2]);
  PutNumber(json, "minor", version[1]);
  PutNumber(json, "build", version[0]);
  json.EndObject();
}

void PutField(JsonWriter& json, const SnpField& field, FixedView<kSnpReportSize> report,
              const SnpTcbLayout& layout) {
  const ByteView bytes = report.subspan(field.offset, field.size);
  const std::uint32_t version = SnpReportVersion(report);
  if (field.kind == SnpFieldKind::kBytes) return PutBytes(json, field.name, bytes);
  json.Key(field.name);
  const bool absent = (field.kind == SnpFieldKind::kSince3 && version < 3) ||
                      (field.kind == SnpFieldKind::kSince5 && version < 5);
  if (absent) {
    json.Null();
  } else if (field.kind == SnpFieldKind::kTcb) {
    PutTcb(json, bytes, layout);
  } else if (field.kind == SnpFieldKind::kVersion) {
    PutVersion(json, bytes);
  } else {
    json.Unsigned(Number(bytes));
  }
}

void PutReport(JsonWriter& json, FixedView<kSnpReportSize> report) {
  const SnpTcbLayout layout = SnpTcbLayoutOf(report);
  json.BeginObject();
  for (const SnpField& field : kSnpFields) PutField(json, field, report, layout);
  json.Key("signature");
  json.BeginObject();
  PutBytes(json, "r", report.subspan(kSnpSignatureR, kSnpSignaturePartSize));
  PutBytes(json, "s", report.subspan(kSnpSignatureS, kSnpSignaturePartSize));
  json.EndObject();
  json.EndObject();
}

Status CheckReport(ByteView report) {
  if (report.size() != kSnpReportSize) return Malformed(kSnpReportSize);
  const auto fixed = report.first<kSnpReportSize>();
  const std::uint32_t version = SnpReportVersion(fixed);
  if (!IsKnownSnpReport(version)) return Status(Code::kUnsupported, Source::kKbs, version);
  return CheckSnpReportCarried(fixed);
}

const char* TypeName(EvidenceCertificate::Type type) {
  switch (type) {
    case EvidenceCertificate::Type::kArk:
      return "ARK";
    case EvidenceCertificate::Type::kAsk:
      return "ASK";
    case EvidenceCertificate::Type::kVcek:
      return "VCEK";
    case EvidenceCertificate::Type::kVlek:
      return "VLEK";
    case EvidenceCertificate::Type::kCrl:
      return "CRL";
    case EvidenceCertificate::Type::kEmpty:
    case EvidenceCertificate::Type::kOther:
      break;
  }
  return "Empty";
}

void PutCertificate(JsonWriter& json, const EvidenceCertificate& certificate) {
  json.BeginObject();
  json.Key("cert_type");
  if (certificate.type == EvidenceCertificate::Type::kOther) {
    json.BeginObject();
    json.Key("OTHER");
    json.String(certificate.uuid);
    json.EndObject();
  } else {
    json.String(TypeName(certificate.type));
  }
  PutBytes(json, "data", certificate.data);
  json.EndObject();
}

}  // namespace

std::uint32_t SnpReportVersion(FixedView<kSnpReportSize> report) {
  return static_cast<std::uint32_t>(Number(report.first(4)));
}

// Version 2 does not tell its processor: there, only family 1Ah has a chip id of 8 bytes.
SnpTcbLayout SnpTcbLayoutOf(FixedView<kSnpReportSize> report) {
  const ByteView chip_id = report.subspan(kSnpChipId, kChipIdSize);
  const bool short_id =
      !IsZero(chip_id.first(kShortChipIdSize)) && IsZero(chip_id.subspan(kShortChipIdSize));
  const bool has_fmc =
      SnpReportVersion(report) < 3 ? short_id : report[kSnpCpuidFamily] == kFamilyWithFmc;
  if (has_fmc) return {.has_fmc = true, .parts = {1, 2, 3, 7}};
  return {.has_fmc = false, .parts = {0, 1, 6, 7}};
}

Status CheckSnpReportCarried(FixedView<kSnpReportSize> report) {
  const std::uint32_t version = SnpReportVersion(report);
  const SnpTcbLayout layout = SnpTcbLayoutOf(report);
  std::size_t carried = 0;
  for (const SnpField& field : kSnpFields) {
    SVSM_TRY(CheckZero(report, carried, field.offset));
    carried = field.offset + field.size;
    if (field.kind == SnpFieldKind::kTcb) SVSM_TRY(CheckTcb(report, field.offset, layout));
    const bool absent = (field.kind == SnpFieldKind::kSince3 && version < 3) ||
                        (field.kind == SnpFieldKind::kSince5 && version < 5);
    if (absent) SVSM_TRY(CheckZero(report, field.offset, carried));
  }
  SVSM_TRY(CheckZero(report, carried, kSnpSignatureR));
  return CheckZero(report, kSnpSignatureS + kSnpSignaturePartSize, kSnpReportSize);
}

Result<ByteView> EncodeSnpReport(ByteView report, ByteSpan out) {
  SVSM_TRY(CheckReport(report));
  JsonWriter json(out);
  PutReport(json, report.first<kSnpReportSize>());
  return json.Finish();
}

Result<ByteView> EncodeSnpEvidence(const SnpEvidence& evidence, ByteSpan out) {
  SVSM_TRY(CheckReport(evidence.report));
  if (evidence.num_certificates > kMaxEvidenceCertificates) {
    return Status(Code::kInvalidArgument, Source::kKbs, kMaxEvidenceCertificates);
  }
  JsonWriter json(out);
  json.BeginObject();
  json.Key("attestation_report");
  PutReport(json, evidence.report.first<kSnpReportSize>());
  json.Key("cert_chain");
  if (evidence.num_certificates == 0) {
    json.Null();
  } else {
    json.BeginArray();
    for (std::size_t i = 0; i < evidence.num_certificates; ++i) {
      PutCertificate(json, evidence.certificates[i]);
    }
    json.EndArray();
  }
  json.EndObject();
  return json.Finish();
}

}  // namespace svsm::kbs
