#include "tools/svsm-verify/explain.h"

#include <fmt/format.h>

#include "svsm/core/hosted.h"

namespace svsm::verify {
namespace {

std::string Dates(std::int64_t from, std::int64_t until) {
  return FormatRfc3339(from) + " to " + FormatRfc3339(until);
}

Facts AuthorityFacts(const snp::Authority& authority, const std::string& source) {
  return {{"name", authority.common_name},
          {"source", source},
          {"serial", ToHex(authority.serial)},
          {"valid", Dates(authority.not_before, authority.not_after)}};
}

// Whose certificate a refusal speaks of, by how the verifier begins its sentence.
LinkKind CertificateLink(const std::string& found) {
  if (found.starts_with("ARK-")) return LinkKind::kRoot;
  if (found.starts_with("SEV-")) return LinkKind::kIntermediate;
  return LinkKind::kLeaf;
}

LinkKind LinkOfAspect(const std::string& aspect) {
  if (aspect == "revocation") return LinkKind::kRevocation;
  if (aspect == "report-data") return LinkKind::kReportData;
  if (aspect == "ak-origin" || aspect.starts_with("quote-")) return LinkKind::kQuote;
  return LinkKind::kPolicy;
}

// Links of the certificates.

Link Missing(LinkKind kind, const char* title, const char* proves) {
  return {.kind = kind,
          .state = LinkState::kNotReached,
          .title = title,
          .proves = proves,
          .to_whom = "to nobody yet: no key that you believe signed the certificate below",
          .found = {}};
}

Link RootLink(const Grounds& grounds) {
  const char kProves[] = "where trust begins; nothing proves this key, you choose to believe it";
  if (!grounds.leaf.ark) return Missing(LinkKind::kRoot, "Root key (ARK)", kProves);
  const snp::Authority& ark = grounds.store.authorities()[*grounds.leaf.ark];
  const bool own = !grounds.options.roots.empty();
  return {.kind = LinkKind::kRoot,
          .title = "Root key (ARK)",
          .proves = kProves,
          .to_whom = own ? "to whoever trusts the maker of the file given as --roots: this is not "
                           "AMD's word"
                         : "to whoever trusts AMD and this program's built-in copy of its keys",
          .found = AuthorityFacts(ark, own ? grounds.options.roots : "built in")};
}

Link IntermediateLink(const Grounds& grounds) {
  const bool vlek = grounds.leaf.kind == snp::LeafKind::kVlek;
  const char* title = vlek ? "Intermediate key (ASVK)" : "Intermediate key (ASK)";
  const char* proves = vlek ? "the root lets this key vouch for keys that clouds load into chips"
                            : "the root lets this key vouch for keys of single chips";
  if (!grounds.leaf.issuer) return Missing(LinkKind::kIntermediate, title, proves);
  const snp::Authority& issuer = grounds.store.authorities()[*grounds.leaf.issuer];
  return {.kind = LinkKind::kIntermediate,
          .title = title,
          .proves = proves,
          .to_whom = "to whoever trusts the root",
          .found = AuthorityFacts(issuer, "signed by the root")};
}

Link RevocationLink(const Grounds& grounds) {
  Link link{.kind = LinkKind::kRevocation,
            .title = "Revocation",
            .proves = "the root has not taken back its word on the keys of this chain",
            .to_whom = "to whoever trusts the root, as of the list's date"};
  const snp::StoredCrl* crl = nullptr;
  if (grounds.leaf.ark) crl = grounds.store.CrlOf(grounds.store.authorities()[*grounds.leaf.ark]);
  if (crl == nullptr) {
    link.found.emplace_back("list", "none given (--crl)");
    return link;
  }
  link.found.emplace_back("list made", FormatRfc3339(crl->this_update));
  link.found.emplace_back(
      "next list", crl->next_update ? FormatRfc3339(*crl->next_update) : std::string("not said"));
  link.found.emplace_back("serials on it", std::to_string(crl->revoked.size()));
  return link;
}

Link LeafLink(const Grounds& grounds) {
  const snp::Leaf& leaf = grounds.leaf;
  const bool vlek = leaf.kind == snp::LeafKind::kVlek;
  Link link{.kind = LinkKind::kLeaf,
            .title = vlek ? "Cloud's chip key (VLEK)" : "Chip's key (VCEK)",
            .proves = vlek ? "the report's key was derived for this cloud and this firmware level; "
                             "which chip holds it is not said"
                           : "the report's key is of this one chip with this firmware level",
            .to_whom = "to whoever trusts the intermediate key"};
  if (leaf.product) link.found.emplace_back("line", snp::ProductName(*leaf.product));
  if (!leaf.hwid.empty()) link.found.emplace_back("hwID", ToHex(leaf.hwid));
  if (!leaf.csp_id.empty()) link.found.emplace_back("cloud", leaf.csp_id);
  if (leaf.tcb) link.found.emplace_back("firmware level (TCB)", TcbWords(*leaf.tcb));
  link.found.emplace_back("valid", Dates(leaf.not_before, leaf.not_after));
  link.found.emplace_back("judged as of", grounds.time);
  return link;
}

// Links of the report.

Link ReportLink(const Grounds& grounds) {
  const snp::UnverifiedReport& report = grounds.report;
  return {
      .kind = LinkKind::kReport,
      .title = "Attestation report",
      .proves = "the secure processor of that chip, with that firmware, wrote every field below",
      .to_whom = "to whoever trusts the chip's key",
      .found = {{"version", std::to_string(report.version())},
                {"signature", report.is_signed() ? "ECDSA P-384 over bytes 000h to 29Fh"
                                                 : "none: the chip's key is masked"},
                {"CHIP_ID", ToHex(report.chip_id())},
                {"REPORT_ID", ToHex(report.report_id())}}};
}

Link PolicyLink(const Grounds& grounds) {
  const snp::UnverifiedReport& report = grounds.report;
  return {.kind = LinkKind::kPolicy,
          .title = "What runs, and under which rules",
          .proves =
              "the guest began as what has this measurement, and the host is bound by these "
              "rules",
          .to_whom = grounds.options.policy.empty()
                         ? "to you; without --policy only debugging and migration are refused"
                         : "to you, by the policy in " + grounds.options.policy,
          .found = {{"measurement", ToHex(report.measurement())},
                    {"asked for by", report.made_by_host()
                                         ? std::string("the host")
                                         : fmt::format("VMPL {}", report.vmpl().value())},
                    {"guest policy", fmt::format("{:#x}", report.policy())},
                    {"guest SVN", std::to_string(report.guest_svn())},
                    {"HOST_DATA", ToHex(report.host_data())},
                    {"ID key digest", ToHex(report.id_key_digest())}}};
}

Link ReportDataLink(const Grounds& grounds) {
  const std::string& kind = grounds.report_data_kind;
  return {.kind = LinkKind::kReportData,
          .title = "REPORT_DATA",
          .proves = kind.empty() ? "whoever asked for the report chose these 64 bytes; what they "
                                   "stand for was not asked"
                                 : "whoever asked for the report vouches for what hashes to these "
                                   "64 bytes",
          .to_whom = "to whoever trusts the software in that measurement at that VMPL",
          .found = {{"kind", kind.empty() ? "not known" : kind},
                    {"bytes", ToHex(grounds.report.report_data())}}};
}

Link ManifestLink(const Grounds& grounds) {
  return {.kind = LinkKind::kManifest,
          .title = "Service manifest",
          .proves = "the SVSM gave out exactly this manifest, in answer to this nonce",
          .to_whom = "to whoever chose the nonce, and trusts the SVSM",
          .found = {{"file", grounds.options.manifest}, {"nonce", grounds.options.service_nonce}}};
}

Link EkLink(const Grounds& grounds) {
  Link link{.kind = LinkKind::kEk,
            .title = "Endorsement key",
            .proves =
                "the vTPM of this machine holds this key and never gives it out: what is "
                "encrypted to it, that vTPM alone can open",
            .to_whom = "to whoever trusts the SVSM that made the vTPM",
            .found = {{"file", grounds.options.ek}}};
  if (!grounds.ek_template.empty()) link.found.emplace_back("template", grounds.ek_template);
  return link;
}

Link RuntimeDataLink(const Grounds& grounds) {
  return {.kind = LinkKind::kRuntimeData,
          .title = "Paravisor's runtime data",
          .proves = "the paravisor at VMPL 0 names this attestation key as its vTPM's",
          .to_whom = "to whoever trusts the paravisor in that measurement",
          .found = grounds.runtime_data};
}

Link QuoteLink(const Grounds& grounds) {
  return {.kind = LinkKind::kQuote,
          .title = "TPM quote",
          .proves =
              "the holder of the attestation key saw these PCR values: what firmware and "
              "system measured since the boot",
          .to_whom = grounds.options.hcl.empty()
                         ? "to whoever knows that the attestation key is of this vTPM (activate a "
                           "credential with the endorsement key)"
                         : "to whoever trusts the paravisor that named the key",
          .found = grounds.quote};
}

Link FreshnessLink(const std::string& freshness) {
  Link link{.kind = LinkKind::kFreshness,
            .title = "Freshness",
            .proves = "the evidence was made after you chose your nonce",
            .to_whom = "to whoever chose the nonce, and to nobody else"};
  if (freshness.empty()) {
    link.found.emplace_back("fresh", "the evidence answers the nonce");
  } else {
    link.found.emplace_back("not fresh", freshness);
    link.not_judged.emplace_back("freshness");
  }
  return link;
}

// Hands a link what concerns it, and says how it stands on the links above.
void Settle(Link& link, const std::vector<OneRefusal>& refusals,
            const std::vector<std::string>& not_judged, bool founded) {
  for (const OneRefusal& refusal : refusals) {
    if (refusal.link == link.kind) link.refusals.push_back(refusal);
  }
  for (const std::string& aspect : not_judged) {
    if (LinkOfAspect(aspect) == link.kind) link.not_judged.push_back(aspect);
  }
  if (!link.refusals.empty()) {
    link.state = LinkState::kBroken;
  } else if (link.state == LinkState::kNotReached) {
    return;
  } else if (!founded) {
    link.state = LinkState::kUnfounded;
  } else if (!link.not_judged.empty()) {
    link.state = LinkState::kOpen;
  }
}

}  // namespace

std::string TcbWords(const snp::TcbVersion& tcb) {
  std::string text;
  if (tcb.layout == snp::TcbLayout::kTurin) text = fmt::format("FMC {}, ", tcb.fmc);
  return text + fmt::format("bootloader {}, TEE {}, SNP {}, microcode {}", tcb.bootloader, tcb.tee,
                            tcb.snp, tcb.microcode);
}

const char* LinkStateText(LinkState state) {
  switch (state) {
    case LinkState::kHolds:
      return "holds";
    case LinkState::kOpen:
      return "holds as far as it was judged";
    case LinkState::kUnfounded:
      return "rests on a broken link";
    case LinkState::kNotReached:
      return "not reached";
    case LinkState::kBroken:
      return "broken";
  }
  return "?";
}

const char* LinkStateId(LinkState state) {
  switch (state) {
    case LinkState::kHolds:
      return "holds";
    case LinkState::kOpen:
      return "open";
    case LinkState::kUnfounded:
      return "unfounded";
    case LinkState::kNotReached:
      return "not-reached";
    case LinkState::kBroken:
      return "broken";
  }
  return "?";
}

LinkKind LinkOf(const snp::Refusal& refusal) {
  using snp::Reason;
  if (refusal.reason <= Reason::kCertificateRevoked) return CertificateLink(refusal.found);
  if (refusal.reason <= Reason::kCrlStale) return LinkKind::kRevocation;
  if (refusal.reason <= Reason::kChipIdMasked) return LinkKind::kReport;
  switch (refusal.reason) {
    case Reason::kReportData:
      return LinkKind::kReportData;
    case Reason::kEkTemplate:
    case Reason::kEkBinding:
      return LinkKind::kEk;
    default:
      return LinkKind::kPolicy;
  }
}

std::vector<Link> ChainOf(const Grounds& grounds, const std::vector<OneRefusal>& refusals,
                          const std::vector<std::string>& not_judged,
                          const std::string& freshness) {
  const Options& options = grounds.options;
  std::vector<Link> chain = {
      RootLink(grounds),   IntermediateLink(grounds), RevocationLink(grounds), LeafLink(grounds),
      ReportLink(grounds), PolicyLink(grounds),       ReportDataLink(grounds)};
  if (!options.manifest.empty()) chain.push_back(ManifestLink(grounds));
  if (!options.ek.empty()) chain.push_back(EkLink(grounds));
  if (!options.hcl.empty()) chain.push_back(RuntimeDataLink(grounds));
  if (!options.quote.empty()) chain.push_back(QuoteLink(grounds));
  chain.push_back(FreshnessLink(freshness));
  bool founded = true;
  for (Link& link : chain) {
    Settle(link, refusals, not_judged, founded);
    founded = founded && link.state != LinkState::kBroken && link.state != LinkState::kNotReached;
  }
  return chain;
}

}  // namespace svsm::verify
