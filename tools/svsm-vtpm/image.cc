#include "tools/svsm-vtpm/image.h"

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
Result<cocoonfs::FileDevice> OpenDevice(const ImageOptions& options) {
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

ImageRefusal Refuse(Refusal reason, Status status) {
  std::string text = std::string(cocoonfs::RefusalName(reason)) + ": " + RefusalText(reason);
  if (!status.ok()) text += " (" + ToString(status) + ")";
  return {reason, status, text};
}

ImageRefusal ExplainStart(Status status) {
  ImageRefusal refusal = Refuse(cocoonfs::WhyRefused(status, {}, {}), status);
  const auto say = [&](Refusal reason, const char* text) {
    refusal.reason = reason;
    refusal.text = std::string(cocoonfs::RefusalName(reason)) + ": " + text;
  };
  if (status.code() == Code::kAlreadyExists) {
    say(Refusal::kOtherImage,
        "the image holds another engine's TPM alone (--beside-other-engine makes a new one)");
  }
  if (status.source() != Source::kVtpm) return refusal;
  if (status.code() == Code::kUnsupported) {
    say(Refusal::kUnsupported, "the TPM in the image is of another engine or version");
  } else if (status.detail() == vtpm::kStateGone) {
    say(Refusal::kTampered, "the image had a TPM, and its state is gone");
  } else if (status.detail() == vtpm::kStateWithoutMarker) {
    say(Refusal::kOtherImage, "the image holds a TPM's state that nobody finished");
  } else if (status.code() == Code::kDataLoss) {
    say(Refusal::kTampered, "what is stored is not a TPM's state");
  }
  return refusal;
}

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

std::unique_ptr<TpmImage> TpmImage::Open(const ImageOptions& options, ByteView key,
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
    // A file that was cut behind its creation header grows to the size that the header asks for.
    if (metadata.ok() && metadata->state != cocoonfs::ImageState::kFormatted &&
        metadata->size_bytes > image->device_.size_bytes()) {
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
