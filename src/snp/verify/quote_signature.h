// The signature of a quote: its forms, and whether it verifies.
#ifndef SVSM_SRC_SNP_VERIFY_QUOTE_SIGNATURE_H_
#define SVSM_SRC_SNP_VERIFY_QUOTE_SIGNATURE_H_

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/evidence/attest.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/snp_verify/quote_key.h"

namespace svsm::snp {

struct QuoteSignature {
  evidence::TpmAlg scheme = evidence::TpmAlg::kNull;
  evidence::TpmAlg hash = evidence::TpmAlg::kNull;
  ByteVector rsa;
  ByteVector r;
  ByteVector s;
};

// Reads any of the forms that QuoteEvidence names. `wanted` is the scheme of the key's public area,
// or null. Errors: evidence::ParseSignature()'s, kMalformed (damaged DER).
Result<QuoteSignature> ReadQuoteSignature(ByteView bytes, const QuoteKey& key,
                                          const evidence::TpmScheme& wanted);

// Errors: kAuthFailed; kMalformed (the key is none, such as a point off its curve), kInternal.
Status CheckQuoteSignature(const QuoteKey& key, const QuoteSignature& signature, ByteView message);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_QUOTE_SIGNATURE_H_
