// svsm/sealed_file/sealed_file.h: a StateStore in one file, encrypted and authenticated with
// AES-256-GCM.
//
//   crypto::OpensslAesGcm aead;
//   SVSM_ASSIGN_OR_RETURN(auto store, SealedFileStore::Open("state.sealed", key, aead, rng,
//                                                           SealedFileStore::IfAbsent::kCreate));
//   SVSM_TRY(store->Write("permanent", blob));
//
// The file is opened with the key or not at all: a wrong key and a flipped bit are one kAuthFailed,
// and nothing is ever formatted anew over a file that is there. Each change replaces the whole file
// (WriteFileAtomically), so a crash leaves the old or the new state. All blobs are held in memory,
// which is wiped. The format is in src/sealed_file/FORMAT.md.
//
// What it does not do: it cannot tell an older file, put back by whoever holds the disk, from the
// newest one. generation() counts the changes and is authenticated; whoever needs rollback
// protection compares it with a counter kept elsewhere.
//
// A random nonce of 96 bits is drawn for each change, so a key is good for 2^32 of them (NIST SP
// 800-38D, 8.3): Write() then says kExhausted.
//
// Profile: hosted. Allocates: the heap. Threads: one object, one thread.
#ifndef SVSM_SEALED_FILE_SEALED_FILE_H_
#define SVSM_SEALED_FILE_SEALED_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/core/secret.h"
#include "svsm/core/state_store.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/rng.h"
#include "svsm/sealed_file/file_lock.h"

namespace svsm::sealed_file {

// The largest file, header included; the blobs' names and sizes count.
inline constexpr std::size_t kMaxSealedFileSize = std::size_t{16} << 20;
inline constexpr std::uint64_t kMaxGeneration = std::uint64_t{1} << 32;

class SealedFileStore final : public StateStore {
 public:
  // What Open() does where there is no file. kCreate writes an empty store at once.
  enum class IfAbsent : std::uint8_t { kFail, kCreate };

  // Opens the store at `path` and holds `path`.lock until it is destroyed. `aead` gets the key and
  // is for the store's use alone meanwhile; it and `rng` must outlive the store. The key is not
  // kept elsewhere. Errors: kNotFound (no file, and kFail), kBusy (another store has the lock),
  // kAuthFailed (another key, or damage), kMalformed (not a sealed file; detail = offset),
  // kUnsupported (detail = the file's version), kOutOfRange (larger than kMaxSealedFileSize),
  // kDataLoss (authentic, but not what this library writes), kPermissionDenied and kIoError (detail
  // = errno), and what `aead` and `rng` say.
  static Result<std::unique_ptr<SealedFileStore>> Open(const std::string& path,
                                                       const Secret<32>& key, crypto::Aead& aead,
                                                       crypto::Rng& rng, IfAbsent if_absent);
  SealedFileStore(const SealedFileStore&) = delete;
  SealedFileStore& operator=(const SealedFileStore&) = delete;
  // Wipes the blobs and the key.
  ~SealedFileStore();

  // Whether Open() found no file and made one.
  bool created() const { return created_; }
  // Changes that the file has seen, failed attempts included; the first file has 1.
  std::uint64_t generation() const { return generation_; }

  Result<std::size_t> Size(const char* name) override;
  Result<std::size_t> Read(const char* name, ByteSpan out) override;
  // Besides the seam's: kOutOfMemory (the file would outgrow kMaxSealedFileSize; detail = that),
  // kExhausted (kMaxGeneration), and what `aead` and `rng` say. After any failure this object goes
  // on with the old state; kIoError alone leaves open which of the two a later Open() finds.
  Status Write(const char* name, ByteView blob) override;
  // Besides the seam's: as Write().
  Status Remove(const char* name) override;

 private:
  using Blobs = std::map<std::string, ByteVector, std::less<>>;

  SealedFileStore(std::string path, FileLock lock, crypto::Aead& aead, crypto::Rng& rng)
      : path_(std::move(path)), lock_(std::move(lock)), aead_(aead), rng_(rng) {}
  Status Load(IfAbsent if_absent);
  Status Save();

  std::string path_;
  FileLock lock_;
  crypto::Aead& aead_;
  crypto::Rng& rng_;
  Blobs blobs_;
  std::uint64_t generation_ = 0;
  bool created_ = false;
};

}  // namespace svsm::sealed_file

#endif  // SVSM_SEALED_FILE_SEALED_FILE_H_
