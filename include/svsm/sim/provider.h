// svsm/sim/provider.h: a cloud provider (CSP), whose VLEKs sign reports instead of chips' VCEKs.
//
//   SVSM_ASSIGN_OR_RETURN(const sim::Provider provider, sim::Provider::Make(kMilan, "cloud", rng));
//   SVSM_TRY(sp.LoadVlek(provider));              // on every machine that the provider has
//
// AMD keeps a seed for each provider; the VLEK of a TCB comes from it and is the same on all of the
// provider's machines. A report under a VLEK says whose machine it is, and not which. Here, too, a
// key says nothing about a real provider's.
//
// Profile: hosted. Allocates: yes. Threads: constant after Make(); any threads at once.
#ifndef SVSM_SIM_PROVIDER_H_
#define SVSM_SIM_PROVIDER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/rng.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/product_line.h"

namespace svsm::sim {

class Provider final {
 public:
  // A provider with machines of `line`, borrowed for the object's life; its seed is drawn from
  // `rng`. Errors: those of `rng`.
  static Result<Provider> Make(const ProductLine& line, std::string_view csp_id, crypto::Rng& rng);

  const ProductLine& line() const { return *line_; }
  const std::string& csp_id() const { return csp_id_; }

  // Gives `signer` (P-384) the VLEK's private key for `tcb`. Errors: kInvalidArgument (another
  // curve), and those of the signer.
  Status LoadVlek(const snp::RawTcb& tcb, crypto::EcdsaSigner& signer) const;

  // The certificate of that key. Errors: those of CertificateAuthority::IssueVlek();
  // kInvalidArgument if `ca` is another line's.
  Result<ByteVector> IssueVlek(const CertificateAuthority& ca, const snp::RawTcb& tcb,
                               std::int64_t not_before_unix_s) const;

 private:
  Provider(const ProductLine& line, std::string_view csp_id) : line_(&line), csp_id_(csp_id) {}

  const ProductLine* line_;
  std::string csp_id_;
  Secret<32> seed_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_PROVIDER_H_
