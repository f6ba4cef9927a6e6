// svsm-verify: judges an SEV-SNP attestation report, and what hangs on it: an endorsement key, a
// service's manifest, a TPM's quote, an Azure confidential VM's evidence.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/svsm-verify/html.h"
#include "tools/svsm-verify/judge.h"
#include "tools/svsm-verify/print.h"

namespace svsm::verify {
namespace {

constexpr int kTrusted = 0;
constexpr int kRefused = 1;
constexpr int kUnusable = 2;

// Gives --wrap-key.
CLI::Option* DefineRelease(CLI::App& app, Options& options) {
  CLI::Option* wrap = app.add_option("--wrap-key", options.wrap_key,
                                     "storage key (svsm-storage-key create) to wrap for the TPM of "
                                     "--ek, if the verdict is \"trusted\"");
  CLI::Option* out = app.add_option("-o,--out", options.wrap_out,
                                    "folder for storage.pub, .dup and .seed, as tpm2_import takes "
                                    "them; with --parent srk also .cred, whose secret (by "
                                    "tpm2_activatecredential) is its -k")
                         ->needs(wrap);
  wrap->needs(out);
  app.add_option("--parent", options.parent, "wrap for ek (default) or srk")
      ->check(CLI::IsMember({"ek", "srk"}))
      ->needs(wrap);
  app.add_option("--srk", options.srk, "storage root key (TPM2B_PUBLIC or TPMT_PUBLIC)")
      ->needs(wrap);
  return wrap;
}

void Define(CLI::App& app, Options& options) {
  CLI::Option* report = app.add_option("REPORT", options.report, "ATTESTATION_REPORT, 1184 bytes");
  app.add_option("--certs", options.certs,
                 "VCEK or VLEK certificate (DER, PEM or a host's table), or a folder with them")
      ->required();
  app.add_option("--roots", options.roots,
                 "ARK, ASK, ASVK certificates that replace the built-in ones of AMD");
  app.add_option("--crl", options.crls, "revocation list of a root; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--time", options.time, "judge as of this time (RFC 3339) instead of now");
  app.add_option("--policy", options.policy, "policy file (JSON)");
  CLI::Option* data =
      app.add_option("--report-data", options.report_data, "REPORT_DATA must be these 64 bytes");
  CLI::Option* ek = app.add_option(
      "--ek", options.ek,
      "endorsement key (TPM2B_PUBLIC or TPMT_PUBLIC) that REPORT_DATA must speak for; at VMPL 0 "
      "unless --vmpl or the policy says otherwise");
  CLI::Option* vmpl = app.add_option("--vmpl", options.vmpl, "the report must be of this VMPL")
                          ->check(CLI::Range(0, 3));
  CLI::Option* manifest = app.add_option("--manifest", options.manifest,
                                         "services manifest or one service's; REPORT_DATA must be "
                                         "SHA-512(nonce || manifest), and --ek "
                                         "must be in it; at VMPL 0 unless told otherwise");
  CLI::Option* service_nonce = app.add_option("--service-nonce", options.service_nonce,
                                              "the 64 bytes that the service was asked with");
  manifest->needs(service_nonce)->excludes(data);
  service_nonce->needs(manifest);
  CLI::Option* hcl = app.add_option(
      "--hcl", options.hcl, "an Azure confidential VM's blob (NV 01400001) instead of REPORT");
  hcl->excludes(report)->excludes(data)->excludes(ek)->excludes(manifest)->excludes(vmpl);
  CLI::Option* quote = app.add_option("--quote", options.quote, "TPMS_ATTEST of TPM2_Quote");
  CLI::Option* signature =
      app.add_option("--quote-sig", options.quote_sig, "its signature (TPMT_SIGNATURE, or plain)");
  quote->needs(signature);
  signature->needs(quote);
  app.add_option("--pcrs", options.pcrs, "the quoted PCR values (JSON, or as tpm2_quote -o)")
      ->needs(quote);
  app.add_option("--ak", options.ak,
                 "attestation key of the quote (TPM2B_PUBLIC, TPMT_PUBLIC, PEM or DER)")
      ->needs(quote)
      ->excludes(hcl);
  app.add_option("--nonce", options.nonce, "the quote must carry exactly these bytes")
      ->needs(quote);
  app.add_flag("--json", options.json, "print one JSON object");
  app.add_option("--html", options.html, "write the verdict and its chain to this file, as a page");
  DefineRelease(app, options)->needs(ek)->excludes(hcl);
  app.add_subcommand("explain",
                     "show each link of the chain: what it proves, to whom, what is in it")
      ->fallthrough()
      ->callback([&options] { options.explain = true; });
}

// What CLI11 cannot say.
void CheckOptions(const Options& options) {
  if (options.report.empty() && options.hcl.empty()) throw Unusable("REPORT or --hcl is wanted");
  if (!options.quote.empty() && options.hcl.empty() && options.ak.empty()) {
    throw Unusable("--quote wants --ak");
  }
  if ((options.parent == "srk") == options.srk.empty()) {
    throw Unusable("--parent srk and --srk want each other");
  }
}

void WritePage(const std::string& path, const Outcome& outcome) {
  const Status written = WriteFileAtomically(path, AsBytes(ToHtml(outcome)), FileMode::kPrivate);
  if (!written.ok()) throw Unusable(path + ": cannot be written: " + ToString(written));
}

void Print(const Options& options, const Outcome& outcome) {
  const Detail detail = options.explain ? Detail::kChain : Detail::kVerdict;
  if (options.json) {
    fmt::print("{}", ToJson(outcome, detail));
  } else {
    fmt::print("{}", options.explain ? ToChainText(outcome) : ToText(outcome));
  }
}

int Run(const Options& options) {
  try {
    CheckOptions(options);
    const Outcome outcome = Judge(options);
    if (!options.html.empty()) WritePage(options.html, outcome);
    Print(options, outcome);
    return outcome.trusted() ? kTrusted : kRefused;
  } catch (const Unusable& unusable) {
    if (options.json) fmt::print("{}", ToJson(unusable));
    fmt::print(stderr, "svsm-verify: {}\n", unusable.what());
    return kUnusable;
  }
}

}  // namespace
}  // namespace svsm::verify

int main(int argc, char** argv) {
  CLI::App app(
      "Judges an SEV-SNP attestation report and what hangs on it.\n"
      "Exit code: 0 trusted, 1 refused (the reasons, one a line), 2 malformed or unusable input.",
      "svsm-verify");
  svsm::verify::Options options;
  svsm::verify::Define(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "svsm-verify: {}\n", error.what());
    return svsm::verify::kUnusable;
  }
  return svsm::verify::Run(options);
}
