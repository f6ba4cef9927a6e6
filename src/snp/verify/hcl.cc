#include "svsm/snp_verify/hcl.h"

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/report_data.h"

namespace svsm::snp {
namespace {

constexpr std::uint32_t kRequestReport = 2;
constexpr std::uint32_t kReportSnp = 2;
constexpr std::uint32_t kHashSha256 = 1;
constexpr std::size_t kRuntimeHeaderSize = sizeof(HclHeader) - offsetof(HclHeader, runtime_size);

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kSnpVerify, static_cast<std::uint32_t>(offset));
}
Status Unsupported(const wire::Le32& found) {
  return Status(Code::kUnsupported, Source::kSnpVerify, found.get());
}

Status CheckHeader(const HclHeader& header) {
  const std::uint32_t version = header.version.get();
  if (!Equal(header.magic, Ascii("HCLA"))) return Malformed(0);
  if (version != 1 && version != 2) return Unsupported(header.version);
  if (header.request_type.get() != kRequestReport) return Unsupported(header.request_type);
  if (header.status.get() != 0) return Malformed(offsetof(HclHeader, status));
  if (!IsZero(header.reserved)) return Malformed(offsetof(HclHeader, reserved));
  if (header.runtime_version.get() != 1) return Unsupported(header.runtime_version);
  if (header.report_type.get() != kReportSnp) return Unsupported(header.report_type);
  if (header.hash_type.get() != kHashSha256) return Unsupported(header.hash_type);
  const std::uint32_t json_size = header.json_size.get();
  if (json_size == 0 || json_size > evidence::kMaxHclRuntimeDataSize) {
    return Malformed(offsetof(HclHeader, json_size));
  }
  if (header.runtime_size.get() != kRuntimeHeaderSize + json_size) {
    return Malformed(offsetof(HclHeader, runtime_size));
  }
  if (header.size.get() != sizeof(HclHeader) + json_size) {
    return Malformed(offsetof(HclHeader, size));
  }
  return OkStatus();
}

}  // namespace

Result<HclBlob> ParseHcl(ByteView blob) {
  if (blob.size() > kMaxHclSize) {
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxHclSize);
  }
  SVSM_ASSIGN_OR_RETURN(const HclHeader header, wire::Read<HclHeader>(blob));
  SVSM_TRY(CheckHeader(header));
  const std::size_t end = header.size.get();
  if (blob.size() < end) {
    return Status(Code::kTruncated, Source::kSnpVerify, static_cast<std::uint32_t>(end));
  }
  if (!IsZero(blob.subspan(end))) return Malformed(end);
  return HclBlob{blob.subspan(offsetof(HclHeader, report), sizeof(header.report)),
                 blob.subspan(sizeof(HclHeader), header.json_size.get())};
}

Result<HclVerdict> VerifyHcl(Verifier& verifier, const HclEvidence& evidence, Policy policy) {
  SVSM_ASSIGN_OR_RETURN(const HclBlob blob, ParseHcl(evidence.blob));
  const std::string json(blob.json.begin(), blob.json.end());
  SVSM_ASSIGN_OR_RETURN(QuoteKey key, ParseHclQuoteKey(json));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  SVSM_ASSIGN_OR_RETURN(policy.report_data, evidence::HclReportData(sha256, blob.json));
  policy.vmpl = Vmpl(0);
  SVSM_ASSIGN_OR_RETURN(
      Verdict report,
      verifier.Verify({.report = blob.report, .leaf = evidence.leaf, .ek_public = {}}, policy));
  HclVerdict verdict{std::move(report), std::move(key), std::nullopt};
  if (evidence.quote != nullptr) {
    SVSM_ASSIGN_OR_RETURN(verdict.quote, VerifyQuote(*evidence.quote, verdict.key));
  }
  return verdict;
}

}  // namespace svsm::snp
