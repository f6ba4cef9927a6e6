// Judges certificates of keys that sign certificates: ARK, ASK, ASVK.
#ifndef SVSM_SRC_SNP_VERIFY_AUTHORITY_H_
#define SVSM_SRC_SNP_VERIFY_AUTHORITY_H_

#include <optional>
#include <string_view>

#include "svsm/snp_verify/roots.h"

namespace svsm::snp {

struct AuthorityName {
  AuthorityKind kind;
  Product product;
};

// What "ARK-<line>", "SEV-<line>" and "SEV-VLEK-<line>" name; nothing for other words.
std::optional<AuthorityName> ParseAuthorityName(std::string_view common_name);

// Judges form, names with this organization, extensions and key, but not who signed. Refusals are
// appended; the authority is of use only if there were none.
// Errors: kUnsupported (the common name is no authority's), kInternal.
Result<Authority> JudgeAuthority(const X509Certificate& certificate, std::string_view organization,
                                 Refusals& refusals);

// Appends a refusal unless `certificate` carries a signature by `issuer` in AMD's scheme. `whose`
// begins the refusal. Errors: kInternal.
Status JudgeCertificateSignature(const X509Certificate& certificate, const Authority& issuer,
                                 const std::string& whose, Refusals& refusals);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_AUTHORITY_H_
