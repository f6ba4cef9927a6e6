#include "svsm/vtpm/manufacture.h"

#include <cstddef>

#include "svsm/core/writer.h"
#include "svsm/evidence/report_data.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/responses.h"
#include "vtpm/certificate_index.h"
#include "vtpm/keys.h"
#include "vtpm/measure.h"
#include "vtpm/own_tpm.h"

namespace svsm::vtpm {
namespace {

using evidence::KeyTemplate;

constexpr PersistentKey kSrk = {KeyTemplate::kSrkP256, kTpmRhOwner, kSrkHandle};
constexpr PersistentKey kAk = {KeyTemplate::kAkP256, kTpmRhEndorsement, kAkHandle};

// PCRs from here on can be reset by a guest.
constexpr std::uint32_t kFirstResettablePcr = 16;

std::uint32_t EkHandle(KeyTemplate id) {
  switch (id) {
    case KeyTemplate::kEkRsa2048:
      return kEkRsa2048Handle;
    case KeyTemplate::kEkP256:
      return kEkP256Handle;
    default:
      return kEkP384Handle;
  }
}

Status BadArgument(std::uint32_t which) {
  return Status(Code::kInvalidArgument, Source::kVtpm, which);
}

Status CheckArguments(const ManufactureOptions& options, const ManufactureHashes& hashes) {
  if (options.banks == 0 || (options.banks & ~kAllPcrBanks) != 0) return BadArgument(1);
  if (options.measurement_pcr >= kFirstResettablePcr) return BadArgument(2);
  if (options.launch_digest.size() > kMaxMeasuredDigest ||
      options.manifest_digest.size() > kMaxMeasuredDigest) {
    return BadArgument(3);
  }
  if (hashes.sha256.algorithm() != crypto::HashAlg::kSha256 ||
      hashes.sha384.algorithm() != crypto::HashAlg::kSha384 ||
      hashes.sha512.algorithm() != crypto::HashAlg::kSha512) {
    return BadArgument(4);
  }
  return OkStatus();
}

Status CheckReportSize(std::size_t report_size) {
  if (report_size == 0 || report_size > kMaxEkCertificate) {
    return Status(Code::kOutOfRange, Source::kVtpm, static_cast<std::uint32_t>(report_size));
  }
  return OkStatus();
}

class Manufacturing {
 public:
  // `attester` may be null: no reports then.
  Manufacturing(Engine& engine, Attester* attester, const ManufactureHashes& hashes,
                const ManufactureOptions& options, ManufactureWorkspace& workspace,
                ManufacturedVtpm& vtpm)
      : engine_(engine),
        attester_(attester),
        hashes_(hashes),
        options_(options),
        workspace_(workspace),
        vtpm_(vtpm),
        tpm_(engine, workspace.command, workspace.response) {}

  Status Run() {
    Reset();
    // The first time the TPM may wake up from a stored volatile state, which is deleted by that.
    SVSM_TRY(engine_.PowerOn(StoredVolatile::kDelete));
    SVSM_TRY(Boot());
    SVSM_TRY(SetUpBanks());
    SVSM_TRY(MakeKeys());
    if (attester_ == nullptr) return OkStatus();
    for (EkOutcome& ek : vtpm_.eks) SVSM_TRY(Certify(ek));
    return Measure();
  }

 private:
  // Field by field: a temporary of this size is too large for a firmware's stack.
  void Reset() {
    vtpm_.was_new = false;
    vtpm_.banks = 0;
    vtpm_.has_srk = false;
    vtpm_.has_ak = false;
    vtpm_.event_log_size = 0;
    for (std::size_t i = 0; i < vtpm_.eks.size(); ++i) {
      EkOutcome& ek = vtpm_.eks[i];
      ek.id = evidence::kEkTemplates[i];
      ek.handle = EkHandle(ek.id);
      ek.certificate_index = evidence::EkCertificateIndex(ek.id);
      ek.state = EkState::kAbsent;
      ek.has_certificate = false;
      ek.response_code = kTpmRcSuccess;
      ek.public_area_size = 0;
    }
  }

  Status Boot() {
    SVSM_TRY(engine_.PowerOn(StoredVolatile::kDelete));
    return tpm_.Must(BuildStartup(StartupKind::kClear, tpm_.command_buffer()));
  }

  Result<PcrBanks> ReadBanks() {
    SVSM_ASSIGN_OR_RETURN(const ByteView response,
                          tpm_.Ask(BuildGetPcrBanks(tpm_.command_buffer())));
    return ParseGetPcrBanks(response);
  }

  Status SetUpBanks() {
    vtpm_.was_new = true;
    for (const EkOutcome& ek : vtpm_.eks) {
      SVSM_ASSIGN_OR_RETURN(const bool known, HasIndex(tpm_, ek.certificate_index));
      if (known) vtpm_.was_new = false;
    }
    SVSM_ASSIGN_OR_RETURN(vtpm_.banks, ReadBanks());
    if (!vtpm_.was_new || vtpm_.banks == options_.banks) return OkStatus();
    SVSM_ASSIGN_OR_RETURN(const ByteView response,
                          tpm_.Ask(BuildPcrAllocate(options_.banks, tpm_.command_buffer())));
    SVSM_ASSIGN_OR_RETURN(const bool fits, ParsePcrAllocate(response));
    SVSM_TRY(Boot());
    SVSM_ASSIGN_OR_RETURN(vtpm_.banks, ReadBanks());
    if (!fits || vtpm_.banks != options_.banks) {
      return Status(Code::kUnsupported, Source::kVtpm, vtpm_.banks);
    }
    return OkStatus();
  }

  Status MakeKeys() {
    for (EkOutcome& ek : vtpm_.eks) {
      SVSM_ASSIGN_OR_RETURN(
          const KeyOutcome outcome,
          EnsureKey(tpm_, hashes_, {ek.id, kTpmRhEndorsement, ek.handle}, ek.public_area));
      ek.state = outcome.state;
      ek.response_code = outcome.response_code;
      ek.public_area_size = outcome.public_size;
    }
    SVSM_ASSIGN_OR_RETURN(const KeyOutcome srk, EnsureKey(tpm_, hashes_, kSrk, workspace_.report));
    vtpm_.has_srk = srk.state != EkState::kAbsent;
    SVSM_ASSIGN_OR_RETURN(const KeyOutcome ak, EnsureKey(tpm_, hashes_, kAk, workspace_.report));
    vtpm_.has_ak = ak.state != EkState::kAbsent;
    return OkStatus();
  }

  Status Certify(EkOutcome& ek) {
    if (ek.state == EkState::kAbsent) {
      // What an earlier boot wrote there would vouch for a key that is not there.
      return RemoveIndex(tpm_, ek.certificate_index).status();
    }
    SVSM_ASSIGN_OR_RETURN(const evidence::ReportData data,
                          evidence::EkReportData(hashes_.sha512, ek.tpm2b_public()));
    SVSM_ASSIGN_OR_RETURN(const AttestationSizes sizes,
                          attester_->Attest(data, workspace_.report, {}));
    if (sizes.report_bytes == 0 || sizes.report_bytes > kMaxEkCertificate) {
      return Status(Code::kOutOfRange, Source::kVtpm,
                    static_cast<std::uint32_t>(sizes.report_bytes));
    }
    const ByteView report = ByteView(workspace_.report).first(sizes.report_bytes);
    SVSM_ASSIGN_OR_RETURN(ek.response_code, WriteCertificate(tpm_, ek.certificate_index, report));
    ek.has_certificate = ek.response_code == kTpmRcSuccess;
    return OkStatus();
  }

  Status Measure() {
    wire::Writer log(vtpm_.event_log_bytes);
    if (!options_.launch_digest.empty()) {
      SVSM_TRY(MeasureDigest(tpm_, options_.measurement_pcr, kLaunchDigestEvent,
                             options_.launch_digest, vtpm_.banks, log));
    }
    if (!options_.manifest_digest.empty()) {
      SVSM_TRY(MeasureDigest(tpm_, options_.measurement_pcr, kManifestDigestEvent,
                             options_.manifest_digest, vtpm_.banks, log));
    }
    SVSM_ASSIGN_OR_RETURN(const ByteView written, log.Finish());
    vtpm_.event_log_size = written.size();
    return OkStatus();
  }

  Engine& engine_;
  Attester* attester_;
  const ManufactureHashes& hashes_;
  const ManufactureOptions& options_;
  ManufactureWorkspace& workspace_;
  ManufacturedVtpm& vtpm_;
  OwnTpm tpm_;
};

}  // namespace

Status Manufacture(Engine& engine, Attester& attester, const ManufactureHashes& hashes,
                   const ManufactureOptions& options, ManufactureWorkspace& workspace,
                   ManufacturedVtpm& vtpm) {
  SVSM_TRY(CheckArguments(options, hashes));
  SVSM_TRY(CheckReportSize(attester.Sizes().report_bytes));
  return Manufacturing(engine, &attester, hashes, options, workspace, vtpm).Run();
}

Status ManufactureKeys(Engine& engine, const ManufactureHashes& hashes,
                       const ManufactureOptions& options, ManufactureWorkspace& workspace,
                       ManufacturedVtpm& vtpm) {
  SVSM_TRY(CheckArguments(options, hashes));
  return Manufacturing(engine, nullptr, hashes, options, workspace, vtpm).Run();
}

}  // namespace svsm::vtpm
