#include "kbs/snp_report_fields.h"
#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

void PutNumber(ByteSpan out, std::uint64_t value) {
  for (std::uint8_t& byte : out) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

std::uint64_t ReadNumber(JsonReader& json, std::size_t size) {
  const std::uint64_t value = json.Unsigned();
  if (size < 8 && value >> (8 * size) != 0) {
    json.Fail(Code::kMalformed);
    return 0;
  }
  return value;
}

std::uint8_t ReadByte(JsonReader& json) { return static_cast<std::uint8_t>(ReadNumber(json, 1)); }

void ReadBytes(JsonReader& json, ByteSpan out) {
  json.BeginArray();
  std::size_t count = json.TakeBytes(out);
  while (json.NextElement()) {
    if (count == out.size()) return json.Fail(Code::kMalformed);
    out[count++] = ReadByte(json);
  }
  if (count != out.size()) json.Fail(Code::kMalformed);
}

// FMC, bootloader, tee, snp, microcode.
struct Tcb {
  Bytes<5> parts{};
  bool has_fmc = false;
};

// The members `names` of an object, each a byte.
template <std::size_t N>
std::uint32_t ReadParts(JsonReader& json, const char* const (&names)[N], FixedSpan<N> parts) {
  std::uint32_t seen = 0;
  ByteView name;
  json.BeginObject();
  while (json.NextMember(name)) {
    std::size_t i = 0;
    while (i < N && !TextIs(name, names[i])) ++i;
    if (i == N) {
      json.Skip();
    } else if (!json.TakeNull()) {
      parts[i] = ReadByte(json);
      seen |= 1u << i;
    }
  }
  return seen;
}

Tcb ReadTcb(JsonReader& json) {
  static constexpr const char* kNames[] = {"fmc", "bootloader", "tee", "snp", "microcode"};
  Tcb tcb;
  const std::uint32_t seen = ReadParts<5>(json, kNames, tcb.parts);
  if ((seen & 30) != 30) json.Fail(Code::kMalformed);
  tcb.has_fmc = (seen & 1) != 0;
  return tcb;
}

void ReadVersion(JsonReader& json, ByteSpan out) {
  static constexpr const char* kNames[] = {"build", "minor", "major"};
  if (ReadParts<3>(json, kNames, out.first<3>()) != 7) json.Fail(Code::kMalformed);
}

void ReadSignature(JsonReader& json, ByteSpan report) {
  std::uint32_t seen = 0;
  ByteView name;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (TextIs(name, "r")) {
      ReadBytes(json, report.subspan(kSnpSignatureR, kSnpSignaturePartSize));
      seen |= 1;
    } else if (TextIs(name, "s")) {
      ReadBytes(json, report.subspan(kSnpSignatureS, kSnpSignaturePartSize));
      seen |= 2;
    } else {
      json.Skip();
    }
  }
  if (seen != 3) json.Fail(Code::kMalformed);
}

class ReportReader {
 public:
  ReportReader(JsonReader& json, FixedSpan<kSnpReportSize> report) : json_(json), report_(report) {}

  void Read() {
    Fill(report_, 0);
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) ReadMember(name);
    if (json_.ok()) Complete();
  }

 private:
  static constexpr std::uint32_t kSignatureBit = 1u << kSnpFields.size();

  void ReadMember(ByteView name) {
    if (TextIs(name, "signature")) {
      seen_ |= kSignatureBit;
      return ReadSignature(json_, report_);
    }
    for (std::size_t i = 0; i < kSnpFields.size(); ++i) {
      if (!TextIs(name, kSnpFields[i].name)) continue;
      seen_ |= 1u << i;
      return ReadField(kSnpFields[i]);
    }
    json_.Skip();
  }

  void ReadField(const SnpField& field) {
    const ByteSpan out = report_.subspan(field.offset, field.size);
    switch (field.kind) {
      case SnpFieldKind::kSince3:
      case SnpFieldKind::kSince5:
        if (json_.TakeNull()) return;
        [[fallthrough]];
      case SnpFieldKind::kNumber:
        return PutNumber(out, ReadNumber(json_, field.size));
      case SnpFieldKind::kBytes:
        return ReadBytes(json_, out);
      case SnpFieldKind::kVersion:
        return ReadVersion(json_, out);
      case SnpFieldKind::kTcb:
        offsets_[num_tcbs_] = field.offset;
        tcbs_[num_tcbs_++] = ReadTcb(json_);
    }
  }

  static bool IsOptional(SnpFieldKind kind) {
    return kind == SnpFieldKind::kSince3 || kind == SnpFieldKind::kSince5;
  }

  // What can be told only when all members are there.
  void Complete() {
    std::uint32_t missing = kSignatureBit & ~seen_;
    for (std::size_t i = 0; i < kSnpFields.size(); ++i) {
      if (!IsOptional(kSnpFields[i].kind)) missing |= 1u << i & ~seen_;
    }
    if (missing != 0) return json_.Fail(Code::kMalformed);
    if (!IsKnownSnpReport(SnpReportVersion(report_))) return json_.Fail(Code::kUnsupported);
    const SnpTcbLayout layout = SnpTcbLayoutOf(report_);
    for (std::size_t i = 0; i < num_tcbs_; ++i) {
      if (tcbs_[i].has_fmc != layout.has_fmc) return json_.Fail(Code::kMalformed);
      const ByteSpan tcb = report_.subspan(offsets_[i], 8);
      if (layout.has_fmc) tcb[0] = tcbs_[i].parts[0];
      for (std::size_t j = 0; j < layout.parts.size(); ++j) {
        tcb[layout.parts[j]] = tcbs_[i].parts[j + 1];
      }
    }
    if (!CheckSnpReportCarried(report_).ok()) json_.Fail(Code::kMalformed);
  }

  JsonReader& json_;
  FixedSpan<kSnpReportSize> report_;
  std::uint32_t seen_ = 0;
  std::array<Tcb, kNumSnpTcbs> tcbs_{};
  std::array<std::uint16_t, kNumSnpTcbs> offsets_{};
  std::size_t num_tcbs_ = 0;
};

EvidenceCertificate::Type ReadTypeName(JsonReader& json) {
  static constexpr const char* kNames[] = {"ARK", "ASK", "VCEK", "VLEK", "CRL", "Empty"};
  const ByteView name = json.String();
  for (std::size_t i = 0; i < 6; ++i) {
    if (TextIs(name, kNames[i])) return static_cast<EvidenceCertificate::Type>(i);
  }
  if (json.ok()) json.Fail(Code::kUnsupported);
  return EvidenceCertificate::Type::kEmpty;
}

class EvidenceReader {
 public:
  EvidenceReader(ByteView text, ByteSpan workspace) : json_(text), free_(workspace) {}

  Result<SnpEvidence> Read() {
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      if (TextIs(name, "attestation_report")) {
        ReadReport();
      } else if (TextIs(name, "cert_chain")) {
        if (!json_.TakeNull()) ReadChain();
      } else {
        json_.Skip();
      }
    }
    if (evidence_.report.empty()) json_.Fail(Code::kMalformed);
    const Status status = json_.Finish();
    if (!full_.ok()) return full_;
    if (!status.ok()) return status;
    return evidence_;
  }

 private:
  void TooSmall(std::size_t needed) {
    full_ = Status(Code::kBufferTooSmall, Source::kKbs, static_cast<std::uint32_t>(needed));
    json_.Fail(Code::kBufferTooSmall);
  }

  // No report is spelled in fewer characters than it has bytes.
  void MissRoom() {
    const ByteView text = json_.Raw();
    if (!json_.ok()) return;
    if (text.size() < kSnpReportSize) return json_.Fail(Code::kMalformed);
    TooSmall(kSnpReportSize);
  }

  void ReadReport() {
    if (free_.size() < kSnpReportSize) return MissRoom();
    const auto report = free_.first<kSnpReportSize>();
    free_ = free_.subspan(kSnpReportSize);
    ReportReader(json_, report).Read();
    evidence_.report = report;
  }

  void ReadChain() {
    json_.BeginArray();
    while (json_.NextElement()) {
      if (evidence_.num_certificates == kMaxEvidenceCertificates) {
        return json_.Fail(Code::kOutOfRange);
      }
      ReadCertificate(evidence_.certificates[evidence_.num_certificates++]);
    }
    if (evidence_.num_certificates == 0) json_.Fail(Code::kMalformed);
  }

  void ReadCertificate(EvidenceCertificate& certificate) {
    std::uint32_t seen = 0;
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      if (TextIs(name, "cert_type")) {
        ReadType(certificate);
        seen |= 1;
      } else if (TextIs(name, "data")) {
        certificate.data = ReadData();
        seen |= 2;
      } else {
        json_.Skip();
      }
    }
    if (seen != 3) json_.Fail(Code::kMalformed);
  }

  void ReadType(EvidenceCertificate& certificate) {
    if (json_.Peek() != JsonReader::Type::kObject) {
      certificate.type = ReadTypeName(json_);
      return;
    }
    certificate.type = EvidenceCertificate::Type::kOther;
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      if (!TextIs(name, "OTHER")) return json_.Fail(Code::kUnsupported);
      certificate.uuid = json_.String();
    }
    if (certificate.uuid.empty()) json_.Fail(Code::kMalformed);
  }

  ByteView ReadData() {
    json_.BeginArray();
    std::size_t size = json_.TakeBytes(free_);
    while (json_.NextElement()) {
      if (size == free_.size()) {
        TooSmall(size + 1);
        return {};
      }
      free_[size++] = ReadByte(json_);
    }
    const ByteView data = free_.first(size);
    free_ = free_.subspan(size);
    return data;
  }

  JsonReader json_;
  ByteSpan free_;
  Status full_;
  SnpEvidence evidence_;
};

}  // namespace

Status DecodeSnpReport(ByteView text, FixedSpan<kSnpReportSize> out) {
  JsonReader json(text);
  ReportReader(json, out).Read();
  return json.Finish();
}

Result<SnpEvidence> DecodeSnpEvidence(ByteView text, ByteSpan workspace) {
  return EvidenceReader(text, workspace).Read();
}

}  // namespace svsm::kbs
