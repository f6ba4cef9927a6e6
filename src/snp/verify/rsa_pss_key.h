// An RSA public key that verifies AMD's signatures: RSASSA-PSS with SHA-384, MGF1 with SHA-384, 48
// bytes of salt (RFC 8017 section 8.1.2). Threads: Verify() any, at once (it waits).
#ifndef SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_
#define SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_

#include <memory>
#include <mutex>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/openssl.h"

namespace svsm::snp {

class RsaPssKey final {
 public:
  // Imports a SubjectPublicKeyInfo in DER. Errors: kMalformed (not one of rsaEncryption, or bytes
  // after it), kUnsupported (not 2048 to 4096 bits, exponent not 65537), kInternal.
  static Result<std::shared_ptr<const RsaPssKey>> Import(ByteView spki);

  RsaPssKey() = default;
  RsaPssKey(const RsaPssKey&) = delete;
  RsaPssKey& operator=(const RsaPssKey&) = delete;

  // Errors: kAuthFailed, kInternal.
  Status Verify(ByteView message, ByteView signature) const;

 private:
  crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  mutable std::mutex mutex_;
  mutable crypto::OpensslRsaPssVerifier verifier_;
};

// Whether an AlgorithmIdentifier in DER names that scheme. AMD writes the trailer field's default
// out in roots and older leaves and leaves it out in newer ones; both count.
bool IsAmdPss(ByteView algorithm);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_
