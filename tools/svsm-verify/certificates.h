// Certificates from a file, a folder or a host's certificate table, and whom to believe.
#ifndef SVSM_TOOLS_SVSM_VERIFY_CERTIFICATES_H_
#define SVSM_TOOLS_SVSM_VERIFY_CERTIFICATES_H_

#include <vector>

#include "svsm/snp/report_layout.h"
#include "svsm/snp_verify/roots.h"
#include "tools/svsm-verify/options.h"

namespace svsm::verify {

struct Certificates {
  std::vector<ByteVector> vceks;
  std::vector<ByteVector> vleks;
  std::vector<ByteVector> intermediates;  // ASK, ASVK
};

// Reads `path`: a certificate in DER, certificates in PEM, or a certificate table as the host gives
// it (configfs-tsm's auxblob); or a folder with such files, at any depth, among others.
Certificates LoadCertificates(const std::string& path);

// AMD's keys, or those of options.roots alone; with the intermediates that they signed and the
// revocation lists of options.crls.
snp::TrustStore LoadTrustStore(const Options& options, const Certificates& certificates);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_CERTIFICATES_H_
