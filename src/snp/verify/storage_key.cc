#include "svsm/snp_verify/storage_key.h"

#include "snp/verify/tpm_wrap.h"
#include "svsm/core/writer.h"
#include "svsm/crypto/openssl.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using evidence::TpmPublic;

constexpr std::size_t kScalarSize = 32;
constexpr std::size_t kSeedSize = 32;
constexpr std::uint16_t kKeyedHash = 0x0008;  // TPM_ALG_KEYEDHASH
constexpr std::uint32_t kStorageAttributes = evidence::kTpmaUserWithAuth | evidence::kTpmaNoDa |
                                             evidence::kTpmaRestricted | evidence::kTpmaDecrypt;

// TPM2B_SENSITIVE of a storage key: before the seed, and between seed and scalar.
constexpr Bytes<8> kSensitiveHead = {0, kStorageKeySensitiveSize - 2, 0, 0x23, 0, 0, 0, kSeedSize};
constexpr Bytes<2> kScalarHead = {0, kScalarSize};
constexpr std::size_t kSeedAt = kSensitiveHead.size();
constexpr std::size_t kScalarHeadAt = kSeedAt + kSeedSize;
constexpr std::size_t kScalarAt = kScalarHeadAt + kScalarHead.size();
static_assert(kScalarAt + kScalarSize == kStorageKeySensitiveSize);

// Makes the key pair of `scalar` known as a public area.
Status PutPublic(crypto::Ecdh& ecdh, ByteSpan out) {
  Bytes<kScalarSize> x{}, y{};
  SVSM_TRY(ecdh.PublicKey(x, y));
  TpmPublic key;
  key.type = TpmAlg::kEcc;
  key.name_alg = TpmAlg::kSha256;
  key.attributes = kStorageAttributes;
  key.symmetric = {TpmAlg::kAes, 128, TpmAlg::kCfb};
  key.curve = evidence::TpmCurve::kNistP256;
  key.x = x;
  key.y = y;
  return evidence::BuildTpm2bPublic(key, out).status();
}

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kSnpVerify, static_cast<std::uint32_t>(offset));
}
Status Invalid(std::uint32_t what) {
  return Status(Code::kInvalidArgument, Source::kSnpVerify, what);
}

// TPMT_PUBLIC of a sealed data object.
Result<ByteView> BuildSealedPublic(const SealRule& rule, ByteView unique, ByteSpan out) {
  wire::Writer writer(out);
  writer.Be16(kKeyedHash);
  writer.Be16(static_cast<std::uint16_t>(TpmAlg::kSha256));
  writer.Be32(evidence::kTpmaFixedParent | evidence::kTpmaNoDa |
              (rule.policy.empty() ? evidence::kTpmaUserWithAuth : 0u));
  writer.PutBe16Sized(rule.policy);
  writer.Be16(static_cast<std::uint16_t>(TpmAlg::kNull));
  writer.PutBe16Sized(unique);
  return writer.Finish();
}

// TPM2B_SENSITIVE of a sealed data object.
Result<ByteView> BuildSealedSensitive(ByteView auth, ByteView seed, ByteView secret, ByteSpan out) {
  wire::Writer writer(out);
  const wire::Writer::Mark all = writer.BeginBe16Sized();
  writer.Be16(kKeyedHash);
  writer.PutBe16Sized(auth);
  writer.PutBe16Sized(seed);
  writer.PutBe16Sized(secret);
  writer.End(all);
  return writer.Finish();
}

Status CheckSeal(ByteView secret, const SealRule& rule) {
  if (secret.empty() || secret.size() > kMaxSealedSize) return Invalid(1);
  // A TPM takes zeros from the end of a password, so that it would not be the same.
  if (rule.auth.size() > kSealDigestSize || (!rule.auth.empty() && rule.auth.back() == 0)) {
    return Invalid(2);
  }
  if (!rule.policy.empty() && rule.policy.size() != kSealDigestSize) return Invalid(3);
  return OkStatus();
}

}  // namespace

Status StorageKey::SetName() {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  SVSM_ASSIGN_OR_RETURN(name_,
                        evidence::ComputeName(sha256, evidence::Tpm2bContents(public_area())));
  return OkStatus();
}

Result<StorageKey> StorageKey::Create(crypto::Rng& rng) {
  StorageKey key;
  const ByteSpan file = key.file_.writable();
  const ByteSpan sensitive = file.last(kStorageKeySensitiveSize);
  Copy(sensitive, kSensitiveHead);
  SVSM_TRY(rng.Generate(sensitive.subspan(kSeedAt, kSeedSize)));
  Copy(sensitive.subspan(kScalarHeadAt), kScalarHead);
  crypto::OpensslEcdh ecdh(crypto::Curve::kP256);
  SVSM_TRY(ecdh.GenerateKey(rng, sensitive.subspan(kScalarAt)));
  SVSM_TRY(PutPublic(ecdh, file.first(kStorageKeyPublicSize)));
  SVSM_TRY(key.SetName());
  return key;
}

Result<StorageKey> StorageKey::Read(ByteView file) {
  if (file.size() < kStorageKeyFileSize) {
    return Status(Code::kTruncated, Source::kSnpVerify, kStorageKeyFileSize);
  }
  if (file.size() > kStorageKeyFileSize) return Malformed(kStorageKeyFileSize);
  StorageKey key;
  Copy(key.file_.writable(), file);
  const ByteView sensitive = key.sensitive();
  for (std::size_t i = 0; i < kSensitiveHead.size(); ++i) {
    if (sensitive[i] != kSensitiveHead[i]) return Malformed(kStorageKeyPublicSize + i);
  }
  if (!Equal(sensitive.subspan(kScalarHeadAt, kScalarHead.size()), kScalarHead)) {
    return Malformed(kStorageKeyPublicSize + kScalarHeadAt);
  }
  const Result<TpmPublic> said = evidence::ParseTpm2bPublic(key.public_area());
  if (!said.ok() || said->type != TpmAlg::kEcc) return Malformed(0);
  crypto::OpensslEcdh ecdh(crypto::Curve::kP256);
  const Status imported = ecdh.SetPrivateKey(sensitive.subspan(kScalarAt));
  if (imported.code() == Code::kMalformed) return Malformed(kStorageKeyPublicSize + kScalarAt);
  SVSM_TRY(imported);
  Bytes<kStorageKeyPublicSize> wanted{};
  SVSM_TRY(PutPublic(ecdh, wanted));
  if (!Equal(wanted, key.public_area())) {
    // Whether the area is of another kind of key, or just of another key of the kind.
    const std::size_t unique = kStorageKeyPublicSize - 2 * (2 + kScalarSize);
    const bool same_kind =
        Equal(ByteView(wanted).first(unique + 2), key.public_area().first(unique + 2));
    return Malformed(same_kind ? kStorageKeyPublicSize + kScalarAt : 0);
  }
  SVSM_TRY(key.SetName());
  return key;
}

Result<SealedObject> StorageKey::Seal(ByteView secret, const SealRule& rule,
                                      crypto::Rng& rng) const {
  SVSM_TRY(CheckSeal(secret, rule));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Secret<kSealDigestSize> seed;
  Bytes<crypto::kAesBlockSize> iv{};
  SVSM_TRY(rng.Generate(seed.writable()));
  SVSM_TRY(rng.Generate(iv));
  Bytes<kSealDigestSize> unique{};
  const ByteView bound[] = {seed.view(), secret};
  SVSM_TRY(sha256.Digest(bound, unique));
  Bytes<128> area{};
  SVSM_ASSIGN_OR_RETURN(const ByteView tpmt, BuildSealedPublic(rule, unique, area));
  Bytes<2 + kSealDigestSize> name = {0x00, 0x0B};
  SVSM_TRY(sha256.Digest(tpmt, ByteSpan(name).subspan(2)));
  Secret<2 + 2 + (2 + kSealDigestSize) + (2 + kSealDigestSize) + (2 + kMaxSealedSize)> buffer;
  SVSM_ASSIGN_OR_RETURN(const ByteView plain,
                        BuildSealedSensitive(rule.auth, seed.view(), secret, buffer.writable()));
  SVSM_ASSIGN_OR_RETURN(const ByteVector wrapped,
                        OuterWrap({crypto::HashAlg::kSha256, 16},
                                  sensitive().subspan(kSeedAt, kSeedSize), name, iv, plain));
  return SealedObject{Sized(tpmt), Sized(wrapped)};
}

}  // namespace svsm::snp
