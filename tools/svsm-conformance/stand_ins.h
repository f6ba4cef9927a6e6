// What stands behind the seams of our SVSM while it is under test: the least that answers.
#ifndef SVSM_TOOLS_SVSM_CONFORMANCE_STAND_INS_H_
#define SVSM_TOOLS_SVSM_CONFORMANCE_STAND_INS_H_

#include <cstdint>
#include <map>

#include "svsm/core/attester.h"
#include "svsm/protocol/apic.h"
#include "svsm/protocol/uefi_mm.h"

namespace svsm::conformance {

inline constexpr std::size_t kReportSize = 1184;

// A report of version 2 that is not signed: what an SVSM does with one is under test, not who made
// it.
class UnsignedReports final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {kReportSize, 0}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan) override {
    if (report.size() < kReportSize) {
      return Status(Code::kBufferTooSmall, Source::kCaller, kReportSize);
    }
    Fill(report.first(kReportSize), 0);
    report[0] = 2;
    Copy(report.subspan(0x50), report_data);
    return AttestationSizes{kReportSize, 0};
  }
};

// An APIC that keeps what is written, and interrupts nobody.
class SilentApic final : public protocol::ApicEmulation {
 public:
  bool InUse() const override { return true; }
  std::uint64_t Features() const override { return 0; }
  Status Configure(const protocol::CallContext&, protocol::ApicRegistration) override {
    return OkStatus();
  }
  Result<std::uint64_t> Read(const protocol::CallContext&, protocol::ApicRegister reg) override {
    return values_[reg];
  }
  Status Write(const protocol::CallContext&, protocol::ApicRegister reg,
               std::uint64_t value) override {
    values_[reg] = value;
    return OkStatus();
  }
  Status ConfigureVector(const protocol::CallContext&, const protocol::ApicVectorChoice&) override {
    return OkStatus();
  }

 private:
  std::map<protocol::ApicRegister, std::uint64_t> values_;
};

// Management mode without a handler.
class NobodysMessages final : public protocol::UefiMmHandler {
 public:
  Status Handle(const Guid&, Vmpl, ByteSpan) override {
    return Status(Code::kNotFound, Source::kCaller);
  }
  std::uint32_t ManifestFlags() const override { return 0; }
};

}  // namespace svsm::conformance

#endif  // SVSM_TOOLS_SVSM_CONFORMANCE_STAND_INS_H_
