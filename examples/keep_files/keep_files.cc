// Keeps numbered texts in an encrypted image: example-keep-files IMAGE [NUMBER TEXT]. The image is
// made if there is none. The key stands here in the open; in an SVSM a key broker releases it.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/heap_allocator.h"
#include "tools/common/entropy.h"

namespace svsm {
namespace {

constexpr std::uint64_t kImageBytes = std::uint64_t{1} << 20;

Status Keep(cocoonfs::FileSystem& fs, std::uint64_t number, const char* text) {
  SVSM_ASSIGN_OR_RETURN(cocoonfs::Transaction* const transaction, fs.Begin());
  SVSM_TRY(transaction->Write(number, AsBytes(text), 0));
  SVSM_ASSIGN_OR_RETURN(cocoonfs::PendingCommit* const commit, transaction->Prepare());
  return commit->Apply();
}

Status Show(cocoonfs::FileSystem& fs) {
  std::array<cocoonfs::FileEntry, 64> entries{};
  SVSM_ASSIGN_OR_RETURN(const std::size_t count, fs.List(0, entries));
  for (const cocoonfs::FileEntry& entry : std::span(entries).first(count)) {
    Bytes<256> text{};
    SVSM_ASSIGN_OR_RETURN(const std::size_t size, fs.Read(entry.inode, 0, text));
    std::printf("%llu: ", static_cast<unsigned long long>(entry.inode));
    std::fwrite(text.data(), 1, size, stdout);
    std::putchar('\n');
  }
  return OkStatus();
}

Status Run(const char* path, const char* number, const char* text) {
  tool::Entropy entropy;
  SVSM_TRY(entropy.Seed());
  const ByteView key = AsBytes("not a secret: 32 bytes of a text");
  MallocAllocator heap;
  WipingAllocator allocator(heap);
  const crypto::OpensslSymmetric symmetric;

  cocoonfs::FileDeviceOptions file;
  file.creation = cocoonfs::FileCreation::kEither;
  SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device, cocoonfs::FileDevice::Open(path, file));
  if (device.size_bytes() == 0) {
    SVSM_TRY(device.Resize(kImageBytes));
    cocoonfs::FormatOptions format;
    format.layout.io_block_log2 = 5;  // 4 KiB, as the blocks of most file systems
    SVSM_TRY(cocoonfs::Format(device, symmetric, entropy.rng(), allocator, key, format));
  }

  cocoonfs::FileSystem fs(device, symmetric, entropy.rng(), allocator);
  SVSM_TRY(fs.Open(key, {.commit_on_open = true}));
  if (text != nullptr) SVSM_TRY(Keep(fs, std::strtoull(number, nullptr, 0), text));
  return Show(fs);
}

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    return std::fputs("usage: example-keep-files IMAGE [NUMBER TEXT]\n", stderr), 2;
  }
  const svsm::Status status =
      argc == 4 ? svsm::Run(argv[1], argv[2], argv[3]) : svsm::Run(argv[1], nullptr, nullptr);
  if (!status.ok()) std::printf("%s\n", svsm::ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
