// Calls through client, calling area, dispatcher and service, and back (B), against nothing at all
// (A): what the library itself costs, without world switches and without the AMD-SP.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "bench/compare.h"
#include "svsm/core/hosted.h"
#include "svsm/core/log.h"
#include "svsm/crypto/openssl.h"
#include "svsm/protocol/attestation.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/vcpu_registry.h"

namespace svsm::protocol {
namespace {

constexpr std::size_t kReportBytes = 1184;
constexpr std::size_t kManifestBytes = 314;
constexpr std::size_t kCertificateBytes = 0x4000;

// A guest of sixteen pages and one vCPU.
class Guest final : public GuestMemory, public GuestExit, public GuestPages {
 public:
  static constexpr std::uint64_t kPages = 16;
  static constexpr Gpa kVmsa = Gpa(0x1000);
  static constexpr Gpa kCallingArea = Gpa(0x2000);
  static constexpr Gpa kNonce = Gpa(0x3000);
  static constexpr Gpa kFree = Gpa(0x4000);

  PageKind Classify(Gpa page) const override {
    return page.value() < kPages * kPageSize ? PageKind::kGuest : PageKind::kUnmapped;
  }
  Status Read(Gpa from, ByteSpan out) const override {
    if (!Inside(from, out.size())) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(out, ByteView(bytes_).subspan(from.value(), out.size()));
    return OkStatus();
  }
  Status Write(Gpa to, ByteView bytes) override {
    if (!Inside(to, bytes.size())) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(ByteSpan(bytes_).subspan(to.value()), bytes);
    return OkStatus();
  }
  Status RunSvsm(CallRegisters& registers) override {
    return dispatcher->Dispatch(kVmsa, registers).status();
  }
  GuestBuffer At(Gpa gpa, std::size_t size) {
    return {gpa, ByteSpan(bytes_).subspan(gpa.value(), size)};
  }
  Result<GuestBuffer> Allocate(std::size_t size_bytes) override {
    const std::size_t size = (size_bytes + kPageSize - 1) / kPageSize * kPageSize;
    const Gpa at = next_;
    next_ = Gpa(at.value() + size);
    return At(at, size);
  }
  void Free(GuestBuffer) override { next_ = kFree; }

  Dispatcher* dispatcher = nullptr;

 private:
  bool Inside(Gpa gpa, std::size_t size) const {
    return gpa.value() <= bytes_.size() && size <= bytes_.size() - gpa.value();
  }
  ByteVector bytes_ = ByteVector(kPages * kPageSize);
  Gpa next_ = kFree;
};

class NoPlatform final : public Platform {
 public:
  PvalidateResult Pvalidate(Gpa, PageSize, PageState) override { return {}; }
  std::uint32_t Revoke(Gpa, PageSize) override { return kInstructionOk; }
  std::uint32_t Grant(Gpa, PageSize, Vmpl) override { return kInstructionOk; }
  Status Zero(Gpa, PageSize) override { return OkStatus(); }
  void FlushTlbs() override {}
  std::uint32_t SetVmsa(Gpa) override { return kInstructionOk; }
  std::uint32_t ClearVmsa(Gpa) override { return kInstructionOk; }
  Status ReadVmsa(Gpa, std::uint32_t, ByteSpan) const override { return OkStatus(); }
  Status WriteVmsa(Gpa, std::uint32_t, ByteView) override { return OkStatus(); }
};

// An AMD-SP that costs nothing.
class InstantAttester final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {kReportBytes, kCertificateBytes}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize>, ByteSpan, ByteSpan) override {
    return Sizes();
  }
};

class FixedManifest final : public ManifestProvider {
 public:
  Guid service() const override { return kVtpmService; }
  Result<std::size_t> Manifest(std::uint32_t, ByteSpan out) override {
    Fill(out.first(kManifestBytes), 1);
    return kManifestBytes;
  }
};

class Machine {
 public:
  Machine() {
    guest.dispatcher = &dispatcher_;
    Vcpu vcpu;
    vcpu.vmsa = Guest::kVmsa;
    vcpu.calling_area = Guest::kCallingArea;
    vcpu.vmpl = Vmpl(2);
    ok = vcpus_.AddStartup(vcpu).ok() && dispatcher_.Register(core_).ok() &&
         dispatcher_.Register(attestation_).ok();
  }

  Guest guest;
  Client client{guest, guest.At(Guest::kCallingArea, kPageSize), {}};
  bool ok = false;

 private:
  NoPlatform platform_;
  SpinLock vcpu_lock_;
  SpinLock work_lock_;
  std::array<Vcpu, 4> vcpu_slots_{};
  VcpuRegistry vcpus_{vcpu_slots_, vcpu_lock_};
  std::array<Service*, 4> service_slots_{};
  NullLog log_;
  Dispatcher dispatcher_{vcpus_, guest, service_slots_, log_};
  CoreProtocol core_{vcpus_, platform_, dispatcher_, {}};
  InstantAttester attester_;
  crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  FixedManifest manifest_;
  std::array<ManifestProvider*, 1> providers_ = {&manifest_};
  ByteVector workspace_ = ByteVector(AttestationService::WorkspaceSize(4096, kReportBytes));
  AttestationService attestation_{{.attester = attester_,
                                   .sha512 = sha512_,
                                   .providers = providers_,
                                   .workspace = workspace_,
                                   .log = log_,
                                   .workspace_lock = work_lock_}};
};

void QueryProtocol(benchmark::State& state) {
  Machine machine;
  bool ok = machine.ok;
  bench::Compare(
      state, [] {}, [&] { ok = machine.client.QueryProtocol(kAttestationProtocol, 1).ok() && ok; },
      1000);
  if (!ok) state.SkipWithError("the call failed");
}
BENCHMARK(QueryProtocol)->Name("QueryProtocol/nothing:call")->UseManualTime()->Iterations(500);

void AttestSingleService(benchmark::State& state) {
  Machine machine;
  bool ok = machine.ok;
  const GuestBuffer nonce = machine.guest.At(Guest::kNonce, kAttestationNonceSize);
  bench::Compare(
      state, [] {},
      [&] {
        const auto buffers =
            machine.client.AttestSingleService(kVtpmService, 0, nonce, machine.guest);
        ok = buffers.ok() && buffers->manifest_bytes == kManifestBytes && ok;
        if (buffers.ok()) machine.guest.Free(buffers->report);
      },
      100);
  if (!ok) state.SkipWithError("the call failed");
}
BENCHMARK(AttestSingleService)
    ->Name("AttestSingleService/nothing:call")
    ->UseManualTime()
    ->MinTime(0.2);

}  // namespace
}  // namespace svsm::protocol

BENCHMARK_MAIN();
