#include "tools/svsm-vtpm/state.h"

#include <array>
#include <filesystem>
#include <string_view>

namespace svsm::tool {
namespace {

constexpr char kSealedFile[] = "/tpm2.sealed";

// The engine's blobs, with swtpm's names for them.
struct NamedState {
  const char* file;
  const char* name;
};
constexpr std::array<NamedState, 3> kStates = {{
    {"/tpm2.permanent", "permall"},
    {"/tpm2.volatile", "volatilestate"},
    {"/tpm2.save", "savestate"},
}};

}  // namespace

std::string CapabilitiesJson() {
  return R"({ "type": "swtpm", "features": [ "tpm-2.0", "tpm-send-command-header", )"
         R"("flags-opt-startup", "cmdarg-seccomp", "cmdarg-print-states", "nvram-backend-dir" ] })";
}

std::string StatesJson(const std::string& folder) {
  std::string list;
  const auto add = [&](const std::string& file, const char* name) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(folder + file, absent);
    if (absent) return;
    list += list.empty() ? " " : ", ";
    list += std::string("{\"name\": \"") + name + "\", \"size\": " + std::to_string(size) + "}";
  };
  // What is sealed is in one file.
  add(kSealedFile, "permall");
  if (list.empty()) {
    for (const NamedState& state : kStates) add(state.file, state.name);
  }
  return R"({ "type": "swtpm", "states": [)" + list + " ] }";
}

Result<Secret<32>> ReadKeyFile(const std::string& path) {
  SVSM_ASSIGN_OR_RETURN(ByteVector bytes, ReadFile(path, 4096));
  Secret<32> key;
  bool good = bytes.size() == key.size();
  if (good) {
    Copy(key.writable(), bytes);
  } else {
    std::string_view text(static_cast<const char*>(static_cast<const void*>(bytes.data())),
                          bytes.size());
    if (text.ends_with('\n')) text.remove_suffix(1);
    Result<ByteVector> decoded = FromHex(text);
    good = decoded.ok() && decoded->size() == key.size();
    if (good) Copy(key.writable(), *decoded);
    if (decoded.ok()) Wipe(*decoded);
  }
  Wipe(bytes);
  if (good) return key;
  return Status(Code::kMalformed, Source::kCaller, static_cast<std::uint32_t>(bytes.size()));
}

Result<std::unique_ptr<TpmState>> TpmState::Open(const Options& options, const Secret<32>* sp_key,
                                                 crypto::Rng& rng) {
  auto state = std::make_unique<TpmState>();
  if (options.state_folder.empty()) return state;
  if (options.key_file.empty() && sp_key == nullptr) {
    SVSM_ASSIGN_OR_RETURN(state->plain_,
                          sealed_file::PlainDirectoryStore::Open(options.state_folder));
    state->store_ = state->plain_.get();
    return state;
  }
  Secret<32> from_file;
  if (sp_key == nullptr) {
    SVSM_ASSIGN_OR_RETURN(from_file, ReadKeyFile(options.key_file));
  }
  SVSM_ASSIGN_OR_RETURN(state->sealed_, sealed_file::SealedFileStore::Open(
                                            options.state_folder + kSealedFile,
                                            sp_key != nullptr ? *sp_key : from_file, state->aead_,
                                            rng, sealed_file::SealedFileStore::IfAbsent::kCreate));
  state->store_ = state->sealed_.get();
  return state;
}

}  // namespace svsm::tool
