// The backends, as types for typed tests. (Not the primitives themselves: the library has no RTTI,
// which GoogleTest wants of its type parameters.)
#ifndef SVSM_TESTS_CRYPTO_BACKENDS_H_
#define SVSM_TESTS_CRYPTO_BACKENDS_H_

#include <gtest/gtest.h>

#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

struct OpensslBackend {
  using HashType = OpensslHash;
  using HashStreamType = OpensslHashStream;
  using HmacType = OpensslHmac;
  using AesType = OpensslAes;
  using SymmetricType = OpensslSymmetric;
  using AesGcmType = OpensslAesGcm;
  using EcdsaVerifierType = OpensslEcdsaVerifier;
  using EcdsaSignerType = OpensslEcdsaSigner;
  using EcdhType = OpensslEcdh;
};

struct BearsslBackend {
  using HashType = BearsslHash;
  using HashStreamType = BearsslHashStream;
  using HmacType = BearsslHmac;
  using AesType = BearsslAes;
  using SymmetricType = BearsslSymmetric;
  using AesGcmType = BearsslAesGcm;
  using EcdsaVerifierType = BearsslEcdsaVerifier;
  using EcdsaSignerType = BearsslEcdsaSigner;
  using EcdhType = BearsslEcdh;
};

using Backends = ::testing::Types<OpensslBackend, BearsslBackend>;

}  // namespace svsm::crypto

#endif  // SVSM_TESTS_CRYPTO_BACKENDS_H_
