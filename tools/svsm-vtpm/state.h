// tools/svsm-vtpm/state.h: where the TPM's state is: in memory, in a folder, sealed in a file, or
// in an image.
#ifndef SVSM_TOOLS_SVSM_VTPM_STATE_H_
#define SVSM_TOOLS_SVSM_VTPM_STATE_H_

#include <memory>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sealed_file/plain_directory.h"
#include "svsm/sealed_file/sealed_file.h"
#include "tools/common/tpm_image.h"
#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

// The bytes that --key names, at most 4096, to be wiped. Errors: those of ReadFile(), kNotFound (no
// key is named), kIoError.
Result<ByteVector> ReadKeyBytes(const Options& options);
// The key of a sealed file: 32 bytes, or 64 hex digits and at most a line end; wipes `bytes`.
// Errors: kMalformed (neither; detail = size).
Result<Secret<32>> ParseSealingKey(ByteVector& bytes);

// What scripts may rely on, and what is stored in `folder`, in swtpm's JSON.
std::string CapabilitiesJson();
std::string StatesJson(const std::string& folder);

class TpmState {
 public:
  // Opens what the options name, under `sp_key` if there is one, else under the key that they name.
  // `rng` is borrowed. Errors: those of the key and of the store. An image that is refused is
  // another: its reason is in `refusal`, and the state is in memory if the options want that.
  static Result<std::unique_ptr<TpmState>> Open(const Options& options, const Secret<32>* sp_key,
                                                crypto::Rng& rng, ImageRefusal& refusal);
  StateStore& store() { return *store_; }
  TpmImage* image() { return image_.get(); }
  // Back to memory, because what the image holds is refused.
  void DropImage();
  bool sealed() const { return sealed_ != nullptr || image_ != nullptr; }
  // It is in a folder or a file, which is locked.
  bool locked() const { return store_ != &memory_; }

 private:
  MemoryStateStore memory_;
  crypto::OpensslAesGcm aead_;
  std::unique_ptr<sealed_file::PlainDirectoryStore> plain_;
  std::unique_ptr<sealed_file::SealedFileStore> sealed_;
  std::unique_ptr<TpmImage> image_;
  StateStore* store_ = &memory_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_STATE_H_
