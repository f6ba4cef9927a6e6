// svsm/broker/vcek_store.h: certificates of chips, for reports that come without one.
//
//   DirectoryVcekStore store("/var/lib/svsm-kbs/kds-store");
//   SVSM_ASSIGN_OR_RETURN(const ByteVector der, store.Find(chip_id, reported_tcb));
//
// A certificate from here is not trusted for being here: the verifier judges it as any other.
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_VCEK_STORE_H_
#define SVSM_BROKER_VCEK_STORE_H_

#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/snp/tcb.h"

namespace svsm::broker {

class VcekStore {
 public:
  // The certificate, in DER, of the chip's key for this TCB. `chip_id` is a report's (64 bytes); of
  // Turin's and later ones the first eight count. Errors: kInvalidArgument (size), kNotFound (none;
  // also for a masked chip id), kDataLoss (larger than a certificate may be), kPermissionDenied,
  // kIoError (detail = errno).
  virtual Result<ByteVector> Find(ByteView chip_id, const snp::TcbVersion& tcb) const = 0;

 protected:
  ~VcekStore() = default;
};

// Trustee's offline layout: FOLDER/vcek/HWID/blXX_teeXX_snpXX_ucodeXX[_fmcXX]_vcek.der, or else
// FOLDER/vcek/HWID/vcek.der. HWID is in lower-case hex, 128 digits or 16; the numbers are decimal,
// of at least two digits.
class DirectoryVcekStore final : public VcekStore {
 public:
  explicit DirectoryVcekStore(std::string folder) : folder_(std::move(folder)) {}

  Result<ByteVector> Find(ByteView chip_id, const snp::TcbVersion& tcb) const override;

 private:
  std::string folder_;
};

// A store with nothing in it: every report must bring its certificate.
class NoVcekStore final : public VcekStore {
 public:
  Result<ByteVector> Find(ByteView chip_id, const snp::TcbVersion& tcb) const override;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_VCEK_STORE_H_
