#include "bench/snp_verify/backends.h"

namespace svsm::snp {

crypto::EcdsaVerifier* NettleP384() { return nullptr; }

}  // namespace svsm::snp
