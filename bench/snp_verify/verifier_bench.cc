// Verification of a report, against one raw P-384 verification by OpenSSL in the same loop.
//
// Each iteration does both, one after the other; B_by_A is the median of the ratios. Real reports
// are used where SVSM_VECTORS_DIR has them; forged ones, whose authorities have RSA-2048 instead of
// AMD's RSA-4096, otherwise.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/compare.h"
#include "bench/snp_verify/backends.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/vectors.h"

namespace svsm::snp {

crypto::EcdsaVerifier* OpensslP384() {
  static crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  return &verifier;
}

namespace {

// What is verified, and by whom it is believed.
struct Input {
  ByteVector report;
  ByteVector leaf;
  TrustStore store;
  std::int64_t now;
};

template <typename T>
T Need(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", ToString(result.status()).c_str());
    std::abort();
  }
  return *std::move(result);
}

Input Forged() {
  const ByteVector ark = forge::Make(forge::Ark(Product::kMilan));
  const ByteVector ask = forge::Make(forge::Ask(Product::kMilan));
  const std::vector<X509Certificate> roots = {Need(ParseCertificate(ark)),
                                              Need(ParseCertificate(ask))};
  Refusals why;
  return {forge::Sign(forge::Body(Product::kMilan)),
          forge::Make(forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan),
                                  forge::Hwid(Product::kMilan))),
          Need(TrustStore::FromCertificates(roots, why)), forge::kNow};
}

const Input& TheInput() {
  static const Input input = [] {
    const std::string folder = SnpVectors();
    if (folder.empty()) return Forged();
    return Input{Need(ReadFile(folder + "/milan-v3/report.bin")),
                 Need(ReadFile(folder + "/milan-v3/vcek.der")), Need(TrustStore::Amd()),
                 Need(ParseRfc3339("2026-06-01T00:00:00Z"))};
  }();
  return input;
}

// The raw verification: one EVP call on an imported key and a ready digest.
class Raw {
 public:
  Raw() {
    const Input& input = TheInput();
    const X509Certificate leaf = Need(ParseCertificate(input.leaf));
    const std::uint8_t* spki = leaf.spki.data();
    EVP_PKEY* key = d2i_PUBKEY(nullptr, &spki, static_cast<long>(leaf.spki.size()));
    context_ = EVP_PKEY_CTX_new(key, nullptr);
    EVP_PKEY_free(key);
    EVP_PKEY_verify_init(context_);
    const UnverifiedReport report = Need(DecodeReport(input.report));
    const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
    if (!sha384.Digest(report.signed_bytes(), digest_).ok()) std::abort();
    signature_ = {0x30, 0x00};
    for (const Bytes<48>& scalar : {report.signature_r(), report.signature_s()}) {
      auto from = scalar.begin();
      while (*from == 0) ++from;
      const bool pad = *from >= 0x80;
      signature_.push_back(0x02);
      signature_.push_back(static_cast<std::uint8_t>(scalar.end() - from + (pad ? 1 : 0)));
      if (pad) signature_.push_back(0);
      signature_.insert(signature_.end(), from, scalar.end());
    }
    signature_[1] = static_cast<std::uint8_t>(signature_.size() - 2);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() { EVP_PKEY_CTX_free(context_); }

  void Verify() {
    if (EVP_PKEY_verify(context_, signature_.data(), signature_.size(), digest_.data(),
                        digest_.size()) != 1) {
      std::abort();
    }
  }

 private:
  EVP_PKEY_CTX* context_;
  Bytes<48> digest_{};
  ByteVector signature_;
};

// A: the raw verification. B: ours.
template <typename Ours>
void Compare(benchmark::State& state, Ours&& ours) {
  Raw raw;
  bench::Compare(
      state, [&] { raw.Verify(); }, ours);
}

void Check(const Result<Verdict>& verdict) {
  if (!verdict.ok() || !verdict->trusted()) std::abort();
}

void ChainCached(benchmark::State& state, crypto::EcdsaVerifier* p384) {
  if (p384 == nullptr) return state.SkipWithError("nettle is not built");
  const Input& input = TheInput();
  const svsm::testing::ManualClock clock(input.now);
  Verifier verifier(input.store, *p384, clock);
  const Policy policy;
  Check(verifier.Verify({input.report, input.leaf}, policy));
  Compare(state, [&] { Check(verifier.Verify({input.report, input.leaf}, policy)); });
}

void FirstSightOfLeaf(benchmark::State& state, crypto::EcdsaVerifier* p384) {
  if (p384 == nullptr) return state.SkipWithError("nettle is not built");
  const Input& input = TheInput();
  const svsm::testing::ManualClock clock(input.now);
  const Policy policy;
  Compare(state, [&] {
    Verifier verifier(input.store, *p384, clock);
    Check(verifier.Verify({input.report, input.leaf}, policy));
  });
}

void ParseLeaf(benchmark::State& state) {
  const Input& input = TheInput();
  for (auto _ : state) benchmark::DoNotOptimize(ParseCertificate(input.leaf));
}

// The leaf's signature, too: parsing, AMD's profile and one RSA verification.
void JudgeALeaf(benchmark::State& state) {
  const Input& input = TheInput();
  for (auto _ : state) {
    Refusals refusals;
    const X509Certificate leaf = Need(ParseCertificate(input.leaf));
    benchmark::DoNotOptimize(Need(JudgeLeaf(input.store, leaf, refusals)));
    if (!refusals.empty()) std::abort();
  }
}

void RawOpensslP384(benchmark::State& state) {
  Raw raw;
  for (auto _ : state) raw.Verify();
}

BENCHMARK(RawOpensslP384)->Unit(benchmark::kMicrosecond);
BENCHMARK(ParseLeaf)->Unit(benchmark::kMicrosecond);
BENCHMARK(JudgeALeaf)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ChainCached, openssl, OpensslP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ChainCached, nettle, NettleP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(FirstSightOfLeaf, openssl, OpensslP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(FirstSightOfLeaf, nettle, NettleP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace svsm::snp

BENCHMARK_MAIN();
