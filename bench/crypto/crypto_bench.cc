// Our interfaces over each backend.
#include <benchmark/benchmark.h>

#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {
namespace {

void Require(benchmark::State& state, bool ok) {
  if (!ok) state.SkipWithError("a call failed");
}

template <typename HashType, HashAlg kAlg>
void BM_Hash(benchmark::State& state) {
  const HashType hash(kAlg);
  const std::vector<std::uint8_t> data(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> out(DigestSize(kAlg));
  for (auto unused : state) Require(state, hash.Digest(data, out).ok());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_TEMPLATE(BM_Hash, OpensslHash, HashAlg::kSha256)->Arg(64)->Arg(4096);
BENCHMARK_TEMPLATE(BM_Hash, BearsslHash, HashAlg::kSha256)->Arg(64)->Arg(4096);
BENCHMARK_TEMPLATE(BM_Hash, OpensslHash, HashAlg::kSha512)->Arg(64)->Arg(4096);
BENCHMARK_TEMPLATE(BM_Hash, BearsslHash, HashAlg::kSha512)->Arg(64)->Arg(4096);

template <typename HmacType>
void BM_Hmac(benchmark::State& state) {
  HmacType hmac(HashAlg::kSha256);
  const std::vector<std::uint8_t> data(static_cast<std::size_t>(state.range(0)));
  Bytes<32> out{};
  Require(state, hmac.SetKey(out).ok());
  for (auto unused : state) Require(state, hmac.Compute(data, out).ok());
}
BENCHMARK_TEMPLATE(BM_Hmac, OpensslHmac)->Arg(64);
BENCHMARK_TEMPLATE(BM_Hmac, BearsslHmac)->Arg(64);

struct GcmData {
  explicit GcmData(const benchmark::State& state)
      : plaintext(static_cast<std::size_t>(state.range(0))), ciphertext(plaintext.size()) {}
  std::vector<std::uint8_t> plaintext;
  std::vector<std::uint8_t> ciphertext;
  Bytes<32> key{1};
  Bytes<kGcmNonceSize> nonce{};
  Bytes<32> aad{};
  Bytes<kGcmTagSize> tag{};
};

template <typename AeadType>
void BM_Seal(benchmark::State& state) {
  GcmData data(state);
  AeadType aead;
  Require(state, aead.SetKey(data.key).ok());
  for (auto unused : state) {
    ++data.nonce[0];
    Require(state, aead.Seal(data.nonce, data.aad, data.plaintext, data.ciphertext, data.tag).ok());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <typename AeadType>
void BM_Open(benchmark::State& state) {
  GcmData data(state);
  AeadType aead;
  Require(state,
          aead.SetKey(data.key).ok() &&
              aead.Seal(data.nonce, data.aad, data.plaintext, data.ciphertext, data.tag).ok());
  for (auto unused : state) {
    Require(state, aead.Open(data.nonce, data.aad, data.ciphertext, data.tag, data.plaintext).ok());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_TEMPLATE(BM_Seal, OpensslAesGcm)->Arg(4000);
BENCHMARK_TEMPLATE(BM_Seal, BearsslAesGcm)->Arg(4000);
BENCHMARK_TEMPLATE(BM_Open, OpensslAesGcm)->Arg(4000);
BENCHMARK_TEMPLATE(BM_Open, BearsslAesGcm)->Arg(4000);

template <typename Verifier, Curve kCurve>
void BM_EcdsaVerify(benchmark::State& state) {
  const std::size_t size = CoordinateSize(kCurve);
  const std::vector<std::uint8_t> scalar(size, 1);
  const Bytes<48> digest{5};
  std::vector<std::uint8_t> x(size), y(size), r(size), s(size);
  OpensslEcdsaSigner signer(kCurve);
  Verifier verifier(kCurve);
  Require(state, signer.SetPrivateKey(scalar).ok() && signer.PublicKey(x, y).ok() &&
                     signer.Sign(digest, r, s).ok() && verifier.SetPublicKey({x, y}).ok());
  for (auto unused : state) Require(state, verifier.Verify(digest, {r, s}).ok());
}
BENCHMARK_TEMPLATE(BM_EcdsaVerify, OpensslEcdsaVerifier, Curve::kP384)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_EcdsaVerify, BearsslEcdsaVerifier, Curve::kP384)
    ->Unit(benchmark::kMicrosecond);

template <typename Signer, Curve kCurve>
void BM_EcdsaSign(benchmark::State& state) {
  const std::size_t size = CoordinateSize(kCurve);
  const std::vector<std::uint8_t> scalar(size, 1);
  const Bytes<48> digest{5};
  std::vector<std::uint8_t> r(size), s(size);
  Signer signer(kCurve);
  Require(state, signer.SetPrivateKey(scalar).ok());
  for (auto unused : state) Require(state, signer.Sign(digest, r, s).ok());
}
BENCHMARK_TEMPLATE(BM_EcdsaSign, OpensslEcdsaSigner, Curve::kP384)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_EcdsaSign, BearsslEcdsaSigner, Curve::kP384)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace svsm::crypto

BENCHMARK_MAIN();
