// svsm/vtpm/state_envelope.h: the form in which a TPM's state blobs travel between servers:
// swtpm's, in the clear.
//
//   version 1 (2) | least version 1 (1) | header size 2 (10) | flags 2 (4) | total 4
//   tag 2 (4, migration data) | length 4 | { tag 2 (1, data) | length 4 | state }
//
// All big-endian. What is inside is as secret as the TPM; who sends it protects the channel.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_VTPM_STATE_ENVELOPE_H_
#define SVSM_VTPM_STATE_ENVELOPE_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::vtpm {

// Bytes that the envelope adds.
inline constexpr std::size_t kStateEnvelopeSize = 22;

// Puts `state` into its envelope, at the start of `out`. Errors: kBufferTooSmall (detail = bytes
// needed).
Result<ByteView> WrapState(ByteView state, ByteSpan out);

// The state in an envelope, a view of `blob`. Errors: kTruncated and kMalformed (detail = offset),
// kUnsupported (a least version above 2, or an encrypted blob; detail = the version or the flags).
Result<ByteView> UnwrapState(ByteView blob);

// The state in a file of swtpm's state folder, a view of `file`: the same without the outer tag.
// Errors: as UnwrapState().
Result<ByteView> UnwrapStateFile(ByteView file);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_STATE_ENVELOPE_H_
