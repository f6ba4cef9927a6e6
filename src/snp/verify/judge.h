// Judges what a decoded report says: against its certificate, and against a policy.
#ifndef SVSM_SRC_SNP_VERIFY_JUDGE_H_
#define SVSM_SRC_SNP_VERIFY_JUDGE_H_

#include <optional>

#include "svsm/core/result.h"
#include "svsm/snp/report.h"
#include "svsm/snp_verify/chain.h"
#include "svsm/snp_verify/policy.h"
#include "svsm/snp_verify/refusal.h"

namespace svsm::snp {

// "bootloader 4, TEE 0, SNP 24, microcode 219", with FMC where there is one.
std::string TcbText(const TcbVersion& tcb);

// The line of the report: CPUID's (version 3 and up), or the certificate's in version 2, which must
// go with the form of CHIP_ID. Nothing, and a refusal, if they disagree or CPUID is unknown;
// nothing if there is no certificate to ask.
std::optional<Product> JudgeProduct(const UnverifiedReport& report, const Leaf& leaf,
                                    Refusals& refusals);

// KEY_INFO against the kind of the certificate.
void JudgeSigningKey(const UnverifiedReport& report, const Leaf& leaf, Refusals& refusals);
// The certificate's TCB against REPORTED_TCB and CURRENT_TCB.
void JudgeCertificateTcb(const ReportTcbs& tcbs, const Leaf& leaf, Refusals& refusals);
// HWID against CHIP_ID.
void JudgeChipId(const UnverifiedReport& report, const Leaf& leaf, Rule masked, Refusals& refusals);

// Everything that the policy says about the report. `product` and `tcbs` are absent where an
// earlier refusal left them unknown; rules about them are passed over then.
void JudgePolicy(const UnverifiedReport& report, const std::optional<Product>& product,
                 const std::optional<ReportTcbs>& tcbs, const Policy& policy, Refusals& refusals);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_JUDGE_H_
