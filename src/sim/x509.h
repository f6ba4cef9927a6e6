// Certificates and revocation lists as AMD spells them.
#ifndef SVSM_SIM_X509_H_
#define SVSM_SIM_X509_H_

#include <cstdint>
#include <string_view>

#include "sim/rsa_key.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/sim/certificates.h"

namespace svsm::sim::x509 {

struct Certificate {
  std::uint64_t serial = 0;
  std::string_view issuer;  // common names
  std::string_view subject;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  ByteView spki;        // DER
  ByteView extensions;  // DER, the SEQUENCE OF Extension
};

// Signs with `key`, the issuer's. Errors: kInternal (Source::kOpenssl).
Result<ByteVector> Sign(const Certificate& certificate, const RsaKey& key);

// The extensions of a root, an intermediate, a VCEK and a VLEK.
ByteVector RootExtensions(ByteView own_spki, std::string_view crl_url);
ByteVector IntermediateExtensions(ByteView own_spki, ByteView issuer_spki,
                                  std::string_view crl_url);
ByteVector VcekExtensions(const ProductLine& line, ByteView hwid, const snp::RawTcb& tcb);
ByteVector VlekExtensions(const ProductLine& line, std::string_view csp_id, const snp::RawTcb& tcb);

// SubjectPublicKeyInfo of a P-384 point, uncompressed.
ByteVector EcSpki(const crypto::EcPointView& point);

// A list signed with `key`, the root's. Errors: kInternal (Source::kOpenssl).
Result<ByteVector> SignCrl(const CrlRequest& request, std::string_view issuer, ByteView issuer_spki,
                           const RsaKey& key);

}  // namespace svsm::sim::x509

#endif  // SVSM_SIM_X509_H_
