// The guest's side of the KBS protocol, with evidence of a forged platform: boots of it satisfy
// every broker that takes the forge's roots, and fail every other.
#ifndef SVSM_TESTS_BROKER_LIVE_GUEST_H_
#define SVSM_TESTS_BROKER_LIVE_GUEST_H_

#include <cstdint>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/openssl.h"
#include "svsm/crypto/rng.h"
#include "svsm/evidence/report_data.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::testing {

// ASK and ARK in PEM, good a year before and after `now_unix`.
std::string ForgedRoots(std::int64_t now_unix);
// The certificate of the platform's chip, which signs all reports, and the chip's id in hex.
ByteVector ForgedVcek(std::int64_t now_unix);
std::string ForgedHwid();
// The measurement in all reports, in hex.
std::string ForgedMeasurement();

// One boot.
class LiveGuest {
 public:
  // Draws its key on `curve`, P-521 or P-256. `host_data` fills HOST_DATA: it names the guest. The
  // broker's clock says about `now_unix`.
  LiveGuest(crypto::Curve curve, crypto::Rng& rng, std::uint8_t host_data, std::int64_t now_unix);

  // The same with all of HOST_DATA.
  void SetHostData(FixedView<32> host_data);
  // The privilege level that asks for the report: 0 unless told.
  void SetVmpl(std::uint32_t vmpl) { vmpl_ = vmpl; }

  static std::string AuthBody();
  // A report over `data`, 1184 bytes.
  ByteVector Report(FixedView<64> data) const;
  // The body of attest that answers the one of auth.
  Result<std::string> AttestBody(const std::string& challenge, kbs::BindingMode mode);
  // The same with evidence of the TEE `sample`, which proves nothing.
  Result<std::string> SampleBody(const std::string& challenge);
  // What a resource's JWE holds. Its signature, if there is one, is verified with the key in it.
  struct Opened {
    ByteVector plaintext;
    ByteVector signer_x;
    kbs::BootNumber boot;
    std::string resource;
  };
  Result<Opened> Open(const std::string& jwe);

  crypto::Ecdh& ecdh() { return ecdh_; }

 private:
  Result<evidence::ReportData> Bind(const kbs::Challenge& challenge, kbs::BindingMode mode);
  Result<std::string> Body(const kbs::Challenge& challenge, ByteView primary_evidence);

  crypto::OpensslEcdh ecdh_;
  std::int64_t now_;
  Bytes<32> host_data_{};
  std::uint32_t vmpl_ = 0;
  ByteVector x_;
  ByteVector y_;
  ByteVector nonce_;
  Bytes<48> report_digest_{};
};

}  // namespace svsm::testing

#endif  // SVSM_TESTS_BROKER_LIVE_GUEST_H_
