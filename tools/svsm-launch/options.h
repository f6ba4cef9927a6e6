// What the command line says, and how the program gives up.
#ifndef SVSM_TOOLS_SVSM_LAUNCH_OPTIONS_H_
#define SVSM_TOOLS_SVSM_LAUNCH_OPTIONS_H_

#include <cstdint>
#include <stdexcept>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/core/status.h"

namespace svsm::launch {

// Input that is malformed or cannot be used: one line for people.
class Unusable final : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct MeasureOptions {
  std::string mode = "snp";
  std::string ovmf;
  std::string vcpus;
  std::string vcpu_type;
  std::string vcpu_sig;
  std::string vcpu_family;
  std::string vcpu_model;
  std::string vcpu_stepping;
  std::string vmm_type = "QEMU";
  std::string kernel;
  std::string initrd;
  std::string append;
  std::string guest_features = "0x1";
  std::string output_format = "hex";
  std::string snp_ovmf_hash;
  bool dump_vmsa = false;
  std::string svsm;
  std::string vars_size;
  std::string vars_file;
  std::string igvm;
  std::string loader = "QEMU";
};

struct IdBlockOptions {
  std::string measurement;
  std::string id_key;
  std::string author_key;
  std::string family_id;
  std::string image_id;
  std::string guest_svn = "0";
  std::string policy = "0x30000";
  std::string block_file;
  std::string auth_file;
  bool check = false;
};

// A file's bytes. Throws Unusable.
ByteVector Load(const std::string& path, std::size_t limit_bytes = 64u << 20);
// A number of at most `limit`, decimal or with 0x. Throws Unusable.
std::uint64_t ParseNumber(const std::string& option, const std::string& text, std::uint64_t limit);
// Exactly `size` bytes of hex digits. Throws Unusable.
ByteVector ParseHex(const std::string& option, const std::string& digits, std::size_t size);
std::string ToBase64(ByteView bytes);
// What a failed Status of a parser or measurer means for input called `what`.
Unusable Explain(const std::string& what, Status status);

}  // namespace svsm::launch

#endif  // SVSM_TOOLS_SVSM_LAUNCH_OPTIONS_H_
