// tools/svsm-vtpm/state.h: where the TPM's state is: in memory, in a folder, or sealed in a file.
#ifndef SVSM_TOOLS_SVSM_VTPM_STATE_H_
#define SVSM_TOOLS_SVSM_VTPM_STATE_H_

#include <memory>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sealed_file/plain_directory.h"
#include "svsm/sealed_file/sealed_file.h"
#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

// 32 bytes, or 64 hex digits and at most a line end. Errors: those of ReadFile(), kMalformed
// (neither; detail = size).
Result<Secret<32>> ReadKeyFile(const std::string& path);

// What scripts may rely on, and what is stored in `folder`, in swtpm's JSON.
std::string CapabilitiesJson();
std::string StatesJson(const std::string& folder);

class TpmState {
 public:
  // Opens what the options name, under `sp_key` if there is one, else under the key file's key.
  // `rng` is borrowed. Errors: those of the key file and of the store.
  static Result<std::unique_ptr<TpmState>> Open(const Options& options, const Secret<32>* sp_key,
                                                crypto::Rng& rng);
  StateStore& store() { return *store_; }
  bool sealed() const { return sealed_ != nullptr; }
  // It is in a folder, which is locked.
  bool locked() const { return store_ != &memory_; }

 private:
  MemoryStateStore memory_;
  crypto::OpensslAesGcm aead_;
  std::unique_ptr<sealed_file::PlainDirectoryStore> plain_;
  std::unique_ptr<sealed_file::SealedFileStore> sealed_;
  StateStore* store_ = &memory_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_STATE_H_
