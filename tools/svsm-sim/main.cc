// svsm-sim: files from the simulated AMD platform, for verifiers to judge. Nothing that it writes
// satisfies a verifier that pins AMD's keys.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "svsm/core/hosted.h"
#include "tools/svsm-sim/verbs.h"

namespace {

using svsm::tool::KdsOptions;
using svsm::tool::PlatformOptions;
using svsm::tool::RecordOptions;
using svsm::tool::ReplayOptions;
using svsm::tool::ReportOptions;
using svsm::tool::RootsOptions;

constexpr const char* kKeysHelp = "Folder of the simulated authority's keys, made if missing";
constexpr const char* kSeedHelp = "Which chip";

void AddPlatformOptions(CLI::App& verb, PlatformOptions& options) {
  verb.add_option("--product", options.product, "Milan, Genoa or Turin")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}));
  verb.add_flag("--vlek", options.vlek, "A cloud provider's key signs, not the chip's");
}

void AddReportOptions(CLI::App& verb, ReportOptions& options) {
  AddPlatformOptions(verb, options.platform);
  verb.add_option("--keys", options.keys, kKeysHelp)->required();
  verb.add_option("--out", options.full, "Report, then the certificate table");
  verb.add_option("--report", options.report, "The report alone");
  verb.add_option("--certs", options.table, "The certificate table alone");
  verb.add_option("--certs-folder", options.certificates, "Each certificate as a DER file");
  verb.add_option("--program", options.program, "What the SVSM's memory is launched with")
      ->check(CLI::ExistingFile);
  verb.add_option("--report-data", options.report_data, "Up to 64 bytes, in hex");
  verb.add_option("--seed", options.seed, kSeedHelp);
  verb.add_option("--vmpl", options.vmpl, "Whose key asks")->check(CLI::Range(0, 3));
  verb.add_option("--report-version", options.version, "Of the report")->check(CLI::Range(2, 5));
  verb.add_flag("--mask-chip-id", options.mask_chip_id, "Reports do not say which chip");
  verb.add_option("--host-data", options.host_data, "Up to 32 bytes, in hex");
  CLI::Option* const id_block =
      verb.add_option("--id-block", options.id_block, "Who vouches for the launch: 96 bytes")
          ->check(CLI::ExistingFile);
  CLI::Option* const id_auth =
      verb.add_option("--id-auth", options.id_auth, "Keys and signatures over it: 4096 bytes")
          ->check(CLI::ExistingFile);
  id_block->needs(id_auth);
  id_auth->needs(id_block);
}

void AddRecordOptions(CLI::App& verb, RecordOptions& options) {
  verb.add_option("--out", options.out, "The recording, text")->required();
  verb.add_option("--product", options.setting.product, "Milan, Genoa or Turin")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}));
  verb.add_option("--chip", options.setting.chip, kSeedHelp);
  verb.add_option("--busy", options.setting.busy, "So often the host says BUSY first")
      ->check(CLI::Range(0, 1000));
  verb.add_option("--program", options.program, "What the SVSM's memory is launched with")
      ->check(CLI::ExistingFile);
  verb.add_option("--seed", options.seed, "Of all random bytes; without, the system's");
  verb.add_flag("--with-secrets", options.with_secrets, "Random bytes too, not their digests");
}

void AddReplayOptions(CLI::App& verb, ReplayOptions& options) {
  verb.add_option("recording", options.recording)->required()->check(CLI::ExistingFile);
  verb.add_option("--program", options.program, "The program that was recorded")
      ->check(CLI::ExistingFile);
  verb.add_option("--seed", options.seed, "The seed that was recorded with, for redacted secrets");
}

int Finish(svsm::Status status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "svsm-sim: %s\n", svsm::ToString(status).c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes reports and certificates of a simulated AMD platform.", "svsm-sim");
  app.require_subcommand(1);
  RootsOptions roots;
  KdsOptions kds;
  ReportOptions report;
  RecordOptions record;
  ReplayOptions replay;
  CLI::App* const roots_verb = app.add_subcommand("roots", "Write the chain as PEM");
  AddPlatformOptions(*roots_verb, roots.platform);
  roots_verb->add_option("--keys", roots.keys, kKeysHelp)->required();
  roots_verb->add_option("--out", roots.out, "File")->required();
  CLI::App* const kds_verb = app.add_subcommand("kds", "Write a key service's folder");
  kds_verb->add_option("--product", kds.platform.product, "Milan, Genoa or Turin")
      ->check(CLI::IsMember({"Milan", "Genoa", "Turin"}));
  kds_verb->add_option("--keys", kds.keys, kKeysHelp)->required();
  kds_verb->add_option("--out", kds.out, "Folder")->required();
  kds_verb->add_option("--seed", kds.seed, kSeedHelp);
  kds_verb->add_option("--revoke", kds.revoked, "Serial numbers for the revocation list");
  CLI::App* const report_verb =
      app.add_subcommand("report", "Launch a VM and write an attestation report");
  AddReportOptions(*report_verb, report);
  CLI::App* const record_verb = app.add_subcommand("record", "Boot a VM and record it");
  AddRecordOptions(*record_verb, record);
  CLI::App* const replay_verb = app.add_subcommand("replay", "Boot a VM from its recording");
  AddReplayOptions(*replay_verb, replay);
  CLI11_PARSE(app, argc, argv);
  if (roots_verb->parsed()) return Finish(svsm::tool::WriteRoots(roots));
  if (kds_verb->parsed()) return Finish(svsm::tool::WriteKds(kds));
  if (record_verb->parsed()) return Finish(svsm::tool::RecordBoot(record));
  if (replay_verb->parsed()) return Finish(svsm::tool::ReplayBoot(replay));
  return Finish(svsm::tool::WriteReport(report));
}
