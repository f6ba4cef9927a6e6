#include "tools/svsm-cocoonfs/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "svsm/cocoonfs/metadata.h"

namespace svsm::cocoonfs_tool {
namespace {

using cocoonfs::Region;

constexpr std::size_t kLeastBlock = 128;
constexpr std::size_t kListPiece = 256;

// The region that a Status names, for people.
std::string RegionOf(Status status) {
  return cocoonfs::RegionName(static_cast<Region>(status.detail()));
}

Failure Explain(const std::string& what, Status status) {
  const bool ours = status.source() == Source::kCocoonfs;
  switch (status.code()) {
    case Code::kAuthFailed:
    case Code::kMalformed:
      return {kTampered, fmt::format("{}: the image is not as it was written ({})", what,
                                     ours ? RegionOf(status) : ToString(status))};
    case Code::kNotFound:
      return {kMissing, fmt::format("{}: not there", what)};
    case Code::kExhausted:
      return {kNoSpace, fmt::format("{}: no space", what)};
    case Code::kIoError:
      return {kImageIo, fmt::format("{}: the image's file fails: {}", what, ToString(status))};
    case Code::kDataLoss:
      return {kNoFileSystem, fmt::format("{}: no file system there", what)};
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
      return {kRefused, fmt::format("{}: refused: {}", what, ToString(status))};
    default:
      return {kOtherError, fmt::format("{}: {}", what, ToString(status))};
  }
}

// What opening with a key adds: nothing else was read with it before these.
void CheckOpen(const std::string& image, Status status) {
  const bool first = status.detail() == static_cast<std::uint32_t>(Region::kEntryLeaf) ||
                     status.detail() == static_cast<std::uint32_t>(Region::kJournalLog);
  if (status.code() == Code::kAuthFailed && first) {
    throw Failure{kWrongKey,
                  fmt::format("{}: wrong key, or the image is not as it was written ({})", image,
                              RegionOf(status))};
  }
  if (status ==
      Status(Code::kUnsupported, Source::kCocoonfs, static_cast<std::uint32_t>(Region::kDevice))) {
    throw Failure{
        kOtherError,
        fmt::format("{}: the storage writes larger blocks than the image expects (-f takes "
                    "the risk)",
                    image)};
  }
  if (status == Status(Code::kFailedPrecondition, Source::kCocoonfs)) {
    throw Failure{kRefused, fmt::format("{}: not made yet, and --read-only", image)};
  }
  Check(image, status);
}

}  // namespace

void Check(const std::string& what, Status status) {
  if (!status.ok()) throw Explain(what, status);
}

ProgressBar::ProgressBar(const char* verb, bool wanted)
    : verb_(verb), shown_(wanted || ::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (percent_ >= 0) std::fputc('\n', stderr);
}

Status ProgressBar::OnProgress(std::uint64_t bytes_done, std::uint64_t bytes_total) {
  constexpr int kWidth = 40;
  if (!shown_ || bytes_total == 0) return OkStatus();
  const double part = static_cast<double>(bytes_done) / static_cast<double>(bytes_total);
  const int percent = static_cast<int>(100 * part);
  if (percent == percent_) return OkStatus();
  percent_ = percent;
  const int full = percent * kWidth / 100;
  fmt::print(stderr, "\r{} [{:#<{}}{:.<{}}] {:3}%", verb_, "", full, "", kWidth - full, percent);
  std::fflush(stderr);
  return OkStatus();
}

cocoonfs::FileDevice OpenDevice(const Options& options, cocoonfs::FileAccess access,
                                cocoonfs::FileCreation creation, std::size_t most_block_bytes) {
  cocoonfs::FileDeviceOptions device;
  device.access = access;
  device.creation = creation;
  device.direct = options.direct;
  if (options.ignore_block_size) {
    const std::size_t least = options.direct ? 512 : kLeastBlock;
    device.max_block_size_bytes =
        static_cast<std::uint32_t>(most_block_bytes < least ? least : most_block_bytes);
  }
  Result<cocoonfs::FileDevice> opened = cocoonfs::FileDevice::Open(options.image, device);
  if (opened.ok()) return *std::move(opened);
  const bool busy = opened.status().code() == Code::kBusy;
  throw Failure{kNoImage,
                fmt::format("{}: {}", options.image, busy ? "in use" : ToString(opened.status()))};
}

Session::Session(const Options& options, Use use)
    : options_(options),
      writes_(use != Use::kLook && !options.read_only),
      device_(OpenDevice(
          options, writes_ ? cocoonfs::FileAccess::kReadWrite : cocoonfs::FileAccess::kReadOnly,
          cocoonfs::FileCreation::kMustExist, kLeastBlock)),
      fs_(device_, symmetric_, entropy_.rng(), allocator_) {
  if (use == Use::kWrite && options.read_only) {
    throw Failure{kRefused, "--read-only, and asked to write"};
  }
  if (const Status seeded = entropy_.Seed(); !seeded.ok()) {
    throw Failure{kOtherFile, fmt::format("no random numbers: {}", ToString(seeded))};
  }
}

// A file that was cut behind its creation header grows to the size that the header asks for.
void Session::MakeRoom() {
  const auto metadata = cocoonfs::ReadMetadata(device_, allocator_);
  if (!metadata.ok() || metadata->state == cocoonfs::ImageState::kFormatted) return;
  if (metadata->size_bytes > device_.size_bytes()) {
    Check(options_.image, device_.Resize(metadata->size_bytes));
  }
}

void Session::OpenFileSystem(ByteView key) {
  cocoonfs::OpenOptions open;
  open.read_only = !writes_;
  open.commit_on_open = writes_;
  open.format_on_open = writes_;
  open.trim = options_.no_randomize;
  if (writes_) MakeRoom();
  CheckOpen(options_.image, fs_.Open(key, open));
}

cocoonfs::Transaction& Session::Begin() { return *Check(options_.image, fs_.Begin()); }

void Session::Commit(cocoonfs::Transaction& transaction) {
  cocoonfs::PendingCommit& commit = *Check(options_.image, transaction.Prepare());
  Check(options_.image, options_.leave_pending ? commit.WriteJournal() : commit.Apply());
}

std::vector<cocoonfs::FileEntry> Session::List() {
  std::vector<cocoonfs::FileEntry> files;
  std::uint64_t from = 0;
  for (;;) {
    const std::size_t before = files.size();
    files.resize(before + kListPiece);
    const std::size_t got = Check(options_.image, fs_.List(from, std::span(files).subspan(before)));
    files.resize(before + got);
    if (got == 0 || files.back().inode == ~std::uint64_t{0}) return files;
    from = files.back().inode + 1;
  }
}

ByteVector Session::Read(std::uint64_t inode) {
  const std::string what = fmt::format("inode {}", inode);
  ByteVector bytes(Check(what, fs_.Stat(inode)).size_bytes);
  Check(what, fs_.ReadAll(inode, bytes));
  return bytes;
}

}  // namespace svsm::cocoonfs_tool
