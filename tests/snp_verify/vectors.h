// Real reports and certificates, where they are at hand.
#ifndef SVSM_TESTS_SNP_VERIFY_VECTORS_H_
#define SVSM_TESTS_SNP_VERIFY_VECTORS_H_

#include <cstdlib>
#include <string>

#include "svsm/core/hosted.h"

namespace svsm::snp {

// The folder, or empty: tests skip then.
inline std::string SnpVectors() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr) return "";
  const std::string snp = std::string(folder) + "/snp";
  return ReadFile(snp + "/README.md").ok() ? snp : "";
}

}  // namespace svsm::snp

#endif  // SVSM_TESTS_SNP_VERIFY_VECTORS_H_
