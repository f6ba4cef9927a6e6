// svsm/evidence/tpm_alg.h: the TPM 2.0 constants that public areas, quotes and signatures are
// spelled with.
//
//   SVSM_ASSIGN_OR_RETURN(const crypto::HashAlg hash, ToHashAlg(TpmAlg::kSha384));
//   const std::size_t size = TpmDigestSize(TpmAlg::kSha384);      // 48
//
// Profile: freestanding. Allocates: never. Threads: values.
// Spec: TCG TPM 2.0 Library Part 2, "TPM_ALG_ID", "TPM_ECC_CURVE", "TPMA_OBJECT".
#ifndef SVSM_EVIDENCE_TPM_ALG_H_
#define SVSM_EVIDENCE_TPM_ALG_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"

namespace svsm::evidence {

enum class TpmAlg : std::uint16_t {
  kError = 0x0000,
  kRsa = 0x0001,
  kSha1 = 0x0004,
  kAes = 0x0006,
  kMgf1 = 0x0007,
  kSha256 = 0x000B,
  kSha384 = 0x000C,
  kSha512 = 0x000D,
  kNull = 0x0010,
  kSm3 = 0x0012,
  kRsaSsa = 0x0014,
  kRsaEs = 0x0015,
  kRsaPss = 0x0016,
  kOaep = 0x0017,
  kEcdsa = 0x0018,
  kEcdh = 0x0019,
  kEcSchnorr = 0x001C,
  kKdf1Sp80056a = 0x0020,
  kKdf2 = 0x0021,
  kKdf1Sp800108 = 0x0022,
  kEcc = 0x0023,
  kCamellia = 0x0026,
  kSha3_256 = 0x0027,
  kSha3_384 = 0x0028,
  kSha3_512 = 0x0029,
  kCtr = 0x0040,
  kOfb = 0x0041,
  kCbc = 0x0042,
  kCfb = 0x0043,
  kEcb = 0x0044,
};

enum class TpmCurve : std::uint16_t {
  kNone = 0x0000,
  kNistP256 = 0x0003,
  kNistP384 = 0x0004,
  kNistP521 = 0x0005,
};

// Bits of TPMA_OBJECT.
inline constexpr std::uint32_t kTpmaFixedTpm = 1u << 1;
inline constexpr std::uint32_t kTpmaStClear = 1u << 2;
inline constexpr std::uint32_t kTpmaFixedParent = 1u << 4;
inline constexpr std::uint32_t kTpmaSensitiveDataOrigin = 1u << 5;
inline constexpr std::uint32_t kTpmaUserWithAuth = 1u << 6;
inline constexpr std::uint32_t kTpmaAdminWithPolicy = 1u << 7;
inline constexpr std::uint32_t kTpmaNoDa = 1u << 10;
inline constexpr std::uint32_t kTpmaEncryptedDuplication = 1u << 11;
inline constexpr std::uint32_t kTpmaRestricted = 1u << 16;
inline constexpr std::uint32_t kTpmaDecrypt = 1u << 17;
inline constexpr std::uint32_t kTpmaSign = 1u << 18;
inline constexpr std::uint32_t kTpmaX509Sign = 1u << 19;

// Bytes of a digest; 0 for what is not one of SHA-1, SHA-256, SHA-384, SHA-512.
std::size_t TpmDigestSize(TpmAlg hash);

// The library's name of a TPM's hash or curve, and back.
// Names and keys with SHA-3 or SM3 are not judged: no EK template of the TCG asks for them.
// Errors: kUnsupported (detail = the TPM's number).
Result<crypto::HashAlg> ToHashAlg(TpmAlg hash);
Result<crypto::Curve> ToCurve(TpmCurve curve);
TpmAlg ToTpmAlg(crypto::HashAlg hash);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_TPM_ALG_H_
