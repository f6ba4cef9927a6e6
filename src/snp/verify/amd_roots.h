// AMD's own keys, as a table that make_amd_roots.py made.
#ifndef SVSM_SRC_SNP_VERIFY_AMD_ROOTS_H_
#define SVSM_SRC_SNP_VERIFY_AMD_ROOTS_H_

#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/snp_verify/roots.h"

namespace svsm::snp {

struct AmdRoot {
  AuthorityKind kind;
  Product product;
  const char* common_name;
  ByteView subject;
  ByteView spki;
  ByteView serial;
  std::int64_t not_before;
  std::int64_t not_after;
  bool signs_crls;
};

// Three of each line: its ARK first.
std::span<const AmdRoot> AmdRoots();

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_AMD_ROOTS_H_
