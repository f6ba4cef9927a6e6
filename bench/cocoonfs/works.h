// The works of the benchmark, done by this library; bench/peers/cocoonfs does the same ones.
#ifndef SVSM_BENCH_COCOONFS_WORKS_H_
#define SVSM_BENCH_COCOONFS_WORKS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bench/cocoonfs/counting_device.h"
#include "bench/cocoonfs/peer.h"

namespace svsm::cocoonfs {

class Works {
 public:
  Works();
  ~Works();

  // One run. Nothing if there is no such work, or it fails: failure() says at what then.
  std::optional<WorkRun> Run(const std::string& work);
  const std::string& failure() const { return failure_; }

 private:
  class OpenImage;

  const ByteVector& BaseImage(const std::string& work);
  std::optional<WorkRun> Format(bool fill);
  std::optional<WorkRun> Open(const std::string& work, bool and_list);
  std::optional<WorkRun> Rewrite(const std::string& work, std::size_t image_size, std::size_t size);
  std::optional<WorkRun> Create(const std::string& work, std::size_t size);
  std::optional<WorkRun> Many(const std::string& work);
  std::optional<WorkRun> ReadLarge(const std::string& work);
  std::optional<WorkRun> Commit(const std::string& work);
  std::optional<WorkRun> Timed(OpenImage& image, const std::function<Status()>& work);

  std::map<std::string, ByteVector> images_;
  std::map<std::string, std::unique_ptr<OpenImage>> open_;
  std::string failure_;
};

// 16 MiB in pieces of 512 bytes: HMAC-SHA-256, then AES-128-CBC decryption, by OpenSSL alone.
double RawReadUs();

}  // namespace svsm::cocoonfs

#endif  // SVSM_BENCH_COCOONFS_WORKS_H_
