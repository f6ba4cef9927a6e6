#include "crypto/openssl/internal.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace svsm::crypto::openssl {

const char* DigestName(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
      return "SHA1";
    case HashAlg::kSha256:
      return "SHA256";
    case HashAlg::kSha384:
      return "SHA384";
    case HashAlg::kSha512:
      return "SHA512";
    case HashAlg::kSha3_256:
      return "SHA3-256";
    case HashAlg::kSha3_384:
      return "SHA3-384";
    case HashAlg::kSha3_512:
      return "SHA3-512";
    case HashAlg::kSm3:
      return "SM3";
  }
  return "";
}

const char* GroupName(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return "P-256";
    case Curve::kP384:
      return "P-384";
    case Curve::kP521:
      return "P-521";
  }
  return "";
}

Status ImportPoint(Curve curve, EcPointView point, Key& key) {
  Bytes<1 + 2 * kMaxCoordinateSize> encoded{};
  encoded[0] = 4;
  Copy(ByteSpan(encoded).subspan(1), point.x);
  Copy(ByteSpan(encoded).subspan(1 + point.x.size()), point.y);
  // OSSL_PARAM has no const variant of the name; the name is not written to.
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                          const_cast<char*>(GroupName(curve)), 0),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                                           1 + point.x.size() + point.y.size()),
                         OSSL_PARAM_construct_end()};
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return Internal();
  EVP_PKEY* imported = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &imported, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    return Status(Code::kMalformed, Source::kCrypto);
  }
  key.reset(imported);
  return OkStatus();
}

}  // namespace svsm::crypto::openssl
