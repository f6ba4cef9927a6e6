// svsm/snp_verify/crl.h: certificate revocation lists as AMD's key service gives them, read
// strictly and without a word on trust: TrustStore::AddCrl() judges the signature.
//
//   SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> ders, snp::ReadCrlFile(file));
//   SVSM_ASSIGN_OR_RETURN(const snp::Crl list, snp::ParseCrl(ders.at(0)));
//   const std::size_t num_revoked = list.revoked.size();
//
// Spec: RFC 5280 section 5. Delta and indirect lists are not used by AMD and not known here: any
// critical extension of the list or of an entry is an error, as an entry could mean something else
// than "this serial of this issuer" then.
// Profile: hosted. Allocates: the list of serials. Threads: functions are pure.
#ifndef SVSM_SNP_VERIFY_CRL_H_
#define SVSM_SNP_VERIFY_CRL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxCrlSize = std::size_t{16} << 20;

// Every view points into the DER that was parsed.
struct Crl {
  ByteView der;
  ByteView tbs;                  // the signed part, tag and length included
  ByteView signature_algorithm;  // AlgorithmIdentifier, tag and length included; both copies agree
  ByteView issuer;               // Name, tag and length included
  std::int64_t this_update = 0;  // seconds since 1970
  std::optional<std::int64_t> next_update;
  std::vector<ByteView> revoked;  // contents of the INTEGERs
  ByteView signature;
};

// Reads one list. Lifetime: the result borrows `der`, which must outlive it unchanged. Errors:
// kOutOfRange (above kMaxCrlSize), kMalformed (not DER, not a list, bytes after it; detail =
// offset), kUnsupported (version 1, or a critical extension; detail = offset).
Result<Crl> ParseCrl(ByteView der);

// The lists of a file, in its order, as DER: one list in DER or PEM blocks "X509 CRL". The DER is
// not parsed. Errors: kMalformed (neither; or a PEM block is damaged), kNotFound (PEM without a
// list).
Result<std::vector<ByteVector>> ReadCrlFile(ByteView file);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_CRL_H_
