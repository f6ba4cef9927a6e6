// Files of tests/vectors/tpm_quote, made by swtpm and tpm2-tools.
#ifndef TESTS_EVIDENCE_VECTORS_H_
#define TESTS_EVIDENCE_VECTORS_H_

#include <gtest/gtest.h>

#include <string>

#include "svsm/core/hosted.h"

namespace svsm::evidence {

inline ByteVector Vector(const std::string& name) {
  const Result<ByteVector> bytes = ReadFile(SVSM_TESTS_DIR "/vectors/tpm_quote/" + name);
  EXPECT_TRUE(bytes.ok()) << name;
  return bytes.ok() ? *bytes : ByteVector();
}

}  // namespace svsm::evidence

#endif  // TESTS_EVIDENCE_VECTORS_H_
