// Revocation lists from outside: parsed, and offered to a trust store.
#include <algorithm>
#include <cstdlib>

#include "svsm/snp_verify/crl.h"
#include "svsm/snp_verify/roots.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::snp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const Result<std::vector<ByteVector>> file = ReadCrlFile(in); file.ok() && file->empty()) {
    std::abort();
  }
  const Result<Crl> crl = ParseCrl(in);
  if (!crl.ok()) return 0;
  static const TrustStore kAmd = *TrustStore::Amd();
  TrustStore store = kAmd;
  if (!store.AddCrl(*crl).ok()) return 0;
  // The issuer is one of AMD's, and nothing that a fuzzer makes is signed by it.
  if (store.crls().size() != 1 || store.crls()[0].signature_good) std::abort();
  const std::vector<ByteVector>& revoked = store.crls()[0].revoked;
  if (revoked.size() != crl->revoked.size() || !std::is_sorted(revoked.begin(), revoked.end())) {
    std::abort();
  }
  return 0;
}
