// svsm/snp_verify/storage_key.h: an intermediate storage key, made outside of any TPM, that lets
// disks outlive TPMs: what is sealed under it stays the same while the vTPM of every boot is new.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::StorageKey key, snp::StorageKey::Create(rng));
//   SVSM_TRY(WriteFileAtomically("storage.key", key.file(), FileMode::kPrivate));   // stays home
//   SVSM_ASSIGN_OR_RETURN(const snp::SealedObject disk, key.Seal(disk_key, {}, rng));
//
// Once: a key is made, and the disk's key sealed under it. The two public files of the sealed
// object go into the initrd; they are no secret. At every boot: the vTPM is attested, and after a
// verdict "trusted" the storage key is wrapped for it (key_release.h). In the guest:
//
//   TPM2_Import (the wrapped key under EK or SRK), TPM2_Load; TPM2_Load (the sealed object under
//   it), TPM2_Unseal
//
// The key is P-256 with SHA-256 and AES-128-CFB: a restricted decryption key with empty
// authorisation and no policy, which no TPM will duplicate. It was not made in a TPM, and says so
// (sensitiveDataOrigin is clear); it moves to where its holder wraps it (fixedTPM is clear). Who
// has the file can open whatever was ever sealed under it.
//
// Profile: hosted. Allocates: the heap. Threads: one object may be used by several at once.
// Spec: TCG TPM 2.0 Library Part 1, "Protected Storage"; Part 2, "TPM2B_SENSITIVE".
#ifndef SVSM_SNP_VERIFY_STORAGE_KEY_H_
#define SVSM_SNP_VERIFY_STORAGE_KEY_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/rng.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::snp {

inline constexpr std::size_t kStorageKeyPublicSize = 92;     // TPM2B_PUBLIC
inline constexpr std::size_t kStorageKeySensitiveSize = 74;  // TPM2B_SENSITIVE
inline constexpr std::size_t kStorageKeyFileSize = kStorageKeyPublicSize + kStorageKeySensitiveSize;

// Bytes that a TPM seals at most.
inline constexpr std::size_t kMaxSealedSize = 128;
// Bytes of an authorisation value, at most, and of a policy, exactly.
inline constexpr std::size_t kSealDigestSize = 32;

// What unsealing takes.
struct SealRule {
  // The object's password; at most kSealDigestSize bytes, the last of them not zero. May be empty.
  ByteView auth;
  // A policy digest over SHA-256, as tpm2_createpolicy writes one; or empty. With a policy, the
  // password alone does not open the object.
  ByteView policy;
};

// What TPM2_Load takes, with the storage key as parent.
struct SealedObject {
  ByteVector public_area;   // TPM2B_PUBLIC
  ByteVector private_area;  // TPM2B_PRIVATE
};

class StorageKey final {
 public:
  // Makes a key. Errors: those of `rng`, kInternal.
  static Result<StorageKey> Create(crypto::Rng& rng);

  // The key that file() gave. Errors: kTruncated (detail = kStorageKeyFileSize), kMalformed
  // (detail = offset: 0 for a public area that is not such a key's; where the sensitive area
  // differs from one; kStorageKeyFileSize for bytes after it), kInternal. A private key that does
  // not belong to the public one is malformed, too, at the private key's offset.
  static Result<StorageKey> Read(ByteView file);

  // The whole key, for its holder alone: TPM2B_PUBLIC, then TPM2B_SENSITIVE in the clear. Lives as
  // long as the object, and is wiped with it.
  FixedView<kStorageKeyFileSize> file() const { return file_.view(); }
  // TPM2B_PUBLIC; the same life.
  FixedView<kStorageKeyPublicSize> public_area() const {
    return file().first<kStorageKeyPublicSize>();
  }
  const evidence::TpmName& name() const { return name_; }

  // Makes a sealed data object under the key, as TPM2_Create would. Equal inputs give objects that
  // nobody can tell to be equal. Errors: kInvalidArgument (detail 1: `secret` is empty or longer
  // than kMaxSealedSize; 2: the password; 3: the policy), those of `rng`, kInternal.
  Result<SealedObject> Seal(ByteView secret, const SealRule& rule, crypto::Rng& rng) const;

 private:
  friend class Releaser;
  StorageKey() = default;
  Status SetName();
  FixedView<kStorageKeySensitiveSize> sensitive() const {
    return file().last<kStorageKeySensitiveSize>();
  }

  Secret<kStorageKeyFileSize> file_;
  evidence::TpmName name_;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_STORAGE_KEY_H_
