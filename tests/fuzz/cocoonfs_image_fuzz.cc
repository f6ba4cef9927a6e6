// An image from outside: opened, listed, read and verified. The first byte says with which crypto:
// even, with one that authenticates everything and encrypts nothing, so that the format's own
// checks stand alone; odd, with a real one and a fixed key. Its next bits choose the size of the
// device's blocks. The headers in what follows are without their protection, which is put on here.
#include <cstdlib>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/fault_device.h"
#include "tests/cocoonfs/null_symmetric.h"
#include "tests/cocoonfs/reseal.h"
#include "tests/cocoonfs/support.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::cocoonfs;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kMaxImage = 128 * 1024;
constexpr std::size_t kMaxMemory = 8 * 1024 * 1024;
constexpr std::uint64_t kMaxReads = 1'000'000;
constexpr auto kKey = Ascii("key of a test");

void Require(bool condition) {
  if (!condition) std::abort();
}

// No input may ask for more memory than its size explains.
class LimitedAllocator final : public Allocator {
 public:
  void* Allocate(std::size_t size, std::size_t alignment) override {
    if (size > kMaxMemory - used_) return nullptr;
    used_ += size;
    return below_.Allocate(size, alignment);
  }
  void Free(void* pointer, std::size_t size) override {
    if (pointer != nullptr) used_ -= size;
    below_.Free(pointer, size);
  }

 private:
  TestAllocator below_;
  std::size_t used_ = 0;
};

void ReadFiles(FileSystem& fs) {
  FileEntry entries[16];
  std::uint64_t from = 0;
  Bytes<300> out{};
  while (true) {
    const Result<std::size_t> count = fs.List(from, entries);
    if (!count.ok() || *count == 0) break;
    for (std::size_t i = 0; i < *count; ++i) {
      Require(entries[i].inode >= from && entries[i].inode >= kMinUserInode);
      const Result<FileInfo> info = fs.Stat(entries[i].inode);
      if (info.ok()) Require(info->size_bytes < info->num_blocks * fs.usage().block_size_bytes);
      for (const std::uint64_t offset : {0u, 1000u, 5001u}) {
        const Result<std::size_t> size = fs.Read(entries[i].inode, offset, out);
        Require(!size.ok() || *size <= out.size());
        Require(size.ok() || IsZero(out));
      }
      from = entries[i].inode;
    }
    if (++from == 0) break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const NullSymmetric null_symmetric;
  static const crypto::OpensslSymmetric openssl;
  if (size < 2 || size > kMaxImage) return 0;
  const crypto::Symmetric& symmetric =
      data[0] % 2 == 0 ? static_cast<const crypto::Symmetric&>(null_symmetric) : openssl;
  const std::uint32_t block = 128U << (data[0] / 2 % 6);
  ByteVector image(data + 1, data + size);
  image.resize((image.size() + block - 1) / block * block);
  Reseal(image);

  LimitedAllocator allocator;
  TestRng rng;
  testing::FaultDevice device(block, std::move(image));
  (void)ReadMetadata(device, allocator);
  FileSystem fs(device, symmetric, rng, allocator);
  if (fs.Open(kKey, OpenOptions{}).ok()) {
    ReadFiles(fs);
    VerifyReport report;
    (void)Verify(fs, report);
    (void)fs.ReadAuxMetadata();
  }
  Require(device.count(testing::DeviceCall::kRead) < kMaxReads);
  Require(device.count(testing::DeviceCall::kWrite) == 0);
  return 0;
}
