// tools/common/tpm_image.h: a CocoonFS image that a TPM is in, opened for it: device, file system
// and store.
//
//   ImageRefusal refusal;
//   const auto image = TpmImage::Open({"state.img", {}, false}, key, rng, refusal);
//   if (image == nullptr) ...                        // refusal.text says why
//   SVSM_ASSIGN_OR_RETURN(const vtpm::VtpmStart start, image->Begin(...));
#ifndef SVSM_TOOLS_COMMON_TPM_IMAGE_H_
#define SVSM_TOOLS_COMMON_TPM_IMAGE_H_

#include <memory>
#include <string>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/state_store.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/persistent.h"
#include "tools/common/image_refusal.h"

namespace svsm::tool {

// A file or block device that holds an image.
struct TpmImageFile {
  std::string path;
  ByteVector salt;                 // of the image that is expected; empty: any
  bool ignore_block_size = false;  // the storage may tear blocks that are larger than the image's
};

// Makes an image of `size_bytes` in a new file, for storage with blocks of up to 4096 bytes; `salt`
// may be empty for a random one. Errors: those of FileDevice and Format().
Status MakeImage(const std::string& path, std::uint64_t size_bytes, ByteView key, ByteView salt,
                 crypto::Rng& rng);

class TpmImage {
 public:
  // Opens the image; one that is still to be made is made, and a commit that a power cut left
  // behind is finished. `rng` is borrowed. Null with the reason in `refusal`.
  static std::unique_ptr<TpmImage> Open(const TpmImageFile& file, ByteView key, crypto::Rng& rng,
                                        ImageRefusal& refusal);

  // The TPM's own files; others of the program's may lie beside them.
  StateStore& store() { return store_; }
  cocoonfs::FileSystem& file_system() { return fs_; }
  // Whether Open() made the file system.
  bool was_new() const { return was_new_; }
  vtpm::PersistentVtpm& persistent() { return persistent_; }
  // Whether this boot makes a TPM or finds one. Errors: those of PersistentVtpm::Begin(), and
  // kAlreadyExists (another engine's TPM alone is in the image, and the options do not say that a
  // new one may be made beside it).
  Result<vtpm::VtpmStart> Begin(vtpm::SuspendedState suspended, bool beside_other_engine);

 private:
  TpmImage(cocoonfs::FileDevice device, crypto::Rng& rng);
  Status OpenFileSystem(ByteView key);

  bool was_new_ = false;
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

#endif  // SVSM_TOOLS_COMMON_TPM_IMAGE_H_
