// A TPM's public area from outside, or a vTPM manifest of them: what parses is built again to the
// same bytes.
#include <array>
#include <cstdlib>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/report_data.h"
#include "svsm/evidence/vtpm_manifest.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::evidence;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckForm(const Result<TpmPublic>& key, ByteView in, bool sized) {
  if (!key.ok()) return;
  static Bytes<65536 + 2> out;
  const Result<ByteView> built = sized ? BuildTpm2bPublic(*key, out) : BuildTpmtPublic(*key, out);
  Require(built.ok() && Equal(*built, in));
}

void CheckManifest(ByteView in) {
  std::array<ByteView, kMaxManifestKeys> slots;
  const Result<std::span<ByteView>> keys = ParseVtpmManifestV1(in, slots);
  if (!keys.ok()) return;
  static Bytes<8 + kMaxManifestKeys*(65536 + 2)> out;
  const Result<ByteView> built = BuildVtpmManifestV1(*keys, out);
  Require(built.ok() && Equal(*built, in));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  CheckForm(ParseTpmtPublic(in), in, false);
  CheckForm(ParseTpm2bPublic(in), in, true);
  CheckManifest(in);
  const Result<EkMatch> ek = MatchEkTemplate(in);
  if (ek.ok()) {
    static const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
    const Result<ReportData> report_data = EkReportData(sha512, in);
    Require(report_data.ok() && MatchEkReportData(sha512, *report_data, in).ok());
  }
  return 0;
}
