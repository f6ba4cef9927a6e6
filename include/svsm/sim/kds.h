// svsm/sim/kds.h: a key distribution service as a folder, in the shape of AMD's KDS URLs.
//
//   <folder>/vcek/v1/Milan/cert_chain                                      ASK, ARK (PEM)
//   <folder>/vcek/v1/Milan/crl                                             DER
//   <folder>/vlek/v1/Milan/cert_chain, crl                                 ASVK, ARK; the same list
//   <folder>/vcek/v1/Milan/<hwid, hex>?blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=115       DER
//
// A file server that looks up path and query as one name serves it as it is; so does a test. Each
// VCEK is there in plain decimals and in decimals of at least two digits.
//
// Spec: AMD 57230, chapter on the KDS interface. Profile: hosted. Allocates: yes. Threads: pure
// functions but for the files.
#ifndef SVSM_SIM_KDS_H_
#define SVSM_SIM_KDS_H_

#include <cstdint>
#include <span>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/chip.h"
#include "svsm/sim/product_line.h"

namespace svsm::sim {

enum class SplDigits : std::uint8_t { kPlain, kTwo };

// "/vcek/v1/Milan/cert_chain", "/vlek/v1/Milan/crl" and a VCEK's path with its query.
std::string KdsChainPath(const ProductLine& line, EndorsementKey key);
std::string KdsCrlPath(const ProductLine& line, EndorsementKey key);
std::string KdsVcekPath(const ProductLine& line, ByteView hwid, const snp::RawTcb& tcb,
                        SplDigits digits);

// Writes the chain of `ca` and `crl` (DER) below `folder`. Errors: kIoError,
// kPermissionDenied (detail = errno).
Status WriteKdsLine(const std::string& folder, const CertificateAuthority& ca, ByteView crl);

// Adds the VCEK of `chip` for each of `tcbs`, valid from `not_before_unix_s`. Errors: those of
// Chip::IssueVcek(); kIoError, kPermissionDenied (detail = errno).
Status WriteKdsChip(const std::string& folder, const CertificateAuthority& ca, const Chip& chip,
                    std::span<const snp::RawTcb> tcbs, std::int64_t not_before_unix_s);

}  // namespace svsm::sim

#endif  // SVSM_SIM_KDS_H_
