#include <benchmark/benchmark.h>

#include <vector>

#include "svsm/crypto/nettle.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {
namespace {

void BM_NettleEcdsaVerify(benchmark::State& state) {
  const std::vector<std::uint8_t> scalar(48, 1);
  const Bytes<48> digest{5};
  std::vector<std::uint8_t> x(48), y(48), r(48), s(48);
  OpensslEcdsaSigner signer(Curve::kP384);
  NettleEcdsaVerifier verifier(Curve::kP384);
  bool ok = signer.SetPrivateKey(scalar).ok() && signer.PublicKey(x, y).ok() &&
            signer.Sign(digest, r, s).ok() && verifier.SetPublicKey({x, y}).ok();
  for (auto unused : state) ok = ok && verifier.Verify(digest, {r, s}).ok();
  if (!ok) state.SkipWithError("a call failed");
}
BENCHMARK(BM_NettleEcdsaVerify)
    ->Name("BM_EcdsaVerify<NettleEcdsaVerifier, Curve::kP384>")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace svsm::crypto
