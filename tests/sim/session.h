// A guest's way to ask the simulated AMD-SP.
#ifndef TESTS_SIM_SESSION_H_
#define TESTS_SIM_SESSION_H_

#include "svsm/crypto/openssl.h"
#include "svsm/sim/host.h"
#include "svsm/snp/guest_message_session.h"
#include "tests/sim/support.h"

namespace svsm::sim {

// A session over an honest host.
class Session {
 public:
  Session(LaunchedGuest& guest, std::uint8_t vmpck)
      : host_(guest.sp, 0),
        port_(host_, guest.handle),
        session(aead_, {snp::VmpckId(vmpck), guest.Vmpck(vmpck), 0}, port_, clock_,
                {.vmpl = Vmpl(vmpck)}) {}

  Result<Bytes<snp::kReportSize>> Report(std::uint32_t vmpl,
                                         snp::ReportKey key = snp::ReportKey::kVlekIfLoaded) {
    Bytes<64> report_data{};
    report_data[0] = 0xD0;
    Bytes<snp::kReportSize> report{};
    SVSM_TRY(session.RequestReport(report_data, Vmpl(vmpl), key, report, {}).status());
    return report;
  }
  Result<Bytes<32>> Key(const snp::DerivedKeySelection& selection) {
    Secret<32> key;
    SVSM_TRY(session.DeriveKey(selection, key));
    Bytes<32> out{};
    Copy(out, key.view());
    return out;
  }

 private:
  Host host_;
  GuestPort port_;
  testing::ManualClock clock_{kTestTime};
  crypto::OpensslAesGcm aead_;

 public:
  snp::GuestMessageSession session;
};

}  // namespace svsm::sim

#endif  // TESTS_SIM_SESSION_H_
