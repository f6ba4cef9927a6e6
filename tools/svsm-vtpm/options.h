// tools/svsm-vtpm/options.h: the command line of svsm-vtpm, in swtpm's spelling.
#ifndef SVSM_TOOLS_SVSM_VTPM_OPTIONS_H_
#define SVSM_TOOLS_SVSM_VTPM_OPTIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"
#include "tools/common/tpm_image.h"

namespace svsm::tool {

// "type=unixio,path=P[,mode=0600]" | "type=tcp,port=N[,bindaddr=A]" | "[type=...,]fd=N" |
// "[type=...,]clientfd=N"
struct Endpoint {
  enum class Kind : std::uint8_t { kUnix, kTcp, kDescriptor };
  Kind kind = Kind::kUnix;
  std::string path;
  std::uint32_t mode = 0600;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  int descriptor = -1;
};

enum class Startup : std::uint8_t { kNone, kClear, kState };
enum class Manufacture : std::uint8_t { kNo, kSim, kConfigfs };

// A CocoonFS image that the TPM is in; its path is empty if there is none.
struct ImageOptions : TpmImageFile {
  bool beside_other_engine = false;  // make a new TPM where another engine's is
  bool ephemeral = false;  // if the image is refused, run a TPM that ends with the process
  bool resume = false;     // take up a stored volatile state
};

enum class Verb : std::uint8_t {
  kSocket,       // serve a TPM
  kManufacture,  // make the TPM in an image before its VM exists
  kImport,       // take an swtpm's state into an image
};

// One PCR's value to which a secret is sealed.
struct PcrOption {
  std::uint32_t pcr = 0;
  ByteVector value;
};

// What the verbs that serve nobody want besides the image and its key.
struct OfflineOptions {
  std::uint64_t size_bytes = 0;  // of an image that is made here; 0: the image must be there
  std::string seal_file;         // the secret; empty: none
  std::string bank = "sha256";
  std::vector<PcrOption> pcrs;  // ascending
  ByteVector launch_digest;     // for the prediction of the measurement PCR; empty: none
  ByteVector manifest_digest;
  std::uint32_t handle = 0;   // of the sealed secret; 0: the usual one
  std::string public_folder;  // where the EKs' public areas are written to; empty: nowhere
  std::string swtpm_folder;   // kImport
};

struct Options {
  Verb verb = Verb::kSocket;
  OfflineOptions offline;
  std::optional<Endpoint> server;
  std::optional<Endpoint> control;
  std::optional<Endpoint> mssim;  // TCP, with a port below 65535
  std::string state_folder;       // empty: the state is in memory and ends with the process
  std::string key_file;           // empty, and no AMD-SP key: the state is stored in the clear
  int key_descriptor = -1;        // where to read the key instead of from a file
  bool key_of_sp = false;         // sealed under a key that the AMD-SP derives
  std::uint32_t key_vmpl = 0;     // for which VMPL
  bool power_on = false;          // not-need-init, or any startup
  Startup startup = Startup::kNone;
  bool end_with_client = false;
  bool daemon = false;
  std::string pid_file;
  int pid_descriptor = -1;
  std::string log_file;
  int log_descriptor = -1;
  bool print_capabilities = false;  // print and end, whatever else is said
  bool print_states = false;
  Manufacture manufacture = Manufacture::kNo;
  std::string sim_folder;
  std::string tsm_folder;  // where configfs-tsm is mounted
  std::string sev_guest;   // the device that --key amd-sp asks, unless the machine is simulated
  ImageOptions image;
  std::string manifest;  // a file whose SHA-384 is measured at manufacture
};

// "a=b,c,d=e" as a map; a word without '=' has an empty value. `allowed` names the keys, separated
// by spaces. Throws std::invalid_argument for other keys, for one given twice, and for empty ones.
std::map<std::string, std::string> ParseList(const std::string& text, const std::string& allowed);

// Throws std::invalid_argument, with a text for people, for what is not an endpoint.
Endpoint ParseEndpoint(const std::string& text);

// What the arguments say. Throws what CLI11 throws, which CLI::App::exit() turns into a text and an
// exit code.
Options ParseCommandLine(int argc, const char* const* argv);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_OPTIONS_H_
