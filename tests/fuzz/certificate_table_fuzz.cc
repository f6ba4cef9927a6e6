// Parses a certificate table, and builds and parses again what was found.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "svsm/core/panic.h"
#include "svsm/snp/certificate_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm;
  const ByteView in(data, size);
  const Result<snp::CertificateTable> table = snp::CertificateTable::Parse(in);
  if (!table.ok()) return 0;
  SVSM_CHECK(table->size() <= snp::kMaxCertificateEntries);
  std::vector<snp::Certificate> certificates;
  std::size_t blob_bytes = 0;
  unsigned sum = 0;
  for (std::size_t i = 0; i < table->size(); ++i) {
    certificates.push_back(table->entry(i));
    const ByteView blob = certificates.back().bytes;
    SVSM_CHECK(table->Find(certificates.back().guid).data() == blob.data());
    blob_bytes += blob.size();
    for (const std::uint8_t byte : blob) sum += byte;
  }
  // No two blobs share a byte.
  SVSM_CHECK(blob_bytes <= size);
  volatile unsigned sink = sum;
  (void)sink;
  std::vector<std::uint8_t> built((certificates.size() + 1) * 24 + blob_bytes);
  const Result<std::size_t> written = snp::BuildCertificateTable(certificates, built);
  SVSM_CHECK(written.ok() && *written == built.size());
  const Result<snp::CertificateTable> again = snp::CertificateTable::Parse(built);
  SVSM_CHECK(again.ok() && again->size() == certificates.size());
  for (const snp::Certificate& certificate : certificates) {
    SVSM_CHECK(Equal(again->Find(certificate.guid), certificate.bytes));
  }
  return 0;
}
