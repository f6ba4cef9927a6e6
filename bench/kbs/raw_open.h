// The cryptography of a boot alone, in OpenSSL's own calls: what no client can do without.
#ifndef SVSM_BENCH_KBS_RAW_OPEN_H_
#define SVSM_BENCH_KBS_RAW_OPEN_H_

#include <openssl/evp.h>

#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/crypto/ecdsa.h"

namespace svsm::kbs {

struct RawBoot {
  crypto::Curve curve;  // of the SVSM's key
  ByteView scalar, epk_x, epk_y;
  ByteView signer_x, signer_y, r, s;  // P-384
  ByteView encrypted_key, iv, aad, ciphertext, tag;
  ByteView bound;   // hashed for REPORT_DATA
  ByteView report;  // hashed for the signature
  ByteView digest;  // that is signed
};

class RawOpen {
 public:
  explicit RawOpen(const RawBoot& boot);
  RawOpen(const RawOpen&) = delete;
  RawOpen& operator=(const RawOpen&) = delete;
  ~RawOpen();

  // Hashes what is bound and the report, verifies the signature, agrees on a key, unwraps, opens.
  void Run();
  bool ok() const { return ok_; }
  ByteView plaintext() const { return plaintext_; }

 private:
  void Hash();
  void Verify();
  void Agree();
  void Decrypt();
  void Keep(int result) { ok_ = ok_ && result == 1; }

  RawBoot boot_;
  EVP_PKEY* own_ = nullptr;
  EVP_CIPHER* wrap_ = nullptr;
  EVP_CIPHER* gcm_ = nullptr;
  EVP_CIPHER_CTX* context_ = nullptr;
  bool ok_ = true;
  std::vector<std::uint8_t> signature_;
  std::vector<std::uint8_t> plaintext_;
  Bytes<32> kek_{};
};

}  // namespace svsm::kbs

#endif  // SVSM_BENCH_KBS_RAW_OPEN_H_
