#include "tools/svsm-vtpm/options.h"

#include <CLI/CLI.hpp>
#include <sstream>
#include <stdexcept>

#include "svsm/snp_linux/sev_guest.h"
#include "svsm/snp_linux/tsm_tree.h"

namespace svsm::tool {
namespace {

bool IsWordOf(const std::string& word, const std::string& words) {
  std::istringstream in(words);
  for (std::string candidate; in >> candidate;) {
    if (candidate == word) return true;
  }
  return false;
}

unsigned long ParseNumber(const std::string& what, const std::string& text, int base,
                          unsigned long max) {
  std::size_t used = 0;
  unsigned long value = 0;
  try {
    value = std::stoul(text, &used, base);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || value > max || text[0] == '-') {
    throw std::invalid_argument(what + " is not a number that can be: " + text);
  }
  return value;
}

void ApplyFlags(const std::string& text, Options& options) {
  const auto flags = ParseList(text, "not-need-init startup-clear startup-state");
  options.power_on = !flags.empty();
  if (flags.count("startup-clear") != 0) options.startup = Startup::kClear;
  if (flags.count("startup-state") != 0) options.startup = Startup::kState;
}

Manufacture ParseManufacture(const std::string& text) {
  if (text == "sim") return Manufacture::kSim;
  if (text == "configfs") return Manufacture::kConfigfs;
  throw std::invalid_argument("neither sim nor configfs: " + text);
}

// "dir=FOLDER" or "backend-uri=dir://FOLDER".
std::string ParseState(const std::string& text) {
  const auto parts = ParseList(text, "dir backend-uri mode lock");
  if (const auto found = parts.find("dir"); found != parts.end() && !found->second.empty()) {
    return found->second;
  }
  constexpr std::string_view kScheme = "dir://";
  const auto found = parts.find("backend-uri");
  if (found == parts.end() || !found->second.starts_with(kScheme) ||
      found->second.size() == kScheme.size()) {
    throw std::invalid_argument("neither dir=... nor backend-uri=dir://... in " + text);
  }
  return found->second.substr(kScheme.size());
}

// "file=F" or "fd=N", whichever of the two words there is.
void ParseFile(const std::string& text, const std::string& allowed, std::string& file,
               int& descriptor) {
  const auto parts = ParseList(text, allowed);
  if (const auto found = parts.find("fd"); found != parts.end()) {
    descriptor = static_cast<int>(ParseNumber("descriptor", found->second, 10, 65535));
  } else if (const auto path = parts.find("file"); path != parts.end() && !path->second.empty()) {
    file = path->second;
  } else {
    throw std::invalid_argument("neither file=... nor fd=... in " + text);
  }
}

// The one filter of system calls that this program can be told to have.
void CheckSeccomp(const std::string& text) {
  if (text != "action=none") throw std::invalid_argument("only action=none: " + text);
}

void ParseKey(const std::string& text, Options& options) {
  const auto parts = ParseList(text, "file fd amd-sp vmpl");
  const auto file = parts.find("file");
  const auto descriptor = parts.find("fd");
  const auto vmpl = parts.find("vmpl");
  options.key_of_sp = parts.count("amd-sp") != 0;
  if (file != parts.end()) options.key_file = file->second;
  if (descriptor != parts.end()) {
    options.key_descriptor =
        static_cast<int>(ParseNumber("descriptor", descriptor->second, 10, 65535));
  }
  const int sources = (options.key_file.empty() ? 0 : 1) + (descriptor != parts.end() ? 1 : 0) +
                      (options.key_of_sp ? 1 : 0);
  if (sources != 1 || (vmpl != parts.end() && !options.key_of_sp)) {
    throw std::invalid_argument("not one of file=..., fd=N, amd-sp[,vmpl=N]: " + text);
  }
  if (vmpl != parts.end()) {
    options.key_vmpl = static_cast<std::uint32_t>(ParseNumber("vmpl", vmpl->second, 10, 3));
  }
}

// Turns the parsers' std::invalid_argument into what CLI11 reports with the option's name.
template <typename F>
std::function<void(const std::string&)> Checked(F parse) {
  return [parse](const std::string& text) {
    try {
      parse(text);
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(error.what());
    }
  };
}

Endpoint ParseMssim(const std::string& text) {
  (void)ParseList(text, "type port bindaddr");
  const Endpoint endpoint = ParseEndpoint(text);
  if (endpoint.port == 0 || endpoint.port == 65535) {
    throw std::invalid_argument("port=N and N+1 cannot both be ports: " + text);
  }
  return endpoint;
}

void AddSockets(CLI::App& socket, Options& options) {
  socket.add_option_function<std::string>(
      "--server", Checked([&](const std::string& text) { options.server = ParseEndpoint(text); }),
      "TPM commands: type=unixio,path=P | type=tcp,port=N[,bindaddr=A] | fd=N");
  socket.add_option_function<std::string>(
      "--ctrl", Checked([&](const std::string& text) { options.control = ParseEndpoint(text); }),
      "Power, locality, state: the same, or clientfd=N");
  socket.add_option_function<std::string>(
      "--mssim", Checked([&](const std::string& text) { options.mssim = ParseMssim(text); }),
      "The TPM simulator's protocol: type=tcp,port=N[,bindaddr=A], platform port N+1");
}

void AddKey(CLI::App& app, Options& options) {
  app.add_option_function<std::string>(
      "--key", Checked([&](const std::string& text) { ParseKey(text, options); }),
      "Seals the state: file=FILE or fd=N with 32 bytes or 64 hex digits (of an image: with the "
      "key's bytes, any number of them), or amd-sp[,vmpl=N] for a key that the AMD-SP derives for "
      "this chip, measurement and policy");
}

void AddState(CLI::App& socket, Options& options) {
  socket.add_option_function<std::string>(
      "--tpmstate",
      Checked([&](const std::string& text) { options.state_folder = ParseState(text); }),
      "dir=FOLDER or backend-uri=dir://FOLDER; without it the state ends with the process");
  socket.add_option_function<std::string>(
      "--flags", Checked([&](const std::string& text) { ApplyFlags(text, options); }),
      "not-need-init, startup-clear, startup-state");
}

ByteVector ParseHex(const std::string& text) {
  const Result<ByteVector> bytes = FromHex(text);
  if (!bytes.ok() || bytes->empty()) throw std::invalid_argument("not hex digits: " + text);
  return *bytes;
}

void AddImage(CLI::App& app, ImageOptions& image) {
  app.add_option("--image", image.path,
                 "A CocoonFS image with the TPM in it; one that is still to be made is made");
  app.add_option_function<std::string>(
      "--salt", Checked([&](const std::string& text) { image.salt = ParseHex(text); }),
      "The salt of the image that belongs here, in hex: any other is refused as another image");
  app.add_flag("--ignore-block-size", image.ignore_block_size,
               "Take the risk of storage whose blocks are larger than the image's");
  app.add_flag("--beside-other-engine", image.beside_other_engine,
               "Make a new TPM even if another engine's is in the image");
}

PcrOption ParsePcr(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw std::invalid_argument("not N=HEX: " + text);
  return {static_cast<std::uint32_t>(ParseNumber("PCR", text.substr(0, equals), 10, 23)),
          ParseHex(text.substr(equals + 1))};
}

void AddSize(CLI::App& app, OfflineOptions& offline) {
  app.add_option("--size", offline.size_bytes,
                 "Make the image first, of this size (8M); there must be no such file")
      ->transform(CLI::AsSizeValue(false));
}

void AddSeal(CLI::App& app, OfflineOptions& offline) {
  app.add_option(
      "--seal", offline.seal_file,
      "A file with a secret of 1 to 128 bytes, a LUKS key for example, to seal in the TPM");
  app.add_option("--bank", offline.bank, "The PCR bank that the secret is sealed to")
      ->check(CLI::IsMember({"sha256", "sha384", "sha512"}))
      ->default_val("sha256");
  app.add_option_function<std::vector<std::string>>(
      "--pcr",
      [&](const std::vector<std::string>& texts) {
        Checked([&](const std::string&) {
          for (const std::string& text : texts) offline.pcrs.push_back(ParsePcr(text));
        })("");
      },
      "N=HEX: the value of a PCR when the secret may be had; once for each");
  app.add_option_function<std::string>(
      "--launch-digest",
      Checked([&](const std::string& text) { offline.launch_digest = ParseHex(text); }),
      "The VM's launch digest: predicts PCR 6, into which its SVSM measures it");
  app.add_option_function<std::string>(
      "--manifest-digest",
      Checked([&](const std::string& text) { offline.manifest_digest = ParseHex(text); }),
      "The digest of the manifest that its SVSM measures after that");
  app.add_option_function<std::string>(
      "--handle", Checked([&](const std::string& text) {
        offline.handle = static_cast<std::uint32_t>(ParseNumber("handle", text, 16, 0x817FFFFF));
      }),
      "Persistent handle of the sealed secret, in hex (81000100)");
}

void AddOffline(CLI::App& app, Options& options) {
  CLI::App* const make = app.add_subcommand(
      "manufacture", "Make the TPM in an image, with its keys, before its VM exists");
  make->final_callback([&] { options.verb = Verb::kManufacture; });
  CLI::App* const import = app.add_subcommand("import", "Take the state of an swtpm into an image");
  import->final_callback([&] { options.verb = Verb::kImport;
});
import
    ->add_option("--swtpm", options.offline.swtpm_folder,
                 "Its state's folder, with tpm2-00.permall, not encrypted")
    ->required();
for (CLI::App* const verb : {make, import}) {
  AddImage(*verb, options.image);
  AddKey(*verb, options);
  AddSize(*verb, options.offline);
}
make->add_option("--public-out", options.offline.public_folder,
                 "A folder for the public areas of the endorsement keys (TPM2B_PUBLIC)");
AddSeal(*make, options.offline);
}  // namespace

void AddMachine(CLI::App& socket, Options& options) {
  socket.add_option_function<std::string>("--manufacture", Checked([&](const std::string& text) {
                                            options.manufacture = ParseManufacture(text);
                                          }),
                                          "sim | configfs: make it a confidential VM's TPM first");
  socket.add_option("--sim-folder", options.sim_folder,
                    "Where the simulated machine keeps its chip and certificates");
  socket.add_option("--tsm-folder", options.tsm_folder, "Where configfs-tsm is mounted")
      ->default_val(snp::kTsmRoot);
  socket.add_option("--sev-guest", options.sev_guest, "The device that --key amd-sp asks")
      ->default_val(snp::kSevGuestPath);
  socket.add_option("--manifest", options.manifest,
                    "A file whose SHA-384 --manufacture measures beside the launch digest");
}

void AddProcess(CLI::App& socket, Options& options) {
  socket.add_flag("--terminate", options.end_with_client, "End when a client leaves");
  socket.add_flag("--daemon", options.daemon, "Go on in the background");
  socket.add_option_function<std::string>("--pid", Checked([&](const std::string& text) {
                                            ParseFile(text, "file fd mode", options.pid_file,
                                                      options.pid_descriptor);
                                          }),
                                          "file=FILE or fd=N: where to write the process id");
  socket.add_option_function<std::string>(
      "--log", Checked([&](const std::string& text) {
        ParseFile(text, "file fd level prefix truncate", options.log_file, options.log_descriptor);
      }),
      "file=FILE or fd=N: where to write messages instead of stderr");
  socket.add_option_function<std::string>("--seccomp", Checked(CheckSeccomp),
                                          "action=none: the host's filters alone hold");
  socket.add_flag("--print-capabilities", options.print_capabilities,
                  "Say in JSON what scripts may rely on, and end");
  socket.add_flag("--print-states", options.print_states,
                  "Say in JSON which states --tpmstate holds, and end");
}

void CheckOffline(const Options& options) {
  const OfflineOptions& offline = options.offline;
  if (options.image.path.empty()) throw CLI::RequiredError("--image");
  if (options.key_of_sp || (options.key_file.empty() && options.key_descriptor < 0)) {
    throw CLI::RequiredError("--key file=... or fd=...");
  }
  const bool has_pcrs =
      !offline.pcrs.empty() || !offline.launch_digest.empty() || !offline.manifest_digest.empty();
  if (offline.seal_file.empty() == has_pcrs) {
    throw CLI::RequiresError("--seal", "--pcr, --launch-digest or --manifest-digest");
  }
}

// What CLI11 cannot say.
void CheckTogether(const Options& options) {
  if (options.print_states && options.state_folder.empty()) {
    throw CLI::RequiresError("--print-states", "--tpmstate");
  }
  if (!options.print_states && !options.server && !options.control && !options.mssim) {
    throw CLI::RequiredError("--server, --ctrl or --mssim");
  }
  const bool has_key =
      !options.key_file.empty() || options.key_descriptor >= 0 || options.key_of_sp;
  if (has_key && options.state_folder.empty() && options.image.path.empty()) {
    throw CLI::RequiresError("--key", "--tpmstate or --image");
  }
  if (!options.image.path.empty() && !options.state_folder.empty()) {
    throw CLI::ExcludesError("--image", "--tpmstate");
  }
  if ((options.image.ephemeral || options.image.resume || !options.image.salt.empty()) &&
      options.image.path.empty()) {
    throw CLI::RequiresError("--if-refused, --resume and --salt", "--image");
  }
  if (options.manufacture == Manufacture::kSim && options.sim_folder.empty()) {
    throw CLI::RequiresError("--manufacture sim", "--sim-folder");
  }
  if (!options.manifest.empty() && options.manufacture == Manufacture::kNo) {
    throw CLI::RequiresError("--manifest", "--manufacture");
  }
}

}  // namespace svsm::tool

std::map<std::string, std::string> ParseList(const std::string& text, const std::string& allowed) {
  std::map<std::string, std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    if (!IsWordOf(key, allowed)) throw std::invalid_argument("unknown word: " + part);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (!parts.emplace(key, value).second) throw std::invalid_argument("given twice: " + key);
  }
  if (parts.empty()) throw std::invalid_argument("empty");
  return parts;
}

Endpoint ParseEndpoint(const std::string& text) {
  const auto parts = ParseList(text, "type path mode port bindaddr fd clientfd");
  const auto find = [&](const char* key) {
    const auto found = parts.find(key);
    return found == parts.end() ? std::string() : found->second;
  };
  Endpoint endpoint;
  const std::string descriptor = find("fd") + find("clientfd");
  if (!descriptor.empty()) {
    endpoint.kind = Endpoint::Kind::kDescriptor;
    endpoint.descriptor = static_cast<int>(ParseNumber("descriptor", descriptor, 10, 65535));
  } else if (find("type") == "unixio") {
    endpoint.path = find("path");
    if (endpoint.path.empty()) throw std::invalid_argument("path=... is missing in " + text);
    const std::string mode = find("mode");
    if (!mode.empty())
      endpoint.mode = static_cast<std::uint32_t>(ParseNumber("mode", mode, 8, 0777));
  } else if (find("type") == "tcp") {
    endpoint.kind = Endpoint::Kind::kTcp;
    endpoint.port = static_cast<std::uint16_t>(ParseNumber("port", find("port"), 10, 65535));
    const std::string address = find("bindaddr");
    if (!address.empty()) endpoint.address = address;
  } else {
    throw std::invalid_argument("type=unixio or type=tcp is missing in " + text);
  }
  return endpoint;
}

Options ParseCommandLine(int argc, const char* const* argv) {
  Options options;
  CLI::App app("A TPM 2.0 behind sockets, as swtpm's, with its state sealed.", "svsm-vtpm");
  app.require_subcommand(1);
  CLI::App* const socket = app.add_subcommand("socket", "Serve a TPM over two sockets");
  bool tpm2 = false;
  socket->add_flag("--tpm2", tpm2, "The TPM is a TPM 2.0; must be given");
  AddSockets(*socket, options);
  AddState(*socket, options);
  AddKey(*socket, options);
  AddImage(*socket, options.image);
  socket->add_option_function<std::string>(
      "--if-refused", Checked([&](const std::string& text) {
        if (text != "ephemeral") throw std::invalid_argument("only ephemeral: " + text);
        options.image.ephemeral = true;
      }),
      "ephemeral: where the image is refused, serve a TPM that ends with the process");
  socket->add_flag("--resume", options.image.resume,
                   "The guest goes on where the stored volatile state was made");
  AddMachine(*socket, options);
  AddProcess(*socket, options);
  AddOffline(app, options);
  try {
    app.parse(argc, argv);
    if (options.print_capabilities) return options;
    if (options.verb != Verb::kSocket) {
      CheckOffline(options);
      return options;
    }
    if (!tpm2) throw CLI::RequiredError("--tpm2");
    CheckTogether(options);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return options;
}

}  // namespace svsm::tool
