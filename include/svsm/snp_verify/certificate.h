// svsm/snp_verify/certificate.h: X.509 certificates as views of their DER, read strictly and
// without a word on trust; and files of them.
//
//   SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> ders, snp::ReadCertificateFile(file));
//   SVSM_ASSIGN_OR_RETURN(const snp::X509Certificate leaf, snp::ParseCertificate(ders[0]));
//   if (snp::KindOf(leaf) == snp::CertificateKind::kVcek) ...
//
// The reader knows DER only (definite, shortest lengths; shortest integers; TRUE is FF) and just
// the forms that RFC 5280 gives a certificate. It builds no objects: the benchmark ParseLeaf says
// what a certificate costs.
//
// Spec: RFC 5280 section 4, X.690 section 10.
// Profile: hosted. Allocates: only ReadCertificateFile(). Threads: functions are pure.
#ifndef SVSM_SNP_VERIFY_CERTIFICATE_H_
#define SVSM_SNP_VERIFY_CERTIFICATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxCertificateSize = 8192;
inline constexpr std::size_t kMaxExtensions = 24;

struct Extension {
  ByteView oid;    // the content of the OBJECT IDENTIFIER, without tag and length
  ByteView value;  // the content of the OCTET STRING
  bool critical = false;
};

// Every view points into the DER that was parsed.
struct X509Certificate {
  ByteView der;
  ByteView tbs;                  // the signed part, tag and length included
  int version = 1;               // 1, 2 or 3
  ByteView serial;               // content of the INTEGER, shortest form
  ByteView signature_algorithm;  // AlgorithmIdentifier, tag and length included; both copies agree
  ByteView issuer;               // Name, tag and length included
  ByteView subject;              // Name, tag and length included
  std::int64_t not_before = 0;   // seconds since 1970
  std::int64_t not_after = 0;    // the last second of validity
  ByteView spki;                 // SubjectPublicKeyInfo, tag and length included
  std::array<Extension, kMaxExtensions> extension_storage;
  std::size_t num_extensions = 0;
  ByteView signature;  // whole bytes of the BIT STRING

  std::span<const Extension> extensions() const {
    return std::span(extension_storage).first(num_extensions);
  }
};

// Reads one certificate. Lifetime: the result borrows `der`, which must outlive it unchanged.
// Errors: kOutOfRange (above kMaxCertificateSize, detail = that limit), kMalformed (not DER, not a
// certificate, bytes after it; detail = offset), kUnsupported (detail = offset: unique identifiers,
// or more than kMaxExtensions extensions).
Result<X509Certificate> ParseCertificate(ByteView der);

// What a certificate calls itself by its common name, the word alone: proves nothing.
enum class CertificateKind : std::uint8_t { kOther, kArk, kAsk, kAsvk, kVcek, kVlek };
CertificateKind KindOf(const X509Certificate& certificate);

// The common name of a Name (X509Certificate::subject or ::issuer); empty if it has none or
// several, or if the Name is not well-formed.
std::string_view CommonName(ByteView name);

// The certificates of a file, in its order, as DER: either one certificate in DER or any number of
// PEM blocks "CERTIFICATE" with anything between them; other blocks are passed over. The DER is not
// parsed. Errors: kMalformed (neither; or a PEM block is damaged), kNotFound (PEM without a
// certificate).
Result<std::vector<ByteVector>> ReadCertificateFile(ByteView file);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_CERTIFICATE_H_
