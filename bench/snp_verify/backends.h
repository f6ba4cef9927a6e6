// The backends of the benchmarks.
#ifndef SVSM_BENCH_SNP_VERIFY_BACKENDS_H_
#define SVSM_BENCH_SNP_VERIFY_BACKENDS_H_

#include "svsm/crypto/ecdsa.h"

namespace svsm::snp {

// A verifier of P-384 on nettle, or null where nettle is not built. Lives until the program ends.
crypto::EcdsaVerifier* NettleP384();
crypto::EcdsaVerifier* OpensslP384();

}  // namespace svsm::snp

#endif  // SVSM_BENCH_SNP_VERIFY_BACKENDS_H_
