#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/metadata.h"
#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

// Whether the file holds anything but zeros.
bool HasContents(cocoonfs::FileDevice& device) {
  constexpr std::uint64_t kPieceBytes = 1 << 20;
  const BlockGeometry geometry = device.Geometry();
  const std::uint64_t piece = std::max<std::uint64_t>(1, kPieceBytes / geometry.block_size_bytes);
  ByteVector bytes;
  for (std::uint64_t at = 0; at < geometry.num_blocks; at += piece) {
    const std::uint64_t count = std::min(piece, geometry.num_blocks - at);
    bytes.resize(count * geometry.block_size_bytes);
    Check("reading what is there", device.Read(at, bytes));
    if (!IsZero(bytes)) return true;
  }
  // What does not fill a block is not looked at; it is not known to be nothing.
  return device.size_bytes() % geometry.block_size_bytes != 0;
}

// The image's file, ready to be written: made or resized as asked, and removed again if that comes
// to nothing.
class Target {
 public:
  Target(const Options& options, const cocoonfs::ImageLayout& layout)
      : path_(options.image),
        sized_(!options.creation.image_size.empty()),
        new_(::access(options.image.c_str(), F_OK) != 0),
        device_(Open(options, layout, new_)) {
    const std::uint64_t size =
        sized_ ? ParseSize(options.creation.image_size, "--image-size") : device_.size_bytes();
    size_bytes_ = size / layout.io_block_bytes() * layout.io_block_bytes();
    if (!new_ && !options.force && HasContents(device_)) {
      throw Failure{kRefused, fmt::format("{}: not empty, and no --force", path_)};
    }
    if (size_bytes_ > device_.size_bytes()) Check(path_, device_.Resize(size_bytes_));
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (new_ && !done_) ::unlink(path_.c_str());
  }

  cocoonfs::FileDevice& device() { return device_; }
  std::uint64_t size_bytes() const { return size_bytes_; }
  // What is behind the image is cut once there is one, not before.
  void Done() {
    if (sized_ && size_bytes_ < device_.size_bytes()) Check(path_, device_.Resize(size_bytes_));
    done_ = true;
  }

 private:
  static cocoonfs::FileDevice Open(const Options& options, const cocoonfs::ImageLayout& layout,
                                   bool is_new) {
    if (is_new && options.creation.image_size.empty()) {
      throw Failure{kOtherFile, fmt::format("{}: not there, and no --image-size", options.image)};
    }
    return OpenDevice(
        options, cocoonfs::FileAccess::kReadWrite,
        is_new ? cocoonfs::FileCreation::kMustNotExist : cocoonfs::FileCreation::kMustExist,
        layout.io_block_bytes());
  }

  std::string path_;
  bool sized_;
  bool new_;
  bool done_ = false;
  cocoonfs::FileDevice device_;
  std::uint64_t size_bytes_ = 0;
};

void CheckCreation(const Options& options, Status status) {
  if (status.code() == Code::kInvalidArgument) {
    throw Failure{kBadLayout,
                  fmt::format("{}: no image can be made so: {}", options.image, ToString(status))};
  }
  if (status.code() == Code::kUnsupported &&
      status.detail() == static_cast<std::uint32_t>(cocoonfs::Region::kDevice)) {
    throw Failure{
        kOtherError,
        fmt::format("{}: the storage writes larger blocks than the image expects (-f takes "
                    "the risk, or a larger --io-block-size)",
                    options.image)};
  }
  Check(options.image, status);
}

}  // namespace

void MakeFileSystem(const Options& options) {
  cocoonfs::FormatOptions format;
  format.layout = ToLayout(options.creation);
  const Key key(options.key);
  const ByteVector salt = LoadSalt(options.creation);
  MallocAllocator heap;
  WipingAllocator allocator(heap);
  tool::Entropy entropy;
  Check("random numbers", entropy.Seed());
  cocoonfs::AuxMetadata aux(allocator);
  aux.SetExtraReserve(ParseReserve(options.creation.reserve));
  Target target(options, format.layout);
  ProgressBar bar("mkfs", options.progress);
  format.salt = salt;
  format.size_bytes = target.size_bytes();
  format.free_space =
      options.no_randomize ? cocoonfs::FreeSpace::kTrim : cocoonfs::FreeSpace::kRandom;
  format.aux = &aux;
  format.progress = &bar;
  const crypto::OpensslSymmetric symmetric;
  CheckCreation(options, cocoonfs::Format(target.device(), symmetric, entropy.rng(), allocator,
                                          key.view(), format));
  target.Done();
}

void WriteCreationHeader(const Options& options) {
  cocoonfs::FormatOptions format;
  format.layout = ToLayout(options.creation);
  const ByteVector salt = LoadSalt(options.creation);
  MallocAllocator heap;
  cocoonfs::AuxMetadata aux(heap);
  aux.SetExtraReserve(ParseReserve(options.creation.reserve));
  Target target(options, format.layout);
  format.salt = salt;
  format.size_bytes = target.size_bytes();
  format.aux = &aux;
  CheckCreation(options, cocoonfs::WriteCreationHeader(target.device(), heap, format));
  target.Done();
  if (options.trim_to_header) {
    const cocoonfs::Metadata metadata =
        Check(options.image, cocoonfs::ReadMetadata(target.device(), heap));
    Check(options.image, target.device().Resize(metadata.header_bytes));
    Check(options.image, target.device().Flush());
  }
}

}  // namespace svsm::cocoonfs_tool
