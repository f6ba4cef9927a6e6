#include "tools/svsm-conformance/own_svsm.h"

#include <array>
#include <utility>

#include "svsm/core/log.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/attestation.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/vcpu_registry.h"
#include "svsm/protocol/vmsa.h"
#include "svsm/sim/guest_ram.h"
#include "tools/svsm-conformance/stand_ins.h"

namespace svsm::conformance {
namespace {

using protocol::CallRegisters;
using protocol::PageSize;

// The guest-physical map: 8 MiB of memory.
constexpr std::size_t kPages = 2048;
constexpr Gpa kVmsa{0x8000};
constexpr Gpa kArea{0x9000};
constexpr Gpa kFree{0x20000};
constexpr Gpa kLarge{0x200000};
constexpr Gpa kSvsm{0x400000};
constexpr Gpa kSplit{0x600000};
constexpr Gpa kEnd{kPages * kPageSize};
constexpr Vmpl kGuestVmpl{2};
constexpr std::uint64_t kSevFeatures = 1;
constexpr std::size_t kMaxManifest = 4096;

constexpr std::pair<const char*, std::uint64_t> kPlaces[] = {
    {"vmsa", kVmsa.value()},   {"area", kArea.value()},
    {"free", kFree.value()},   {"svsm", kSvsm.value()},
    {"hole", kEnd.value()},    {"large", kLarge.value()},
    {"split", kSplit.value()}, {"vmpl", 2},
    {"stronger_vmpl", 1},      {"efer", 0x1D01},
    {"features", kSevFeatures}};

constexpr std::pair<std::size_t, std::uint64_t CallRegisters::*> kSlots[] = {
    {protocol::kVmsaRax, &CallRegisters::rax},
    {protocol::kVmsaRcx, &CallRegisters::rcx},
    {protocol::kVmsaRdx, &CallRegisters::rdx},
    {protocol::kVmsaR8, &CallRegisters::r8},
    {protocol::kVmsaR9, &CallRegisters::r9}};

// A TPM2B_PUBLIC of a TCG EK template: what the vTPM's manifest says.
ByteVector EndorsementKey() {
  ByteVector key = *FromHex(
      "007a0023000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"
      "00060080004300100003001000200000000000000000000000000000000000000000000000000000000000000000"
      "00200000000000000000000000000000000000000000000000000000000000000000");
  for (std::size_t i = 60; i < key.size(); ++i) {
    if (key[i] == 0 && i != 58 && i != 92) key[i] = static_cast<std::uint8_t>(i);
  }
  return key;
}

}  // namespace

// What ends with a guest.
struct OwnSvsm::Guest {
  Guest(vtpm::Engine& engine, Lock& tpm_lock, vtpm::VtpmWorkArea& work, const crypto::Hash& sha512,
        ByteSpan workspace)
      : key(EndorsementKey()),
        vtpm(engine, tpm_lock, work, key),
        attestation({reports, sha512, providers, workspace, log, workspace_lock}) {}

  Status Boot();
  Status Accept(Gpa first, Gpa end);
  Status AcceptLarge(Gpa page);
  Status MakeBootVcpu();

  sim::GuestRam ram{kPages};
  std::array<protocol::Vcpu, 8> vcpu_slots{};
  std::array<protocol::DepositedPage, 16> deposits{};
  MutexLock lock;
  MutexLock workspace_lock;
  NullLog log;
  protocol::VcpuRegistry vcpus{vcpu_slots, deposits, lock};
  std::array<protocol::Service*, 5> service_slots{};
  protocol::Dispatcher dispatcher{vcpus, ram, service_slots, log};
  protocol::CoreProtocol core{vcpus, ram, dispatcher, {.max_version = 2}};
  UnsignedReports reports;
  ByteVector key;
  vtpm::VtpmService vtpm;
  MutexLock uefi_lock;
  ByteVector uefi_work = ByteVector(protocol::kMaxUefiMmBody);
  NobodysMessages messages;
  protocol::UefiMmService uefi{messages, uefi_lock, uefi_work};
  SilentApic silent_apic;
  protocol::ApicService apic{silent_apic};
  std::array<protocol::ManifestProvider*, 2> providers{&vtpm, &uefi};
  protocol::AttestationService attestation;
};

Status OwnSvsm::Guest::Boot() {
  ram.ReserveForSvsm(kSvsm, (kSplit.value() - kSvsm.value()) / kPageSize);
  ram.HostMapLarge(kLarge);
  SVSM_TRY(Accept(Gpa(0), kLarge));
  SVSM_TRY(AcceptLarge(kLarge));
  SVSM_TRY(Accept(kSplit, kEnd));
  SVSM_TRY(MakeBootVcpu());
  SVSM_TRY(dispatcher.Register(core));
  SVSM_TRY(dispatcher.Register(attestation));
  SVSM_TRY(dispatcher.Register(vtpm));
  SVSM_TRY(dispatcher.Register(apic));
  return dispatcher.Register(uefi);
}

Status OwnSvsm::Guest::Accept(Gpa first, Gpa end) {
  for (Gpa page = first; page < end; page = Gpa(page.value() + kPageSize)) {
    const auto validated = ram.Pvalidate(page, PageSize::k4K, protocol::PageState::kValid);
    if (validated.eax != 0) return Status(Code::kInternal, Source::kCaller, validated.eax);
    SVSM_TRY(ram.Zero(page, PageSize::k4K));
    const std::uint32_t granted = ram.Grant(page, PageSize::k4K, kGuestVmpl);
    if (granted != 0) return Status(Code::kInternal, Source::kCaller, granted);
  }
  return OkStatus();
}

Status OwnSvsm::Guest::AcceptLarge(Gpa page) {
  const auto validated = ram.Pvalidate(page, PageSize::k2M, protocol::PageState::kValid);
  if (validated.eax != 0) return Status(Code::kInternal, Source::kCaller, validated.eax);
  SVSM_TRY(ram.Zero(page, PageSize::k2M));
  const std::uint32_t granted = ram.Grant(page, PageSize::k2M, kGuestVmpl);
  return granted == 0 ? OkStatus() : Status(Code::kInternal, Source::kCaller, granted);
}

Status OwnSvsm::Guest::MakeBootVcpu() {
  (void)ram.Revoke(kVmsa, PageSize::k4K);
  ram.FlushTlbs();
  const auto vmpl = static_cast<std::uint8_t>(kGuestVmpl.value());
  SVSM_TRY(ram.WriteVmsa(kVmsa, protocol::kVmsaVmpl, {&vmpl, 1}));
  SVSM_TRY(
      ram.WriteVmsa(kVmsa, protocol::kVmsaEfer, wire::ToBytes(wire::Le64(protocol::kEferSvme))));
  SVSM_TRY(
      ram.WriteVmsa(kVmsa, protocol::kVmsaSevFeatures, wire::ToBytes(wire::Le64(kSevFeatures))));
  (void)ram.SetVmsa(kVmsa);
  return vcpus.AddStartup(
      {.vmsa = kVmsa, .calling_area = kArea, .vmpl = kGuestVmpl, .sev_features = kSevFeatures});
}

OwnSvsm::OwnSvsm()
    : workspace_(protocol::AttestationService::WorkspaceSize(kMaxManifest, kReportSize)) {}
OwnSvsm::~OwnSvsm() = default;

Result<std::unique_ptr<OwnSvsm>> OwnSvsm::Create() {
  std::unique_ptr<OwnSvsm> svsm(new OwnSvsm);
  SVSM_ASSIGN_OR_RETURN(svsm->engine_, vtpm::LibtpmsEngine::Create(svsm->store_, svsm->rng_));
  SVSM_TRY(svsm->engine_->PowerOn(vtpm::StoredVolatile::kDelete));
  return svsm;
}

Status OwnSvsm::Reset() {
  guest_ = std::make_unique<Guest>(*engine_, tpm_lock_, tpm_work_, sha512_, workspace_);
  return guest_->Boot();
}

Result<std::uint64_t> OwnSvsm::Place(const std::string& name) {
  for (const auto& [known, value] : kPlaces) {
    if (name == known) return value;
  }
  return Status(Code::kNotFound, Source::kCaller);
}

Status OwnSvsm::Read(Gpa from, ByteSpan out) { return guest_->ram.ReadAs(kGuestVmpl, from, out); }
Status OwnSvsm::Write(Gpa to, ByteView bytes) { return guest_->ram.WriteAs(kGuestVmpl, to, bytes); }

Status OwnSvsm::Call(Gpa vmsa, CallRegisters& registers) {
  sim::GuestRam& ram = guest_->ram;
  for (const auto& [offset, field] : kSlots) {
    SVSM_TRY(ram.WriteVmsa(vmsa, static_cast<std::uint32_t>(offset),
                           wire::ToBytes(wire::Le64(registers.*field))));
  }
  SVSM_TRY(ram.WriteVmsa(vmsa, protocol::kVmsaExitCode,
                         wire::ToBytes(wire::Le64(protocol::kExitVmgexit))));
  SVSM_ASSIGN_OR_RETURN(const protocol::ExitOutcome outcome,
                        protocol::ServeExit(guest_->dispatcher, ram, vmsa));
  ram.NoteReturnToGuest();
  if (outcome == protocol::ExitOutcome::kVcpuDeleted) {
    return Status(Code::kConnectionClosed, Source::kCaller);
  }
  for (const auto& [offset, field] : kSlots) {
    Bytes<8> bytes{};
    SVSM_TRY(ram.ReadVmsa(vmsa, static_cast<std::uint32_t>(offset), bytes));
    registers.*field = wire::Read<wire::Le64>(bytes).value().get();
  }
  return OkStatus();
}

bool OwnSvsm::has_violations() const { return !guest_->ram.violations().empty(); }

}  // namespace svsm::conformance
