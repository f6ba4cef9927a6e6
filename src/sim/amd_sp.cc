#include "svsm/sim/amd_sp.h"

#include <utility>

#include "sim/guest.h"
#include "sim/guest_services.h"
#include "sim/report_builder.h"
#include "svsm/core/panic.h"
#include "svsm/core/writer.h"

namespace svsm::sim {

namespace {

// The ABI that this firmware speaks; policies may ask for it or an older one.
constexpr std::uint64_t kAbiMajor = 1;
constexpr std::uint64_t kAbiMinor = 55;
constexpr std::uint32_t kSecretsPageVersion = 3;

Status UnknownGuest() { return Refused(Code::kNotFound, FirmwareError::kInvalidGuest); }
Status WrongState() {
  return Refused(Code::kFailedPrecondition, FirmwareError::kInvalidGuestState);
}
Status InvalidParam() { return Refused(Code::kInvalidArgument, FirmwareError::kInvalidParam); }

bool IsPlausible(const PlatformState& state, const ProductLine& line) {
  // The others are not above it.
  if (!snp::DecodeTcb(state.current_tcb, line.product).ok()) return false;
  for (std::size_t i = 0; i < state.current_tcb.size(); ++i) {
    if (state.committed_tcb[i] > state.current_tcb[i] ||
        state.reported_tcb[i] > state.current_tcb[i]) {
      return false;
    }
  }
  return state.report_version >= snp::kMinReportVersion &&
         state.report_version <= snp::kMaxReportVersion;
}

// Family, model and stepping as CPUID leaf 1 EAX packs them.
std::uint32_t PackCpuid(const ProductLine& line) {
  return static_cast<std::uint32_t>(line.family - 0xF) << 20 |
         static_cast<std::uint32_t>(line.model >> 4) << 16 | 0xFu << 8 |
         static_cast<std::uint32_t>(line.model & 0xF) << 4 | line.stepping;
}

}  // namespace

PlatformState UsualPlatform(const ProductLine& line) {
  PlatformState state;
  state.current_tcb = state.committed_tcb = state.reported_tcb = line.usual_tcb;
  return state;
}

AmdSp::AmdSp(Chip chip, const PlatformState& state, crypto::Rng& rng)
    : chip_(std::move(chip)), rng_(rng), state_(state) {
  SVSM_CHECK(IsPlausible(state, chip_.line()));
}

AmdSp::~AmdSp() = default;

PlatformState AmdSp::platform() const {
  const std::lock_guard guard(mutex_);
  return state_;
}

Status AmdSp::SetPlatform(const PlatformState& state) {
  const std::lock_guard guard(mutex_);
  if (!IsPlausible(state, chip_.line())) return InvalidParam();
  if (state.reported_tcb != state_.reported_tcb) vlek_ = nullptr;
  state_ = state;
  return OkStatus();
}

Status AmdSp::LoadVlek(const Provider& provider) {
  const std::lock_guard guard(mutex_);
  if (&provider.line() != &chip_.line()) return InvalidParam();
  vlek_ = &provider;
  return OkStatus();
}

AmdSp::Guest* AmdSp::Find(GuestHandle guest) const {
  const auto found = guests_.find(guest);
  return found == guests_.end() ? nullptr : found->second.get();
}

Result<GuestHandle> AmdSp::LaunchStart(const LaunchStartParameters& parameters) {
  const std::lock_guard guard(mutex_);
  namespace policy = snp::guest_policy;
  const std::uint64_t wanted = parameters.policy;
  if ((wanted & policy::kMustBeOne) == 0 || (wanted & policy::kReserved) != 0) {
    return InvalidParam();
  }
  const std::uint64_t major = (wanted & policy::kAbiMajorMask) >> 8;
  const std::uint64_t minor = wanted & policy::kAbiMinorMask;
  const bool newer_abi = major > kAbiMajor || (major == kAbiMajor && minor > kAbiMinor);
  const bool smt_enabled = (state_.platform_info & snp::platform_info::kSmtEnabled) != 0;
  if (newer_abi || (smt_enabled && (wanted & policy::kSmt) == 0)) {
    return Refused(Code::kPermissionDenied, FirmwareError::kPolicyFailure);
  }
  auto guest = std::make_unique<Guest>();
  guest->policy = wanted;
  guest->gosvw = parameters.gosvw;
  guest->launch_tcb = state_.current_tcb;
  guest->launch_mit_vector = state_.mit_vector;
  SVSM_TRY(rng_.Generate(guest->report_id));
  for (Guest::Vmpck& vmpck : guest->vmpcks) SVSM_TRY(rng_.Generate(vmpck.key.writable()));
  const GuestHandle handle(next_handle_++);
  guests_.emplace(handle, std::move(guest));
  return handle;
}

// The secrets page as the firmware leaves it (AMD 56860, "Secrets page"); the rest is the guest's
// and zero.
void AmdSp::FillSecretsPage(const Guest& guest, FixedSpan<kPageSize> page) const {
  Fill(page, 0);
  wire::Writer writer(page);
  writer.Le32(kSecretsPageVersion);
  writer.Le32(0);  // IMI_EN
  writer.Le32(PackCpuid(chip_.line()));
  writer.Le32(0);
  writer.Put(guest.gosvw);
  for (const Guest::Vmpck& vmpck : guest.vmpcks) writer.Put(vmpck.key.view());
}

Status AmdSp::LaunchUpdate(GuestHandle handle, snp::PageType type, Gpa gpa,
                           FixedSpan<kPageSize> page, const snp::PageAttributes& attributes) {
  const std::lock_guard guard(mutex_);
  Guest* const guest = Find(handle);
  if (guest == nullptr) return UnknownGuest();
  if (guest->state != GuestState::kLaunching) return WrongState();
  if (gpa.value() % kPageSize != 0) {
    return Refused(Code::kInvalidArgument, FirmwareError::kInvalidAddress);
  }
  switch (type) {
    case snp::PageType::kNormal:
    case snp::PageType::kVmsa:
      return guest->digest.AddMeasuredPage(type, gpa, page, attributes);
    case snp::PageType::kZero:
      Fill(page, 0);
      break;
    case snp::PageType::kSecrets:
      FillSecretsPage(*guest, page);
      break;
    case snp::PageType::kUnmeasured:
    case snp::PageType::kCpuid:
      break;
    default:
      return InvalidParam();
  }
  return guest->digest.AddPage(type, gpa, attributes);
}

Status AmdSp::LaunchFinish(GuestHandle handle, const LaunchFinishParameters& parameters) {
  const std::lock_guard guard(mutex_);
  Guest* const guest = Find(handle);
  if (guest == nullptr) return UnknownGuest();
  if (guest->state != GuestState::kLaunching) return WrongState();
  guest->host_data = parameters.host_data;
  guest->state = GuestState::kRunning;
  return OkStatus();
}

Status AmdSp::Decommission(GuestHandle handle) {
  const std::lock_guard guard(mutex_);
  return guests_.erase(handle) == 1 ? OkStatus() : UnknownGuest();
}

GuestFacts AmdSp::FactsOf(const Guest& guest) {
  return {guest.policy,    guest.guest_svn,      guest.family_id,
          guest.image_id,  guest.digest.value(), guest.host_data,
          guest.report_id, guest.launch_tcb,     guest.launch_mit_vector};
}

Result<Bytes<snp::kReportSize>> AmdSp::HostReport(GuestHandle handle) {
  const std::lock_guard guard(mutex_);
  const Guest* const guest = Find(handle);
  if (guest == nullptr) return UnknownGuest();
  if (guest->state != GuestState::kRunning) return WrongState();
  return BuildReport(FactsOf(*guest), state_, {chip_, vlek_}, snp::kHostVmpl, Bytes<64>{});
}

Result<Bytes<snp::kLaunchDigestSize>> AmdSp::Measurement(GuestHandle handle) const {
  const std::lock_guard guard(mutex_);
  const Guest* const guest = Find(handle);
  if (guest == nullptr) return UnknownGuest();
  return guest->digest.value();
}

Status AmdSp::GuestRequest(GuestHandle handle, FixedView<snp::kGuestMessageSize> request,
                           FixedSpan<snp::kGuestMessageSize> response) {
  const std::lock_guard guard(mutex_);
  Fill(response, 0);
  Guest* const guest = Find(handle);
  if (guest == nullptr) return UnknownGuest();
  if (guest->state != GuestState::kRunning) return WrongState();
  const Result<snp::GuestMessageInfo> header = snp::DecodeGuestMessageHeader(request);
  if (!header.ok()) return InvalidParam();
  Guest::Vmpck& vmpck = guest->vmpcks[header->vmpck.value()];
  if (vmpck.messages_used > UINT64_MAX - 2) {
    return Refused(Code::kExhausted, FirmwareError::kAeadOverflow);
  }
  if (header->sequence_number != vmpck.messages_used + 1) return InvalidParam();
  return Answer(*guest, *header, request, response);
}

Status AmdSp::Answer(Guest& guest, const snp::GuestMessageInfo& header,
                     FixedView<snp::kGuestMessageSize> request,
                     FixedSpan<snp::kGuestMessageSize> response) {
  Guest::Vmpck& vmpck = guest.vmpcks[header.vmpck.value()];
  crypto::OpensslAesGcm aead;
  SVSM_TRY(aead.SetKey(vmpck.key.view()));
  Bytes<snp::kMaxGuestPayloadSize> plaintext{};
  const Result<snp::GuestMessageInfo> opened = snp::OpenGuestMessage(aead, request, plaintext);
  if (!opened.ok()) return Refused(Code::kAuthFailed, FirmwareError::kBadMeasurement);
  const GuestFacts facts = FactsOf(guest);
  const GuestServiceContext context{facts, state_, chip_, vlek_, Vmpl(header.vmpck.value())};
  const ByteView payload = ByteView(plaintext).first(header.payload_bytes);

  snp::GuestMessageInfo answer = header;
  ByteVector answer_payload;
  if (header.type == snp::MessageType::kReportRequest && header.version == 1 &&
      payload.size() == sizeof(snp::ReportRequest)) {
    answer.type = snp::MessageType::kReportResponse;
    SVSM_ASSIGN_OR_RETURN(answer_payload, AnswerReportRequest(context, payload));
  } else if (header.type == snp::MessageType::kKeyRequest &&
             payload.size() ==
                 (header.version == 2 ? sizeof(snp::KeyRequestV2) : sizeof(snp::KeyRequest))) {
    answer.type = snp::MessageType::kKeyResponse;
    SVSM_ASSIGN_OR_RETURN(answer_payload, AnswerKeyRequest(context, header.version, payload));
  } else {
    return InvalidParam();
  }
  answer.sequence_number = header.sequence_number + 1;
  SVSM_TRY(snp::SealGuestMessage(aead, answer, answer_payload, response));
  Wipe(answer_payload);
  vmpck.messages_used += 2;
  return OkStatus();
}

}  // namespace svsm::sim
