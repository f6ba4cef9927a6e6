// Evidence from outside: what is taken stands for one report, which is spelled and read again.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/snp_evidence.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  std::vector<std::uint8_t> workspace(size);
  const Result<SnpEvidence> evidence = DecodeSnpEvidence(in, workspace);
  if (!evidence.ok()) {
    Require(evidence.status().code() != Code::kBufferTooSmall);
    return 0;
  }
  std::vector<std::uint8_t> text(size + 65536);
  const Result<ByteView> again = EncodeSnpEvidence(*evidence, text);
  Require(again.ok());
  std::vector<std::uint8_t> second(again->size());
  const Result<SnpEvidence> same = DecodeSnpEvidence(*again, second);
  Require(same.ok() && Equal(same->report, evidence->report) &&
          same->num_certificates == evidence->num_certificates);
  return 0;
}
