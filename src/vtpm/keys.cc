#include "vtpm/keys.h"

#include "svsm/core/wire.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {
namespace {

using evidence::TpmName;
using evidence::TpmPublic;

// Whether a public area equals the template in everything but `unique`. `scratch` holds
// kMaxTpmPublicSize bytes.
bool MatchesTemplate(evidence::KeyTemplate id, ByteView tpm2b_public, ByteSpan scratch) {
  const Result<TpmPublic> found = evidence::ParseTpm2bPublic(tpm2b_public);
  if (!found.ok()) return false;
  TpmPublic wanted = evidence::TemplatePublic(id);
  wanted.modulus = found->modulus;
  wanted.x = found->x;
  wanted.y = found->y;
  const Result<ByteView> built = evidence::BuildTpm2bPublic(wanted, scratch);
  return built.ok() && Equal(*built, tpm2b_public);
}

// Whether the TPM says that the key is a primary key of the hierarchy: only then does it come from
// the hierarchy's own seed and from nothing that a guest loaded.
Result<bool> IsPrimary(const ManufactureHashes& hashes, const ReadPublicResponse& found,
                       evidence::TpmAlg name_alg, std::uint32_t hierarchy) {
  const crypto::Hash& hash = name_alg == evidence::TpmAlg::kSha384 ? hashes.sha384 : hashes.sha256;
  SVSM_ASSIGN_OR_RETURN(const TpmName name,
                        evidence::ComputeName(hash, evidence::Tpm2bContents(found.tpm2b_public)));
  const auto parent = wire::ToBytes(wire::Be32(hierarchy));
  SVSM_ASSIGN_OR_RETURN(const TpmName qualified,
                        evidence::ComputeQualifiedName(hash, parent, name.view()));
  return Equal(name.view(), found.name) && Equal(qualified.view(), found.qualified_name);
}

// Size of the key's public area, then in `public_area`; 0 if it is another key.
Result<std::size_t> Accept(ByteView response, const ManufactureHashes& hashes,
                           const PersistentKey& key, ByteSpan public_area) {
  SVSM_ASSIGN_OR_RETURN(const ReadPublicResponse found, ParseReadPublic(response));
  if (!MatchesTemplate(key.id, found.tpm2b_public, public_area)) return std::size_t{0};
  SVSM_ASSIGN_OR_RETURN(
      const bool primary,
      IsPrimary(hashes, found, evidence::TemplatePublic(key.id).name_alg, key.hierarchy));
  if (!primary) return std::size_t{0};
  Copy(public_area, found.tpm2b_public);
  return found.tpm2b_public.size();
}

// Makes the key and keeps it at its handle; its size is left for the caller to read.
Result<KeyOutcome> Create(OwnTpm& tpm, const PersistentKey& key, ByteSpan scratch) {
  SVSM_ASSIGN_OR_RETURN(const ByteView tmpl,
                        evidence::BuildTpmtPublic(evidence::TemplatePublic(key.id), scratch));
  SVSM_ASSIGN_OR_RETURN(const ByteView response,
                        tpm.Ask(BuildCreatePrimary(key.hierarchy, tmpl, tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t refused, ResponseCode(response));
  if (refused != kTpmRcSuccess) return KeyOutcome{EkState::kAbsent, refused, 0};
  SVSM_ASSIGN_OR_RETURN(const CreatePrimaryResponse made, ParseCreatePrimary(response));
  const std::uint32_t object = made.handle;
  SVSM_ASSIGN_OR_RETURN(
      const std::uint32_t kept,
      tpm.AskCode(BuildEvictControl(kTpmRhOwner, object, key.handle, tpm.command_buffer())));
  SVSM_TRY(tpm.Must(BuildFlushContext(object, tpm.command_buffer())));
  return KeyOutcome{kept == kTpmRcSuccess ? EkState::kCreated : EkState::kAbsent, kept, 0};
}

}  // namespace

Result<KeyOutcome> EnsureKey(OwnTpm& tpm, const ManufactureHashes& hashes, const PersistentKey& key,
                             ByteSpan public_area) {
  KeyOutcome outcome{EkState::kFound, kTpmRcSuccess, 0};
  SVSM_ASSIGN_OR_RETURN(ByteView response,
                        tpm.Ask(BuildReadPublic(key.handle, tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t missing, ResponseCode(response));
  if (missing == kTpmRcSuccess) {
    SVSM_ASSIGN_OR_RETURN(outcome.public_size, Accept(response, hashes, key, public_area));
    if (outcome.public_size != 0) return outcome;
    SVSM_ASSIGN_OR_RETURN(
        const std::uint32_t kept,
        tpm.AskCode(BuildEvictControl(kTpmRhOwner, key.handle, key.handle, tpm.command_buffer())));
    if (kept != kTpmRcSuccess) return KeyOutcome{EkState::kAbsent, kept, 0};
  }
  SVSM_ASSIGN_OR_RETURN(outcome, Create(tpm, key, public_area));
  if (outcome.state != EkState::kCreated) return outcome;
  SVSM_ASSIGN_OR_RETURN(response, tpm.Ask(BuildReadPublic(key.handle, tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(outcome.public_size, Accept(response, hashes, key, public_area));
  // A TPM that makes another key than it was asked for is not one to vouch for.
  if (outcome.public_size == 0) return Status(Code::kInternal, Source::kVtpm, key.handle);
  return outcome;
}

}  // namespace svsm::vtpm
