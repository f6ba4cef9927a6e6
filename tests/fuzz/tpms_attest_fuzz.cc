// A TPM's quote, certification or signature from outside: views stay inside the input.
#include <cstdlib>

#include "svsm/evidence/attest.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::evidence;  // NOLINT(google-build-using-namespace)

namespace {

void RequireInside(ByteView in, ByteView part) {
  if (part.empty()) return;
  if (part.data() < in.data() || part.data() + part.size() > in.data() + in.size()) std::abort();
}

void CheckCommon(ByteView in, const TpmAttestCommon& common) {
  RequireInside(in, common.qualified_signer);
  RequireInside(in, common.extra_data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const Result<TpmQuote> quote = ParseQuote(in); quote.ok()) {
    CheckCommon(in, quote->common);
    RequireInside(in, quote->pcr_digest);
    for (const PcrSelection& bank : quote->selection.view()) {
      if (TpmDigestSize(bank.bank) == 0 || bank.mask >> kNumPcrs != 0) std::abort();
    }
  }
  if (const Result<TpmCertify> certify = ParseCertify(in); certify.ok()) {
    CheckCommon(in, certify->common);
    RequireInside(in, certify->name);
    RequireInside(in, certify->qualified_name);
  }
  if (const Result<TpmSignature> signature = ParseSignature(in); signature.ok()) {
    RequireInside(in, signature->rsa);
    RequireInside(in, signature->r);
    RequireInside(in, signature->s);
  }
  return 0;
}
