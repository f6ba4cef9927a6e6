#include "svsm/evidence/vtpm_manifest.h"

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::evidence {
namespace {

Status Refused(Code code, std::size_t detail) {
  return Status(code, Source::kEvidence, static_cast<std::uint32_t>(detail));
}

bool InBounds(std::size_t count) { return count >= kMinManifestKeys && count <= kMaxManifestKeys; }

bool IsListed(std::span<const ByteView> keys, ByteView key) {
  for (const ByteView each : keys) {
    if (Equal(each, key)) return true;
  }
  return false;
}

// The next TPM2B_PUBLIC of `in`. What is wrong in it is told by its offset in the whole.
ByteView ReadKey(ByteView in, wire::Reader& r) {
  const std::size_t at = r.offset();
  const ByteView tpmt = r.TakeBe16Sized();
  if (!r.ok()) return {};
  const Status status = ParseTpmtPublic(tpmt).status();
  if (status.code() == Code::kTruncated || status.code() == Code::kMalformed) {
    const std::size_t offset = at + 2 + status.detail();
    r.Fail(Status(status.code(), status.source(), static_cast<std::uint32_t>(offset)));
  } else if (!status.ok()) {
    r.Fail(status);
  }
  return in.subspan(at, 2 + tpmt.size());
}

}  // namespace

Result<ByteView> BuildVtpmManifestV1(std::span<const ByteView> keys, ByteSpan out) {
  if (!InBounds(keys.size())) return Refused(Code::kOutOfRange, keys.size());
  wire::Writer w(out);
  w.Be32(kVtpmManifestV1);
  w.Be32(static_cast<std::uint32_t>(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!ParseTpm2bPublic(keys[i]).ok() || IsListed(keys.first(i), keys[i])) {
      return Refused(Code::kInvalidArgument, i);
    }
    w.Put(keys[i]);
  }
  return w.Finish();
}

Result<std::span<ByteView>> ParseVtpmManifestV1(ByteView in, std::span<ByteView> slots) {
  wire::Reader r(in);
  const std::uint32_t version = r.Be32();
  if (r.ok() && version != kVtpmManifestV1) return Status(Code::kMalformed, Source::kCore, 0);
  const std::size_t count = r.Be32();
  if (r.ok() && !InBounds(count)) return Status(Code::kMalformed, Source::kCore, 4);
  if (r.ok() && slots.size() < count) return Refused(Code::kOutOfMemory, count);
  for (std::size_t i = 0; r.ok() && i < count; ++i) {
    const std::size_t at = r.offset();
    slots[i] = ReadKey(in, r);
    if (r.ok() && IsListed(slots.first(i), slots[i])) {
      r.Fail(Status(Code::kMalformed, Source::kCore, static_cast<std::uint32_t>(at)));
    }
  }
  SVSM_TRY(r.Finish());
  return slots.first(count);
}

}  // namespace svsm::evidence
