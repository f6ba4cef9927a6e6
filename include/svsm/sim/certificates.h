// svsm/sim/certificates.h: a certificate authority in the shape of AMD's, with keys of its own.
//
//   SVSM_ASSIGN_OR_RETURN(CertificateAuthority ca, CertificateAuthority::Open(kMilan, folder));
//   SVSM_ASSIGN_OR_RETURN(const ByteVector vcek, ca.IssueVcek({hwid, tcb, key, now}));
//
// As AMD's, a line has two chains under one root: ARK, ASK, VCEK for chips, and ARK, ASVK, VLEK for
// cloud providers. An authority is one of them.
//
// Certificates have AMD's names, string types, serial numbers, extensions in AMD's order and AMD's
// validity, so that verifiers that take their roots as input judge them as they judge the real
// ones. The keys are made here, so no verifier that pins AMD's keys can ever be satisfied.
//
// Making an RSA-4096 key takes seconds: an authority lives in a folder, is made there at first use
// and is found there afterwards. These keys and the salts of signatures are the only random bytes
// of the simulation that come from OpenSSL rather than from an injected generator.
//
// Profile: hosted. Allocates: yes. Threads: one object, any threads at once (it is constant);
// processes that open one folder at once wait for each other.
// Spec: AMD 57230; RFC 5280, RFC 4055 (RSASSA-PSS with SHA-384, MGF1, salt of 48 bytes; the trailer
// field is left out, as DER wants and as AMD's newer certificates do).
#ifndef SVSM_SIM_CERTIFICATES_H_
#define SVSM_SIM_CERTIFICATES_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/sim/product_line.h"

namespace svsm::sim {

// What a VCEK certifies. Views are borrowed for the call.
struct VcekRequest {
  ByteView hwid;  // line.hwid_size bytes
  snp::RawTcb tcb{};
  crypto::EcPointView public_key;      // P-384
  std::int64_t not_before_unix_s = 0;  // valid for seven years from here
};

// What a VLEK certifies. Views are borrowed for the call.
struct VlekRequest {
  std::string_view csp_id;  // the provider: 1 to 64 characters of printable ASCII
  snp::RawTcb tcb{};
  crypto::EcPointView public_key;      // P-384
  std::int64_t not_before_unix_s = 0;  // valid for a year from here
};

// Which endorsement key signs reports, and so which chain certifies it.
enum class EndorsementKey : std::uint8_t { kVcek, kVlek };

struct CrlRequest {
  std::span<const std::uint64_t> revoked_serials;
  std::int64_t this_update_unix_s = 0;
  std::int64_t next_update_unix_s = 0;
  std::uint32_t crl_number = 1;
};

class CertificateAuthority final {
 public:
  // Opens the chain of `line` for VCEKs or VLEKs in `folder`, which is made, with its parents,
  // where it is missing: subfolder of the line's name with ark.key, ask.key, asvk.key (PEM, mode
  // 0600), ark.der, ask.der, asvk.der; of ask and asvk only the one of the chain. `line` is
  // borrowed for the object's life. Errors: kIoError, kPermissionDenied (detail = errno),
  // kDataLoss (detail = 1 ark.key, 2 ask.key, 3 ark.der, 4 ask.der, 5 asvk.key, 6 asvk.der:
  // unreadable, or not the certificate of that key), kInternal (Source::kOpenssl).
  static Result<CertificateAuthority> Open(const ProductLine& line, const std::string& folder,
                                           EndorsementKey signs);
  // The chain for VCEKs.
  static Result<CertificateAuthority> Open(const ProductLine& line, const std::string& folder) {
    return Open(line, folder, EndorsementKey::kVcek);
  }

  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  const ProductLine& line() const { return *line_; }
  EndorsementKey signs() const { return signs_; }
  // The root and the intermediate (ASK, or the ASVK of a chain for VLEKs), DER; views live as long
  // as the object.
  ByteView ark() const { return ark_; }
  ByteView ask() const { return ask_; }
  // Both as PEM, the intermediate first and nothing after the last newline: what KDS serves as
  // cert_chain, and what verifiers take as their bundle of roots.
  std::string ChainPem() const;

  // A VCEK certificate, DER, serial number 0, signed by the ASK.
  // Errors: kInvalidArgument (detail = 1 size of hwid, 2 public key, 3 time outside 1950..2049, 4
  // this is a chain for VLEKs), kInternal (Source::kOpenssl).
  Result<ByteVector> IssueVcek(const VcekRequest& request) const;

  // A VLEK certificate, DER, serial number 0, signed by the ASVK. Errors: kInvalidArgument (detail
  // = 1 CSP id, 2 public key, 3 time outside 1950..2049, 4 this is a chain for VCEKs), kInternal
  // (Source::kOpenssl).
  Result<ByteVector> IssueVlek(const VlekRequest& request) const;

  // A revocation list, DER, signed by the ARK: one for both chains.
  // Errors: kInvalidArgument (detail = 3 a time outside 1950..2049), kInternal (Source::kOpenssl).
  Result<ByteVector> IssueCrl(const CrlRequest& request) const;

 private:
  struct Keys;
  CertificateAuthority(const ProductLine& line, EndorsementKey signs, std::unique_ptr<Keys> keys,
                       ByteVector ark, ByteVector ask);
  Result<ByteVector> IssueLeaf(std::string_view name, std::int64_t not_before, std::int64_t days,
                               const crypto::EcPointView& key, ByteView extensions) const;

  const ProductLine* line_;
  EndorsementKey signs_;
  std::unique_ptr<Keys> keys_;
  ByteVector ark_;
  ByteVector ask_;
};

// PEM of one DER certificate or list, with a newline at the end.
enum class PemKind : std::uint8_t { kCertificate, kCrl };
std::string ToPem(PemKind kind, ByteView der);

}  // namespace svsm::sim

#endif  // SVSM_SIM_CERTIFICATES_H_
