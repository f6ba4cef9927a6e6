// svsm/sim/amd_sp.h: a software AMD Secure Processor: launches guests and answers their messages.
//
//   AmdSp sp(chip, PlatformState(), rng);
//   SVSM_ASSIGN_OR_RETURN(const GuestHandle guest, sp.LaunchStart({}));
//   SVSM_TRY(sp.LaunchUpdate(guest, snp::PageType::kNormal, gpa, page, {}));
//   SVSM_TRY(sp.LaunchFinish(guest, {}));
//   SVSM_TRY(sp.GuestRequest(guest, request_page, response_page));
//
// It keeps what the firmware keeps: per guest the launch digest, the policy, four VMPCKs with one
// message counter each, and the identifiers that go into reports. The caller's VMPL is the number
// of the VMPCK that opened its message, and nothing else. Reports are signed for the reported TCB,
// by the chip's VCEK or the provider's VLEK; derived keys come from the chip's secret.
//
// What differs from silicon: derived keys and VCEKs are made by functions of this project, not
// AMD's; of CPUID only what says which processor this is, and what its SEV can do, is checked;
// there is no memory encryption, and no migration.
//
// Errors are Status(code, Source::kSim, detail), with the firmware's number as detail; the code
// follows from it: kInvalidGuestState kFailedPrecondition; kPolicyFailure kPermissionDenied;
// kInvalidAddress, kInvalidParam and kInvalidKey kInvalidArgument; kBadMeasurement and
// kBadSignature kAuthFailed; kInvalidGuest kNotFound; kAeadOverflow kExhausted. Errors of the
// generator pass through.
//
// Spec: AMD 56860 (SEV-SNP firmware ABI). Profile: hosted. Allocates: yes. Threads: any, at once;
// commands are served one after the other.
#ifndef SVSM_SIM_AMD_SP_H_
#define SVSM_SIM_AMD_SP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/crypto/rng.h"
#include "svsm/sim/chip.h"
#include "svsm/sim/provider.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/id_block.h"
#include "svsm/snp/launch_digest.h"
#include "svsm/snp/report.h"

namespace svsm::sim {

// The firmware's status numbers that occur here.
enum class FirmwareError : std::uint32_t {
  kSuccess = 0,
  kInvalidGuestState = 0x02,
  kPolicyFailure = 0x07,
  kInvalidAddress = 0x09,
  kBadSignature = 0x0A,
  kBadMeasurement = 0x0B,  // also: a message that does not authenticate
  kInvalidGuest = 0x10,
  kInvalidParam = 0x16,
  kAeadOverflow = 0x1D,
  kInvalidKey = 0x27,
};

enum class Masking : std::uint8_t { kOff, kOn };

// The state of the platform, which its owner sets.
struct PlatformState {
  snp::RawTcb current_tcb = {3, 0, 0, 0, 0, 0, 8, 115};
  snp::RawTcb committed_tcb = {3, 0, 0, 0, 0, 0, 8, 115};
  snp::RawTcb reported_tcb = {3, 0, 0, 0, 0, 0, 8, 115};
  snp::FirmwareVersion current_version = {1, 55, 21};
  snp::FirmwareVersion committed_version = {1, 55, 21};
  std::uint64_t platform_info = snp::platform_info::kSmtEnabled;
  std::uint64_t mit_vector = 0;
  std::uint32_t report_version = 3;  // 2 to 5
  std::uint32_t tsc_khz = 2'450'000;
  std::uint32_t tsc_factor = 0;  // thousandths of a percent by which the counter is slower
  std::uint64_t tsc = 0;         // what the counter reads when guests are launched
  Masking mask_chip_id = Masking::kOff;
  Masking mask_chip_key = Masking::kOff;  // reports are not signed then
};

// The usual state of a machine of `line`: its TCB, all of it committed and reported.
PlatformState UsualPlatform(const ProductLine& line);

using GuestHandle = Strong<struct GuestHandleTag, std::uint32_t>;

struct LaunchStartParameters {
  std::uint64_t policy = snp::guest_policy::kMustBeOne | snp::guest_policy::kSmt;
  Bytes<16> gosvw{};
  // The guest's own time stamp counter runs so fast, from 0. 0: no Secure TSC.
  std::uint32_t desired_tsc_khz = 0;
};

// Who vouches for the launch. The author key counts if the authentication names its algorithm.
struct LaunchIdentity {
  snp::IdBlock block{};
  snp::IdAuthentication authentication{};
};

struct LaunchFinishParameters {
  Bytes<snp::kHostDataSize> host_data{};
  const LaunchIdentity* identity = nullptr;  // borrowed for the call; null: nobody
};

struct GuestFacts;

class AmdSp final {
 public:
  // Borrows `rng` for the object's life: it gives VMPCKs and report ids. The state must satisfy
  // SetPlatform()'s conditions, or the constructor panics.
  AmdSp(Chip chip, const PlatformState& state, crypto::Rng& rng);
  AmdSp(const AmdSp&) = delete;
  AmdSp& operator=(const AmdSp&) = delete;
  ~AmdSp();

  const Chip& chip() const { return chip_; }
  PlatformState platform() const;
  // A firmware update, a commit or a new configuration. Guests go on; those launched earlier keep
  // their launch TCB. A VLEK that is loaded goes if the reported TCB changes. Errors: kInvalidParam
  // (a committed or reported component above the current one, a TCB byte that the line reserves, or
  // a report version outside 2 to 5).
  Status SetPlatform(const PlatformState& state);

  // SNP_VLEK_LOAD: from now on reports can be signed with the provider's key for the reported TCB,
  // and are where a guest leaves the choice open. Borrows `provider` for the object's life. Errors:
  // kInvalidParam (another line's provider).
  Status LoadVlek(const Provider& provider);

  // SNP_LAUNCH_START. Errors: kInvalidParam (a reserved policy bit, or bit 17 clear),
  // kPolicyFailure (the policy wants a newer ABI, or forbids SMT where the platform has it).
  Result<GuestHandle> LaunchStart(const LaunchStartParameters& parameters);

  // SNP_LAUNCH_UPDATE of one page at `gpa`. `page` is what the host put there; of type kZero it
  // becomes zero, of type kSecrets the guest's secrets page. One of type kCpuid is compared with
  // the processor, unless all of it is zero, and refused with what it should say in it. Errors:
  // kInvalidGuest, kInvalidGuestState (launch is finished), kInvalidAddress (alignment),
  // kInvalidParam (page type; a CPUID page that is wrong or no CPUID page).
  Status LaunchUpdate(GuestHandle guest, snp::PageType type, Gpa gpa, FixedSpan<kPageSize> page,
                      const snp::PageAttributes& attributes);

  // SNP_LAUNCH_FINISH. What an identity says is in reports from then on. Errors: kInvalidGuest,
  // kInvalidGuestState, and of an identity kInvalidParam (its form), kBadSignature,
  // kPolicyFailure (the policy is not the guest's), kBadMeasurement (nor the digest); the launch
  // goes on after these.
  Status LaunchFinish(GuestHandle guest, const LaunchFinishParameters& parameters);

  // SNP_DECOMMISSION: forgets the guest, keys and counters. Errors: kInvalidGuest.
  Status Decommission(GuestHandle guest);

  // SNP_GUEST_REQUEST: opens `request`, and seals the answer to `response`. Success says only that
  // there is an answer: a refusal is inside it. The message counter of the VMPCK
  // goes up by two then, and otherwise not at all. Errors, all with `response` zero: kInvalidGuest,
  // kInvalidGuestState (still in launch), kInvalidParam (header, sequence number, type, version or
  // size), kBadMeasurement (the tag is wrong), kAeadOverflow (counter used up).
  Status GuestRequest(GuestHandle guest, FixedView<snp::kGuestMessageSize> request,
                      FixedSpan<snp::kGuestMessageSize> response);

  // SNP_HV_REPORT_REQ: the report that a host gets without the guest's help; its VMPL is
  // FFFFFFFFh and its REPORT_DATA zero. Errors: kInvalidGuest, kInvalidGuestState.
  Result<Bytes<snp::kReportSize>> HostReport(GuestHandle guest);

  // What reports of this guest say. Errors: kInvalidGuest.
  Result<Bytes<snp::kLaunchDigestSize>> Measurement(GuestHandle guest) const;

 private:
  struct Guest;
  Guest* Find(GuestHandle guest) const;
  static GuestFacts FactsOf(const Guest& guest);
  static Status Identify(Guest& guest, const LaunchIdentity& identity);
  void FillSecretsPage(const Guest& guest, FixedSpan<kPageSize> page) const;
  Status Answer(Guest& guest, const snp::GuestMessageInfo& header,
                FixedView<snp::kGuestMessageSize> request,
                FixedSpan<snp::kGuestMessageSize> response);

  const Chip chip_;
  crypto::Rng& rng_;
  mutable std::mutex mutex_;
  PlatformState state_;
  const Provider* vlek_ = nullptr;
  std::map<GuestHandle, std::unique_ptr<Guest>> guests_;
  std::uint32_t next_handle_ = 1;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_AMD_SP_H_
