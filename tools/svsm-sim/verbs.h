// What svsm-sim does, apart from its command line.
#ifndef SVSM_TOOLS_SVSM_SIM_VERBS_H_
#define SVSM_TOOLS_SVSM_SIM_VERBS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "svsm/core/status.h"
#include "tools/svsm-sim/boot.h"

namespace svsm::tool {

// Whose machine, and which key signs for it.
struct PlatformOptions {
  std::string product = "Milan";  // or "Genoa", "Turin"
  bool vlek = false;
};

struct RootsOptions {
  PlatformOptions platform;
  std::string keys;  // folder of the certificate authority
  std::string out;
};

struct KdsOptions {
  PlatformOptions platform;
  std::string keys;
  std::string out;  // folder
  std::uint64_t seed = 1;
  std::vector<std::uint64_t> revoked;  // serial numbers for the revocation list
};

struct ReportOptions {
  PlatformOptions platform;
  std::string keys;
  std::string full;    // report, then the certificate table; empty: not written
  std::string report;  // the report alone
  std::string table;   // the certificate table alone
  std::string program;
  std::string certificates;  // folder for ark.der, ask.der or asvk.der, vcek.der or vlek.der
  std::string report_data;   // hex, at most 64 bytes
  std::uint64_t seed = 1;
  std::uint32_t vmpl = 0;
  std::uint32_t version = 3;
  bool mask_chip_id = false;
  std::string host_data;  // hex, at most 32 bytes
  std::string id_block;   // files of 96 and 4096 bytes, both or none
  std::string id_auth;
};

struct RecordOptions {
  BootSetting setting;
  std::string out;
  std::string program;
  std::optional<std::uint64_t> seed;  // of all random bytes; none: the system's
  bool with_secrets = false;
};

struct ReplayOptions {
  std::string recording;
  std::string program;
  std::optional<std::uint64_t> seed;  // for a recording without secrets
};

// Writes ASK or ASVK, and ARK, of the simulated line as PEM.
Status WriteRoots(const RootsOptions& options);

// Writes the key service of the line, both chains, and of the chip that `seed` makes.
Status WriteKds(const KdsOptions& options);

// Launches a VM with an SVSM on that chip and writes a report that it asks for with the VMPCK of
// `vmpl`.
Status WriteReport(const ReportOptions& options);

// Boots a VM and writes all that came from outside, and what came of it: random bytes as their
// digests, unless secrets are wanted; the file is the owner's alone then.
Status RecordBoot(const RecordOptions& options);

// Boots it again from the recording alone. Errors: kDataLoss (another boot), kFailedPrecondition
// (secrets are missing); a line on standard error says at which event.
Status ReplayBoot(const ReplayOptions& options);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_SIM_VERBS_H_
