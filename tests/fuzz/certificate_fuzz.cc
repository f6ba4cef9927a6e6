// Certificates of a guest, a host or a file: parsed, judged as a leaf, as a root and as an
// intermediate.
#include <cstdlib>

#include "svsm/snp_verify/chain.h"
#include "svsm/snp_verify/roots.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::snp;  // NOLINT(google-build-using-namespace)

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

bool Inside(ByteView part, ByteView whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void Judge(const X509Certificate& certificate) {
  static TrustStore amd = *TrustStore::Amd();
  Refusals refusals;
  const Result<Leaf> leaf = JudgeLeaf(amd, certificate, refusals);
  // Nothing that a fuzzer makes can be signed by AMD.
  Check(leaf.ok() && !refusals.empty());
  JudgeValidity(amd, *leaf, 1748736000, CrlRule::kIfPresent, refusals);
  for (const Refusal& refusal : refusals) Check(!refusal.found.empty() && !refusal.wanted.empty());
  Refusals why;
  (void)TrustStore::FromCertificates({&certificate, 1}, why);
  Check(!amd.AddIntermediate(certificate, why).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const Result<std::vector<ByteVector>> file = ReadCertificateFile(in); file.ok()) {
    Check(!file->empty());
  }
  const Result<X509Certificate> certificate = ParseCertificate(in);
  if (!certificate.ok()) return 0;
  for (const ByteView part :
       {certificate->tbs, certificate->serial, certificate->signature_algorithm,
        certificate->issuer, certificate->subject, certificate->spki, certificate->signature}) {
    Check(Inside(part, in));
  }
  for (const Extension& extension : certificate->extensions()) {
    Check(Inside(extension.oid, in) && Inside(extension.value, in));
  }
  Judge(*certificate);
  return 0;
}
