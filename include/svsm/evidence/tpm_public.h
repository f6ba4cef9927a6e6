// svsm/evidence/tpm_public.h: the public area of a TPM's RSA or ECC key, parsed strictly and built.
//
//   SVSM_ASSIGN_OR_RETURN(const TpmPublic key, ParseTpm2bPublic(bytes));
//   SVSM_ASSIGN_OR_RETURN(const TpmName name, ComputeName(sha256, Tpm2bContents(bytes)));
//
// What is parsed and built again gives the same bytes: there is one encoding for each value.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: TCG TPM 2.0 Library Part 2, "TPMT_PUBLIC", "TPM2B_PUBLIC"; Part 1, "Names".
#ifndef SVSM_EVIDENCE_TPM_PUBLIC_H_
#define SVSM_EVIDENCE_TPM_PUBLIC_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"
#include "svsm/evidence/tpm_alg.h"

namespace svsm::evidence {

// The largest TPM2B_PUBLIC that is accepted: RSA-4096 with a SHA-512 policy, rounded up.
inline constexpr std::size_t kMaxTpmPublicSize = 1024;

// TPMT_SYM_DEF_OBJECT. With algorithm kNull the others are absent, and 0 and kNull here.
struct TpmSymmetric {
  TpmAlg algorithm = TpmAlg::kNull;
  std::uint16_t key_bits = 0;
  TpmAlg mode = TpmAlg::kNull;
  friend constexpr bool operator==(const TpmSymmetric&, const TpmSymmetric&) = default;
};

// A signing, decryption or key-derivation scheme with its hash; with kNull (and RSAES) there is no
// hash, and `hash` is kNull.
struct TpmScheme {
  TpmAlg scheme = TpmAlg::kNull;
  TpmAlg hash = TpmAlg::kNull;
  friend constexpr bool operator==(const TpmScheme&, const TpmScheme&) = default;
};

// TPMT_PUBLIC. Views point into what was parsed, or to whatever the builder of the struct says.
struct TpmPublic {
  TpmAlg type = TpmAlg::kError;  // kRsa or kEcc
  TpmAlg name_alg = TpmAlg::kError;
  std::uint32_t attributes = 0;  // kTpma... bits
  ByteView auth_policy;          // empty, or a digest of name_alg
  TpmSymmetric symmetric;
  TpmScheme scheme;
  // RSA. The modulus is big-endian and at most key_bits / 8 bytes; empty in some templates.
  std::uint16_t key_bits = 0;
  std::uint32_t exponent = 0;  // 0 stands for 65537
  ByteView modulus;
  // ECC. Coordinates are big-endian and at most as long as the curve's; empty in some templates.
  TpmCurve curve = TpmCurve::kNone;
  TpmScheme kdf;
  ByteView x;
  ByteView y;
};

// Parses exactly these bytes. The result borrows `in`.
// Errors, each but kUnsupported from Source::kCore: kTruncated and kMalformed (detail = offset:
// ends early, goes on, reserved attribute bit, policy of a wrong size, unique larger than the key),
// kUnsupported (detail = the TPM's number of what is unknown: key type, name hash, scheme, cipher,
// mode, curve, or the RSA key size in bits).
[[nodiscard]] Result<TpmPublic> ParseTpmtPublic(ByteView in);
// The same behind its 16-bit size, which must name all that follows; offsets count from the size.
[[nodiscard]] Result<TpmPublic> ParseTpm2bPublic(ByteView in);

// The TPMT_PUBLIC in a TPM2B_PUBLIC that was parsed: all but the size.
inline ByteView Tpm2bContents(ByteView tpm2b) { return tpm2b.subspan(2); }

// Writes TPMT_PUBLIC or TPM2B_PUBLIC to the start of `out` and gives a view of it.
// Errors: kBufferTooSmall (detail = bytes needed), kInvalidArgument (a value that parsing would
// refuse); `out` is then not to be used.
[[nodiscard]] Result<ByteView> BuildTpmtPublic(const TpmPublic& key, ByteSpan out);
[[nodiscard]] Result<ByteView> BuildTpm2bPublic(const TpmPublic& key, ByteSpan out);

// The Name of an object: its name hash's number and the digest of its TPMT_PUBLIC.
struct TpmName {
  Bytes<2 + crypto::kMaxDigestSize> bytes{};
  std::size_t size = 0;
  ByteView view() const { return ByteView(bytes).first(size); }
};

// Of the bytes of a TPMT_PUBLIC, with the hash that they name.
// Errors: as ParseTpmtPublic(); kInvalidArgument (`hash` is another one), kInternal.
[[nodiscard]] Result<TpmName> ComputeName(const crypto::Hash& hash, ByteView tpmt_public);

// The qualified name of a primary key under `hierarchy` (TPM_RH_OWNER, TPM_RH_ENDORSEMENT, ...),
// or, with the parent's qualified name, of any key.
// Errors: kInvalidArgument (`hash` is not the one in `name`, or `name` is none), kInternal.
[[nodiscard]] Result<TpmName> ComputeQualifiedName(const crypto::Hash& hash, ByteView parent,
                                                   ByteView name);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_TPM_PUBLIC_H_
