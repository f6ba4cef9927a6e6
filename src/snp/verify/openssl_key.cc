#include "snp/verify/openssl_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

namespace svsm::snp {
namespace {

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, OpensslFree<OSSL_PARAM_free>>;

BigNumber NumberOf(ByteView bytes) {
  return BigNumber(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

}  // namespace

Status OpensslInternal() {
  return Status(Code::kInternal, Source::kOpenssl,
                static_cast<std::uint32_t>(ERR_peek_last_error()));
}

const EVP_MD* DigestOf(crypto::HashAlg alg) {
  switch (alg) {
    case crypto::HashAlg::kSha1:
      return EVP_sha1();
    case crypto::HashAlg::kSha256:
      return EVP_sha256();
    case crypto::HashAlg::kSha384:
      return EVP_sha384();
    case crypto::HashAlg::kSha512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

Result<Pkey> ImportRsaPublic(ByteView modulus, ByteView exponent) {
  const BigNumber n = NumberOf(modulus);
  const BigNumber e = NumberOf(exponent);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return OpensslInternal();
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* pkey = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return OpensslInternal();
  }
  return Pkey(pkey);
}

}  // namespace svsm::snp
