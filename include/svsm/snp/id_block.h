// svsm/snp/id_block.h: who vouches for a launch, and the digest that it must have.
//
// A guest's owner gives the VMM an ID block (what is launched) and an ID authentication (the keys
// and signatures over it). The AMD-SP refuses a launch whose digest or policy differs, and reports
// name the keys' digests.
//
//   IdBlock block = MakeIdBlock(digest, IdBlockFields());
//   IdAuthentication auth{};
//   SVSM_TRY(SignIdBlock(sha384, block, id_key, &author_key, auth));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure, their keys are not.
// Spec: AMD 56860, "SNP_LAUNCH_FINISH", "ID Block Structure", "ID Authentication Information
// Structure", "Format of an ECDSA P-384 Public Key".
#ifndef SVSM_SNP_ID_BLOCK_H_
#define SVSM_SNP_ID_BLOCK_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/snp/launch_digest.h"

namespace svsm::snp {

inline constexpr std::uint32_t kIdBlockVersion = 1;
inline constexpr std::uint32_t kIdKeyAlgorithmP384 = 1;
inline constexpr std::uint32_t kIdKeyCurveP384 = 2;
// The policy of tools that ask for none: SMT allowed, ABI 0.0, bit 17 set.
inline constexpr std::uint64_t kDefaultGuestPolicy = 0x30000;

struct IdBlock {
  Bytes<kLaunchDigestSize> launch_digest;
  Bytes<16> family_id;
  Bytes<16> image_id;
  wire::Le32 version;
  wire::Le32 guest_svn;
  wire::Le64 policy;  // the policy of the launch itself
};
static_assert(wire::Struct<IdBlock> && sizeof(IdBlock) == 0x60);
static_assert(offsetof(IdBlock, launch_digest) == 0x00 && offsetof(IdBlock, family_id) == 0x30);
static_assert(offsetof(IdBlock, image_id) == 0x40 && offsetof(IdBlock, version) == 0x50);
static_assert(offsetof(IdBlock, guest_svn) == 0x54 && offsetof(IdBlock, policy) == 0x58);

// Little-endian numbers, as in reports.
struct IdSignature {
  Bytes<72> r;
  Bytes<72> s;
  Bytes<0x170> reserved;
};
static_assert(wire::Struct<IdSignature> && sizeof(IdSignature) == 0x200);
static_assert(offsetof(IdSignature, s) == 0x48 && offsetof(IdSignature, reserved) == 0x90);

struct IdPublicKey {
  wire::Le32 curve;
  Bytes<72> x;
  Bytes<72> y;
  Bytes<0x370> reserved;
};
static_assert(wire::Struct<IdPublicKey> && sizeof(IdPublicKey) == 0x404);
static_assert(offsetof(IdPublicKey, x) == 0x04 && offsetof(IdPublicKey, y) == 0x4C);
static_assert(offsetof(IdPublicKey, reserved) == 0x94);

struct IdAuthentication {
  wire::Le32 id_key_algorithm;
  wire::Le32 author_key_algorithm;  // 0 without an author key
  Bytes<56> reserved_008;
  IdSignature block_signature;  // by the ID key, over the ID block
  IdPublicKey id_key;
  Bytes<60> reserved_644;
  IdSignature id_key_signature;  // by the author key, over `id_key`
  IdPublicKey author_key;
  Bytes<892> reserved_c84;
};
static_assert(wire::Struct<IdAuthentication> && sizeof(IdAuthentication) == 0x1000);
static_assert(offsetof(IdAuthentication, author_key_algorithm) == 0x004);
static_assert(offsetof(IdAuthentication, reserved_008) == 0x008);
static_assert(offsetof(IdAuthentication, block_signature) == 0x040);
static_assert(offsetof(IdAuthentication, id_key) == 0x240);
static_assert(offsetof(IdAuthentication, reserved_644) == 0x644);
static_assert(offsetof(IdAuthentication, id_key_signature) == 0x680);
static_assert(offsetof(IdAuthentication, author_key) == 0x880);
static_assert(offsetof(IdAuthentication, reserved_c84) == 0xC84);

struct IdBlockFields {
  Bytes<16> family_id{};
  Bytes<16> image_id{};
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = kDefaultGuestPolicy;
};

IdBlock MakeIdBlock(const Bytes<kLaunchDigestSize>& launch_digest, const IdBlockFields& fields);

// Signs `block` with `id_key`, and the ID key with `author_key` unless that is null. Writes `out`,
// of caller's memory because of its size. Panics unless `sha384` is SHA-384 and keys are of P-384.
// Errors: the keys' and the hash's; `out` is zero then.
Status SignIdBlock(const crypto::Hash& sha384, const IdBlock& block, crypto::EcdsaSigner& id_key,
                   crypto::EcdsaSigner* author_key, IdAuthentication& out);

// Checks form and signatures as the AMD-SP does. Which keys are to be trusted is for the caller to
// say, by IdKeyDigest(). Panics unless `sha384` is SHA-384 and `verifier` of P-384; its key
// afterwards is one of the authentication's.
// Errors: kUnsupported (detail = offset of the field: version of the block, algorithm, curve),
// kMalformed (detail = offset in the authentication of reserved bytes or high number bytes that are
// set, or of a key that is no point), kAuthFailed (a signature), and the hash's.
Status CheckIdBlock(const crypto::Hash& sha384, const IdBlock& block, const IdAuthentication& auth,
                    crypto::EcdsaVerifier& verifier);

// SHA-384 of the key as it stands in the authentication: ID_KEY_DIGEST and AUTHOR_KEY_DIGEST of
// reports. Panics unless `sha384` is SHA-384. Errors: the hash's.
Result<Bytes<kLaunchDigestSize>> IdKeyDigest(const crypto::Hash& sha384, const IdPublicKey& key);

}  // namespace svsm::snp

#endif  // SVSM_SNP_ID_BLOCK_H_
