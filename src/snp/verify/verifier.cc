#include "svsm/snp_verify/verifier.h"

#include <algorithm>

#include "snp/verify/judge.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/report_data.h"

namespace svsm::snp {
namespace {

// The order of P-384's base point (FIPS 186-4, D.1.2.4).
constexpr Bytes<48> kOrder = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF,
    0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73};

bool InRange(const Bytes<48>& scalar) { return !IsZero(scalar) && scalar < kOrder; }

void Remove(std::vector<Aspect>& aspects, Aspect aspect) {
  aspects.erase(std::remove(aspects.begin(), aspects.end(), aspect), aspects.end());
}

}  // namespace

bool Verifier::ByBytes::operator()(ByteView a, ByteView b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

Verifier::Verifier(const TrustStore& store, crypto::EcdsaVerifier& p384, const Clock& clock)
    : store_(store),
      p384_(p384),
      clock_(clock),
      sha384_(crypto::HashAlg::kSha384),
      sha512_(crypto::HashAlg::kSha512) {}

Result<const Leaf*> Verifier::JudgedLeaf(ByteView der, Refusals& refusals) {
  const auto known = leaves_.find(der);
  if (known != leaves_.end()) {
    known->second.last_use = ++uses_;
    return &known->second.leaf;
  }
  SVSM_ASSIGN_OR_RETURN(const X509Certificate certificate, ParseCertificate(der));
  const std::size_t before = refusals.size();
  SVSM_ASSIGN_OR_RETURN(Leaf leaf, JudgeLeaf(store_, certificate, refusals));
  if (refusals.size() != before) {
    refused_leaf_ = std::move(leaf);
    return &refused_leaf_;
  }
  if (leaves_.size() >= kMaxLeaves) {
    leaves_.erase(std::min_element(
        leaves_.begin(), leaves_.end(),
        [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; }));
  }
  const auto added = leaves_.emplace(ToVector(der), CachedLeaf{std::move(leaf), ++uses_});
  return &added.first->second.leaf;
}

Status Verifier::JudgeSignature(const UnverifiedReport& report, const Leaf& leaf,
                                Refusals& refusals) {
  if (!report.is_signed() || !leaf.key) return OkStatus();
  if (!InRange(report.signature_r()) || !InRange(report.signature_s())) {
    refusals.push_back(
        {Reason::kSignatureRange, "R or S is 0 or too large", "1 to the order of P-384 less one"});
    return OkStatus();
  }
  if (imported_ != leaf.key) {
    imported_.reset();
    const Status imported = p384_.SetPublicKey({.x = leaf.key->x, .y = leaf.key->y});
    if (imported.code() == Code::kMalformed) {
      refusals.push_back({Reason::kCertificateKey, "the certificate's key is no point of P-384",
                          "ECDSA P-384, named curve, uncompressed point"});
      return OkStatus();
    }
    SVSM_TRY(imported);
    imported_ = leaf.key;
  }
  Bytes<48> digest{};
  SVSM_TRY(sha384_.Digest(report.signed_bytes(), digest));
  const Status verified =
      p384_.Verify(digest, {.r = report.signature_r(), .s = report.signature_s()});
  if (verified.code() != Code::kAuthFailed) return verified;
  refusals.push_back({Reason::kReportSignature, "the report's signature does not verify",
                      "a signature by the certificate's key over bytes 000h to 29Fh"});
  return OkStatus();
}

Status Verifier::JudgeEk(const UnverifiedReport& report, ByteView ek_public, Refusals& refusals) {
  const Status match = evidence::MatchEkTemplate(ek_public).status();
  if (match.code() == Code::kNotFound) {
    refusals.push_back({Reason::kEkTemplate, "a public area that is no endorsement key's",
                        "a TCG EK template (L-1, L-2, H-3) in every byte but unique"});
    return OkStatus();
  }
  SVSM_TRY(match);
  const Status bound =
      evidence::MatchEkReportData(sha512_, report.report_data(), ek_public).status();
  if (bound.code() != Code::kAuthFailed) return bound;
  refusals.push_back({Reason::kEkBinding, "REPORT_DATA " + ToHex(report.report_data()),
                      "SHA-512 of the endorsement key's public area"});
  return OkStatus();
}

Result<Verdict> Verifier::Verify(const Evidence& evidence, const Policy& policy) {
  if (p384_.curve() != crypto::Curve::kP384) {
    return Status(Code::kInvalidArgument, Source::kSnpVerify);
  }
  const std::int64_t now = clock_.UnixSeconds();
  if (now == 0) return Status(Code::kFailedPrecondition, Source::kSnpVerify);
  SVSM_ASSIGN_OR_RETURN(const UnverifiedReport report, DecodeReport(evidence.report));

  Verdict verdict;
  Refusals& refusals = verdict.refusals;
  SVSM_ASSIGN_OR_RETURN(const Leaf* leaf, JudgedLeaf(evidence.leaf, refusals));
  JudgeValidity(store_, *leaf, now, policy.crl, refusals);
  JudgeSigningKey(report, *leaf, refusals);
  SVSM_TRY(JudgeSignature(report, *leaf, refusals));

  const std::optional<Product> product = JudgeProduct(report, *leaf, refusals);
  std::optional<ReportTcbs> tcbs;
  if (product) {
    const Result<ReportTcbs> decoded = DecodeReportTcbs(report, *product);
    if (!decoded.ok()) return decoded.status();
    tcbs = *decoded;
    JudgeCertificateTcb(*tcbs, *leaf, refusals);
  }
  JudgeChipId(report, *leaf, policy.masked_chip_id, refusals);
  JudgePolicy(report, product, tcbs, policy, refusals);
  if (!evidence.ek_public.empty()) SVSM_TRY(JudgeEk(report, evidence.ek_public, refusals));

  verdict.not_judged = NotJudged(policy);
  if (!evidence.ek_public.empty()) Remove(verdict.not_judged, Aspect::kReportData);
  if (leaf->ark && store_.CrlOf(store_.authorities()[*leaf->ark]) != nullptr) {
    Remove(verdict.not_judged, Aspect::kRevocation);
  }
  if (refusals.empty()) verdict.report = VerifiedReport(report, *product, *tcbs, *leaf->kind);
  return verdict;
}

}  // namespace svsm::snp
