#include "src/snp/verify/openssl_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

TEST(OpensslKeyTest, AMarkLeavesTheQueueAsItWas) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 1);
  const unsigned long before = ERR_peek_last_error();
  {
    const ErrorMark mark;
    ERR_raise(ERR_LIB_USER, 2);
    EXPECT_EQ(OpensslInternal(), Status(Code::kInternal, Source::kOpenssl,
                                        static_cast<std::uint32_t>(ERR_peek_last_error())));
    EXPECT_NE(ERR_peek_last_error(), before);
  }
  EXPECT_EQ(ERR_peek_last_error(), before);
  ERR_clear_error();
}

TEST(OpensslKeyTest, KnowsTheDigests) {
  for (const crypto::HashAlg alg : {crypto::HashAlg::kSha1, crypto::HashAlg::kSha256,
                                    crypto::HashAlg::kSha384, crypto::HashAlg::kSha512}) {
    ASSERT_NE(DigestOf(alg), nullptr);
    EXPECT_EQ(static_cast<std::size_t>(EVP_MD_get_size(DigestOf(alg))), crypto::DigestSize(alg));
  }
}

TEST(OpensslKeyTest, ImportsTheNumbersOfAnRsaKey) {
  ByteVector modulus(256, 0x5A);
  modulus.front() = 0xC3;
  modulus.back() = 0x01;
  SVSM_ASSERT_OK_AND_ASSIGN(const Pkey key, ImportRsaPublic(modulus, Bytes<4>{0, 1, 0, 1}));
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 2048);
  BIGNUM* raw = nullptr;
  ASSERT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &raw), 1);
  const BigNumber n(raw);
  ByteVector read(modulus.size());
  ASSERT_EQ(BN_bn2binpad(n.get(), read.data(), static_cast<int>(read.size())), 256);
  EXPECT_EQ(read, modulus);
  raw = nullptr;
  ASSERT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &raw), 1);
  EXPECT_TRUE(BN_is_word(BigNumber(raw).get(), 65537));
}

}  // namespace
}  // namespace svsm::snp
