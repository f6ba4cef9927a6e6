// Files that hold DER, or PEM blocks of it.
#ifndef SVSM_SRC_SNP_VERIFY_PEM_H_
#define SVSM_SRC_SNP_VERIFY_PEM_H_

#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::snp {

// A file that begins with a SEQUENCE is one DER object, whole; otherwise the blocks of `label` in a
// PEM file, in their order. Errors: kMalformed (no DER, no PEM block, or a damaged block),
// kNotFound (PEM, but no block of this label).
Result<std::vector<ByteVector>> ReadDerOrPem(ByteView file, const char* label);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_PEM_H_
