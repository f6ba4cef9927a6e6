// svsm/snp_verify/verifier.h: from an attestation report that anybody may have written to one that
// a program may rely on.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::TrustStore store, snp::TrustStore::Amd());
//   crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
//   SystemClock clock;
//   snp::Verifier verifier(store, p384, clock);
//
//   SVSM_ASSIGN_OR_RETURN(const snp::Verdict verdict,
//                         verifier.Verify({.report = report, .leaf = vcek_der}, policy));
//   if (!verdict.trusted()) return Print(verdict.refusals);
//   Use(verdict.report->contents().measurement());
//
// Everything is judged, even after a first failure: a verdict lists all that is wrong. What the
// policy left open is listed beside it, trusted or not.
//
// A report proves who asked the AMD-SP, not when: a caller who needs freshness puts a nonce into
// REPORT_DATA and demands it by the policy.
//
// Profile: hosted. Allocates: the heap. Threads: one object, one thread; the store may be shared.
#ifndef SVSM_SNP_VERIFY_VERIFIER_H_
#define SVSM_SNP_VERIFY_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/report.h"
#include "svsm/snp_verify/chain.h"
#include "svsm/snp_verify/policy.h"
#include "svsm/snp_verify/refusal.h"
#include "svsm/snp_verify/roots.h"

namespace svsm::snp {

// What is to be judged. Views are borrowed for the call.
struct Evidence {
  ByteView report;  // ATTESTATION_REPORT, 1184 bytes
  ByteView leaf;    // VCEK or VLEK certificate, DER
  // TPM2B_PUBLIC or TPMT_PUBLIC of an endorsement key that REPORT_DATA is to be the digest of;
  // empty: no key is judged.
  ByteView ek_public = {};
};

// A report that a Verifier found genuine and within a policy: there is no other way to one.
class VerifiedReport final {
 public:
  const UnverifiedReport& contents() const { return contents_; }
  Product product() const { return product_; }
  const ReportTcbs& tcbs() const { return tcbs_; }
  LeafKind signing_key() const { return signing_key_; }

 private:
  friend class Verifier;
  VerifiedReport(const UnverifiedReport& contents, Product product, const ReportTcbs& tcbs,
                 LeafKind signing_key)
      : contents_(contents), product_(product), tcbs_(tcbs), signing_key_(signing_key) {}
  UnverifiedReport contents_;
  Product product_;
  ReportTcbs tcbs_;
  LeafKind signing_key_;
};

struct Verdict {
  Refusals refusals;
  std::vector<Aspect> not_judged;
  std::optional<VerifiedReport> report;  // set exactly if there is no refusal
  bool trusted() const { return report.has_value(); }
};

class Verifier final {
 public:
  // Leaves that a Verifier remembers as judged, by their bytes; the least recently used goes first.
  static constexpr std::size_t kMaxLeaves = 1024;

  // All must outlive the object. `p384` is for its use alone; an OpenSSL one always serves,
  // nettle's is faster. The store must not change meanwhile.
  Verifier(const TrustStore& store, crypto::EcdsaVerifier& p384, const Clock& clock);

  // Judges. The time is the clock's at the call.
  // Errors, which mean that there was nothing to judge: DecodeReport()'s and DecodeReportTcbs()'s
  // for the report, ParseCertificate()'s for the leaf, MatchEkTemplate()'s but kNotFound for the
  // EK; kFailedPrecondition (the clock has no calendar time), kInvalidArgument (`p384` is of
  // another curve), kInternal (a backend failed).
  Result<Verdict> Verify(const Evidence& evidence, const Policy& policy);

 private:
  struct CachedLeaf {
    Leaf leaf;
    std::uint64_t last_use;
  };

  struct ByBytes {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const;
  };

  // The result lives until the next call.
  Result<const Leaf*> JudgedLeaf(ByteView der, Refusals& refusals);
  Status JudgeSignature(const UnverifiedReport& report, const Leaf& leaf, Refusals& refusals);
  Status JudgeEk(const UnverifiedReport& report, ByteView ek_public, Refusals& refusals);

  const TrustStore& store_;
  crypto::EcdsaVerifier& p384_;
  const Clock& clock_;
  crypto::OpensslHash sha384_;
  crypto::OpensslHash sha512_;
  std::map<ByteVector, CachedLeaf, ByBytes> leaves_;
  Leaf refused_leaf_;
  std::uint64_t uses_ = 0;
  std::optional<LeafKey> imported_;  // the key that p384_ holds
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_VERIFIER_H_
