// svsm-launch: the launch digest of a confidential VM before it is launched, and what goes with it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <vector>

#include "tools/svsm-launch/options.h"
#include "tools/svsm-launch/verbs.h"

namespace svsm::launch {
namespace {

constexpr int kDone = 0;
constexpr int kUnusable = 2;

void DefineIgvm(CLI::App& app, MeasureOptions& options) {
  const std::vector<CLI::Option*> others = app.get_options([](const CLI::Option* option) {
    return !option->check_lname("help") && !option->check_lname("output-format");
  });
  CLI::Option* igvm = app.add_option("--igvm", options.igvm, "IGVM file, in place of --ovmf");
  for (CLI::Option* other : others) igvm->excludes(other);
  app.add_option("--loader", options.loader,
                 "whose launch of the IGVM file is measured: QEMU, igvmmeasure, "
                 "igvmmeasure-native-zero or igvm-crate")
      ->capture_default_str()
      ->needs(igvm);
}

void DefineMeasure(CLI::App& app, MeasureOptions& options) {
  app.add_option("--mode", options.mode, "snp, snp:ovmf-hash or snp:svsm")->capture_default_str();
  app.add_option("--ovmf", options.ovmf, "firmware image");
  app.add_option("--vcpus", options.vcpus, "number of guest vCPUs");
  app.add_option("--vcpu-type", options.vcpu_type, "QEMU's name of the vCPU, such as EPYC-Milan");
  app.add_option("--vcpu-sig", options.vcpu_sig, "CPUID signature of the vCPU");
  app.add_option("--vcpu-family", options.vcpu_family, "family of the vCPU");
  app.add_option("--vcpu-model", options.vcpu_model, "model of the vCPU");
  app.add_option("--vcpu-stepping", options.vcpu_stepping, "stepping of the vCPU");
  app.add_option("--vmm-type", options.vmm_type,
                 "QEMU, QEMU-legacy (on Linux before 6.10), ec2, ec2-rdx0, gce or KRUN")
      ->capture_default_str();
  app.add_option("--kernel", options.kernel, "directly booted kernel");
  app.add_option("--initrd", options.initrd, "its initial RAM disk");
  app.add_option("--append", options.append, "its command line");
  app.add_option("--guest-features", options.guest_features, "SEV_FEATURES of the guest")
      ->capture_default_str();
  app.add_option("--output-format", options.output_format, "hex or base64")->capture_default_str();
  app.add_option("--snp-ovmf-hash", options.snp_ovmf_hash,
                 "digest of --mode snp:ovmf-hash in place of the firmware's own pages");
  app.add_flag("--dump-vmsa", options.dump_vmsa, "write the measured VMSAs to vmsa<N>.bin");
  app.add_option("--svsm", options.svsm, "SVSM image (mode snp:svsm)");
  CLI::Option* size =
      app.add_option("--vars-size", options.vars_size, "bytes of firmware variables (snp:svsm)");
  app.add_option("--vars-file", options.vars_file, "file of firmware variables (snp:svsm)")
      ->excludes(size);
  DefineIgvm(app, options);
}

void DefineIdBlock(CLI::App& app, IdBlockOptions& options) {
  app.add_option("--measurement", options.measurement, "launch digest, base64 or hex");
  app.add_option("--idkey", options.id_key, "private key that signs the block (P-384, PEM)");
  app.add_option("--authorkey", options.author_key, "private key that signs the ID key");
  app.add_option("--family-id", options.family_id, "16 bytes, hex");
  app.add_option("--image-id", options.image_id, "16 bytes, hex");
  app.add_option("--guest-svn", options.guest_svn, "security version of the guest")
      ->capture_default_str();
  app.add_option("--policy", options.policy, "guest policy of the launch")->capture_default_str();
  CLI::Option* block = app.add_option("--id-block-file", options.block_file,
                                      "the block's 96 bytes, written or read");
  CLI::Option* auth = app.add_option("--id-auth-file", options.auth_file,
                                     "the authentication's 4096 bytes, written or read");
  app.add_flag("--check", options.check, "check the two files instead of making them")
      ->needs(block)
      ->needs(auth);
}

int Run(CLI::App& app, int argc, char** argv) {
  MeasureOptions measure;
  IdBlockOptions id_block;
  std::string inspect;
  app.require_subcommand(1);
  CLI::App* measure_verb = app.add_subcommand("measure", "print the launch digest");
  DefineMeasure(*measure_verb, measure);
  CLI::App* id_block_verb =
      app.add_subcommand("id-block", "make or check an ID block and its authentication");
  DefineIdBlock(*id_block_verb, id_block);
  CLI::App* inspect_verb =
      app.add_subcommand("inspect", "show what an image says about its launch");
  inspect_verb->add_option("FILE", inspect, "firmware, SVSM or IGVM image")->required();
  try {
    app.parse(argc, argv);
    if (*measure_verb) fmt::print("{}\n", Measure(measure));
    if (*id_block_verb) fmt::print("{}", IdBlock(id_block));
    if (*inspect_verb) fmt::print("{}", Inspect(inspect));
    return kDone;
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "svsm-launch: {}\n", error.what());
  } catch (const Unusable& unusable) {
    fmt::print(stderr, "svsm-launch: {}\n", unusable.what());
  }
  return kUnusable;
}

}  // namespace
}  // namespace svsm::launch

int main(int argc, char** argv) {
  CLI::App app(
      "Launch digests of SEV-SNP guests.\n"
      "Exit code: 0 done, 2 malformed or unusable input (one line on the error output).",
      "svsm-launch");
  return svsm::launch::Run(app, argc, argv);
}
