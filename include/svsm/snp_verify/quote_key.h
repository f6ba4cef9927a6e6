// svsm/snp_verify/quote_key.h: the public half of a TPM's attestation key (AK), as files spell it.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::QuoteKey ak, snp::ReadQuoteKey(file));
//
// Reading a key proves nothing about whose it is: an attestation report over it does (hcl.h), or
// credential activation against an endorsement key.
//
// Profile: hosted. Allocates: the heap. Threads: functions are pure.
#ifndef SVSM_SNP_VERIFY_QUOTE_KEY_H_
#define SVSM_SNP_VERIFY_QUOTE_KEY_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"

namespace svsm::snp {

struct QuoteKey {
  enum class Type : std::uint8_t { kRsa, kEcc };
  Type type = Type::kRsa;
  // RSA: big-endian, without leading zeros. 2048 to 4096 bits.
  ByteVector modulus;
  ByteVector exponent;
  // ECC: coordinates of the curve's size.
  crypto::Curve curve = crypto::Curve::kP256;
  ByteVector x;
  ByteVector y;
  // TPMT_PUBLIC, if the key was given as a TPM's public area; otherwise empty, and what the TPM
  // does with the key is not known.
  ByteVector tpmt;
};

// Reads TPM2B_PUBLIC or TPMT_PUBLIC (tpm2-tools' format tss), or a SubjectPublicKeyInfo in DER or
// PEM (format pem). Errors: evidence::ParseTpmtPublic()'s for a file that is neither DER nor PEM,
// kMalformed (damaged DER or PEM, bytes after it, or a public area without a key), kNotFound (PEM
// without a public key), kUnsupported (another kind of key, RSA outside 2048 to 4096 bits, another
// curve).
Result<QuoteKey> ReadQuoteKey(ByteView file);

// A key of a TPM's public area. Errors: as ReadQuoteKey().
Result<QuoteKey> QuoteKeyFromPublicArea(ByteView public_area);

// A key of two big-endian numbers. Errors: kMalformed (leading zero or even number),
// kUnsupported (modulus outside 2048 to 4096 bits; detail = its bits).
Result<QuoteKey> QuoteKeyFromRsa(ByteView modulus, ByteView exponent);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_QUOTE_KEY_H_
