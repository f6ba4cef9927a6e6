// svsm/snp_verify/chain.h: the certificate of the key that signed a report, judged against AMD's
// profile and a trust store.
//
//   snp::Refusals refusals;
//   SVSM_ASSIGN_OR_RETURN(const snp::Leaf leaf, snp::JudgeLeaf(store, certificate, refusals));
//   snp::JudgeValidity(store, leaf, clock.UnixSeconds(), rule, refusals);
//
// The first call costs an RSA verification and depends on the bytes alone: its result can be kept.
// The second is cheap and depends on time and lists. snp::Verifier does both, and keeps leaves.
//
// Spec: AMD 57230 (VCEK and VLEK certificates), tables of X.509 fields and of extensions.
// Profile: hosted. Allocates: the heap. Threads: functions are pure.
#ifndef SVSM_SNP_VERIFY_CHAIN_H_
#define SVSM_SNP_VERIFY_CHAIN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/snp/product.h"
#include "svsm/snp/tcb.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/refusal.h"
#include "svsm/snp_verify/roots.h"

namespace svsm::snp {

enum class LeafKind : std::uint8_t {
  kVcek,  // of one chip
  kVlek,  // of a cloud provider
};

struct LeafKey {  // a point of P-384, big-endian; whether it is on the curve the verifier tells
  Bytes<48> x;
  Bytes<48> y;
  friend constexpr bool operator==(const LeafKey&, const LeafKey&) = default;
};

// What a leaf certificate says. What could not be read is absent, and there is a refusal for it.
struct Leaf {
  std::optional<LeafKind> kind;    // by the subject
  std::optional<Product> product;  // of productName
  std::optional<LeafKey> key;
  std::optional<TcbVersion> tcb;  // in the layout of REPORTED_TCB
  ByteVector hwid;                // VCEK: 64 bytes, or 8 for Turin
  std::string csp_id;             // VLEK
  ByteVector serial;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  // Indices into the store's authorities: who signed, and the ARK above.
  std::optional<std::size_t> issuer;
  std::optional<std::size_t> ark;
};

// Judges form, names, key, extensions and signature, and appends what is wrong to `refusals`:
// - X.509 v3; RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48, trailer field absent or written out as 1;
// - subject OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices, CN=SEV-VCEK or
//   SEV-VLEK: each attribute once, none else, any order, any of the two string types;
// - a named P-384 key, uncompressed;
// - extensions: structVersion, productName, the TCB's components (Turin: with FMC, without .3.4),
//   and HWID (raw bytes) for a VCEK or CSP id for a VLEK; besides them only authorityKeyIdentifier;
//   each once, none critical, integers in shortest DER;
// - the issuer is an ASK (VCEK) or ASVK (VLEK) of the store, of the line that productName names.
// Errors: kInternal (OpenSSL).
Result<Leaf> JudgeLeaf(const TrustStore& store, const X509Certificate& certificate,
                       Refusals& refusals);

// How revocation counts.
enum class CrlRule : std::uint8_t {
  kIfPresent,       // a list that the store has must be good and current; none is needed
  kIfPresentStale,  // the same, but a list past its nextUpdate still counts
  kRequired,        // there must be a good and current one
};

// Judges the dates of leaf, issuer and ARK at `now_unix` (seconds since 1970; the bounds belong to
// the validity), and the serials of leaf, issuer and ARK against the ARK's revocation list.
void JudgeValidity(const TrustStore& store, const Leaf& leaf, std::int64_t now_unix, CrlRule rule,
                   Refusals& refusals);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_CHAIN_H_
