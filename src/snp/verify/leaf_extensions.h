// AMD's extensions of VCEK and VLEK certificates.
// Spec: AMD 57230, "VCEK Certificate X.509 extensions"; all under 1.3.6.1.4.1.3704.1.
#ifndef SVSM_SRC_SNP_VERIFY_LEAF_EXTENSIONS_H_
#define SVSM_SRC_SNP_VERIFY_LEAF_EXTENSIONS_H_

#include <optional>
#include <string>

#include "svsm/snp_verify/chain.h"

namespace svsm::snp {

// Judges the extensions and fills in product, tcb, hwid and csp_id as far as they can be read. The
// leaf's kind, if known, says which of HWID and CSP id it must have. `whose` begins each refusal.
void JudgeLeafExtensions(const CertificateProfile& profile, const X509Certificate& certificate,
                         const std::string& whose, Leaf& leaf, Refusals& refusals);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_LEAF_EXTENSIONS_H_
