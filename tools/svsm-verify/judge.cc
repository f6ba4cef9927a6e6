#include "tools/svsm-verify/judge.h"

#include <fmt/format.h>

#include <array>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/broker_manifest.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/report_data.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/evidence/vtpm_manifest.h"
#include "svsm/protocol/manifest.h"
#include "svsm/snp_verify/hcl.h"
#include "svsm/snp_verify/policy_json.h"
#include "svsm/snp_verify/quote.h"
#include "tools/svsm-verify/certificates.h"
#include "tools/svsm-verify/release.h"

namespace svsm::verify {
namespace {

// The system's clock, or one that stands still at --time.
class VerifierClock final : public Clock {
 public:
  explicit VerifierClock(const std::string& time) {
    if (time.empty()) {
      unix_seconds_ = system_.UnixSeconds();
      return;
    }
    const Result<std::int64_t> parsed = ParseRfc3339(time);
    if (!parsed.ok()) throw Unusable("--time: not a time as 2026-01-31T12:00:00Z");
    unix_seconds_ = *parsed;
  }
  std::uint64_t MonotonicMs() const override { return system_.MonotonicMs(); }
  std::int64_t UnixSeconds() const override { return unix_seconds_; }
  void SleepMs(std::uint64_t milliseconds) override { system_.SleepMs(milliseconds); }

 private:
  SystemClock system_;
  std::int64_t unix_seconds_ = 0;
};

snp::Policy LoadPolicy(const Options& options) {
  snp::Policy policy;
  if (!options.policy.empty()) {
    const ByteVector file = Load(options.policy);
    std::string error;
    Result<snp::Policy> parsed = snp::ParsePolicyJson(std::string(file.begin(), file.end()), error);
    if (!parsed.ok()) throw Unusable(options.policy + ": " + error);
    policy = *std::move(parsed);
  }
  if (options.vmpl) policy.vmpl = Vmpl(*options.vmpl);
  // What a service vouches for counts from VMPL 0, unless told otherwise.
  const bool service = !options.ek.empty() || !options.manifest.empty();
  if (service && !policy.vmpl) policy.vmpl = Vmpl(0);
  if (!options.report_data.empty()) {
    const ByteVector bytes = ParseHex("--report-data", options.report_data);
    if (bytes.size() != kReportDataSize) throw Unusable("--report-data: not 64 bytes");
    policy.report_data.emplace();
    Copy(*policy.report_data, bytes);
  }
  return policy;
}

void Add(const snp::Verdict& verdict, Outcome& outcome) {
  for (const snp::Refusal& refusal : verdict.refusals) {
    outcome.refusals.push_back(
        {LinkOf(refusal), snp::ReasonId(refusal.reason), refusal.found, refusal.wanted});
  }
  for (const snp::Aspect aspect : verdict.not_judged) {
    outcome.not_judged.push_back(snp::AspectId(aspect));
  }
}

void Add(const snp::QuoteVerdict& verdict, Outcome& outcome) {
  for (const snp::QuoteRefusal& refusal : verdict.refusals) {
    outcome.refusals.push_back(
        {LinkKind::kQuote, snp::QuoteReasonId(refusal.reason), refusal.found, refusal.wanted});
  }
  for (const snp::QuoteAspect aspect : verdict.not_judged) {
    outcome.not_judged.push_back(snp::QuoteAspectId(aspect));
  }
}

void AddReportFacts(const snp::UnverifiedReport& report, const snp::Verdict& verdict,
                    Outcome& outcome) {
  auto& facts = outcome.facts;
  facts.emplace_back("report-version", std::to_string(report.version()));
  facts.emplace_back(
      "vmpl", report.made_by_host() ? std::string("host") : std::to_string(report.vmpl().value()));
  facts.emplace_back("measurement", ToHex(report.measurement()));
  facts.emplace_back("report-data", ToHex(report.report_data()));
  if (!verdict.report) return;
  facts.emplace_back("product", snp::ProductName(verdict.report->product()));
  facts.emplace_back("signing-key",
                     verdict.report->signing_key() == snp::LeafKind::kVcek ? "VCEK" : "VLEK");
  facts.emplace_back("reported-tcb", TcbWords(verdict.report->tcbs().reported));
}

// The leaves that a report may be signed with, the likeliest kind alone if there are several.
std::vector<ByteVector> LeavesFor(const Certificates& certificates, ByteView report_bytes) {
  const Result<snp::UnverifiedReport> report = snp::DecodeReport(report_bytes);
  const bool vlek = report.ok() && report->signing_key() == snp::SigningKey::kVlek;
  const auto& wanted = vlek ? certificates.vleks : certificates.vceks;
  const auto& others = vlek ? certificates.vceks : certificates.vleks;
  return wanted.empty() ? others : wanted;
}

// A verdict, and the certificate under which it is.
template <typename Verdict>
struct Judged {
  Verdict verdict;
  ByteVector leaf;
};

// The verdict under the first leaf that makes the report trusted, or under the one with the fewest
// refusals. `verify` takes a leaf and gives a Result.
template <typename Verdict, typename Verify>
Judged<Verdict> BestVerdict(const std::vector<ByteVector>& leaves, const std::string& what,
                            Verify verify, const snp::Verdict& (*report_of)(const Verdict&)) {
  std::optional<Judged<Verdict>> best;
  for (const ByteVector& leaf : leaves) {
    Result<Verdict> verdict = verify(leaf);
    if (!verdict.ok()) throw Explain(what, verdict.status());
    if (report_of(*verdict).trusted()) return {*std::move(verdict), leaf};
    if (!best || report_of(*verdict).refusals.size() < report_of(best->verdict).refusals.size()) {
      best = Judged<Verdict>{*std::move(verdict), leaf};
    }
  }
  return *std::move(best);
}

// A quote with all that is given for it.
struct QuoteInput {
  explicit QuoteInput(const Options& options)
      : message(Load(options.quote)), signature(Load(options.quote_sig)) {
    const Result<evidence::TpmQuote> quote = evidence::ParseQuote(message);
    if (!quote.ok()) throw Explain(options.quote, quote.status());
    if (!options.pcrs.empty()) {
      std::string error;
      Result<snp::PcrTable> table = snp::ReadPcrFile(Load(options.pcrs), quote->selection, error);
      if (!table.ok()) throw Unusable(options.pcrs + ": " + error);
      pcrs = *std::move(table);
    }
    if (!options.nonce.empty()) nonce = ParseHex("--nonce", options.nonce);
  }
  snp::QuoteEvidence evidence() const {
    snp::QuoteEvidence all = {.message = message, .signature = signature};
    if (pcrs) all.pcrs = &*pcrs;
    if (nonce) all.nonce = *nonce;
    return all;
  }
  ByteVector message;
  ByteVector signature;
  std::optional<snp::PcrTable> pcrs;
  std::optional<ByteVector> nonce;
};

void AddQuoteFacts(const snp::QuoteVerdict& verdict, Outcome& outcome) {
  if (!verdict.quote) return;
  for (const snp::PcrEntry& entry : verdict.quote->pcrs()) {
    outcome.facts.emplace_back(fmt::format("pcr {}:{}", snp::PcrBankName(entry.bank), entry.index),
                               ToHex(entry.value));
  }
}

// The vTPM's manifest: alone, or as an entry of the services manifest.
ByteView VtpmManifest(ByteView manifest) {
  std::array<protocol::ManifestEntry, 32> slots;
  const auto entries = protocol::ParseServicesManifest(manifest, slots);
  if (!entries.ok()) return manifest;
  for (const protocol::ManifestEntry& entry : *entries) {
    if (entry.guid == protocol::kVtpmService) return entry.manifest;
  }
  return {};
}

// Whether the vTPM's manifest is this TPMT_PUBLIC (version 0) or a list with it (version 1).
bool Names(ByteView manifest, ByteView tpmt) {
  if (Equal(manifest, tpmt)) return true;
  std::array<ByteView, evidence::kMaxManifestKeys> slots;
  const auto keys = evidence::ParseVtpmManifestV1(manifest, slots);
  if (!keys.ok()) return false;
  for (const ByteView key : *keys) {
    if (Equal(evidence::Tpm2bContents(key), tpmt)) return true;
  }
  return false;
}

// The EK against a manifest that REPORT_DATA covers.
void JudgeManifestEk(const Options& options, ByteView manifest, Outcome& outcome) {
  const ByteVector file = Load(options.ek);
  const Result<evidence::EkMatch> ek = evidence::MatchEkTemplate(file);
  if (ek.status().code() == Code::kNotFound) {
    outcome.refusals.push_back({LinkKind::kEk, snp::ReasonId(snp::Reason::kEkTemplate),
                                "a public area that is no endorsement key's",
                                "a TCG EK template (L-1, L-2, H-3) in every byte but unique"});
  } else if (!ek.ok()) {
    throw Explain(options.ek, ek.status());
  } else if (!Names(VtpmManifest(manifest), ek->tpmt)) {
    outcome.refusals.push_back({LinkKind::kEk, snp::ReasonId(snp::Reason::kEkBinding),
                                "a manifest without this endorsement key",
                                "the vTPM's manifest with the endorsement key's public area"});
  }
}

// Which broker gave this boot its storage, where the SVSM says so.
void AddBrokerFacts(ByteView manifest, Outcome& outcome) {
  std::array<protocol::ManifestEntry, 32> slots;
  const auto entries = protocol::ParseServicesManifest(manifest, slots);
  const protocol::ManifestEntry alone[] = {{evidence::kBrokerService, manifest}};
  const std::span<const protocol::ManifestEntry> searched =
      entries.ok() ? std::span<const protocol::ManifestEntry>(*entries) : alone;
  for (const protocol::ManifestEntry& entry : searched) {
    if (entry.guid != evidence::kBrokerService) continue;
    const Result<evidence::BrokerManifest> broker = evidence::DecodeBrokerManifest(entry.manifest);
    if (!broker.ok()) continue;
    const std::size_t size = crypto::CoordinateSize(broker->curve);
    outcome.facts.emplace_back("broker", fmt::format("ECDSA P-{}, x {}, y {}", 8 * size,
                                                     ToHex(ByteView(broker->x).first(size)),
                                                     ToHex(ByteView(broker->y).first(size))));
    outcome.facts.emplace_back("boot-number", fmt::format("{}", broker->boot));
  }
}

// Puts what a service attestation demands of REPORT_DATA into the policy; gives the manifest.
ByteVector RequireManifest(const Options& options, snp::Policy& policy) {
  const ByteVector manifest = Load(options.manifest);
  const ByteVector nonce = ParseHex("--service-nonce", options.service_nonce);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const Result<evidence::ReportData> data =
      evidence::ServiceManifestReportData(sha512, nonce, manifest);
  if (data.status().code() == Code::kInvalidArgument) {
    throw Unusable("--service-nonce: not 64 bytes");
  }
  if (!data.ok()) throw Explain(options.manifest, data.status());
  policy.report_data = *data;
  return manifest;
}

const snp::Verdict& Itself(const snp::Verdict& verdict) { return verdict; }
const snp::Verdict& ReportOf(const snp::HclVerdict& verdict) { return verdict.report; }

class Judging {
 public:
  explicit Judging(const Options& options)
      : options_(options),
        certificates_(LoadCertificates(options.certs)),
        store_(LoadTrustStore(options, certificates_)),
        clock_(options.time),
        verifier_(store_, p384_, clock_) {}

  Outcome Report() {
    const ByteVector bytes = Load(options_.report);
    const Result<snp::UnverifiedReport> report = snp::DecodeReport(bytes);
    if (!report.ok()) throw Explain(options_.report, report.status());
    snp::Policy policy = LoadPolicy(options_);
    const bool service = !options_.manifest.empty();
    ByteVector manifest;
    if (service) manifest = RequireManifest(options_, policy);
    ByteVector ek;
    if (!options_.ek.empty() && !service) ek = Load(options_.ek);
    if (!options_.ek.empty() && !service && ek.empty()) throw Unusable(options_.ek + ": empty");
    const auto verify = [&](const ByteVector& leaf) {
      return verifier_.Verify({.report = bytes, .leaf = leaf, .ek_public = ek}, policy);
    };
    const auto [verdict, leaf] =
        BestVerdict<snp::Verdict>(LeavesFor(certificates_, bytes), options_.report, verify, Itself);
    Outcome outcome;
    Add(verdict, outcome);
    AddReportFacts(*report, verdict, outcome);
    if (service && !options_.ek.empty()) JudgeManifestEk(options_, manifest, outcome);
    if (service) AddBrokerFacts(manifest, outcome);
    if (!options_.quote.empty()) QuoteByKey(outcome);
    if (!options_.wrap_key.empty()) CheckRelease(verdict);
    if (!options_.wrap_key.empty() && outcome.trusted()) {
      outcome.facts.emplace_back("wrapped-for", ReleaseKey(options_, *verdict.report));
    }
    SayHowFresh(outcome);
    Tell(*report, leaf, {}, outcome);
    return outcome;
  }

  Outcome Hcl() {
    const ByteVector file = Load(options_.hcl);
    const Result<snp::HclBlob> blob = snp::ParseHcl(file);
    if (!blob.ok()) throw Explain(options_.hcl, blob.status());
    const Result<snp::UnverifiedReport> report = snp::DecodeReport(blob->report);
    if (!report.ok()) throw Explain(options_.hcl + ", report", report.status());
    const snp::Policy policy = LoadPolicy(options_);
    std::optional<QuoteInput> input;
    std::optional<snp::QuoteEvidence> quote;
    if (!options_.quote.empty()) quote = input.emplace(options_).evidence();
    const auto verify = [&](const ByteVector& leaf) {
      return snp::VerifyHcl(
          verifier_, {.blob = file, .leaf = leaf, .quote = quote ? &*quote : nullptr}, policy);
    };
    const auto [verdict, leaf] = BestVerdict<snp::HclVerdict>(
        LeavesFor(certificates_, blob->report), options_.hcl, verify, ReportOf);
    Outcome outcome;
    Add(verdict.report, outcome);
    AddReportFacts(*report, verdict.report, outcome);
    const Facts key = {{"attestation-key", "RSA, modulus " + ToHex(verdict.key.modulus)}};
    outcome.facts.push_back(key[0]);
    if (verdict.quote) {
      Add(*verdict.quote, outcome);
      AddQuoteFacts(*verdict.quote, outcome);
    }
    outcome.fresh = verdict.quote && !options_.nonce.empty();
    if (!outcome.fresh) outcome.freshness = "nothing here answers a nonce (--quote and --nonce)";
    Tell(*report, leaf, key, outcome);
    return outcome;
  }

 private:
  void QuoteByKey(Outcome& outcome) {
    const QuoteInput input(options_);
    const Result<snp::QuoteKey> key = snp::ReadQuoteKey(Load(options_.ak));
    if (!key.ok()) throw Explain(options_.ak, key.status());
    const Result<snp::QuoteVerdict> verdict = snp::VerifyQuote(input.evidence(), *key);
    if (!verdict.ok()) throw Explain(options_.quote_sig, verdict.status());
    Add(*verdict, outcome);
    AddQuoteFacts(*verdict, outcome);
    // A quote proves the key; that the key is of the reported TPM takes the EK's private half.
    outcome.not_judged.push_back("ak-origin");
  }

  // The kind of REPORT_DATA that the input shows it to be; empty if it does not.
  std::string ReportDataKind(const snp::UnverifiedReport& report) const {
    using evidence::ReportDataKind;
    const auto name = [](ReportDataKind kind) { return evidence::ReportDataKindName(kind); };
    if (!options_.hcl.empty()) return name(ReportDataKind::kHclRuntimeData);
    if (!options_.manifest.empty()) return name(ReportDataKind::kServiceManifest);
    if (!options_.ek.empty()) {
      const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
      const Result<ReportDataKind> kind =
          evidence::MatchEkReportData(sha512, report.report_data(), Load(options_.ek));
      return kind.ok() ? name(*kind) : "";
    }
    if (!options_.report_data.empty()) return "the bytes of --report-data";
    if (evidence::FindOwnKind(report.report_data()).ok()) return name(ReportDataKind::kOwn);
    return IsZero(report.report_data()) ? "none: all zero" : "";
  }

  // Fills in the chain of a verdict under `leaf`.
  void Tell(const snp::UnverifiedReport& report, const ByteVector& leaf, const Facts& runtime_data,
            Outcome& outcome) const {
    const Result<snp::X509Certificate> certificate = snp::ParseCertificate(leaf);
    if (!certificate.ok()) throw Explain(options_.certs, certificate.status());
    snp::Refusals known;
    const Result<snp::Leaf> judged = snp::JudgeLeaf(store_, *certificate, known);
    if (!judged.ok()) throw Explain(options_.certs, judged.status());
    Facts quote;
    for (const auto& fact : outcome.facts) {
      if (fact.first.starts_with("pcr ")) quote.push_back(fact);
    }
    std::string ek_template;
    if (!options_.ek.empty()) {
      const ByteVector file = Load(options_.ek);
      const Result<evidence::EkMatch> ek = evidence::MatchEkTemplate(file);
      if (ek.ok()) ek_template = evidence::KeyTemplateName(ek->id);
    }
    outcome.chain =
        ChainOf({.options = options_,
                 .store = store_,
                 .leaf = *judged,
                 .report = report,
                 .time = FormatRfc3339(clock_.UnixSeconds()),
                 .report_data_kind = ReportDataKind(report),
                 .ek_template = ek_template,
                 .runtime_data = runtime_data,
                 .quote = quote},
                outcome.refusals, outcome.not_judged, outcome.fresh ? "" : outcome.freshness);
  }

  void SayHowFresh(Outcome& outcome) {
    outcome.fresh = !options_.manifest.empty();
    if (outcome.fresh) return;
    if (!options_.ek.empty()) {
      outcome.freshness =
          "a report from NV alone may be of an earlier boot: ask for a single-service attestation "
          "over a nonce (--manifest and --service-nonce)";
    } else if (!options_.report_data.empty()) {
      outcome.freshness = "unless a nonce of yours is in --report-data";
    } else {
      outcome.freshness = "nothing here answers a nonce";
    }
  }

  const Options& options_;
  Certificates certificates_;
  snp::TrustStore store_;
  crypto::OpensslEcdsaVerifier p384_{crypto::Curve::kP384};
  VerifierClock clock_;
  snp::Verifier verifier_;
};

}  // namespace

ByteVector Load(const std::string& path) {
  Result<ByteVector> bytes = ReadFile(path);
  if (!bytes.ok()) throw Explain(path, bytes.status());
  return *std::move(bytes);
}

ByteVector ParseHex(const std::string& option, const std::string& digits) {
  Result<ByteVector> bytes = FromHex(digits);
  if (!bytes.ok()) throw Unusable(option + ": not hex digits, two a byte");
  return *std::move(bytes);
}

Unusable Explain(const std::string& what, Status status) {
  switch (status.code()) {
    case Code::kNotFound:
      return Unusable(what + (status.source() == Source::kSystem
                                  ? ": no such file"
                                  : ": what is wanted is not in it"));
    case Code::kPermissionDenied:
      return Unusable(what + ": no permission to read it");
    case Code::kTruncated:
      return Unusable(fmt::format("{}: too short ({})", what, status.detail()));
    case Code::kMalformed:
      return Unusable(fmt::format("{}: malformed (at {})", what, status.detail()));
    case Code::kUnsupported:
      return Unusable(fmt::format("{}: not supported (it says {:#x})", what, status.detail()));
    case Code::kOutOfRange:
      return Unusable(fmt::format("{}: too large (limit {})", what, status.detail()));
    default:
      return Unusable(what + ": " + ToString(status));
  }
}

Outcome Judge(const Options& options) {
  Judging judging(options);
  return options.hcl.empty() ? judging.Report() : judging.Hcl();
}

}  // namespace svsm::verify
