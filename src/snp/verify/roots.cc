#include "svsm/snp_verify/roots.h"

#include <algorithm>

#include "snp/verify/amd_roots.h"
#include "snp/verify/authority.h"
#include "snp/verify/name.h"
#include "snp/verify/rsa_pss_key.h"

namespace svsm::snp {
namespace {

Status Error(Code code, std::size_t detail = 0) {
  return Status(code, Source::kSnpVerify, static_cast<std::uint32_t>(detail));
}

}  // namespace

Result<TrustStore> TrustStore::Amd() {
  TrustStore store;
  for (const AmdRoot& root : AmdRoots()) {
    SVSM_ASSIGN_OR_RETURN(std::shared_ptr<const RsaPssKey> key, RsaPssKey::Import(root.spki));
    store.authorities_.push_back({.kind = root.kind,
                                  .product = root.product,
                                  .common_name = root.common_name,
                                  .subject = ToVector(root.subject),
                                  .spki = ToVector(root.spki),
                                  .serial = ToVector(root.serial),
                                  .not_before = root.not_before,
                                  .not_after = root.not_after,
                                  .signs_crls = root.signs_crls,
                                  .key = std::move(key)});
  }
  return store;
}

Result<TrustStore> TrustStore::FromCertificates(std::span<const X509Certificate> certificates,
                                                Refusals& why) {
  return FromCertificates(certificates, CertificateProfile(), why);
}

Result<TrustStore> TrustStore::FromCertificates(std::span<const X509Certificate> certificates,
                                                const CertificateProfile& profile, Refusals& why) {
  TrustStore store;
  store.profile_ = profile;
  bool refused = false;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const auto name = ParseAuthorityName(CommonName(certificates[i].subject));
    if (!name) return Error(Code::kUnsupported, i);
    if (name->kind != AuthorityKind::kArk) continue;
    const Status added = store.AddArk(certificates[i], why);
    refused |= added.code() == Code::kAuthFailed;
    if (!added.ok() && added.code() != Code::kAuthFailed) return added;
  }
  if (refused) return Error(Code::kAuthFailed);
  if (store.authorities_.empty()) return Error(Code::kNotFound);
  for (const X509Certificate& certificate : certificates) {
    if (KindOf(certificate) == CertificateKind::kArk) continue;
    const Status added = store.AddIntermediate(certificate, why);
    refused |= added.code() == Code::kAuthFailed;
    if (!added.ok() && added.code() != Code::kAuthFailed) return added;
  }
  if (refused) return Error(Code::kAuthFailed);
  return store;
}

Status TrustStore::AddArk(const X509Certificate& certificate, Refusals& why) {
  const std::size_t before = why.size();
  SVSM_ASSIGN_OR_RETURN(Authority ark, JudgeAuthority(certificate, profile_.organization, why));
  if (Ark(ark.product) != nullptr) return Error(Code::kAlreadyExists);
  if (!Equal(certificate.issuer, certificate.subject)) {
    why.push_back({Reason::kCertificateIssuer,
                   ark.common_name + ": issued by " + NameText(certificate.issuer), "itself"});
  }
  if (ark.key) SVSM_TRY(JudgeCertificateSignature(certificate, ark, ark.common_name, why));
  if (why.size() != before) return Error(Code::kAuthFailed);
  authorities_.push_back(std::move(ark));
  return OkStatus();
}

Status TrustStore::AddIntermediate(const X509Certificate& certificate, Refusals& why) {
  const std::size_t before = why.size();
  SVSM_ASSIGN_OR_RETURN(Authority authority,
                        JudgeAuthority(certificate, profile_.organization, why));
  if (authority.kind == AuthorityKind::kArk) return Error(Code::kUnsupported);
  const Authority* ark = nullptr;
  for (const Authority* candidate : Named(certificate.issuer)) {
    if (candidate->kind == AuthorityKind::kArk) ark = candidate;
  }
  if (ark == nullptr) return Error(Code::kNotFound);
  if (ark->product != authority.product) {
    why.push_back({Reason::kCertificateProduct,
                   authority.common_name + ": issued by " + ark->common_name,
                   std::string("the ARK of ") + ProductName(authority.product)});
  }
  SVSM_TRY(JudgeCertificateSignature(certificate, *ark, authority.common_name, why));
  if (why.size() != before) return Error(Code::kAuthFailed);
  for (const Authority* known : Named(authority.subject)) {
    if (known->spki == authority.spki) return OkStatus();
  }
  authorities_.push_back(std::move(authority));
  return OkStatus();
}

Status TrustStore::AddCrl(const Crl& crl) {
  const Authority* ark = nullptr;
  for (const Authority* candidate : Named(crl.issuer)) {
    if (candidate->kind == AuthorityKind::kArk) ark = candidate;
  }
  if (ark == nullptr) return Error(Code::kNotFound);
  bool good = ark->signs_crls && IsAmdPss(crl.signature_algorithm);
  if (good) {
    const Status verified = ark->key->Verify(crl.tbs, crl.signature);
    if (verified.code() == Code::kInternal) return verified;
    good = verified.ok();
  }
  StoredCrl stored{.issuer = ToVector(crl.issuer),
                   .signature_good = good,
                   .this_update = crl.this_update,
                   .next_update = crl.next_update,
                   .revoked = {}};
  for (const ByteView serial : crl.revoked) stored.revoked.push_back(ToVector(serial));
  std::sort(stored.revoked.begin(), stored.revoked.end());
  for (StoredCrl& known : crls_) {
    if (known.issuer != stored.issuer) continue;
    // A forged list displaces no good one.
    const bool newer = stored.this_update > known.this_update;
    if (stored.signature_good == known.signature_good ? newer : stored.signature_good) {
      known = std::move(stored);
    }
    return OkStatus();
  }
  crls_.push_back(std::move(stored));
  return OkStatus();
}

std::vector<const Authority*> TrustStore::Named(ByteView name) const {
  std::vector<const Authority*> out;
  for (const Authority& authority : authorities_) {
    if (Equal(authority.subject, name)) out.push_back(&authority);
  }
  return out;
}

const Authority* TrustStore::Ark(Product product) const {
  for (const Authority& authority : authorities_) {
    if (authority.kind == AuthorityKind::kArk && authority.product == product) return &authority;
  }
  return nullptr;
}

const StoredCrl* TrustStore::CrlOf(const Authority& ark) const {
  for (const StoredCrl& crl : crls_) {
    if (crl.issuer == ark.subject) return &crl;
  }
  return nullptr;
}

}  // namespace svsm::snp
