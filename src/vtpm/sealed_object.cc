#include "svsm/vtpm/sealed_object.h"

#include "svsm/core/wire.h"
#include "svsm/core/writer.h"
#include "svsm/evidence/attest.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/responses.h"
#include "vtpm/measure.h"
#include "vtpm/own_tpm.h"

namespace svsm::vtpm {
namespace {

using evidence::TpmAlg;

// TPM_ALG_KEYEDHASH.
constexpr std::uint16_t kKeyedHash = 0x0008;
constexpr std::uint8_t kSizeOfSelect = 3;

Status BadArgument(std::uint32_t which) {
  return Status(Code::kInvalidArgument, Source::kVtpm, which);
}

Status CheckPcrs(TpmAlg bank, std::span<const PredictedPcr> pcrs) {
  const std::size_t size = evidence::TpmDigestSize(bank);
  if (size == 0) return BadArgument(2);
  if (pcrs.empty()) return BadArgument(3);
  std::uint32_t next = 0;
  for (const PredictedPcr& pcr : pcrs) {
    if (pcr.pcr < next || pcr.pcr >= evidence::kNumPcrs) return BadArgument(4);
    if (pcr.value.size() != size) return BadArgument(5);
    next = pcr.pcr + 1;
  }
  return OkStatus();
}

// TPMT_PUBLIC of data that wants `policy`.
Result<ByteView> BuildSealedPublic(ByteView policy, ByteSpan out) {
  wire::Writer w(out);
  w.Be16(kKeyedHash);
  w.Be16(static_cast<std::uint16_t>(TpmAlg::kSha256));
  w.Be32(evidence::kTpmaFixedTpm | evidence::kTpmaFixedParent | evidence::kTpmaAdminWithPolicy |
         evidence::kTpmaNoDa);
  w.PutBe16Sized(policy);
  w.Be16(static_cast<std::uint16_t>(TpmAlg::kNull));  // scheme
  w.Be16(0);                                          // unique
  return w.Finish();
}

// Extends, as a TPM does, the tagged event {id, digest} into `value`.
Status ExtendEvent(const crypto::Hash& hash, std::uint32_t id, ByteView digest, ByteSpan value) {
  if (digest.empty()) return OkStatus();
  Bytes<kMaxMeasuredEvent> buffer;
  SVSM_ASSIGN_OR_RETURN(const ByteView event, BuildMeasuredEvent(id, digest, buffer));
  Bytes<crypto::kMaxDigestSize> measured;
  Bytes<crypto::kMaxDigestSize> extended;
  const ByteSpan event_digest = ByteSpan(measured).first(value.size());
  const ByteSpan result = ByteSpan(extended).first(value.size());
  SVSM_TRY(hash.Digest(event, event_digest));
  const ByteView parts[] = {value, event_digest};
  SVSM_TRY(hash.Digest(parts, result));
  Copy(value, result);
  return OkStatus();
}

Status Seal(OwnTpm& tpm, const SealRequest& request, ByteView policy) {
  Bytes<64> area;
  SVSM_ASSIGN_OR_RETURN(const ByteView tmpl, BuildSealedPublic(policy, area));
  SVSM_ASSIGN_OR_RETURN(
      const ByteView response,
      tpm.Ask(BuildCreateLoaded(request.parent, request.secret, tmpl, tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(const CreateLoadedResponse made, ParseCreateLoaded(response));
  const std::uint32_t object = made.handle;
  const Status kept =
      tpm.Must(BuildEvictControl(kTpmRhOwner, object, request.handle, tpm.command_buffer()));
  SVSM_TRY(tpm.Must(BuildFlushContext(object, tpm.command_buffer())));
  return kept;
}

}  // namespace

Status PcrPolicy(const crypto::Hash& sha256, TpmAlg bank, std::span<const PredictedPcr> pcrs,
                 FixedSpan<crypto::kSha256Size> policy) {
  Fill(policy, 0);
  if (sha256.algorithm() != crypto::HashAlg::kSha256) return BadArgument(1);
  SVSM_TRY(CheckPcrs(bank, pcrs));
  std::array<ByteView, evidence::kNumPcrs> values;
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < pcrs.size(); ++i) {
    values[i] = pcrs[i].value;
    mask |= std::uint32_t{1} << pcrs[i].pcr;
  }
  Bytes<crypto::kSha256Size> digest;
  SVSM_TRY(sha256.Digest(std::span(values).first(pcrs.size()), digest));

  // The digest of a fresh session, the command's code, the selection, and the PCRs' digest.
  Bytes<64> buffer;
  wire::Writer w(buffer);
  w.Be32(static_cast<std::uint32_t>(TpmCommand::kPolicyPcr));
  w.Be32(1);
  w.Be16(static_cast<std::uint16_t>(bank));
  w.U8(kSizeOfSelect);
  for (std::uint32_t i = 0; i < kSizeOfSelect; ++i)
    w.U8(static_cast<std::uint8_t>(mask >> (8 * i)));
  w.Put(digest);
  SVSM_ASSIGN_OR_RETURN(const ByteView rest, w.Finish());
  const Bytes<crypto::kSha256Size> fresh{};
  const ByteView parts[] = {fresh, rest};
  return sha256.Digest(parts, policy);
}

Status PredictMeasurementPcr(const crypto::Hash& hash, ByteView launch_digest,
                             ByteView manifest_digest, ByteSpan value) {
  Fill(value, 0);
  for (const ByteView digest : {launch_digest, manifest_digest}) {
    if (digest.size() > kMaxMeasuredDigest) {
      return Status(Code::kOutOfRange, Source::kVtpm, static_cast<std::uint32_t>(digest.size()));
    }
  }
  Status status = ExtendEvent(hash, kLaunchDigestEvent, launch_digest, value);
  if (status.ok()) status = ExtendEvent(hash, kManifestDigestEvent, manifest_digest, value);
  if (!status.ok()) Fill(value, 0);
  return status;
}

Status SealToPcrs(Engine& engine, const crypto::Hash& sha256, const SealRequest& request,
                  ManufactureWorkspace& workspace) {
  if (request.secret.empty() || request.secret.size() > kMaxSealedSecret) {
    return Status(Code::kOutOfRange, Source::kVtpm,
                  static_cast<std::uint32_t>(request.secret.size()));
  }
  Bytes<crypto::kSha256Size> policy;
  SVSM_TRY(PcrPolicy(sha256, request.bank, request.pcrs, policy));
  OwnTpm tpm(engine, workspace.command, workspace.response);
  const Status status = Seal(tpm, request, policy);
  Wipe(workspace.command);
  return status;
}

}  // namespace svsm::vtpm
