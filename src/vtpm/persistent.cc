#include "svsm/vtpm/persistent.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint8_t kVersion = 1;

Status Bad(Code code, std::uint32_t detail) { return Status(code, Source::kVtpm, detail); }

}  // namespace

Result<bool> PersistentVtpm::Has(const char* name) {
  const Status status = store_.Size(name).status();
  if (status.code() == Code::kNotFound) return false;
  SVSM_TRY(status);
  return true;
}

Status PersistentVtpm::Discard(const char* name) {
  const Status status = store_.Remove(name);
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

// kNotFound: there is none.
Result<VtpmMarker> PersistentVtpm::ReadMarker() {
  Bytes<sizeof(VtpmMarker)> bytes{};
  const Result<std::size_t> size = store_.Read(kVtpmMarkerName, bytes);
  const bool too_large = size.status().code() == Code::kBufferTooSmall;
  if (!size.ok() && !too_large) return size.status();
  if (too_large || *size != bytes.size()) return Bad(Code::kDataLoss, kMarkerUnreadable);
  SVSM_ASSIGN_OR_RETURN(const VtpmMarker marker, wire::Read<VtpmMarker>(bytes));
  if (!Equal(marker.label, kVtpmMarkerLabel)) return Bad(Code::kDataLoss, kMarkerUnreadable);
  if (marker.version != kVersion || marker.engine_tag.get() != engine_.tag) {
    return Bad(Code::kUnsupported, std::uint32_t{marker.version} << 16 | marker.engine_tag.get());
  }
  const bool known = marker.phase == static_cast<std::uint8_t>(VtpmMarkerPhase::kBegun) ||
                     marker.phase == static_cast<std::uint8_t>(VtpmMarkerPhase::kWhole);
  if (!known || !Equal(marker.reserved, Bytes<12>{})) {
    return Bad(Code::kDataLoss, kMarkerUnreadable);
  }
  return marker;
}

Status PersistentVtpm::WriteMarker(VtpmMarkerPhase phase) {
  VtpmMarker marker{};
  marker.label = kVtpmMarkerLabel;
  marker.version = kVersion;
  marker.phase = static_cast<std::uint8_t>(phase);
  marker.engine_tag = engine_.tag;
  return store_.Write(kVtpmMarkerName, wire::ToBytes(marker));
}

Result<VtpmStart> PersistentVtpm::Inspect() {
  const Result<VtpmMarker> marker = ReadMarker();
  const bool none = marker.status().code() == Code::kNotFound;
  if (!marker.ok() && !none) return marker.status();
  SVSM_ASSIGN_OR_RETURN(const bool has_state, Has(engine_.permanent));
  if (none) {
    if (has_state) return Bad(Code::kFailedPrecondition, kStateWithoutMarker);
    return VtpmStart::kManufacture;
  }
  if (marker->phase == static_cast<std::uint8_t>(VtpmMarkerPhase::kBegun)) {
    return VtpmStart::kManufacture;
  }
  if (!has_state) return Bad(Code::kDataLoss, kStateGone);
  SVSM_ASSIGN_OR_RETURN(const bool suspended, Has(engine_.volatile_state));
  return suspended ? VtpmStart::kResume : VtpmStart::kLoad;
}

Result<VtpmStart> PersistentVtpm::Begin(SuspendedState suspended) {
  SVSM_ASSIGN_OR_RETURN(const VtpmStart found, Inspect());
  if (found == VtpmStart::kManufacture) {
    // The marker first: what is stored from here on counts for nothing until Finish().
    SVSM_TRY(WriteMarker(VtpmMarkerPhase::kBegun));
    SVSM_TRY(Discard(engine_.permanent));
    SVSM_TRY(Discard(engine_.save));
    SVSM_TRY(Discard(engine_.volatile_state));
    return found;
  }
  if (found == VtpmStart::kResume && suspended == SuspendedState::kDiscard) {
    SVSM_TRY(Discard(engine_.volatile_state));
    return VtpmStart::kLoad;
  }
  return found;
}

Status PersistentVtpm::Finish() {
  const Result<VtpmMarker> marker = ReadMarker();
  if (!marker.ok() && marker.status().code() != Code::kNotFound) return marker.status();
  if (!marker.ok() || marker->phase != static_cast<std::uint8_t>(VtpmMarkerPhase::kBegun)) {
    return Bad(Code::kFailedPrecondition, kNotBegun);
  }
  SVSM_ASSIGN_OR_RETURN(const bool has_state, Has(engine_.permanent));
  if (!has_state) return Bad(Code::kFailedPrecondition, kStateGone);
  return WriteMarker(VtpmMarkerPhase::kWhole);
}

}  // namespace svsm::vtpm
