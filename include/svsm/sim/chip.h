// svsm/sim/chip.h: one processor: its identity, its fused secret, and the keys that come from it.
//
// As in silicon, the chip's secret never leaves; a VCEK is derived from it and from a TCB, so that
// each firmware level has a key of its own. How AMD derives keys is not public: the functions here
// are this project's own, so a key made here says nothing about a real chip's.
//
//   Key(label, context) = HMAC-SHA-384(secret, label || 0x00 || context || counter)
//
// Profile: hosted. Allocates: yes. Threads: constant after Make(); any threads at once.
#ifndef SVSM_SIM_CHIP_H_
#define SVSM_SIM_CHIP_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/rng.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/product_line.h"

namespace svsm::sim {

class Chip final {
 public:
  // A chip whose identity and secret are drawn from `rng`: one seed, one chip. `line` is borrowed
  // for the object's life. Errors: those of `rng`.
  static Result<Chip> Make(const ProductLine& line, crypto::Rng& rng);

  const ProductLine& line() const { return *line_; }
  // CHIP_ID as reports show it; bytes beyond line().hwid_size are zero.
  const Bytes<snp::kChipIdSize>& chip_id() const { return chip_id_; }
  // The part of it that is in use.
  ByteView hwid() const { return ByteView(chip_id_).first(line_->hwid_size); }

  // Gives `signer` (P-384) the VCEK's private key for `tcb`. Errors: kInvalidArgument (another
  // curve), and those of the signer.
  Status LoadVcek(const snp::RawTcb& tcb, crypto::EcdsaSigner& signer) const;

  // The certificate of that key: what AMD's key service would answer for this chip and TCB.
  // Errors: those of CertificateAuthority::IssueVcek(); kInvalidArgument if `ca` is another line's.
  Result<ByteVector> IssueVcek(const CertificateAuthority& ca, const snp::RawTcb& tcb,
                               std::int64_t not_before_unix_s) const;

  // A secret bound to this chip and `context`, at every TCB. Only the AMD-SP of the simulation has
  // a use for it. Errors: kInternal.
  Status DeriveSecret(ByteView context, FixedSpan<32> out) const;

 private:
  explicit Chip(const ProductLine& line) : line_(&line) {}

  const ProductLine* line_;
  Bytes<snp::kChipIdSize> chip_id_{};
  Secret<32> secret_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_CHIP_H_
