#include "svsm/sim/amd_sp.h"

#include <array>
#include <span>
#include <utility>

#include "sim/cpuid.h"
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
constexpr std::size_t kTscFactorOffset = 0x160;

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

// The counter of a guest that starts at 0 at launch, and runs as fast as it likes.
snp::TscInfo TscOf(const PlatformState& state, std::uint32_t desired_khz) {
  __extension__ using Wide = unsigned __int128;
  snp::TscInfo info;
  info.scale = (std::uint64_t{desired_khz} << 32) / state.tsc_khz;
  info.offset = 0 - static_cast<std::uint64_t>((static_cast<Wide>(state.tsc) * info.scale) >> 32);
  info.factor = state.tsc_factor;
  return info;
}

// Compares a CPUID page with the processor, and leaves in it what it should say.
Status CheckCpuidPage(const ProductLine& line, FixedSpan<kPageSize> page) {
  if (IsZero(page)) return OkStatus();
  std::array<snp::CpuidFunction, snp::kMaxCpuidFunctions> functions;
  const Result<std::size_t> count = snp::DecodeCpuidRequest(page, functions);
  if (!count.ok()) return InvalidParam();
  const auto used = std::span(functions).first(*count);
  if (!CorrectCpuid(line, used)) return OkStatus();
  SVSM_TRY(snp::EncodeCpuidRequest(used, page).status());
  return InvalidParam();
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
  if (parameters.desired_tsc_khz != 0) guest->tsc = TscOf(state_, parameters.desired_tsc_khz);
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
  if (guest.tsc) Copy(page.subspan(kTscFactorOffset), wire::ToBytes(wire::Le32(guest.tsc->factor)));
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
    case snp::PageType::kCpuid:
      SVSM_TRY(CheckCpuidPage(chip_.line(), page));
      break;
    case snp::PageType::kUnmeasured:
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
  if (parameters.identity != nullptr) SVSM_TRY(Identify(*guest, *parameters.identity));
  guest->host_data = parameters.host_data;
  guest->state = GuestState::kRunning;
  return OkStatus();
}

Status AmdSp::Identify(Guest& guest, const LaunchIdentity& identity) {
  const snp::IdAuthentication& auth = identity.authentication;
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  const Status checked = snp::CheckIdBlock(guest.sha384, identity.block, auth, verifier);
  if (checked.code() == Code::kAuthFailed) {
    return Refused(Code::kAuthFailed, FirmwareError::kBadSignature);
  }
  if (!checked.ok()) return InvalidParam();
  if (identity.block.policy.get() != guest.policy) {
    return Refused(Code::kPermissionDenied, FirmwareError::kPolicyFailure);
  }
  if (identity.block.launch_digest != guest.digest.value()) {
    return Refused(Code::kAuthFailed, FirmwareError::kBadMeasurement);
  }
  guest.has_author_key = auth.author_key_algorithm.get() != 0;
  SVSM_ASSIGN_OR_RETURN(guest.id_key_digest, snp::IdKeyDigest(guest.sha384, auth.id_key));
  if (guest.has_author_key) {
    SVSM_ASSIGN_OR_RETURN(guest.author_key_digest, snp::IdKeyDigest(guest.sha384, auth.author_key));
  }
  guest.guest_svn = identity.block.guest_svn.get();
  guest.family_id = identity.block.family_id;
  guest.image_id = identity.block.image_id;
  return OkStatus();
}

Status AmdSp::Decommission(GuestHandle handle) {
  const std::lock_guard guard(mutex_);
  return guests_.erase(handle) == 1 ? OkStatus() : UnknownGuest();
}

GuestFacts AmdSp::FactsOf(const Guest& guest) {
  GuestFacts facts;
  facts.policy = guest.policy;
  facts.guest_svn = guest.guest_svn;
  facts.family_id = guest.family_id;
  facts.image_id = guest.image_id;
  facts.measurement = guest.digest.value();
  facts.host_data = guest.host_data;
  facts.report_id = guest.report_id;
  facts.id_key_digest = guest.id_key_digest;
  facts.author_key_digest = guest.author_key_digest;
  facts.has_author_key = guest.has_author_key;
  facts.launch_tcb = guest.launch_tcb;
  facts.launch_mit_vector = guest.launch_mit_vector;
  facts.tsc = guest.tsc;
  return facts;
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

  Result<ByteVector> answer_to = AnswerRequest(context, header.type, header.version, payload);
  Wipe(plaintext);
  if (answer_to.status().code() == Code::kUnsupported) return InvalidParam();
  if (!answer_to.ok()) return answer_to.status();
  snp::GuestMessageInfo answer = header;
  answer.type = static_cast<snp::MessageType>(static_cast<std::uint8_t>(header.type) + 1);
  answer.sequence_number = header.sequence_number + 1;
  SVSM_TRY(snp::SealGuestMessage(aead, answer, *answer_to, response));
  Wipe(*answer_to);
  vmpck.messages_used += 2;
  return OkStatus();
}

}  // namespace svsm::sim
