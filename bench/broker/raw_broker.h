// A broker's cryptography in OpenSSL's own calls, and nothing else of its work. Reports may be
// verified by another library.
#ifndef SVSM_BENCH_BROKER_RAW_BROKER_H_
#define SVSM_BENCH_BROKER_RAW_BROKER_H_

#include <memory>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/ecdsa.h"

namespace svsm::bench {

// Keys are made once; the functions panic if OpenSSL fails.
class RawBroker {
 public:
  // The group of the TEE's keys: "P-521" or "P-256". `p384` verifies reports; null: OpenSSL does.
  RawBroker(const char* group, std::shared_ptr<crypto::EcdsaVerifier> p384);
  RawBroker(const RawBroker&) = delete;
  RawBroker& operator=(const RawBroker&) = delete;
  ~RawBroker();

  // Per attestation: a report's P-384 signature is verified, the TEE's key is taken in and found on
  // its curve, body and report are digested, and a token is signed with P-256.
  void Attest();
  // Per resource: a key is made and agreed upon with the TEE's, 32 bytes are encrypted and their
  // key wrapped, and what comes of it is signed with P-384.
  void GiveResource();

 private:
  struct Keys;
  void VerifyReport();
  std::unique_ptr<Keys> keys_;
};

}  // namespace svsm::bench

#endif  // SVSM_BENCH_BROKER_RAW_BROKER_H_
