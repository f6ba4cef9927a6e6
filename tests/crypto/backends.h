// The backends, as types for typed tests. (Not the primitives themselves: the library has no RTTI,
// which GoogleTest wants of its type parameters.)
#ifndef SVSM_TESTS_CRYPTO_BACKENDS_H_
#define SVSM_TESTS_CRYPTO_BACKENDS_H_

#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

struct OpensslBackend {
  using HashType = OpensslHash;
  using HashStreamType = OpensslHashStream;
  using HmacType = OpensslHmac;
  using AesGcmType = OpensslAesGcm;
  using EcdsaVerifierType = OpensslEcdsaVerifier;
  using EcdsaSignerType = OpensslEcdsaSigner;
};

using Backends = ::testing::Types<OpensslBackend>;

}  // namespace svsm::crypto

#endif  // SVSM_TESTS_CRYPTO_BACKENDS_H_
