#include "tools/svsm-vtpm/state.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

namespace svsm::tool {
namespace {

constexpr char kSealedFile[] = "/tpm2.sealed";
constexpr std::size_t kMaxKey = 4096;

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

Result<ByteVector> ReadKeyBytes(const Options& options) {
  if (options.key_descriptor < 0) {
    if (options.key_file.empty()) return Status(Code::kNotFound, Source::kCaller);
    return ReadFile(options.key_file, kMaxKey);
  }
  ByteVector bytes(kMaxKey);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(options.key_descriptor, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Wipe(bytes);
      return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
    }
    size += static_cast<std::size_t>(got);
    if (got == 0 || size == bytes.size()) break;
  }
  bytes.resize(size);
  return bytes;
}

Result<Secret<32>> ParseSealingKey(ByteVector& bytes) {
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
                                                 crypto::Rng& rng, ImageRefusal& refusal) {
  auto state = std::make_unique<TpmState>();
  const bool has_key =
      sp_key != nullptr || !options.key_file.empty() || options.key_descriptor >= 0;
  if (!options.image.path.empty()) {
    Result<ByteVector> key = sp_key != nullptr ? ToVector(sp_key->view()) : ReadKeyBytes(options);
    if (!key.ok() || key->empty()) {
      refusal = Refuse(cocoonfs::Refusal::kNoKey, key.status());
      return state;
    }
    state->image_ = TpmImage::Open(options.image, *key, rng, refusal);
    Wipe(*key);
    if (state->image_ != nullptr) state->store_ = &state->image_->store();
    return state;
  }
  if (options.state_folder.empty()) return state;
  if (!has_key) {
    SVSM_ASSIGN_OR_RETURN(state->plain_,
                          sealed_file::PlainDirectoryStore::Open(options.state_folder));
    state->store_ = state->plain_.get();
    return state;
  }
  ByteVector bytes;
  if (sp_key != nullptr) {
    bytes = ToVector(sp_key->view());
  } else {
    SVSM_ASSIGN_OR_RETURN(bytes, ReadKeyBytes(options));
  }
  SVSM_ASSIGN_OR_RETURN(const Secret<32> key, ParseSealingKey(bytes));
  SVSM_ASSIGN_OR_RETURN(state->sealed_, sealed_file::SealedFileStore::Open(
                                            options.state_folder + kSealedFile, key, state->aead_,
                                            rng, sealed_file::SealedFileStore::IfAbsent::kCreate));
  state->store_ = state->sealed_.get();
  return state;
}

void TpmState::DropImage() {
  store_ = &memory_;
  image_.reset();
}

}  // namespace svsm::tool
