// A guest message session against a host that answers with the input.
//
// The Aead "decrypts" by copying and takes the tag 5A5A... for good, so that the fuzzer reaches
// what is behind the tag. Input: a byte of options, then for each exchange 12 bytes of the host's
// outcome and the response page as far as there are bytes.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "svsm/core/clock.h"
#include "svsm/core/panic.h"
#include "svsm/core/reader.h"
#include "svsm/snp/guest_message_session.h"
#include "svsm/testing/clock.h"

namespace {

using namespace svsm;

class CopyingAead final : public crypto::Aead {
 public:
  Status SetKey(ByteView) override { return OkStatus(); }
  Status Seal(FixedView<12> nonce, ByteView aad, ByteView plaintext, ByteSpan ciphertext,
              FixedSpan<16> tag) override {
    // A sequence number belongs to one message.
    const std::uint64_t seqno = wire::Read<wire::Le64>(nonce)->get();
    std::vector<std::uint8_t> message(aad.begin(), aad.end());
    message.insert(message.end(), plaintext.begin(), plaintext.end());
    for (const Sealed& sealed : sealed_) {
      SVSM_CHECK(sealed.seqno != seqno || sealed.message == message);
    }
    sealed_.push_back({seqno, message});
    Copy(ciphertext, plaintext);
    Fill(tag, 0x5A);
    return OkStatus();
  }
  Status Open(FixedView<12>, ByteView, ByteView ciphertext, FixedView<16> tag,
              ByteSpan plaintext) override {
    for (const std::uint8_t byte : tag) {
      if (byte != 0x5A) {
        Fill(plaintext, 0);
        return Status(Code::kAuthFailed, Source::kCrypto);
      }
    }
    Copy(plaintext, ciphertext);
    return OkStatus();
  }
  void Wipe() override {}

 private:
  struct Sealed {
    std::uint64_t seqno;
    std::vector<std::uint8_t> message;
  };
  std::vector<Sealed> sealed_;
};

class InputHost final : public snp::GuestMessageTransport {
 public:
  explicit InputHost(wire::Reader& in) : in_(in) {}
  Result<snp::GuestRequestOutcome> Exchange(FixedView<snp::kGuestMessageSize>,
                                            FixedSpan<snp::kGuestMessageSize> response,
                                            ByteSpan certificates) override {
    if (in_.remaining() < 12) return Status(Code::kConnectionClosed, Source::kCaller);
    snp::GuestRequestOutcome outcome;
    outcome.firmware_error = in_.Le16();
    outcome.vmm_error = in_.Le16();
    outcome.certificate_pages_needed = in_.Le64();
    const std::size_t size = in_.remaining() < response.size() ? in_.remaining() : response.size();
    Copy(response, in_.Take(size));
    Fill(certificates, 0xCE);
    return outcome;
  }

 private:
  wire::Reader& in_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::Reader in(ByteView(data, size));
  const std::uint8_t choice = in.U8();
  CopyingAead aead;
  InputHost host(in);
  svsm::testing::ManualClock clock(0, 7);
  clock.moves = false;
  snp::SessionOptions options;
  options.busy_budget_ms = choice % 4 == 0 ? 0 : 3;
  options.busy_interval_ms = 1;
  snp::VmpckHandover handover;
  handover.id = snp::VmpckId(static_cast<std::uint8_t>(choice / 4 % 4));
  snp::GuestMessageSession session(aead, std::move(handover), host, clock, options);

  Bytes<64> report_data{};
  Bytes<snp::kReportSize> report{};
  std::vector<std::uint8_t> certificates(choice % 2 == 0 ? 0 : 8192);
  for (int call = 0; call < 8 && in.remaining() != 0; ++call) {
    const bool was_closed = session.closed();
    Status status;
    if (call == 3 || call == 4) {
      status = session.RequestTscInfo().status();
    } else if (call >= 5) {
      snp::CpuidFunction functions[3] = {{.leaf = 1}, {.leaf = 2}, {.leaf = 3}};
      status = session.CheckCpuid(functions).status();
      SVSM_CHECK(functions[1].leaf == 2 && (status.ok() || functions[1].eax == 0));
    } else if ((choice >> (call % 3 + 4)) % 2 == 0) {
      report_data[0] = static_cast<std::uint8_t>(call / 2);
      report.fill(0xEE);
      status = session.Attest(report_data, report, certificates).status();
      SVSM_CHECK(status.ok() || (IsZero(report) && IsZero(certificates)));
    } else {
      Secret<32> key;
      status = session.DeriveKey({}, key);
      SVSM_CHECK(status.ok() || IsZero(key.view()));
    }
    SVSM_CHECK(!was_closed || status.code() == Code::kFailedPrecondition);
    SVSM_CHECK(!session.closed() || !status.ok());
  }
  return 0;
}
