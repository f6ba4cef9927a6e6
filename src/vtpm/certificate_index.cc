#include "vtpm/certificate_index.h"

#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/manufacture.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {
namespace {

// Bytes of a NvWrite command besides the data, rounded up.
constexpr std::size_t kNvWriteOverhead = 64;

// Whether the index is there as we define it, and not locked.
Result<bool> IsOurs(OwnTpm& tpm, const NvPublic& wanted) {
  SVSM_ASSIGN_OR_RETURN(const ByteView response,
                        tpm.Ask(BuildNvReadPublic(wanted.index, tpm.command_buffer())));
  Result<NvPublic> found = ParseNvReadPublic(response);
  if (found.status().code() == Code::kUnsupported) return false;  // it has a policy
  SVSM_TRY(found.status());
  found->attributes &= ~kNvWritten;
  return *found == wanted;
}

Status WriteChunks(OwnTpm& tpm, std::uint32_t index, ByteView content) {
  SVSM_ASSIGN_OR_RETURN(const ByteView response,
                        tpm.Ask(BuildGetNvBufferMax(tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(std::size_t chunk, ParseGetNvBufferMax(response));
  if (chunk > kMaxTpmBuffer - kNvWriteOverhead) chunk = kMaxTpmBuffer - kNvWriteOverhead;
  if (chunk == 0) return Status(Code::kInternal, Source::kVtpm);
  for (std::size_t at = 0; at < content.size(); at += chunk) {
    const std::size_t left = content.size() - at;
    SVSM_TRY(tpm.Must(BuildNvWrite(index, content.subspan(at, left < chunk ? left : chunk),
                                   static_cast<std::uint16_t>(at), tpm.command_buffer())));
  }
  return OkStatus();
}

}  // namespace

Result<bool> HasIndex(OwnTpm& tpm, std::uint32_t index) {
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t code,
                        tpm.AskCode(BuildNvReadPublic(index, tpm.command_buffer())));
  if (code != kTpmRcSuccess && code != kTpmRcHandle1) {
    return Status(Code::kFailedPrecondition, Source::kVtpm, code);
  }
  return code == kTpmRcSuccess;
}

Result<std::uint32_t> RemoveIndex(OwnTpm& tpm, std::uint32_t index) {
  return tpm.AskCode(BuildNvUndefineSpace(index, tpm.command_buffer()));
}

Result<std::uint32_t> WriteCertificate(OwnTpm& tpm, std::uint32_t index, ByteView content) {
  const NvPublic wanted{index, evidence::TpmAlg::kSha256, kEkCertificateAttributes,
                        static_cast<std::uint16_t>(content.size())};
  SVSM_ASSIGN_OR_RETURN(const bool there, HasIndex(tpm, index));
  bool ours = false;
  if (there) {
    SVSM_ASSIGN_OR_RETURN(ours, IsOurs(tpm, wanted));
    if (!ours) {
      SVSM_ASSIGN_OR_RETURN(const std::uint32_t refused, RemoveIndex(tpm, index));
      if (refused != kTpmRcSuccess) return refused;
    }
  }
  if (!ours) SVSM_TRY(tpm.Must(BuildNvDefineSpace(wanted, tpm.command_buffer())));
  SVSM_TRY(WriteChunks(tpm, index, content));
  SVSM_TRY(tpm.Must(BuildNvWriteLock(index, tpm.command_buffer())));
  return kTpmRcSuccess;
}

}  // namespace svsm::vtpm
