#include "svsm/broker/snp_judge.h"

#include <utility>

#include "svsm/core/hosted.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/json.h"
#include "svsm/kbs/snp_evidence.h"
#include "svsm/snp/certificate_table.h"

namespace svsm::broker {
namespace {

Status NotFound() { return Status(Code::kNotFound, Source::kBroker); }

void AddReason(std::string& reasons, std::string_view reason) {
  if (!reasons.empty()) reasons += "; ";
  reasons += reason;
}

// Whose fault a failure is: the client's evidence, or this machine's means.
bool IsOwnFault(Status status) {
  switch (status.code()) {
    case Code::kInternal:
    case Code::kFailedPrecondition:
    case Code::kInvalidArgument:
    case Code::kOutOfMemory:
      return true;
    default:
      return false;
  }
}

// The proxy's shape, where each member is a string.
struct ProxyTexts {
  ByteView report;
  ByteView certificates;  // empty: null or missing
};

Result<ProxyTexts> ReadProxyShape(ByteView evidence) {
  kbs::JsonReader json(evidence);
  ProxyTexts texts;
  json.BeginObject();
  ByteView name;
  while (json.NextMember(name)) {
    if (kbs::TextIs(name, "snp-report")) {
      texts.report = json.String();
    } else if (kbs::TextIs(name, "certs-buf") && !json.TakeNull()) {
      texts.certificates = json.String();
    } else if (!kbs::TextIs(name, "certs-buf")) {
      json.Skip();
    }
  }
  SVSM_TRY(json.Finish());
  return texts;
}

// Which of the two shapes it is, by the first member that either knows. Nothing else is checked.
bool IsProxyShape(ByteView evidence) {
  kbs::JsonReader json(evidence);
  if (json.Peek() != kbs::JsonReader::Type::kObject) return false;
  json.BeginObject();
  ByteView name;
  while (json.NextMember(name)) {
    if (kbs::TextIs(name, "snp-report") || kbs::TextIs(name, "certs-buf")) return true;
    if (kbs::TextIs(name, "attestation_report") || kbs::TextIs(name, "cert_chain")) return false;
    json.Skip();
  }
  return false;
}

Result<ByteVector> Decoded(ByteView base64) {
  ByteVector bytes(kbs::MaxDecodedSize(base64.size()));
  SVSM_ASSIGN_OR_RETURN(const ByteView view,
                        kbs::DecodeBase64(kbs::Base64::kStandard, base64, bytes));
  bytes.resize(view.size());
  return bytes;
}

}  // namespace

struct SnpJudge::Parts {
  ByteVector report;
  ByteVector leaf;  // empty: the evidence has none
};

SnpJudge::SnpJudge(const snp::TrustStore& roots, const VcekStore& vceks, const Clock& clock)
    : SnpJudge(roots, vceks, clock,
               std::make_shared<crypto::OpensslEcdsaVerifier>(crypto::Curve::kP384)) {}

SnpJudge::SnpJudge(const snp::TrustStore& roots, const VcekStore& vceks, const Clock& clock,
                   std::shared_ptr<crypto::EcdsaVerifier> p384)
    : vceks_(vceks),
      sha384_(crypto::HashAlg::kSha384),
      p384_(std::move(p384)),
      verifier_(roots, *p384_, clock) {}

Result<SnpJudge::Parts> SnpJudge::Read(ByteView evidence) const {
  Parts parts;
  if (IsProxyShape(evidence)) {
    SVSM_ASSIGN_OR_RETURN(const ProxyTexts texts, ReadProxyShape(evidence));
    SVSM_ASSIGN_OR_RETURN(parts.report, Decoded(texts.report));
    if (texts.certificates.empty()) return parts;
    SVSM_ASSIGN_OR_RETURN(const ByteVector table, Decoded(texts.certificates));
    SVSM_ASSIGN_OR_RETURN(const snp::CertificateTable certificates,
                          snp::CertificateTable::Parse(table));
    const ByteView vcek = certificates.Find(snp::kVcekGuid);
    parts.leaf = ToVector(vcek.empty() ? certificates.Find(snp::kVlekGuid) : vcek);
    return parts;
  }
  ByteVector workspace(evidence.size());
  SVSM_ASSIGN_OR_RETURN(const kbs::SnpEvidence decoded,
                        kbs::DecodeSnpEvidence(evidence, workspace));
  parts.report = ToVector(decoded.report);
  for (const kbs::EvidenceCertificate& certificate :
       std::span(decoded.certificates).first(decoded.num_certificates)) {
    using Type = kbs::EvidenceCertificate::Type;
    if (certificate.type != Type::kVcek && certificate.type != Type::kVlek) continue;
    parts.leaf = ToVector(certificate.data);
    return parts;
  }
  // A chain that lacks the one certificate that matters is a client's mistake.
  if (decoded.num_certificates != 0) return NotFound();
  return parts;
}

Status SnpJudge::JudgeReport(const JudgeInput& input, const Parts& parts, snp::Policy policy,
                             JudgedEvidence& judged) {
  const snp::UnverifiedReport& report = *judged.report;
  policy.report_data.reset();
  if (!policy.vmpl) policy.vmpl = Vmpl(0);
  ByteVector leaf = parts.leaf;
  if (leaf.empty()) {
    const Result<snp::Product> product = report.product();
    if (!product.ok()) {
      AddReason(judged.reasons, "product: " + ToString(product.status()));
      return OkStatus();
    }
    SVSM_ASSIGN_OR_RETURN(const snp::ReportTcbs tcbs, snp::DecodeReportTcbs(report, *product));
    Result<ByteVector> found = vceks_.Find(report.chip_id(), tcbs.reported);
    if (!found.ok()) {
      AddReason(judged.reasons, "certificate: the evidence has none, and the store says " +
                                    ToString(found.status()));
      return OkStatus();
    }
    leaf = *std::move(found);
  }
  SVSM_ASSIGN_OR_RETURN(const snp::Verdict verdict,
                        verifier_.Verify({.report = parts.report, .leaf = leaf}, policy));
  for (const snp::Refusal& refusal : verdict.refusals) {
    AddReason(judged.reasons, std::string(snp::ReasonId(refusal.reason)) + ": found " +
                                  refusal.found + ", wanted " + refusal.wanted);
  }
  if (verdict.report) judged.tcbs = verdict.report->tcbs();
  bool bound = false;
  for (const ExpectedBinding& binding : input.bindings) {
    if (binding.data != report.report_data()) continue;
    bound = true;
    judged.mode = binding.mode;
  }
  if (!bound) {
    AddReason(judged.reasons, "report-data: found " + ToHex(report.report_data()) +
                                  ", wanted a binding of this key and nonce");
  }
  if (input.host_data && *input.host_data != report.host_data()) {
    AddReason(judged.reasons, "host-data: found " + ToHex(report.host_data()) + ", wanted " +
                                  ToHex(*input.host_data) + ", the digest of the init data");
  }
  return OkStatus();
}

Result<JudgedEvidence> SnpJudge::Judge(const JudgeInput& input, const snp::Policy& policy) {
  JudgedEvidence judged;
  const Result<Parts> parts = Read(input.evidence);
  if (!parts.ok()) {
    judged.reasons = parts.status() == NotFound()
                         ? "certificate: the chain has neither VCEK nor VLEK"
                         : "evidence: " + ToString(parts.status());
    return judged;
  }
  SVSM_TRY(sha384_.Digest(parts->report, judged.report_digest));
  const Result<snp::UnverifiedReport> report = snp::DecodeReport(parts->report);
  if (!report.ok()) {
    judged.reasons = "report: " + ToString(report.status());
    return judged;
  }
  judged.report = *report;
  const Status status = JudgeReport(input, *parts, policy, judged);
  if (IsOwnFault(status)) return status;
  if (!status.ok()) AddReason(judged.reasons, "report: " + ToString(status));
  if (!judged.affirmed()) judged.tcbs.reset();
  return judged;
}

}  // namespace svsm::broker
