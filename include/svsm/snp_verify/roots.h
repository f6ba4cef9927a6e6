// svsm/snp_verify/roots.h: whom a verifier believes: AMD's root keys (ARK), the keys under them
// that sign chip certificates (ASK for VCEKs, ASVK for VLEKs), and the revocation lists of the
// roots.
//
//   SVSM_ASSIGN_OR_RETURN(snp::TrustStore store, snp::TrustStore::Amd());
//   SVSM_TRY(store.AddCrl(crl_der));        // optional
//
// AMD's keys of Milan, Genoa and Turin are built in, so that a leaf certificate alone suffices. For
// machines that are not AMD's (a simulator, a laboratory) FromCertificates() makes a store of
// somebody else's keys; AMD's are not in it then.
//
// Signatures of authorities and of lists are checked once, when they enter the store. What time
// changes (dates, staleness) is judged with each report.
//
// Spec: AMD 57230 (VCEK and VLEK certificates), RFC 5280, RFC 8017 section 8.1 (PSS).
// Profile: hosted. Allocates: the heap.
// Threads: const members: any, at once; others: one, and nobody else meanwhile.
#ifndef SVSM_SNP_VERIFY_ROOTS_H_
#define SVSM_SNP_VERIFY_ROOTS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/snp/product.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/crl.h"
#include "svsm/snp_verify/refusal.h"

namespace svsm::snp {

class RsaPssKey;

enum class AuthorityKind : std::uint8_t { kArk, kAsk, kAsvk };

// One key that may sign certificates.
struct Authority {
  AuthorityKind kind;
  Product product;
  std::string common_name;  // "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan"
  ByteVector subject;       // Name in DER
  ByteVector spki;          // SubjectPublicKeyInfo in DER
  ByteVector serial;        // content of the INTEGER
  std::int64_t not_before;  // seconds since 1970
  std::int64_t not_after;
  bool signs_crls;                       // keyUsage cRLSign
  std::shared_ptr<const RsaPssKey> key;  // `spki`, imported
};

// A list whose issuer is an ARK of the store.
struct StoredCrl {
  ByteVector issuer;    // Name in DER
  bool signature_good;  // by that ARK, which may sign lists
  std::int64_t this_update;
  std::optional<std::int64_t> next_update;
  std::vector<ByteVector> revoked;  // serials, sorted
};

// How the certificates of a store may differ from AMD's.
struct CertificateProfile {
  // O in the names of all of them.
  std::string organization = "Advanced Micro Devices";
  // Whether leaves must have the extensions of the TCB's reserved components (.3.4 to .3.7), which
  // are 0 in any case.
  bool reserved_components = true;
};

class TrustStore final {
 public:
  // AMD's ARK, ASK and ASVK of Milan, Genoa and Turin, as name, SPKI, serial and dates; the
  // signatures between them were checked when the table was made (and are again by its test).
  // Errors: kInternal (OpenSSL).
  static Result<TrustStore> Amd();

  // A store of somebody else's keys: self-signed ARKs and the ASKs and ASVKs that they signed, in
  // any order. Every certificate must be X.509 v3 with AMD's names (ARK-<line>, SEV-<line>,
  // SEV-VLEK-<line>), basicConstraints CA, keyCertSign, an RSA key of 2048 to 4096 bits with
  // exponent 65537, a PSS signature as AMD's by its ARK (an ARK by itself), and no critical
  // extension but those two. Errors: kAuthFailed (a certificate does not meet this; `why` says
  // which and how, and lists all), kNotFound (no ARK), kAlreadyExists (two ARKs of one line),
  // kUnsupported (another CN, so not an authority; detail = index), kInternal.
  static Result<TrustStore> FromCertificates(std::span<const X509Certificate> certificates,
                                             Refusals& why);
  // The same for certificates, and leaves below them, that differ from AMD's by this.
  static Result<TrustStore> FromCertificates(std::span<const X509Certificate> certificates,
                                             const CertificateProfile& profile, Refusals& why);

  // Adds an ASK or ASVK that an ARK of the store signed: AMD may make new ones. One that is there
  // already (same name and key) changes nothing. Errors: as FromCertificates(); kNotFound if no ARK
  // of the store has the issuer's name. The store is as before then.
  Status AddIntermediate(const X509Certificate& certificate, Refusals& why);

  // Adds a revocation list. Of several of one ARK the newest whose signature is good counts; if
  // none has a good one, reports of the line are refused, as a list was meant to count. Errors:
  // kNotFound (no ARK of the store has the issuer's name), kInternal; the store is as before then.
  Status AddCrl(const Crl& crl);

  const CertificateProfile& profile() const { return profile_; }
  std::span<const Authority> authorities() const { return authorities_; }
  std::span<const StoredCrl> crls() const { return crls_; }

  // The authorities of this name: there may be several keys. `name` is a Name in DER.
  std::vector<const Authority*> Named(ByteView name) const;
  // The ARK of a line, or null.
  const Authority* Ark(Product product) const;
  // The list of an ARK, or null.
  const StoredCrl* CrlOf(const Authority& ark) const;

 private:
  TrustStore() = default;
  Status AddArk(const X509Certificate& certificate, Refusals& why);

  CertificateProfile profile_;
  std::vector<Authority> authorities_;
  std::vector<StoredCrl> crls_;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_ROOTS_H_
