#include "tools/common/tpm_image.h"

#include <utility>

#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/metadata.h"

namespace svsm::tool {
namespace {

using cocoonfs::Refusal;

constexpr std::uint32_t kLeastBlock = 128;
// IO blocks of 4096 bytes, as allocation blocks.
constexpr std::uint8_t kIoBlockLog2 = 5;
constexpr std::size_t kSaltSize = 16;

// With the blocks of the storage; or with those of the image, if the storage's are to be ignored.
Result<cocoonfs::FileDevice> OpenDevice(const TpmImageFile& options) {
  cocoonfs::FileDeviceOptions file;
  if (options.ignore_block_size) {
    file.max_block_size_bytes = kLeastBlock;
    SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device,
                          cocoonfs::FileDevice::Open(options.path, file));
    MallocAllocator heap;
    const auto metadata = cocoonfs::ReadMetadata(device, heap);
    if (metadata.ok()) {
      file.max_block_size_bytes = static_cast<std::uint32_t>(metadata->layout.io_block_bytes());
    }
  }
  return cocoonfs::FileDevice::Open(options.path, file);
}

}  // namespace

Status MakeImage(const std::string& path, std::uint64_t size_bytes, ByteView key, ByteView salt,
                 crypto::Rng& rng) {
  Bytes<kSaltSize> random_salt{};
  if (salt.empty()) SVSM_TRY(rng.Generate(random_salt));
  cocoonfs::FileDeviceOptions file;
  file.creation = cocoonfs::FileCreation::kMustNotExist;
  SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device, cocoonfs::FileDevice::Open(path, file));
  SVSM_TRY(device.Resize(size_bytes));
  MallocAllocator heap;
  WipingAllocator allocator(heap);
  const crypto::OpensslSymmetric symmetric;
  cocoonfs::FormatOptions format;
  format.layout.io_block_log2 = kIoBlockLog2;
  format.salt = salt.empty() ? ByteView(random_salt) : salt;
  return cocoonfs::Format(device, symmetric, rng, allocator, key, format);
}

TpmImage::TpmImage(cocoonfs::FileDevice device, crypto::Rng& rng)
    : device_(std::move(device)), fs_(device_, symmetric_, rng, allocator_) {}

Status TpmImage::OpenFileSystem(ByteView key) {
  cocoonfs::OpenOptions open;
  open.commit_on_open = true;
  open.format_on_open = true;
  return fs_.Open(key, open);
}

std::unique_ptr<TpmImage> TpmImage::Open(const TpmImageFile& options, ByteView key,
                                         crypto::Rng& rng, ImageRefusal& refusal) {
  Result<cocoonfs::FileDevice> device = OpenDevice(options);
  if (!device.ok()) {
    refusal = Refuse(Refusal::kIo, device.status());
    return nullptr;
  }
  std::unique_ptr<TpmImage> image(new TpmImage(*std::move(device), rng));
  ByteVector salt;
  {
    const auto metadata = cocoonfs::ReadMetadata(image->device_, image->allocator_);
    if (metadata.ok()) salt = ToVector(metadata->salt());
    image->was_new_ = metadata.ok() && metadata->state != cocoonfs::ImageState::kFormatted;
    // A file that was cut behind its creation header grows to the size that the header asks for.
    if (image->was_new_ && metadata->size_bytes > image->device_.size_bytes()) {
      if (const Status grown = image->device_.Resize(metadata->size_bytes); !grown.ok()) {
        refusal = Refuse(Refusal::kIo, grown);
        return nullptr;
      }
    }
  }
  if (!options.salt.empty() && salt != options.salt) {
    refusal = Refuse(Refusal::kOtherImage, Status(Code::kDataLoss, Source::kCaller));
    return nullptr;
  }
  if (const Status status = image->OpenFileSystem(key); !status.ok()) {
    refusal = Refuse(cocoonfs::WhyRefused(status, salt, options.salt), status);
    return nullptr;
  }
  // Of the header that was opened: the host may have changed it since the look above.
  if (!options.salt.empty() && !Equal(image->fs_.salt(), options.salt)) {
    refusal = Refuse(Refusal::kOtherImage, Status(Code::kDataLoss, Source::kCaller));
    return nullptr;
  }
  return image;
}

Result<vtpm::VtpmStart> TpmImage::Begin(vtpm::SuspendedState suspended, bool beside_other_engine) {
  SVSM_ASSIGN_OR_RETURN(const vtpm::VtpmStart found, persistent_.Inspect());
  if (found == vtpm::VtpmStart::kManufacture && !beside_other_engine) {
    SVSM_ASSIGN_OR_RETURN(const bool other, cocoonfs::HasOtherEngine(fs_));
    if (other) return Status(Code::kAlreadyExists, Source::kCaller);
  }
  return persistent_.Begin(suspended);
}

}  // namespace svsm::tool
