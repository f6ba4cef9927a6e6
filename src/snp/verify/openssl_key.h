// What the files that use OpenSSL's keys here share: owners, the queue of errors, digests, RSA
// keys.
#ifndef SVSM_SRC_SNP_VERIFY_OPENSSL_KEY_H_
#define SVSM_SRC_SNP_VERIFY_OPENSSL_KEY_H_

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"

namespace svsm::snp {

template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;
using BigNumber = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

// Leaves the thread's queue of errors as it was.
class ErrorMark {
 public:
  ErrorMark() { ERR_set_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
  ~ErrorMark() { ERR_pop_to_mark(); }
};

// kInternal, with OpenSSL's last error as its detail.
Status OpensslInternal();

// OpenSSL's digest; null for one that it does not have.
const EVP_MD* DigestOf(crypto::HashAlg alg);

// The public key with these big-endian numbers, which the caller has judged. Errors: kInternal.
Result<Pkey> ImportRsaPublic(ByteView modulus, ByteView exponent);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_OPENSSL_KEY_H_
