// An RSA public key that verifies AMD's signatures: RSASSA-PSS with SHA-384, MGF1 with SHA-384, 48
// bytes of salt (RFC 8017 section 8.1.2). Threads: Verify() any, at once.
#ifndef SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_
#define SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_

#include <memory>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

struct evp_pkey_st;
struct evp_md_st;

namespace svsm::snp {

class RsaPssKey final {
 public:
  // Imports a SubjectPublicKeyInfo in DER. Errors: kMalformed (not one, or bytes after it),
  // kUnsupported (not rsaEncryption, not 2048 to 4096 bits, exponent not 65537), kInternal.
  static Result<std::shared_ptr<const RsaPssKey>> Import(ByteView spki);

  explicit RsaPssKey(evp_pkey_st* key, evp_md_st* sha384) : key_(key), sha384_(sha384) {}
  RsaPssKey(const RsaPssKey&) = delete;
  RsaPssKey& operator=(const RsaPssKey&) = delete;
  ~RsaPssKey();

  // Errors: kAuthFailed, kInternal.
  Status Verify(ByteView message, ByteView signature) const;

 private:
  evp_pkey_st* key_;
  evp_md_st* sha384_;
};

// Whether an AlgorithmIdentifier in DER names that scheme. AMD writes the trailer field's default
// out in roots and older leaves and leaves it out in newer ones; both count.
bool IsAmdPss(ByteView algorithm);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_RSA_PSS_KEY_H_
