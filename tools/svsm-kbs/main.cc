// svsm-kbs: a key broker: judges SEV-SNP evidence, and gives what it holds to those that it
// affirms.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "svsm/core/hosted.h"
#include "tools/svsm-kbs/daemon.h"

namespace {

using svsm::tool::KbsOptions;

void DefineServe(CLI::App& app, KbsOptions& options) {
  svsm::tool::HttpOptions& http = options.http;
  app.add_option("--policy", options.policy, "what reports must say (JSON); DATA/policy.json")
      ->check(CLI::ExistingFile);
  app.add_option("--roots", options.roots, "ARK, ASK, ASVK certificates in place of AMD's")
      ->check(CLI::ExistingFile);
  app.add_option("--listen", http.host, "address")->capture_default_str();
  app.add_option("--port", http.port, "0: any that is free")
      ->default_val(8080)
      ->check(CLI::Range(0, 65535));
  app.add_option("--port-file", options.port_file, "where to write the port once it is open");
  CLI::Option* const certificate =
      app.add_option("--cert", http.certificate, "certificate chain for TLS (PEM)")
          ->check(CLI::ExistingFile);
  CLI::Option* const key = app.add_option("--key", http.key, "its key (PEM)")
                               ->check(CLI::ExistingFile)
                               ->needs(certificate);
  certificate->needs(key);
  app.add_flag("--insecure-http", options.insecure_http,
               "serve in the clear beyond this machine: cookies, tokens and whatever an "
               "administrator sends can be read on the way");
  app.add_option("--boots", options.boots,
                 "open: HOST_DATA names the guest; requested: each boot needs a boot request")
      ->check(CLI::IsMember({"open", "requested"}))
      ->capture_default_str();
  app.add_option("--bindings", options.bindings,
                 "own: only keys bound as this project does; all: as existing clients do, too")
      ->check(CLI::IsMember({"own", "all"}))
      ->capture_default_str();
  app.add_option("--token-spelling", options.spelling, "of EAR claims")
      ->check(CLI::IsMember({"dotted", "underscored"}))
      ->capture_default_str();
  app.add_option("--issuer", options.issuer, "in tokens")->capture_default_str();
  app.add_option("--session-seconds", options.session_seconds, "life of a session and its token")
      ->check(CLI::Range(10, 86400))
      ->capture_default_str();
  app.add_option("--max-connections", http.limits.connections, "served at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Key broker for confidential VMs (KBS protocol 0.4.0).", "svsm-kbs");
  app.require_subcommand(1);
  KbsOptions options;
  CLI::App* const serve = app.add_subcommand("serve", "Serve until SIGTERM");
  CLI::App* const keys =
      app.add_subcommand("keys", "Print the public keys that sign secrets, for pinning");
  for (CLI::App* const verb : {serve, keys}) {
    verb->add_option("--data", options.data, "folder of keys, state and resources, made if missing")
        ->required();
    verb->add_option("--curve", options.curve, "of the key that signs secrets, if it is made now")
        ->check(CLI::IsMember({"P-256", "P-384"}))
        ->capture_default_str();
  }
  DefineServe(*serve, options);
  CLI11_PARSE(app, argc, argv);
  std::string error;
  const svsm::Status status =
      serve->parsed() ? svsm::tool::Serve(options, error) : svsm::tool::PrintKeys(options, error);
  if (status.ok()) return 0;
  std::fprintf(stderr, "svsm-kbs: %s%s%s\n", error.c_str(), error.empty() ? "" : ": ",
               svsm::ToString(status).c_str());
  return 2;
}
