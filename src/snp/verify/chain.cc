#include "svsm/snp_verify/chain.h"

#include <algorithm>
#include <array>

#include "snp/verify/authority.h"
#include "snp/verify/leaf_extensions.h"
#include "snp/verify/name.h"

namespace svsm::snp {
namespace {

// SubjectPublicKeyInfo of an uncompressed point of the named curve P-384, up to the point.
constexpr std::array<std::uint8_t, 24> kP384Prefix = {
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
    0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};
constexpr std::size_t kCoordinateSize = 48;

const char* KindName(const std::optional<LeafKind>& kind) {
  if (!kind) return "leaf";
  return *kind == LeafKind::kVcek ? "VCEK" : "VLEK";
}

std::optional<LeafKind> LeafKindOf(const X509Certificate& certificate) {
  switch (KindOf(certificate)) {
    case CertificateKind::kVcek:
      return LeafKind::kVcek;
    case CertificateKind::kVlek:
      return LeafKind::kVlek;
    default:
      return std::nullopt;
  }
}

void JudgeForm(const TrustStore& store, const X509Certificate& certificate,
               const std::string& whose, Leaf& leaf, Refusals& refusals) {
  if (certificate.version != 3) {
    refusals.push_back({Reason::kCertificateVersion,
                        whose + ": version " + std::to_string(certificate.version), "version 3"});
  }
  if (!leaf.kind || !IsAmdName(certificate.subject, store.profile().organization)) {
    refusals.push_back({Reason::kCertificateSubject, whose + ": " + NameText(certificate.subject),
                        "AMD's attributes, each once, CN=SEV-VCEK or CN=SEV-VLEK"});
  }
  if (certificate.spki.size() == kP384Prefix.size() + 2 * kCoordinateSize &&
      Equal(certificate.spki.first(kP384Prefix.size()), kP384Prefix)) {
    LeafKey key{};
    Copy(key.x, certificate.spki.subspan(kP384Prefix.size(), kCoordinateSize));
    Copy(key.y, certificate.spki.last(kCoordinateSize));
    leaf.key = key;
  } else {
    refusals.push_back({Reason::kCertificateKey, whose + ": another kind of key",
                        "ECDSA P-384, named curve, uncompressed point"});
  }
}

Status JudgeIssuer(const TrustStore& store, const X509Certificate& certificate,
                   const std::string& whose, Leaf& leaf, Refusals& refusals) {
  const Authority* issuer = nullptr;
  Refusals last;
  for (const Authority* candidate : store.Named(certificate.issuer)) {
    const bool fits = leaf.kind == LeafKind::kVcek   ? candidate->kind == AuthorityKind::kAsk
                      : leaf.kind == LeafKind::kVlek ? candidate->kind == AuthorityKind::kAsvk
                                                     : candidate->kind != AuthorityKind::kArk;
    if (!fits) continue;
    issuer = candidate;
    last.clear();
    SVSM_TRY(JudgeCertificateSignature(certificate, *candidate, whose, last));
    if (last.empty()) break;
  }
  if (issuer == nullptr) {
    refusals.push_back({Reason::kCertificateIssuer,
                        whose + ": issued by " + NameText(certificate.issuer),
                        "an ASK (of a VCEK) or ASVK (of a VLEK) of the trust store"});
    return OkStatus();
  }
  refusals.insert(refusals.end(), last.begin(), last.end());
  if (leaf.product && *leaf.product != issuer->product) {
    refusals.push_back({Reason::kCertificateProduct,
                        whose + ": productName is of " + ProductName(*leaf.product),
                        ProductName(issuer->product)});
  }
  const Authority* first = store.authorities().data();
  leaf.issuer = static_cast<std::size_t>(issuer - first);
  if (const Authority* ark = store.Ark(issuer->product)) {
    leaf.ark = static_cast<std::size_t>(ark - first);
  }
  return OkStatus();
}

void JudgeDates(const std::string& whose, std::int64_t not_before, std::int64_t not_after,
                std::int64_t now, Refusals& refusals) {
  if (now < not_before) {
    refusals.push_back({Reason::kCertificateNotYetValid,
                        whose + ": valid from " + FormatRfc3339(not_before),
                        "valid at " + FormatRfc3339(now)});
  }
  if (now > not_after) {
    refusals.push_back({Reason::kCertificateExpired,
                        whose + ": valid until " + FormatRfc3339(not_after),
                        "valid at " + FormatRfc3339(now)});
  }
}

// Whether the list counts; refuses if it must and cannot.
bool JudgeCrl(const StoredCrl& crl, const Authority& ark, std::int64_t now, CrlRule rule,
              Refusals& refusals) {
  const std::string whose = "revocation list of " + ark.common_name;
  if (!crl.signature_good) {
    refusals.push_back({Reason::kCrlSignature, whose + ": the signature does not verify",
                        "a signature by the ARK, with the right to sign lists"});
    return false;
  }
  if (now < crl.this_update) {
    refusals.push_back({Reason::kCrlNotYetValid,
                        whose + ": made at " + FormatRfc3339(crl.this_update),
                        "not after " + FormatRfc3339(now)});
  }
  if (rule != CrlRule::kIfPresentStale && (!crl.next_update || now > *crl.next_update)) {
    const std::string until =
        crl.next_update ? "valid until " + FormatRfc3339(*crl.next_update) : "without an end";
    refusals.push_back({Reason::kCrlStale, whose + ": " + until, "valid at " + FormatRfc3339(now)});
  }
  return true;
}

void JudgeRevoked(const StoredCrl& crl, const std::string& whose, const ByteVector& serial,
                  Refusals& refusals) {
  if (std::binary_search(crl.revoked.begin(), crl.revoked.end(), serial)) {
    refusals.push_back({Reason::kCertificateRevoked,
                        whose + ": serial " + ToHex(serial) + " is on the revocation list",
                        "not on it"});
  }
}

}  // namespace

Result<Leaf> JudgeLeaf(const TrustStore& store, const X509Certificate& certificate,
                       Refusals& refusals) {
  Leaf leaf;
  leaf.kind = LeafKindOf(certificate);
  leaf.serial = ToVector(certificate.serial);
  leaf.not_before = certificate.not_before;
  leaf.not_after = certificate.not_after;
  const std::string whose = KindName(leaf.kind);
  JudgeForm(store, certificate, whose, leaf, refusals);
  JudgeLeafExtensions(store.profile(), certificate, whose, leaf, refusals);
  SVSM_TRY(JudgeIssuer(store, certificate, whose, leaf, refusals));
  return leaf;
}

void JudgeValidity(const TrustStore& store, const Leaf& leaf, std::int64_t now_unix, CrlRule rule,
                   Refusals& refusals) {
  const std::string whose = KindName(leaf.kind);
  JudgeDates(whose, leaf.not_before, leaf.not_after, now_unix, refusals);
  if (!leaf.issuer) return;
  const Authority& issuer = store.authorities()[*leaf.issuer];
  JudgeDates(issuer.common_name, issuer.not_before, issuer.not_after, now_unix, refusals);
  if (!leaf.ark) return;
  const Authority& ark = store.authorities()[*leaf.ark];
  JudgeDates(ark.common_name, ark.not_before, ark.not_after, now_unix, refusals);
  const StoredCrl* crl = store.CrlOf(ark);
  if (crl == nullptr) {
    if (rule == CrlRule::kRequired) {
      refusals.push_back({Reason::kCrlMissing, "no revocation list of " + ark.common_name, "one"});
    }
    return;
  }
  if (!JudgeCrl(*crl, ark, now_unix, rule, refusals)) return;
  JudgeRevoked(*crl, whose, leaf.serial, refusals);
  JudgeRevoked(*crl, issuer.common_name, issuer.serial, refusals);
  JudgeRevoked(*crl, ark.common_name, ark.serial, refusals);
}

}  // namespace svsm::snp
