// What svsm-sim does, apart from its command line.
#ifndef SVSM_TOOLS_SVSM_SIM_VERBS_H_
#define SVSM_TOOLS_SVSM_SIM_VERBS_H_

#include <cstdint>
#include <string>

#include "svsm/core/status.h"

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
};

// Writes ASK or ASVK, and ARK, of the simulated line as PEM.
Status WriteRoots(const RootsOptions& options);

// Writes the key service of the line, both chains, and of the chip that `seed` makes.
Status WriteKds(const KdsOptions& options);

// Launches a VM with an SVSM on that chip and writes a report that it asks for with the VMPCK of
// `vmpl`.
Status WriteReport(const ReportOptions& options);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_SIM_VERBS_H_
