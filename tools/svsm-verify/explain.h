// The chain of evidence behind a verdict, link by link: what each proves, to whom, and what was
// found there. The one model of `svsm-verify explain`, of --html and of "chain" in --json.
#ifndef SVSM_TOOLS_SVSM_VERIFY_EXPLAIN_H_
#define SVSM_TOOLS_SVSM_VERIFY_EXPLAIN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "svsm/snp/report.h"
#include "svsm/snp/tcb.h"
#include "svsm/snp_verify/chain.h"
#include "svsm/snp_verify/refusal.h"
#include "svsm/snp_verify/roots.h"
#include "tools/svsm-verify/options.h"

namespace svsm::verify {

// In the order in which trust is handed down.
enum class LinkKind : std::uint8_t {
  kRoot,          // ARK
  kIntermediate,  // ASK or ASVK
  kRevocation,    // the root's list
  kLeaf,          // VCEK or VLEK
  kReport,        // its signature and origin
  kPolicy,        // its contents against what the relying party demands
  kReportData,    // what the guest or the SVSM put in
  kManifest,      // a service's
  kEk,            // the vTPM's endorsement key
  kRuntimeData,   // an Azure paravisor's, with the attestation key
  kQuote,         // the TPM's
  kFreshness,
};

using Facts = std::vector<std::pair<std::string, std::string>>;

struct OneRefusal {
  LinkKind link;
  std::string reason;
  std::string found;
  std::string wanted;
};

enum class LinkState : std::uint8_t {
  kHolds,
  kOpen,        // holds as far as it was judged
  kUnfounded,   // nothing is wrong here, but a link above is broken or missing
  kNotReached,  // nothing was there to judge
  kBroken,
};
// "holds", "holds; something is left open", ...
const char* LinkStateText(LinkState state);
// "holds", "open", "unfounded", "not-reached", "broken": for programs.
const char* LinkStateId(LinkState state);

struct Link {
  LinkKind kind;
  LinkState state = LinkState::kHolds;
  std::string title;
  std::string proves;
  std::string to_whom;
  Facts found = {};
  std::vector<OneRefusal> refusals = {};
  std::vector<std::string> not_judged = {};
};

// "bootloader 4, TEE 0, SNP 24, microcode 219", with FMC where there is one.
std::string TcbWords(const snp::TcbVersion& tcb);

// Which link a refusal breaks.
LinkKind LinkOf(const snp::Refusal& refusal);

// What a chain is told from. Views are borrowed for the call.
struct Grounds {
  const Options& options;
  const snp::TrustStore& store;
  const snp::Leaf& leaf;
  const snp::UnverifiedReport& report;
  std::string time;              // as of which was judged
  std::string report_data_kind;  // empty: unknown
  std::string ek_template;       // empty: none given or no EK
  Facts runtime_data;            // with --hcl
  Facts quote;                   // with --quote
};

// The links that the input has, each with those of `refusals` and `not_judged` that concern it.
// `freshness` is empty if the evidence answers a nonce, or says why it does not.
std::vector<Link> ChainOf(const Grounds& grounds, const std::vector<OneRefusal>& refusals,
                          const std::vector<std::string>& not_judged, const std::string& freshness);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_EXPLAIN_H_
