// An OpenSSL library context whose random generators all draw from one crypto::Rng.
#ifndef SVSM_SRC_VTPM_LIBTPMS_RAND_PROVIDER_H_
#define SVSM_SRC_VTPM_LIBTPMS_RAND_PROVIDER_H_

#include <openssl/types.h>

#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"

namespace svsm::vtpm {

// OpenSSL keeps such a context for the life of the process (its generators are made once and kept
// in each thread), and libtpms has no pointer to hand through. So there is one context, and one Rng
// at a time behind it, as there is one libtpms. The Rng is called in the thread that runs the TPM,
// and nowhere else.

// Makes the context if it is not made yet. Errors: kInternal (Source::kOpenssl).
Status PrepareRandContext();
// The context; null before PrepareRandContext().
OSSL_LIB_CTX* RandContext();

// Draws from `rng` from now on and forgets earlier failures; null: every draw fails.
void UseRng(crypto::Rng* rng);
// Fills `out`, or zeroes it and keeps the reason.
Status DrawRandom(ByteSpan out);
// The first failure since UseRng() or ForgetRngFailure(). One that happened means that whatever was
// computed meanwhile must not leave.
Status RngFailure();
void ForgetRngFailure();

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_LIBTPMS_RAND_PROVIDER_H_
