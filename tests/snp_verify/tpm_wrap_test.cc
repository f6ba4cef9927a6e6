#include "src/snp/verify/tpm_wrap.h"

#include <gtest/gtest.h>

#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using evidence::KeyTemplate;
using evidence::TpmAlg;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

// NIST SP 800-38A, F.3.13 and F.3.17: CFB128 with AES-128 and AES-256.
TEST(TpmWrap, EncryptsAsTheStandardSays) {
  const ByteVector iv = *FromHex("000102030405060708090a0b0c0d0e0f");
  const ByteVector plain = *FromHex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const std::string wanted128 =
      "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
      "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6";
  const std::string wanted256 =
      "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
      "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471";
  const auto encrypt = [&](const char* key, std::size_t size) {
    ByteVector data(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THAT(EncryptCfb(*FromHex(key), FixedView<16>(iv.data(), 16), data), IsOk());
    return ToHex(data);
  };
  constexpr char kKey128[] = "2b7e151628aed2a6abf7158809cf4f3c";
  constexpr char kKey256[] = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
  EXPECT_EQ(encrypt(kKey128, 64), wanted128);
  EXPECT_EQ(encrypt(kKey256, 64), wanted256);
  // A last segment that is not a whole block.
  EXPECT_EQ(encrypt(kKey128, 39), wanted128.substr(0, 78));
  EXPECT_EQ(encrypt(kKey128, 0), "");
}

TEST(TpmWrap, KnowsTheAlgorithmsOfParents) {
  SVSM_ASSERT_OK_AND_ASSIGN(const WrapAlgorithms p384,
                            AlgorithmsOf(evidence::TemplatePublic(KeyTemplate::kEkP384)));
  EXPECT_EQ(p384.hash, crypto::HashAlg::kSha384);
  EXPECT_EQ(p384.aes_key_size, 32u);
  evidence::TpmPublic key = evidence::TemplatePublic(KeyTemplate::kSrkP256);
  key.symmetric.key_bits = 100;
  EXPECT_THAT(AlgorithmsOf(key), IsStatus(Code::kUnsupported, Source::kSnpVerify, 100));
  key.symmetric = {TpmAlg::kCamellia, 128, TpmAlg::kCfb};
  EXPECT_THAT(AlgorithmsOf(key), IsStatus(Code::kUnsupported, Source::kSnpVerify, 0x26));
}

TEST(TpmWrap, PutsSizesInFront) {
  EXPECT_EQ(ToHex(Sized(Ascii("ab"))), "00026162");
  EXPECT_EQ(ToHex(Sized({})), "0000");
}

}  // namespace
}  // namespace svsm::snp
