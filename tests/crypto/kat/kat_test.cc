// The known answers over each hosted backend; tests/freestanding runs them without libc.
#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"
#include "tests/crypto/kat/kat_runner.h"

namespace svsm::crypto::kat {
namespace {

using testing::IsOk;
using testing::IsStatus;

template <typename Backend>
class KatTest : public ::testing::Test {
 protected:
  KatTest() {
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
      primitives_.hash[i] = &hashes_[i];
      primitives_.hmac[i] = &hmacs_[i];
    }
    for (std::size_t i = 0; i < verifiers_.size(); ++i) {
      primitives_.verifier[i] = &verifiers_[i];
      primitives_.signer[i] = &signers_[i];
      primitives_.ecdh[i] = &ecdhs_[i];
    }
    primitives_.aes = &aes_;
    primitives_.gcm = &gcm_;
  }

  std::array<typename Backend::HashType, 4> hashes_{
      typename Backend::HashType(HashAlg::kSha1), typename Backend::HashType(HashAlg::kSha256),
      typename Backend::HashType(HashAlg::kSha384), typename Backend::HashType(HashAlg::kSha512)};
  std::array<typename Backend::HmacType, 4> hmacs_{
      typename Backend::HmacType(HashAlg::kSha1), typename Backend::HmacType(HashAlg::kSha256),
      typename Backend::HmacType(HashAlg::kSha384), typename Backend::HmacType(HashAlg::kSha512)};
  std::array<typename Backend::EcdsaVerifierType, 3> verifiers_{
      typename Backend::EcdsaVerifierType(Curve::kP256),
      typename Backend::EcdsaVerifierType(Curve::kP384),
      typename Backend::EcdsaVerifierType(Curve::kP521)};
  std::array<typename Backend::EcdsaSignerType, 3> signers_{
      typename Backend::EcdsaSignerType(Curve::kP256),
      typename Backend::EcdsaSignerType(Curve::kP384),
      typename Backend::EcdsaSignerType(Curve::kP521)};
  std::array<typename Backend::EcdhType, 3> ecdhs_{typename Backend::EcdhType(Curve::kP256),
                                                   typename Backend::EcdhType(Curve::kP384),
                                                   typename Backend::EcdhType(Curve::kP521)};
  typename Backend::AesType aes_;
  typename Backend::AesGcmType gcm_;
  Primitives primitives_;
};
TYPED_TEST_SUITE(KatTest, Backends);

std::string Describe(const Outcome& outcome) {
  return "first: " +
         std::string(outcome.first_failed_source.begin(), outcome.first_failed_source.end()) +
         ", vector " + std::to_string(outcome.first_failed_id);
}

TYPED_TEST(KatTest, AllVectorsHold) {
  const Outcome outcome = RunAll(Vectors(), this->primitives_);
  EXPECT_THAT(outcome.format, IsOk());
  EXPECT_EQ(outcome.failed, 0u) << Describe(outcome);
  EXPECT_GT(outcome.run, 4500u);
  for (unsigned kind = 1; kind <= 14; ++kind) EXPECT_GT(outcome.run_by_kind[kind], 0u) << kind;
  this->RecordProperty("vectors", static_cast<int>(outcome.run));
}

TEST(BearsslPortableKatTest, AllVectorsHold) {
  BearsslAes aes(BearsslCode::kPortable);
  BearsslAesGcm gcm(BearsslCode::kPortable);
  Primitives primitives;
  primitives.aes = &aes;
  primitives.gcm = &gcm;
  const Outcome outcome = RunAll(Vectors(), primitives);
  EXPECT_THAT(outcome.format, IsOk());
  EXPECT_EQ(outcome.failed, 0u) << Describe(outcome);
  EXPECT_GT(outcome.run, 2000u);
}

TEST(RsaPssKatTest, AllVectorsHold) {
  OpensslRsaPssVerifier verifier;
  Primitives primitives;
  primitives.rsa_pss = &verifier;
  const Outcome outcome = RunAll(Vectors(), primitives);
  EXPECT_THAT(outcome.format, IsOk());
  EXPECT_EQ(outcome.failed, 0u) << Describe(outcome);
  EXPECT_GT(outcome.run, 100u);
  EXPECT_EQ(outcome.run, outcome.run_by_kind[15]);
}

// A runner that finds nothing wrong is worth nothing.
TEST(KatRunnerTest, FindsAWrongAnswer) {
  ByteVector changed = ToVector(Vectors());
  // The first group's provenance, header and vector: its digest is of the empty message.
  const std::size_t provenance = static_cast<std::size_t>(changed[8]) * 256 + changed[9];
  changed[8 + 2 + provenance + 4 + 5 + 2 + 2] ^= 1;
  const OpensslHash sha1(HashAlg::kSha1);
  Primitives primitives;
  primitives.hash[0] = &sha1;
  const Outcome outcome = RunAll(changed, primitives);
  EXPECT_THAT(outcome.format, IsOk());
  EXPECT_EQ(outcome.failed, 1u);
  EXPECT_EQ(Describe(outcome), "first: NIST CAVP SHAVS SHA1ShortMsg.rsp, vector 0");
}

TEST(KatRunnerTest, RefusesVectorsThatAreNotWellFormed) {
  const Primitives primitives;
  ByteVector vectors = ToVector(Vectors());
  vectors.pop_back();
  EXPECT_EQ(RunAll(vectors, primitives).format.code(), Code::kTruncated);
  vectors[0] ^= 1;
  EXPECT_EQ(RunAll(vectors, primitives).format.code(), Code::kMalformed);
}

}  // namespace
}  // namespace svsm::crypto::kat
