// How a TPM protects what leaves it, done outside of one: the outer wrapper of private areas,
// duplicates and credentials, and the seed of a wrapper, shared with a key.
#ifndef SVSM_SRC_SNP_VERIFY_TPM_WRAP_H_
#define SVSM_SRC_SNP_VERIFY_TPM_WRAP_H_

#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/rng.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::snp {

// The algorithms of a parent.
struct WrapAlgorithms {
  crypto::HashAlg hash = crypto::HashAlg::kSha256;
  std::size_t aes_key_size = 16;
};

// Of a key that decrypts. Errors: kUnsupported (Source::kSnpVerify, detail = TPM's number or bits:
// not AES-CFB, another hash).
Result<WrapAlgorithms> AlgorithmsOf(const evidence::TpmPublic& parent);

// AES-CFB with segments of a block, in place. Errors: kInternal, and SetKey()'s.
Status EncryptCfb(ByteView key, FixedView<crypto::kAesBlockSize> iv, ByteSpan data);

// integrity (TPM2B_DIGEST) || iv (TPM2B_IV; only if there is one) || encrypted `data`: what is in a
// TPM2B_PRIVATE or TPM2B_ID_OBJECT. Spec: Part 1, "Outer Duplication Wrapper". Errors: kInternal.
Result<ByteVector> OuterWrap(const WrapAlgorithms& algorithms, ByteView seed, ByteView name,
                             std::optional<FixedView<crypto::kAesBlockSize>> iv, ByteView data);

// A new seed, of the size of the key's name hash.
struct SharedSeed {
  Secret<crypto::kMaxDigestSize> bytes;
  std::size_t size = 0;
  ByteVector encrypted;  // what is in a TPM2B_ENCRYPTED_SECRET
  ByteView view() const { return bytes.view().first(size); }
};

enum class SeedUse { kDuplicate, kIdentity };

// RSA: OAEP with the key's name hash. ECC: one-pass ECDH with KDFe. Spec: Part 1, annexes B.4, C.6.
// Errors: kMalformed (Source::kSnpVerify; not a key), kUnsupported (detail = curve or bits), those
// of `rng`, kInternal.
Result<SharedSeed> ShareSeed(const evidence::TpmPublic& key, SeedUse use, crypto::Rng& rng);

// A TPM2B: the bytes behind their 16-bit size.
ByteVector Sized(ByteView bytes);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_TPM_WRAP_H_
