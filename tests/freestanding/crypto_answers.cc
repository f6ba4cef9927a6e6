// The known answers of tests/crypto/kat over BearSSL, without libc, and this CPU's entropy.
#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/drbg.h"
#include "tests/crypto/kat/kat_runner.h"
#include "tests/freestanding/answers.h"

namespace svsm::answers {
namespace {

using crypto::Curve;
using crypto::HashAlg;

void Run(Tally& tally, const crypto::kat::Primitives& primitives) {
  const crypto::kat::Outcome outcome = crypto::kat::RunAll(crypto::kat::Vectors(), primitives);
  tally.Is("crypto: form of the vectors", outcome.format, OkStatus());
  tally.Add("crypto: known answers", outcome.run, outcome.failed);
  if (outcome.failed == 0) return;
  for (const std::uint8_t character : outcome.first_failed_source) {
    const char text[] = {static_cast<char>(character), '\0'};
    Print(text);
  }
  Print(", vector ");
  Print(outcome.first_failed_id);
  Print("\n");
}

void KnownAnswers(Tally& tally) {
  const crypto::BearsslHash hashes[] = {
      crypto::BearsslHash(HashAlg::kSha1), crypto::BearsslHash(HashAlg::kSha256),
      crypto::BearsslHash(HashAlg::kSha384), crypto::BearsslHash(HashAlg::kSha512)};
  crypto::BearsslHmac hmacs[] = {
      crypto::BearsslHmac(HashAlg::kSha1), crypto::BearsslHmac(HashAlg::kSha256),
      crypto::BearsslHmac(HashAlg::kSha384), crypto::BearsslHmac(HashAlg::kSha512)};
  crypto::BearsslAes aes;
  crypto::BearsslAesGcm gcm;
  crypto::BearsslEcdsaVerifier verifiers[] = {crypto::BearsslEcdsaVerifier(Curve::kP256),
                                              crypto::BearsslEcdsaVerifier(Curve::kP384),
                                              crypto::BearsslEcdsaVerifier(Curve::kP521)};
  crypto::BearsslEcdsaSigner signers[] = {crypto::BearsslEcdsaSigner(Curve::kP256),
                                          crypto::BearsslEcdsaSigner(Curve::kP384),
                                          crypto::BearsslEcdsaSigner(Curve::kP521)};
  crypto::BearsslEcdh ecdhs[] = {crypto::BearsslEcdh(Curve::kP256),
                                 crypto::BearsslEcdh(Curve::kP384),
                                 crypto::BearsslEcdh(Curve::kP521)};
  crypto::kat::Primitives primitives;
  for (std::size_t i = 0; i < 4; ++i) {
    primitives.hash[i] = &hashes[i];
    primitives.hmac[i] = &hmacs[i];
  }
  for (std::size_t i = 0; i < 3; ++i) {
    primitives.verifier[i] = &verifiers[i];
    primitives.signer[i] = &signers[i];
    primitives.ecdh[i] = &ecdhs[i];
  }
  primitives.aes = &aes;
  primitives.gcm = &gcm;
  Run(tally, primitives);
}

// What runs where CPUID has no AES-NI.
void PortableAnswers(Tally& tally) {
  crypto::BearsslAes aes(crypto::BearsslCode::kPortable);
  crypto::BearsslAesGcm gcm(crypto::BearsslCode::kPortable);
  crypto::kat::Primitives primitives;
  primitives.aes = &aes;
  primitives.gcm = &gcm;
  Run(tally, primitives);
}

void CpuEntropy(Tally& tally) {
  crypto::HardwareCpuRandom cpu;
  crypto::RdSeedSource rdseed(cpu);
  crypto::RdRandSource rdrand(cpu);
  Bytes<48> seed{};
  Bytes<48> more{};
  const Status unavailable(Code::kUnavailable, Source::kCrypto);
  tally.Is("crypto: RDSEED", rdseed.Fill(seed), cpu.HasRdSeed() ? OkStatus() : unavailable);
  tally.Is("crypto: RDRAND", rdrand.Fill(more), cpu.HasRdRand() ? OkStatus() : unavailable);
  tally.Check("crypto: RDSEED gives bytes", IsZero(seed) != cpu.HasRdSeed());
}

}  // namespace

void Run_crypto(Tally& tally);
void Run_crypto(Tally& tally) {
  KnownAnswers(tally);
  PortableAnswers(tally);
  CpuEntropy(tally);
}

}  // namespace svsm::answers
