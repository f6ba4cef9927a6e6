// svsm/kbs/grant.h: what a broker releases in our own mode: not a bare key, but a record that says
// whose key it is, for which boot, and has room for more.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView text, EncodeGrant(grant, buffer));     // the broker
//
//   Grant grant;
//   SVSM_TRY(DecodeGrant(plaintext, grant));                                    // the SVSM
//   Secret<kRootKeySize> root_key;
//   SVSM_TRY(DeriveRootKey(hmac_sha256, grant, root_key.writable()));
//
// A grant is the plaintext of a JWE and authentic by the broker's signature around it. Layout, all
// little-endian: label "svsm-grant" and zeros, 16 bytes; u32 version = 1; u32 size of all; then
// records, each u16 type, u16 size, bytes, with types that grow. Types below 8000h are critical: a
// reader that does not know one refuses the grant. From 8000h on they may be ignored.
//
//   1 key seed, 32 bytes   2 vm id, 16   3 boot number, u64   4 resource, 1 to 256 characters
//
// Types 5 to 15 are set aside for a rollback ledger: mode, loss window, head, generation, request
// id, session key.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure; an Hmac is used by one
// thread.
#ifndef SVSM_KBS_GRANT_H_
#define SVSM_KBS_GRANT_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/status.h"
#include "svsm/crypto/hmac.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {

inline constexpr std::uint32_t kGrantVersion = 1;
inline constexpr std::size_t kKeySeedSize = 32;
inline constexpr std::size_t kVmIdSize = 16;
inline constexpr std::size_t kRootKeySize = 32;
// Bytes of a grant that EncodeGrant() makes, and that any reader takes.
inline constexpr std::size_t kGrantSize =
    24 + 4 * 4 + kKeySeedSize + kVmIdSize + 8 + kMaxResourceSize;
inline constexpr std::size_t kMaxGrantSize = 1024;

enum class GrantRecord : std::uint16_t {
  kKeySeed = 1,
  kVmId = 2,
  kBootNumber = 3,
  kResource = 4,
  kFirstIgnorable = 0x8000,
};

struct Grant {
  Secret<kKeySeedSize> key_seed;  // the same at each boot of this guest
  Bytes<kVmIdSize> vm_id{};       // the guest, to the broker
  BootNumber boot;
  ByteView resource;  // its name; a view of what was decoded
};

// Errors: kInvalidArgument (detail = kMaxResourceSize: no resource, or a longer one),
// kBufferTooSmall (detail = bytes needed). `out` holds the key seed: wipe it.
[[nodiscard]] Result<ByteView> EncodeGrant(const Grant& grant, ByteSpan out);

// Errors: kMalformed (detail = offset; no grant, a record missing, twice, out of order or of
// another size), kTruncated (detail = offset), kOutOfRange (detail = kMaxGrantSize; more bytes),
// kUnsupported (detail = offset; another version, or a critical record that is not known). No key
// seed is in `grant` then.
[[nodiscard]] Status DecodeGrant(ByteView bytes, Grant& grant);

// The root key of the guest's storage: KDFa(HMAC-SHA-256, key seed, "svsm root key 1", vm id,
// resource). It is the same at each boot; further keys of a later version have other labels.
// Errors: kInvalidArgument (another hash), and the Hmac's; `root_key` is zero then.
[[nodiscard]] Status DeriveRootKey(crypto::Hmac& hmac_sha256, const Grant& grant,
                                   FixedSpan<kRootKeySize> root_key);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_GRANT_H_
