// An Azure VM's blob, its JSON, a quote key and PCR values from outside.
#include <cstdlib>

#include "svsm/snp_verify/hcl.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::snp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  const std::string text(in.begin(), in.end());
  (void)ParseHclQuoteKey(text);
  (void)ReadQuoteKey(in);
  std::string error;
  evidence::PcrSelectionList selection;
  selection.items[0] = {evidence::TpmAlg::kSha256, 0x3};
  selection.size = 1;
  if (const Result<PcrTable> table = ReadPcrFile(in, selection, error); table.ok()) {
    for (const PcrEntry& entry : *table) {
      if (entry.index >= evidence::kNumPcrs) std::abort();
      if (entry.value.size() != evidence::TpmDigestSize(entry.bank)) std::abort();
    }
  }
  const Result<HclBlob> blob = ParseHcl(in);
  if (!blob.ok()) return 0;
  if (blob->report.size() != 1184 || blob->json.empty()) std::abort();
  const std::string json(blob->json.begin(), blob->json.end());
  if (const Result<QuoteKey> key = ParseHclQuoteKey(json); key.ok()) {
    if (key->modulus.size() < 256) std::abort();
  }
  return 0;
}
