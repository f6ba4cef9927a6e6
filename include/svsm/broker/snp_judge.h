// svsm/broker/snp_judge.h: SEV-SNP evidence as a client sends it, judged by a policy.
//
//   SnpJudge judge(roots, vceks, clock);
//   SVSM_ASSIGN_OR_RETURN(const JudgedEvidence judged,
//                         judge.Judge({.evidence = json, .bindings = expected}, policy));
//   if (!judged.affirmed()) Log(judged.reasons);
//
// Two shapes are read: Trustee's, {"attestation_report": {...}, "cert_chain": null or [...]}, and
// the attestation proxy's, {"snp-report": base64, "certs-buf": null or base64 of a certificate
// table}. The certificate of the chip's key comes from the evidence or, if that has none, from a
// VcekStore; whoever brought it, it must chain to the trust store. Other certificates in the
// evidence are not looked at.
//
// Profile: hosted. Allocates: the heap. Threads: one object, one thread; what it is given may be
// shared.
#ifndef SVSM_BROKER_SNP_JUDGE_H_
#define SVSM_BROKER_SNP_JUDGE_H_

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "svsm/broker/vcek_store.h"
#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/result.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/report_data.h"
#include "svsm/kbs/binding.h"
#include "svsm/snp/report.h"
#include "svsm/snp_verify/policy.h"
#include "svsm/snp_verify/roots.h"
#include "svsm/snp_verify/verifier.h"

namespace svsm::broker {

// One REPORT_DATA that would bind what the client sent.
struct ExpectedBinding {
  kbs::BindingMode mode = kbs::BindingMode::kOwn;
  evidence::ReportData data{};
};

struct JudgeInput {
  ByteView evidence;                          // JSON text
  std::span<const ExpectedBinding> bindings;  // REPORT_DATA must be one of these
  std::optional<Bytes<32>> host_data = {};    // what HOST_DATA must be; none: anything
};

struct JudgedEvidence {
  // Why the report is not affirmed, for people: "measurement: found ..., wanted ...; vmpl: ...".
  std::string reasons;
  // Which of the bindings it has; meaningless unless affirmed.
  kbs::BindingMode mode = kbs::BindingMode::kOwn;
  Bytes<48> report_digest{};  // SHA-384 of the report's 1184 bytes
  // What it says, if it could be read; believe it if affirmed.
  std::optional<snp::UnverifiedReport> report;
  std::optional<snp::ReportTcbs> tcbs;  // if affirmed

  bool affirmed() const { return reasons.empty(); }
};

class SnpJudge final {
 public:
  // All must outlive the object. Reports' signatures are verified by OpenSSL.
  SnpJudge(const snp::TrustStore& roots, const VcekStore& vceks, const Clock& clock);
  // The same with another verifier, on P-384, for its use alone.
  SnpJudge(const snp::TrustStore& roots, const VcekStore& vceks, const Clock& clock,
           std::shared_ptr<crypto::EcdsaVerifier> p384);

  // Judges. `policy.report_data` is not looked at; a policy that names no VMPL means 0. Whatever
  // the client sent is a reason, not an error. Errors: kFailedPrecondition (the clock has no
  // calendar time), kInternal (a backend failed).
  Result<JudgedEvidence> Judge(const JudgeInput& input, const snp::Policy& policy);

 private:
  struct Parts;
  Result<Parts> Read(ByteView evidence) const;
  Status JudgeReport(const JudgeInput& input, const Parts& parts, snp::Policy policy,
                     JudgedEvidence& judged);

  const VcekStore& vceks_;
  crypto::OpensslHash sha384_;
  std::shared_ptr<crypto::EcdsaVerifier> p384_;
  snp::Verifier verifier_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SNP_JUDGE_H_
