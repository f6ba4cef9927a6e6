// SHA256_* are marked as deprecated; they are what OpenSSL does fastest.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "bench/cocoonfs/works.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <time.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::uint64_t kFirst = kMinUserInode;

// Microseconds of this thread's time on a processor: nothing here waits, and others' load stays
// out.
double CpuUs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

ByteVector Key() {
  ByteVector key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  return key;
}

ByteVector Pattern(std::size_t size) {
  ByteVector data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  return data;
}

class Malloc final : public Allocator {
 public:
  void* Allocate(std::size_t size, std::size_t) override { return std::malloc(size); }
  void Free(void* pointer, std::size_t) override { std::free(pointer); }
};

}  // namespace

// A file system over a device in memory, with all that it stands on.
class Works::OpenImage {
 public:
  explicit OpenImage(ByteVector image) : device(std::move(image)), drbg_(drbg_hmac_) {
    ByteVector seed(drbg_.MinSeedSize());
    const ByteView inputs[] = {seed};
    if (getrandom(seed.data(), seed.size(), 0) < 0 || !drbg_.Seed(inputs).ok()) std::abort();
  }

  Status Format(bool fill) {
    FormatOptions options;
    options.salt = AsBytes("abc");
    options.free_space = fill ? FreeSpace::kRandom : FreeSpace::kLeave;
    return cocoonfs::Format(device, symmetric_, drbg_, allocator_, Key(), options);
  }
  Status Open() {
    OpenOptions options;
    options.commit_on_open = true;
    return fs.Open(Key(), options);
  }
  Status Write(std::uint64_t first, std::uint64_t count, ByteView data) {
    SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs.Begin());
    for (std::uint64_t i = 0; i < count; ++i) SVSM_TRY(transaction->Write(first + i, data, 0));
    SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, transaction->Prepare());
    return commit->Apply();
  }
  // Leaves the commit in the journal.
  Status WriteJournal(ByteView data) {
    SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs.Begin());
    SVSM_TRY(transaction->Write(kFirst, data, 0));
    SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, transaction->Prepare());
    return commit->WriteJournal();
  }
  Status Remove(std::uint64_t first, std::uint64_t count) {
    SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs.Begin());
    for (std::uint64_t i = 0; i < count; ++i) SVSM_TRY(transaction->Remove(first + i));
    SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, transaction->Prepare());
    return commit->Apply();
  }
  Result<std::size_t> Count() {
    std::size_t count = 0;
    FileEntry entries[64];
    for (std::uint64_t from = kFirst;;) {
      SVSM_ASSIGN_OR_RETURN(const std::size_t n, fs.List(from, entries));
      if (n == 0) return count;
      count += n;
      from = entries[n - 1].inode + 1;
    }
  }

  CountingDevice device;

 private:
  crypto::OpensslSymmetric symmetric_;
  crypto::OpensslHmac drbg_hmac_{crypto::HashAlg::kSha512};
  crypto::Drbg drbg_;
  Malloc allocator_;

 public:
  FileSystem fs{device, symmetric_, drbg_, allocator_};
};

Works::Works() = default;
Works::~Works() = default;

namespace {

// Pages that are there already.
ByteVector Blank(std::size_t size) { return ByteVector(size, 0); }

}  // namespace

std::optional<WorkRun> Works::Timed(OpenImage& image, const std::function<Status()>& work) {
  image.device.ResetCounts();
  const double start = CpuUs();
  const Status status = work();
  const double us = CpuUs() - start;
  if (!status.ok()) {
    failure_ = ToString(status);
    return std::nullopt;
  }
  return WorkRun{us, image.device.syncs(), image.device.writes(), image.device.bytes()};
}

const ByteVector& Works::BaseImage(const std::string& work) {
  ByteVector& image = images_[work];
  if (!image.empty()) return image;
  const bool small = work.rfind("many-", 0) == 0;
  OpenImage made(Blank(small ? 8 * kMiB : 64 * kMiB));
  const auto make = [&]() -> Status {
    SVSM_TRY(made.Format(false));
    SVSM_TRY(made.Open());
    if (work == "open" || work == "list") return made.Write(kFirst, 10'000, Pattern(64));
    if (work == "read-16m") return made.Write(kFirst, 1, Pattern(16 * kMiB));
    if (work == "many-read" || work == "many-remove") return made.Write(kFirst, 1000, Pattern(256));
    if (work.rfind("recover-", 0) != 0) return OkStatus();
    const std::size_t blocks = std::strtoul(work.c_str() + 8, nullptr, 10);
    const ByteVector data = Pattern(blocks * CountingDevice::kBlockSize - 32);
    SVSM_TRY(made.Write(kFirst, 1, data));
    return made.WriteJournal(data);
  };
  if (const Status status = make(); !status.ok()) failure_ = "base image: " + ToString(status);
  image = made.device.image();
  return image;
}

std::optional<WorkRun> Works::Format(bool fill) {
  OpenImage image(Blank(64 * kMiB));
  return Timed(image, [&] { return image.Format(fill); });
}

std::optional<WorkRun> Works::Open(const std::string& work, bool and_list) {
  OpenImage image(BaseImage(work));
  return Timed(image, [&]() -> Status {
    SVSM_TRY(image.Open());
    if (!and_list) return OkStatus();
    SVSM_ASSIGN_OR_RETURN(const std::size_t count, image.Count());
    return count == 10'000 ? OkStatus() : Status(Code::kDataLoss, Source::kCaller);
  });
}

std::optional<WorkRun> Works::Rewrite(const std::string& work, std::size_t image_size,
                                      std::size_t size) {
  const ByteVector data = Pattern(size);
  std::unique_ptr<OpenImage>& image = open_[work];
  if (image == nullptr) {
    image = std::make_unique<OpenImage>(Blank(image_size));
    if (!Timed(*image, [&]() -> Status {
          SVSM_TRY(image->Format(false));
          SVSM_TRY(image->Open());
          return image->Write(kFirst, 1, data);
        })) {
      return std::nullopt;
    }
  }
  return Timed(*image, [&] { return image->Write(kFirst, 1, data); });
}

std::optional<WorkRun> Works::Create(const std::string& work, std::size_t size) {
  const ByteVector data = Pattern(size);
  std::unique_ptr<OpenImage>& image = open_[work];
  if (image == nullptr) {
    image = std::make_unique<OpenImage>(Blank(64 * kMiB));
    if (!Timed(*image, [&]() -> Status {
          SVSM_TRY(image->Format(false));
          return image->Open();
        })) {
      return std::nullopt;
    }
  }
  const std::optional<WorkRun> run = Timed(*image, [&] { return image->Write(kFirst, 1, data); });
  if (!image->Remove(kFirst, 1).ok()) return std::nullopt;
  return run;
}

std::optional<WorkRun> Works::Many(const std::string& work) {
  constexpr std::uint64_t kFiles = 1000;
  const ByteVector data = Pattern(256);
  OpenImage image(BaseImage(work));
  if (!Timed(image, [&] { return image.Open(); })) return std::nullopt;
  return Timed(image, [&]() -> Status {
    if (work == "many-one") return image.Write(kFirst, kFiles, data);
    if (work == "many-remove") return image.Remove(kFirst, kFiles);
    ByteVector out(data.size());
    for (std::uint64_t i = kFirst; i < kFirst + kFiles; ++i) {
      if (work == "many-each") {
        SVSM_TRY(image.Write(i, 1, data));
      } else {
        SVSM_ASSIGN_OR_RETURN(const std::size_t size, image.fs.ReadAll(i, out));
        if (size != data.size()) return Status(Code::kDataLoss, Source::kCaller);
      }
    }
    return OkStatus();
  });
}

std::optional<WorkRun> Works::ReadLarge(const std::string& work) {
  std::unique_ptr<OpenImage>& image = open_[work];
  if (image == nullptr) {
    image = std::make_unique<OpenImage>(BaseImage(work));
    if (!Timed(*image, [&] { return image->Open(); })) return std::nullopt;
  }
  ByteVector out(16 * kMiB);
  return Timed(*image, [&] { return image->fs.ReadAll(kFirst, out).status(); });
}

std::optional<WorkRun> Works::Commit(const std::string& work) {
  char* end = nullptr;
  const std::size_t file = std::strtoul(work.c_str() + 7, &end, 10);
  if (*end != '-') return std::nullopt;
  return Rewrite(work, std::strtoul(end + 1, nullptr, 10) * kMiB, file);
}

std::optional<WorkRun> Works::Run(const std::string& work) {
  if (work == "mkfs-fill" || work == "mkfs-none") return Format(work == "mkfs-fill");
  if (work == "open" || work == "list") return Open(work, work == "list");
  if (work == "nv") return Rewrite(work, 8 * kMiB, 16 << 10);
  if (work == "create-64") return Create(work, 64);
  if (work == "create-1m") return Create(work, kMiB);
  if (work == "create-16m") return Create(work, 16 * kMiB);
  if (work == "rewrite-64") return Rewrite(work, 64 * kMiB, 64);
  if (work == "rewrite-1m") return Rewrite(work, 64 * kMiB, kMiB);
  if (work == "rewrite-16m") return Rewrite(work, 64 * kMiB, 16 * kMiB);
  if (work == "read-16m") return ReadLarge(work);
  if (work.rfind("many-", 0) == 0) return Many(work);
  if (work.rfind("recover-", 0) == 0) return Open(work, false);
  if (work.rfind("commit-", 0) == 0) return Commit(work);
  return std::nullopt;
}

double RawReadUs() {
  constexpr std::size_t kPiece = 512;
  static ByteVector data = Pattern(16 * kMiB);
  static ByteVector plain(data.size());
  static const ByteVector key = Key();
  EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  EVP_DecryptInit_ex(cipher, EVP_aes_128_cbc(), nullptr, key.data(), key.data());
  EVP_CIPHER_CTX_set_padding(cipher, 0);
  std::uint8_t pads[2][SHA256_CBLOCK];
  for (std::size_t i = 0; i < SHA256_CBLOCK; ++i) {
    pads[0][i] = static_cast<std::uint8_t>((i < key.size() ? key[i] : 0) ^ 0x36);
    pads[1][i] = static_cast<std::uint8_t>((i < key.size() ? key[i] : 0) ^ 0x5C);
  }
  const double start = CpuUs();
  SHA256_CTX inner, outer;
  SHA256_Init(&inner);
  SHA256_Update(&inner, pads[0], sizeof(pads[0]));
  SHA256_Init(&outer);
  SHA256_Update(&outer, pads[1], sizeof(pads[1]));
  std::uint8_t digest[SHA256_DIGEST_LENGTH], all = 0;
  for (std::size_t at = 0; at < data.size(); at += kPiece) {
    SHA256_CTX ctx = inner;
    SHA256_Update(&ctx, data.data() + at, kPiece);
    SHA256_Final(digest, &ctx);
    ctx = outer;
    SHA256_Update(&ctx, digest, sizeof(digest));
    SHA256_Final(digest, &ctx);
    all = static_cast<std::uint8_t>(all ^ digest[0]);
    int n = 0;
    EVP_DecryptUpdate(cipher, plain.data() + at, &n, data.data() + at, kPiece);
  }
  const double us = CpuUs() - start;
  plain[0] = all;
  EVP_CIPHER_CTX_free(cipher);
  return us;
}

}  // namespace svsm::cocoonfs
