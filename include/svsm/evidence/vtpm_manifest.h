// svsm/evidence/vtpm_manifest.h: the vTPM's manifest in version 1: a list of its public keys.
//
//   Bytes<2048> buffer;
//   const ByteView keys[] = {ek_tpm2b_public, ak_tpm2b_public};
//   SVSM_ASSIGN_OR_RETURN(const ByteView manifest, BuildVtpmManifestV1(keys, buffer));
//
//   std::array<ByteView, kMaxManifestKeys> slots;
//   SVSM_ASSIGN_OR_RETURN(const auto listed, ParseVtpmManifestV1(manifest, slots));
//
// u32 version (1), u32 number of keys, then each key's TPM2B_PUBLIC; all numbers big-endian.
// Version 0 is the TPMT_PUBLIC of the EK alone (protocol/manifest.h). That a key is listed says
// that the vTPM vouches for its public area, not what the key may do: match an EK against its
// template (ek_template.h), and read an AK's attributes.
//
// Spec: AMD 58019, draft of version 1.01, "vTPM protocol", as its first users write and read it:
// at least two keys (an EK and an AK), nothing behind the last.
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_EVIDENCE_VTPM_MANIFEST_H_
#define SVSM_EVIDENCE_VTPM_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::evidence {

inline constexpr std::uint32_t kVtpmManifestV1 = 1;
inline constexpr std::size_t kMinManifestKeys = 2;
inline constexpr std::size_t kMaxManifestKeys = 16;

// Writes the manifest of these keys, each a TPM2B_PUBLIC, to the start of `out` and gives a view of
// it. Errors: kOutOfRange (detail = number of keys; less than kMinManifestKeys or more than
// kMaxManifestKeys), kInvalidArgument (detail = index of the first key that ParseTpm2bPublic()
// refuses or that was there before), kBufferTooSmall (detail = bytes needed); `out` is then not to
// be used.
[[nodiscard]] Result<ByteView> BuildVtpmManifestV1(std::span<const ByteView> keys, ByteSpan out);

// Reads a manifest. The result is the used part of `slots`: the TPM2B_PUBLIC of each key, as views
// of `in`. Strict: what BuildVtpmManifestV1() could have made is accepted, and nothing else.
// Errors, from Source::kCore but the last two: kTruncated and kMalformed (detail = offset: ends
// early, another version, a number of keys outside the bounds, a public area that is not one or
// that was there before, bytes left over), kUnsupported (as ParseTpm2bPublic() says of a key),
// kOutOfMemory (detail = slots needed).
[[nodiscard]] Result<std::span<ByteView>> ParseVtpmManifestV1(ByteView in,
                                                              std::span<ByteView> slots);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_VTPM_MANIFEST_H_
