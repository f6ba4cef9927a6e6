// svsm/snp_verify/key_release.h: hands a storage key to the vTPM of a VM that was found trusted,
// and to no other.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::Verdict verdict, verifier.Verify(evidence, policy));
//   if (!verdict.trusted()) return Refuse(verdict.refusals);
//   SVSM_ASSIGN_OR_RETURN(const snp::TrustedEk ek,
//                         snp::TrustedEk::FromReport(*verdict.report, ek_public));
//   SVSM_ASSIGN_OR_RETURN(const snp::WrappedKey key, snp::WrapForEk(storage_key, ek, rng));
//
// There is no way to a WrappedKey but through a VerifiedReport, and none to that but through a
// verdict without a refusal. What the policy left open was not judged: a policy that names no
// measurement trusts every program that a genuine chip has started.
//
// The wrapped key needs no secret channel: only the TPM that has the EK can import it. So a report
// of an earlier boot does no harm either; the EK of an ephemeral vTPM is gone with its boot, and
// what is wrapped for it is noise.
//
// For an EK: TPM2_Import and TPM2_Load take the EK's policy (PolicySecret of the endorsement
// hierarchy). For a storage root key (SRK), of which no report speaks: the duplicate has an inner
// wrapper, too, and its key is a credential that the EK's TPM opens only while it holds that SRK
// (TPM2_ActivateCredential with the SRK as activateHandle). So an SRK of another TPM gets nothing.
//
// Profile: hosted. Allocates: the heap. Threads: functions are pure; an Rng as it says. RSA
// padding draws from OpenSSL's own generator.
// Spec: TCG TPM 2.0 Library Part 1, "Duplication", "Credential Protection", annexes B and C.
#ifndef SVSM_SNP_VERIFY_KEY_RELEASE_H_
#define SVSM_SNP_VERIFY_KEY_RELEASE_H_

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/rng.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/snp_verify/storage_key.h"
#include "svsm/snp_verify/verifier.h"

namespace svsm::snp {

// An endorsement key that a verified report at VMPL 0 vouches for.
class TrustedEk final {
 public:
  // REPORT_DATA is the digest of this EK, given as TPM2B_PUBLIC or TPMT_PUBLIC.
  // Errors: as evidence::MatchEkTemplate(); kPermissionDenied (not a report of VMPL 0, which alone
  // a guest cannot ask for; detail = its VMPL, or all ones if the host made it), kAuthFailed (a
  // digest of something else).
  static Result<TrustedEk> FromReport(const VerifiedReport& report, ByteView ek_public);

  // REPORT_DATA is SHA-512(nonce || manifest), and the vTPM's manifest (of version 0 or 1) has this
  // EK in it. That the nonce is fresh is for the caller to see to.
  // Errors: as FromReport(); kInvalidArgument (the nonce has not 64 bytes; detail = 64),
  // kAuthFailed (or the manifest does not name the EK).
  static Result<TrustedEk> FromManifest(const VerifiedReport& report, ByteView nonce,
                                        ByteView vtpm_manifest, ByteView ek_public);

  evidence::KeyTemplate id() const { return id_; }
  ByteView tpmt_public() const { return tpmt_; }

 private:
  TrustedEk(evidence::KeyTemplate id, ByteView tpmt) : id_(id), tpmt_(ToVector(tpmt)) {}
  evidence::KeyTemplate id_;
  ByteVector tpmt_;
};

// What TPM2_Import takes, with the EK or the SRK as parent. No part is a secret.
struct WrappedKey {
  ByteVector public_area;     // TPM2B_PUBLIC of the storage key (objectPublic)
  ByteVector duplicate;       // TPM2B_PRIVATE
  ByteVector encrypted_seed;  // TPM2B_ENCRYPTED_SECRET (inSymSeed)
  // For an SRK: what TPM2_ActivateCredential opens to encryptionKey, of 16 bytes (symmetricAlg is
  // AES-128-CFB). For an EK: empty, and symmetricAlg is TPM_ALG_NULL.
  ByteVector credential;         // TPM2B_ID_OBJECT
  ByteVector credential_secret;  // TPM2B_ENCRYPTED_SECRET
};

// Errors: kMalformed (the EK is not a key: an ECC point beside the curve), those of `rng`,
// kInternal.
Result<WrappedKey> WrapForEk(const StorageKey& key, const TrustedEk& ek, crypto::Rng& rng);

// `srk_public`: TPM2B_PUBLIC or TPMT_PUBLIC of a storage key that is fixed to its TPM; RSA of 2048
// to 4096 bits, or ECC on P-256, P-384 or P-521, with AES-CFB.
// Errors: as evidence::ParseTpmtPublic() and ParseTpm2bPublic() (those of the form that the first
// two bytes tell); kPermissionDenied (its attributes are not a storage key's or do not fix it to
// its TPM and parent; detail = those attributes), kUnsupported (from Source::kSnpVerify: another
// cipher, hash or size; detail = the TPM's number or the bits), kMalformed (from kSnpVerify: no
// key, or a point beside the curve); besides as WrapForEk().
Result<WrappedKey> WrapForSrk(const StorageKey& key, const TrustedEk& ek, ByteView srk_public,
                              crypto::Rng& rng);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_KEY_RELEASE_H_
