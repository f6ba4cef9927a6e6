// broker/evidence_claims.h: what a token says of the evidence behind it.
#ifndef SVSM_BROKER_EVIDENCE_CLAIMS_H_
#define SVSM_BROKER_EVIDENCE_CLAIMS_H_

#include <string>

#include "svsm/broker/snp_judge.h"
#include "svsm/core/result.h"
#include "svsm/kbs/messages.h"

namespace svsm::broker {

// The JSON object that Trustee calls annotated evidence, of an affirmed report: its REPORT_DATA and
// HOST_DATA, the nonce and the key that it binds, and its fields. Errors: kInternal.
Result<std::string> EvidenceClaims(const JudgedEvidence& judged,
                                   const kbs::Attestation& attestation);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_EVIDENCE_CLAIMS_H_
