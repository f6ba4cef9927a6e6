// Quotes that swtpm made and tpm2-tools wrote to files: tests/vectors/tpm_quote.
#ifndef SVSM_TESTS_SNP_VERIFY_QUOTE_VECTORS_H_
#define SVSM_TESTS_SNP_VERIFY_QUOTE_VECTORS_H_

#include <gtest/gtest.h>

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/evidence/attest.h"

namespace svsm::snp {

inline ByteVector QuoteVector(const std::string& name) {
  const Result<ByteVector> bytes = ReadFile(SVSM_TESTS_DIR "/vectors/tpm_quote/" + name);
  EXPECT_TRUE(bytes.ok()) << name;
  return bytes.ok() ? *bytes : ByteVector();
}

// The folder of a real Azure VM's evidence, or empty: tests skip then.
inline std::string AzureVectors() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr) return "";
  const std::string azure = std::string(folder) + "/azure-vtpm/milan";
  return ReadFile(azure + "/quote.msg").ok() ? azure : "";
}

// What the quote in `message` selects.
inline evidence::PcrSelectionList SelectionOf(const ByteVector& message) {
  const Result<evidence::TpmQuote> quote = evidence::ParseQuote(message);
  EXPECT_TRUE(quote.ok());
  return quote.ok() ? quote->selection : evidence::PcrSelectionList();
}

}  // namespace svsm::snp

#endif  // SVSM_TESTS_SNP_VERIFY_QUOTE_VECTORS_H_
