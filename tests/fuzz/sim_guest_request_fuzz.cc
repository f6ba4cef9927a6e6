// What a guest may send to the software AMD-SP. The first byte of the input chooses: 0, the rest is
// a message page as it stands; else the rest is a payload, sealed with the right key and number, of
// the type, version and VMPCK that the next three bytes name.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "svsm/core/panic.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/snp/cpuid_table.h"
#include "svsm/snp/report.h"

namespace {

using namespace svsm;

class Target {
 public:
  Target() : sp_(MakeChip(), Platform(), rng_) {
    guest_ = sp_.LaunchStart({}).value();
    SVSM_CHECK(sp_.LaunchUpdate(guest_, snp::PageType::kSecrets, Gpa(0), secrets_, {}).ok());
    SVSM_CHECK(sp_.LaunchFinish(guest_, {}).ok());
  }

  void SendPage(ByteView input) {
    Bytes<snp::kGuestMessageSize> request{};
    Copy(request, input.first(std::min(input.size(), request.size())));
    (void)Send(request);
  }

  void SendPayload(ByteView input) {
    if (input.size() < 4) return;
    const snp::VmpckId vmpck(static_cast<std::uint8_t>(input[2] % snp::kNumVmpcks));
    crypto::OpensslAesGcm aead;
    SVSM_CHECK(aead.SetKey(ByteView(secrets_).subspan(0x20 + 32u * vmpck.value(), 32)).ok());
    const snp::GuestMessageInfo info{static_cast<snp::MessageType>(input[0]), input[1], vmpck,
                                     used_[vmpck.value()] + 1, 0};
    const ByteView payload =
        input.subspan(3, std::min(input.size() - 3, snp::kMaxGuestPayloadSize));
    Bytes<snp::kGuestMessageSize> request{};
    SVSM_CHECK(snp::SealGuestMessage(aead, info, payload, request).ok());
    if (!Send(request)) return;
    used_[vmpck.value()] += 2;
    Bytes<snp::kMaxGuestPayloadSize> answer{};
    const auto opened = snp::OpenGuestMessage(aead, response_, answer);
    SVSM_CHECK(opened.ok() && opened->sequence_number == used_[vmpck.value()]);
    CheckAnswer(*opened, answer, vmpck.value());
  }

 private:
  static sim::Chip MakeChip() {
    sim::SeededRng rng(1);
    Result<sim::Chip> chip = sim::Chip::Make(sim::kMilan, rng);
    return *std::move(chip);
  }
  // Without signatures, for speed.
  static sim::PlatformState Platform() {
    sim::PlatformState state;
    state.mask_chip_key = sim::Masking::kOn;
    state.report_version = 5;
    return state;
  }
  bool Send(FixedView<snp::kGuestMessageSize> request) {
    const Status status = sp_.GuestRequest(guest_, request, response_);
    SVSM_CHECK(status.ok() || IsZero(response_));
    return status.ok();
  }
  // A report is one that decodes, and never of a VMPL above the caller's; a refusal says nothing,
  // but for CPUID, where it says what is so.
  static void CheckAnswer(const snp::GuestMessageInfo& info, ByteView answer, std::uint32_t vmpl) {
    const ByteView payload = answer.first(info.payload_bytes);
    if (info.type == snp::MessageType::kCpuidResponse) {
      SVSM_CHECK(snp::ReadCpuidResponse(payload).ok());
      return;
    }
    if (payload[0] != snp::kMessageSuccess) {
      SVSM_CHECK(IsZero(payload.subspan(4)));
      return;
    }
    if (info.type != snp::MessageType::kReportResponse) return;
    const auto report = snp::DecodeReport(payload.subspan(sizeof(snp::ReportResponse)));
    SVSM_CHECK(report.ok() && report->vmpl().value() >= vmpl);
  }

  sim::SeededRng rng_{2};
  sim::AmdSp sp_;
  sim::GuestHandle guest_;
  Bytes<kPageSize> secrets_{};
  Bytes<snp::kGuestMessageSize> response_{};
  std::uint64_t used_[snp::kNumVmpcks] = {};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Target target;
  const ByteView input = ByteView(data, size).subspan(1);
  if (data[0] == 0) {
    target.SendPage(input);
  } else {
    target.SendPayload(input);
    target.SendPayload(input);
  }
  return 0;
}
