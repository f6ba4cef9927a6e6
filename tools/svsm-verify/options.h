// What the command line says, and how the program gives up.
#ifndef SVSM_TOOLS_SVSM_VERIFY_OPTIONS_H_
#define SVSM_TOOLS_SVSM_VERIFY_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"

namespace svsm::verify {

// Input that is malformed or cannot be used: one line for people.
class Unusable final : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string report;  // empty with hcl
  std::string hcl;
  std::string certs;
  std::string roots;
  std::vector<std::string> crls;
  std::string time;
  std::string policy;
  std::string report_data;
  std::string ek;
  std::optional<std::uint32_t> vmpl;
  std::string manifest;
  std::string service_nonce;
  std::string quote;
  std::string quote_sig;
  std::string pcrs;
  std::string ak;
  std::string nonce;
  bool json = false;
  bool explain = false;       // show the chain
  std::string html;           // where to write the page of the verdict
  std::string wrap_key;       // the storage key to be wrapped after a verdict "trusted"
  std::string parent = "ek";  // what it is wrapped for: "ek" or "srk"
  std::string srk;
  std::string wrap_out;  // folder
};

// A file's bytes. Throws Unusable.
ByteVector Load(const std::string& path);
// An option's hex digits. Throws Unusable.
ByteVector ParseHex(const std::string& option, const std::string& digits);
// What a failed Status means for input called `what`, as an Unusable.
Unusable Explain(const std::string& what, Status status);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_OPTIONS_H_
