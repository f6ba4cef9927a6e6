#include "svsm/sim/machine.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sim/guest_heap.h"
#include "sim/virtual_cpu.h"
#include "svsm/core/panic.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::sim {

namespace {

constexpr std::size_t kMinPages = 1280;  // up to the end of the SVSM
static_assert(kMinPages * kPageSize == kSvsmBase.value() + kSvsmSize);

// A key back into its place in a secrets page, with its counter.
Status PutVmpck(FixedSpan<kPageSize> page, snp::VmpckHandover& vmpck) {
  SVSM_TRY(protocol::MessageSeqno(page, vmpck.id.value()).status());
  const ByteSpan place =
      page.subspan(offsetof(protocol::SecretsPage, vmpck) + vmpck.id.value() * protocol::kVmpckSize,
                   protocol::kVmpckSize);
  if (!IsZero(place)) return Status(Code::kFailedPrecondition, Source::kSim);
  SVSM_TRY(protocol::SetMessageSeqno(page, vmpck.id.value(), vmpck.messages_used));
  Copy(place, vmpck.key.view());
  vmpck.key.wipe();
  return OkStatus();
}

Status PageStateFailed(std::uint32_t eax) { return Status(Code::kInternal, Source::kSim, eax); }

}  // namespace

Machine::Machine(AmdSp& sp, Host& host, GuestHandle handle, const MachineOptions& options,
                 Svsm svsm)
    : sp_(sp),
      host_(host),
      handle_(handle),
      options_(options),
      svsm_(svsm),
      ram_(options.num_pages),
      port_(host, handle),
      vcpus_(vcpu_slots_, lock_),
      dispatcher_(vcpus_, ram_, service_slots_, log_),
      core_(vcpus_, ram_, dispatcher_, options.core),
      heap_(std::make_unique<GuestHeap>(*this)) {}

Machine::~Machine() { (void)sp_.Decommission(handle_); }

Result<std::unique_ptr<Machine>> Machine::Launch(AmdSp& sp, Host& host, const LaunchImage& image,
                                                 const MachineOptions& options) {
  SVSM_CHECK(options.num_pages >= kMinPages);
  SVSM_ASSIGN_OR_RETURN(const GuestHandle handle, sp.LaunchStart(options.start));
  std::unique_ptr<Machine> machine(new Machine(sp, host, handle, options, image.svsm));
  if (image.svsm == Svsm::kPresent) {
    machine->ram_.ReserveForSvsm(kSvsmBase, kSvsmSize / kPageSize);
  }
  bool has_secrets = false;
  for (std::size_t i = 0; i < image.pages.size(); ++i) {
    SVSM_TRY(machine->LoadPage(image.pages[i], static_cast<std::uint32_t>(i)));
    has_secrets = has_secrets || image.pages[i].type == snp::PageType::kSecrets;
  }
  if (!has_secrets) {
    return Status(Code::kInvalidArgument, Source::kSim,
                  static_cast<std::uint32_t>(image.pages.size()));
  }
  SVSM_TRY(sp.LaunchFinish(handle, options.finish));
  SVSM_ASSIGN_OR_RETURN(machine->measurement_, sp.Measurement(handle));
  SVSM_TRY(machine->Boot());
  return machine;
}

Status Machine::LoadPage(const LaunchPage& page, std::uint32_t index) {
  const Status invalid(Code::kInvalidArgument, Source::kSim, index);
  const bool has_contents =
      page.type == snp::PageType::kNormal || page.type == snp::PageType::kVmsa;
  if (page.contents.size() != (has_contents ? kPageSize : 0)) return invalid;
  Bytes<kPageSize> bytes{};
  Copy(bytes, page.contents);
  SVSM_TRY(sp_.LaunchUpdate(handle_, page.type, page.gpa, bytes, page.attributes));
  if (page.type == snp::PageType::kSecrets) secrets_ = page.gpa;
  // KVM measures VMSAs at an address above all memory.
  if (page.type == snp::PageType::kVmsa && page.gpa == snp::kKvmVmsaGpa) return OkStatus();
  if (page.gpa.value() / kPageSize >= options_.num_pages) return invalid;
  ram_.LaunchPage(page.gpa, bytes, ram_.Classify(page.gpa));
  Wipe(bytes);
  return OkStatus();
}

Status Machine::Boot() {
  const Gpa end_of_svsm(kSvsmBase.value() + kSvsmSize);
  const Gpa end_of_memory(options_.num_pages * kPageSize);
  if (!has_svsm()) return AcceptMemory(Gpa(0), end_of_memory);
  SVSM_TRY(AcceptMemory(Gpa(0), kSvsmBase));
  SVSM_TRY(AcceptMemory(end_of_svsm, end_of_memory));
  SVSM_TRY(MakeBootVcpu());
  return dispatcher_.Register(core_);
}

// Validate, zero, grant: page by page, as the rule is. Pages of the launch are validated already
// and keep their contents.
Status Machine::AcceptMemory(Gpa first, Gpa end) {
  using protocol::PageSize;
  for (Gpa page = first; page < end; page = Gpa(page.value() + kPageSize)) {
    const protocol::PvalidateResult validated =
        ram_.Pvalidate(page, PageSize::k4K, protocol::PageState::kValid);
    if (validated.eax != protocol::kInstructionOk) return PageStateFailed(validated.eax);
    if (!validated.unchanged) SVSM_TRY(ram_.Zero(page, PageSize::k4K));
    if (!has_svsm()) continue;
    const std::uint32_t granted = ram_.Grant(page, PageSize::k4K, options_.guest_vmpl);
    if (granted != protocol::kInstructionOk) return PageStateFailed(granted);
  }
  return OkStatus();
}

Status Machine::MakeBootVcpu() {
  const std::uint32_t revoked = ram_.Revoke(kBootVmsa, protocol::PageSize::k4K);
  if (revoked != protocol::kInstructionOk) return PageStateFailed(revoked);
  ram_.FlushTlbs();
  const auto vmpl = static_cast<std::uint8_t>(options_.guest_vmpl.value());
  SVSM_TRY(ram_.WriteVmsa(kBootVmsa, protocol::kVmsaVmpl, {&vmpl, 1}));
  SVSM_TRY(ram_.WriteVmsa(kBootVmsa, protocol::kVmsaEfer,
                          wire::ToBytes(wire::Le64(protocol::kEferSvme))));
  SVSM_TRY(ram_.WriteVmsa(kBootVmsa, protocol::kVmsaSevFeatures,
                          wire::ToBytes(wire::Le64(options_.sev_features))));
  const std::uint32_t made = ram_.SetVmsa(kBootVmsa);
  if (made != protocol::kInstructionOk) return PageStateFailed(made);
  protocol::Vcpu vcpu;
  vcpu.vmsa = kBootVmsa;
  vcpu.calling_area = kBootCallingArea;
  vcpu.vmpl = options_.guest_vmpl;
  vcpu.sev_features = options_.sev_features;
  return vcpus_.AddStartup(vcpu);
}

FixedSpan<kPageSize> Machine::Secrets() {
  return ram_.MapAs(Vmpl(0), secrets_, kPageSize).first<kPageSize>();
}

Result<snp::VmpckHandover> Machine::TakeVmpck(snp::VmpckId id) {
  SVSM_ASSIGN_OR_RETURN(Secret<protocol::kVmpckSize> key,
                        protocol::TakeVmpck(Secrets(), id.value()));
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t used, protocol::MessageSeqno(Secrets(), id.value()));
  return snp::VmpckHandover{id, std::move(key), used};
}

Status Machine::ReturnVmpck(snp::VmpckHandover& vmpck) {
  if (started_) return Status(Code::kFailedPrecondition, Source::kSim);
  return PutVmpck(Secrets(), vmpck);
}

Status Machine::StartGuest() {
  if (started_ || svsm_ == Svsm::kAbsent) return Status(Code::kFailedPrecondition, Source::kSim);
  protocol::SvsmPlace place;
  place.base = kSvsmBase;
  place.size_bytes = kSvsmSize;
  place.boot_calling_area = kBootCallingArea;
  place.max_core_version = options_.core.max_version;
  place.guest_vmpl = options_.guest_vmpl;
  Bytes<kPageSize> page{};
  SVSM_TRY(protocol::MakeGuestSecretsPage(Secrets(), place, page));
  const Status written = ram_.Write(kGuestSecrets, page);
  Wipe(page);
  SVSM_TRY(written);
  Wipe(Secrets());
  started_ = true;
  return OkStatus();
}

Result<snp::VmpckHandover> Machine::GuestVmpck(snp::VmpckId id) {
  protocol::GuestBuffer page = Map(kGuestSecrets, kPageSize);
  const FixedSpan<kPageSize> bytes = page.bytes.first<kPageSize>();
  SVSM_ASSIGN_OR_RETURN(Secret<protocol::kVmpckSize> key, protocol::TakeVmpck(bytes, id.value()));
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t used, protocol::MessageSeqno(bytes, id.value()));
  return snp::VmpckHandover{id, std::move(key), used};
}

Status Machine::ReturnGuestVmpck(snp::VmpckHandover& vmpck) {
  return PutVmpck(Map(kGuestSecrets, kPageSize).bytes.first<kPageSize>(), vmpck);
}

protocol::GuestExit& Machine::boot_vcpu() { return VcpuAt(kBootVmsa); }

protocol::GuestExit& Machine::VcpuAt(Gpa vmsa) {
  const std::lock_guard guard(cpus_mutex_);
  for (const auto& cpu : cpus_) {
    if (cpu->vmsa() == vmsa) return *cpu;
  }
  cpus_.push_back(std::make_unique<VirtualCpu>(*this, host_, vmsa));
  return *cpus_.back();
}

protocol::GuestBuffer Machine::Map(Gpa gpa, std::size_t size_bytes) {
  return {gpa, ram_.MapAs(guest_vmpl(), gpa, size_bytes)};
}

protocol::GuestPages& Machine::pages() { return *heap_; }

}  // namespace svsm::sim
