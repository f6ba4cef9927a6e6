// svsm/evidence/ek_template.h: the public areas that endorsement keys, the storage root key and the
// attestation key are made from; and the check that a key was made from one.
//
//   SVSM_ASSIGN_OR_RETURN(const EkMatch ek, MatchEkTemplate(bytes_from_the_guest));
//   if (ek.id == KeyTemplate::kEkRsa2048) ...
//
// Why a verifier must match: a digest in an attestation report proves that the TPM at VMPL 0
// vouches for some bytes. Only when those bytes are a template in everything but `unique` do they
// say that the key is a restricted decryption key that never leaves the TPM.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: TCG EK Credential Profile 2.6, 2.2.2 (certificate indices) and B.3, B.4 (templates L-1,
// L-2, H-3); TCG TPM 2.0 Provisioning Guidance 1.0, 7.5 (SRK).
#ifndef SVSM_EVIDENCE_EK_TEMPLATE_H_
#define SVSM_EVIDENCE_EK_TEMPLATE_H_

#include <array>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::evidence {

enum class KeyTemplate : std::uint8_t {
  kEkRsa2048,   // L-1: RSA 2048, SHA-256, PolicyA
  kEkP256,      // L-2: NIST P-256, SHA-256, PolicyA
  kEkP384,      // H-3: NIST P-384, SHA-384, PolicyB, userWithAuth
  kSrkRsa2048,  // storage root, RSA 2048
  kSrkP256,     // storage root, NIST P-256
  kAkP256,      // restricted signing key: ECDSA P-256 with SHA-256
};

inline constexpr std::array<KeyTemplate, 3> kEkTemplates = {
    KeyTemplate::kEkRsa2048, KeyTemplate::kEkP256, KeyTemplate::kEkP384};

// "EK RSA 2048 (L-1)" and so on; a static string.
const char* KeyTemplateName(KeyTemplate id);

// The NV index that holds the EK's certificate: 01C00002, 01C0000A, 01C00016; 0 for the others.
std::uint32_t EkCertificateIndex(KeyTemplate id);

// The template as TPM2_CreatePrimary takes it, with the template's own `unique` (zeros of the key's
// size for L-1, L-2, SRK and AK; empty for H-3). Views point to static storage.
TpmPublic TemplatePublic(KeyTemplate id);

struct EkMatch {
  KeyTemplate id;
  TpmPublic key;   // borrows what was matched
  bool with_size;  // whether the bytes were a TPM2B_PUBLIC
  ByteView tpmt;   // the TPMT_PUBLIC in them
};

// Finds the EK template that `public_area`, the bytes of a TPMT_PUBLIC or TPM2B_PUBLIC, equals in
// every byte but those of `unique`. `unique` must have the key's exact size: an RSA modulus of 256
// bytes whose top bit is set and which is odd, or two coordinates of the curve's size, not both
// zero. Whether a point is on its curve is for the crypto backend that imports it. Errors: as
// ParseTpmtPublic() (as ParseTpm2bPublic() if the first two bytes name the number of bytes that
// follow); kNotFound (a well-formed public area, but no EK template's).
[[nodiscard]] Result<EkMatch> MatchEkTemplate(ByteView public_area);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_EK_TEMPLATE_H_
