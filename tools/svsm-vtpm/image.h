// tools/svsm-vtpm/image.h: a TPM in a CocoonFS image.
#ifndef SVSM_TOOLS_SVSM_VTPM_IMAGE_H_
#define SVSM_TOOLS_SVSM_VTPM_IMAGE_H_

#include <memory>
#include <string>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/refusal.h"
#include "svsm/cocoonfs/state_store.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/persistent.h"
#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

// Why there is no TPM from an image: "wrong-key: the key does not open the image (AuthFailed ...)".
struct ImageRefusal {
  cocoonfs::Refusal reason = cocoonfs::Refusal::kNone;
  Status status;
  std::string text;
};
ImageRefusal Refuse(cocoonfs::Refusal reason, Status status);
// The reason for what the TPM's own files said (persistent.h), in the same words.
ImageRefusal ExplainStart(Status status);

// Makes an image of `size_bytes` in a new file, for storage with blocks of up to 4096 bytes; `salt`
// may be empty for a random one. Errors: those of FileDevice and Format().
Status MakeImage(const std::string& path, std::uint64_t size_bytes, ByteView key, ByteView salt,
                 crypto::Rng& rng);

class TpmImage {
 public:
  // Opens the image; one that is still to be made is made, and a commit that a power cut left
  // behind is finished. `rng` is borrowed. Null with the reason in `refusal`.
  static std::unique_ptr<TpmImage> Open(const ImageOptions& options, ByteView key, crypto::Rng& rng,
                                        ImageRefusal& refusal);

  StateStore& store() { return store_; }
  vtpm::PersistentVtpm& persistent() { return persistent_; }
  // Whether this boot makes a TPM or finds one. Errors: those of PersistentVtpm::Begin(), and
  // kAlreadyExists (another engine's TPM alone is in the image, and the options do not say that a
  // new one may be made beside it).
  Result<vtpm::VtpmStart> Begin(vtpm::SuspendedState suspended, bool beside_other_engine);

 private:
  TpmImage(cocoonfs::FileDevice device, crypto::Rng& rng);
  Status OpenFileSystem(ByteView key);

  cocoonfs::FileDevice device_;
  MallocAllocator heap_;
  WipingAllocator allocator_{heap_};
  crypto::OpensslSymmetric symmetric_;
  cocoonfs::FileSystem fs_;
  cocoonfs::FixedStateStore store_{fs_, cocoonfs::TpmInodes(vtpm::kLibtpmsState.tag),
                                   vtpm::kLibtpmsStateNames};
  vtpm::PersistentVtpm persistent_{store_, vtpm::kLibtpmsState};
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_IMAGE_H_
