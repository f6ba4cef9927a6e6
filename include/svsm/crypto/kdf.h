// svsm/crypto/kdf.h: keys from keys and shared secrets, with the functions that TPMs and JOSE use.
//
//   constexpr auto kLabel = Ascii("STORAGE");
//   SVSM_TRY(KdfA(hmac, seed, kLabel, name, ByteView(), key.writable()));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure; an Hmac is used by one
// thread.
#ifndef SVSM_CRYPTO_KDF_H_
#define SVSM_CRYPTO_KDF_H_

#include <cstddef>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"

namespace svsm::crypto {

// Parts of a fixed input or OtherInfo in one call.
inline constexpr std::size_t kMaxKdfParts = 8;
// Bytes of output in one call, so that their number of bits fits 32 bits.
inline constexpr std::size_t kMaxKdfOutputSize = (std::size_t{1} << 29) - 1;

// All of these fill `out`, however long. Errors: kInvalidArgument (more than kMaxKdfParts parts, or
// than kMaxKdfOutputSize bytes), and those of the primitive; `out` is zero then.

// The counter mode of SP 800-108 over HMAC with a 32-bit counter in front: the concatenation of
// HMAC(key, i || fixed input) for i = 1, 2, ... Keys `hmac` anew and wipes it.
Status KbkdfCounter(Hmac& hmac, ByteView key, std::span<const ByteView> fixed_input, ByteSpan out);

// KDFa of the TPM 2.0 Library, Part 1, 11.4.10.2 (SP 800-108 with label || 00 || contextU ||
// contextV || bits). `label` is without its terminating NUL, which is added here; the number of
// bits is out.size() * 8. Keys `hmac` anew and wipes it.
Status KdfA(Hmac& hmac, ByteView key, ByteView label, ByteView context_u, ByteView context_v,
            ByteSpan out);

// The same two with an `hmac` that has the key already, and keeps it: for who derives many keys
// from one. Errors: also kFailedPrecondition (it has none).
Status KbkdfCounter(Hmac& hmac, std::span<const ByteView> fixed_input, ByteSpan out);
Status KdfA(Hmac& hmac, ByteView label, ByteView context_u, ByteView context_v, ByteSpan out);

// The one-step (concatenation) KDF of SP 800-56A rev. 3, 5.8.1 and SP 800-56C: the concatenation of
// Hash(i || z || other info) for i = 1, 2, ... JOSE's ECDH-ES gives AlgorithmID, PartyUInfo,
// PartyVInfo and SuppPubInfo as parts, with their own length prefixes (RFC 7518, 4.6.2); a TPM's
// KDFe gives use || 00, PartyU.x and PartyV.x.
Status ConcatKdf(const Hash& hash, ByteView z, std::span<const ByteView> other_info, ByteSpan out);

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_KDF_H_
