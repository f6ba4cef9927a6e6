#include "tools/svsm-demo/vm.h"

#include <utility>

#include "svsm/evidence/broker_manifest.h"
#include "svsm/vtpm/persistent.h"
#include "tools/svsm-demo/stopwatch.h"

namespace svsm::demo {
namespace {

constexpr std::size_t kMaxManifest = 1024;
constexpr std::uint32_t kSocketMode = 0600;

}  // namespace

Result<std::unique_ptr<ConfidentialVm>> ConfidentialVm::Boot(tool::SimPlatform& platform,
                                                             const std::string& program,
                                                             std::unique_ptr<BootStorage> storage,
                                                             crypto::CpuRandom& cpu) {
  SVSM_ASSIGN_OR_RETURN(auto svsm,
                        tool::SimVm::Boot(platform, sim::SvsmImage(AsBytes(program)), cpu));
  std::unique_ptr<ConfidentialVm> vm(new ConfidentialVm(std::move(svsm), std::move(storage)));
  SVSM_TRY(vm->MakeVtpm());
  SVSM_TRY(vm->StartGuest());
  return vm;
}

ConfidentialVm::~ConfidentialVm() {
  if (server_ != nullptr) server_->Stop();
  if (server_thread_.joinable()) server_thread_.join();
}

Status ConfidentialVm::MakeVtpm() {
  SVSM_ASSIGN_OR_RETURN(StateStore* const store, storage_->Open(*vm_));
  Stopwatch watch;
  SVSM_ASSIGN_OR_RETURN(engine_, vtpm::LibtpmsEngine::Create(*store, vm_->rng()));
  vtpm::PersistentVtpm persistent(*store, vtpm::kLibtpmsState);
  SVSM_ASSIGN_OR_RETURN(const vtpm::VtpmStart start,
                        persistent.Begin(vtpm::SuspendedState::kDiscard));
  vtpm::ManufactureOptions options;
  options.launch_digest = machine().measurement();
  const auto workspace = std::make_unique<vtpm::ManufactureWorkspace>();
  SVSM_TRY(vtpm::Manufacture(*engine_, vm_->attester(), {sha256_, sha384_, sha512_}, options,
                             *workspace, made_));
  if (start == vtpm::VtpmStart::kManufacture) SVSM_TRY(persistent.Finish());
  vtpm_time_ = watch.Lap();
  return OkStatus();
}

Status ConfidentialVm::StartGuest() {
  // The guest's tools use the ECC P-256 EK, so this is the one that the service's manifest names.
  vtpm_service_ = std::make_unique<vtpm::VtpmService>(*engine_, tpm_lock_, tpm_work_,
                                                      made_.eks[1].tpm2b_public());
  manifests_ = {vtpm_service_.get()};
  if (!storage_->BrokerManifest().empty()) {
    broker_manifest_ = std::make_unique<protocol::FixedManifest>(evidence::kBrokerService,
                                                                 storage_->BrokerManifest());
    manifests_.push_back(broker_manifest_.get());
  }
  attestation_workspace_.resize(protocol::AttestationService::WorkspaceSize(
      kMaxManifest, vm_->attester().Sizes().report_bytes));
  attestation_service_ =
      std::make_unique<protocol::AttestationService>(protocol::AttestationService::Options{
          vm_->attester(), sha512_, manifests_, attestation_workspace_, log_, attestation_lock_});
  SVSM_TRY(machine().dispatcher().Register(*vtpm_service_));
  SVSM_TRY(machine().dispatcher().Register(*attestation_service_));
  SVSM_TRY(machine().StartGuest());
  client_ = std::make_unique<protocol::Client>(machine().boot_vcpu(), machine().boot_calling_area(),
                                               protocol::ClientOptions{});
  SVSM_ASSIGN_OR_RETURN(const protocol::GuestBuffer page, machine().pages().Allocate(kPageSize));
  guest_tpm_ = std::make_unique<GuestTpm>(*client_, page, vcpu_);
  return OkStatus();
}

Status ConfidentialVm::Serve(const std::string& path) {
  SVSM_ASSIGN_OR_RETURN(vtpm::Socket data, vtpm::ListenUnix(path, kSocketMode));
  SVSM_ASSIGN_OR_RETURN(vtpm::Socket control, vtpm::ListenUnix(path + ".ctrl", kSocketMode));
  server_ = std::make_unique<vtpm::SocketServer>(*guest_tpm_, std::move(data), std::move(control),
                                                 vtpm::SocketServerOptions{});
  server_thread_ = std::thread([this] { (void)server_->Run(); });
  return OkStatus();
}

Result<ServiceEvidence> ConfidentialVm::Attest(Nonce nonce, const std::function<Call>& call) {
  const std::lock_guard lock(vcpu_);
  SVSM_ASSIGN_OR_RETURN(const protocol::GuestBuffer page, machine().pages().Allocate(kPageSize));
  Copy(page.bytes, nonce);
  const Result<protocol::AttestationBuffers> got =
      call(protocol::GuestBuffer{page.gpa, page.bytes.first(nonce.size())});
  machine().pages().Free(page);
  if (!got.ok()) return got.status();
  ServiceEvidence evidence{ToVector(got->report.bytes.first(got->report_bytes)),
                           ToVector(got->manifest.bytes.first(got->manifest_bytes))};
  for (const protocol::GuestBuffer& buffer : {got->report, got->manifest, got->certificates}) {
    if (!buffer.bytes.empty()) machine().pages().Free(buffer);
  }
  return evidence;
}

Result<ServiceEvidence> ConfidentialVm::AttestVtpm(Nonce nonce) {
  return Attest(nonce, [this](const protocol::GuestBuffer& buffer) {
    return client_->AttestSingleService(protocol::kVtpmService, 0, buffer, machine().pages());
  });
}

Result<ServiceEvidence> ConfidentialVm::AttestServices(Nonce nonce) {
  return Attest(nonce, [this](const protocol::GuestBuffer& buffer) {
    return client_->AttestServices(buffer, machine().pages());
  });
}

}  // namespace svsm::demo
