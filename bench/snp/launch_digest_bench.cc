// The launch digest of an image of 4 MiB (B), against SHA-384 over its pages in OpenSSL's own calls
// (A): what the chain of PAGE_INFO blocks adds is a hash of 112 bytes to each hash of 4096.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <cstdint>
#include <vector>

#include "bench/compare.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/launch_digest.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kImageSize = std::size_t{4} << 20;
constexpr std::size_t kPage = 4096;

std::vector<std::uint8_t> Image() {
  std::vector<std::uint8_t> image(kImageSize);
  std::uint64_t state = 1;
  for (std::uint8_t& byte : image) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::uint8_t>(state >> 33);
  }
  return image;
}

// EVP as its manual shows it: the algorithm fetched once, a digest a page.
class Raw {
 public:
  Raw() : md_(EVP_MD_fetch(nullptr, "SHA384", nullptr)), context_(EVP_MD_CTX_new()) {}
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(md_);
  }
  bool Hash(ByteView image) {
    bool ok = true;
    for (std::size_t at = 0; at < image.size(); at += kPage) {
      ok = ok && EVP_DigestInit_ex2(context_, md_, nullptr) == 1 &&
           EVP_DigestUpdate(context_, image.data() + at, kPage) == 1 &&
           EVP_DigestFinal_ex(context_, digest_.data(), nullptr) == 1;
    }
    benchmark::DoNotOptimize(digest_);
    return ok;
  }

 private:
  EVP_MD* md_;
  EVP_MD_CTX* context_;
  Bytes<48> digest_{};
};

bool Measure(const crypto::Hash& sha384, ByteView image) {
  LaunchDigest digest(sha384);
  bool ok = true;
  for (std::size_t at = 0; at < image.size(); at += kPage) {
    const FixedView<kPage> page(image.data() + at, kPage);
    ok = ok && digest.AddNormalPage(Gpa(0x100000 + at), page).ok();
  }
  benchmark::DoNotOptimize(digest.value());
  return ok;
}

void FourMebibytes(benchmark::State& state) {
  const std::vector<std::uint8_t> image = Image();
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Raw raw;
  bool ok = true;
  bench::Compare(
      state, [&] { ok = raw.Hash(image) && ok; }, [&] { ok = Measure(sha384, image) && ok; });
  if (!ok) state.SkipWithError("a digest failed");
}
BENCHMARK(FourMebibytes)->Name("LaunchDigest4MiB/openssl:ours")->UseManualTime();

}  // namespace
}  // namespace svsm::snp

BENCHMARK_MAIN();
