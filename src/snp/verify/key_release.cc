#include "svsm/snp_verify/key_release.h"

#include <array>

#include "snp/verify/tpm_wrap.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/report_data.h"
#include "svsm/evidence/vtpm_manifest.h"

namespace svsm::snp {
namespace {

using evidence::TpmPublic;

constexpr std::size_t kInnerKeySize = 16;  // of the inner wrapper: AES-128
constexpr std::uint32_t kHostMade = 0xFFFFFFFF;

constexpr std::uint32_t kParentAttributes = evidence::kTpmaFixedTpm | evidence::kTpmaFixedParent |
                                            evidence::kTpmaSensitiveDataOrigin |
                                            evidence::kTpmaRestricted | evidence::kTpmaDecrypt;

// Who asked for the report: nobody above VMPL 0.
Status CheckVmpl(const UnverifiedReport& report) {
  const bool host = report.made_by_host();
  if (!host && report.vmpl() == Vmpl(0)) return OkStatus();
  return Status(Code::kPermissionDenied, Source::kSnpVerify,
                host ? kHostMade : report.vmpl().value());
}

// Whether a manifest is this TPMT_PUBLIC (version 0) or a list with it (version 1).
bool Names(ByteView manifest, ByteView tpmt) {
  if (Equal(manifest, tpmt)) return true;
  std::array<ByteView, evidence::kMaxManifestKeys> slots;
  const auto keys = evidence::ParseVtpmManifestV1(manifest, slots);
  if (!keys.ok()) return false;
  for (const ByteView key : *keys) {
    if (Equal(evidence::Tpm2bContents(key), tpmt)) return true;
  }
  return false;
}

// The bytes of a TPMT_PUBLIC, given alone or behind their size, and what they say.
struct Parent {
  ByteView tpmt;
  TpmPublic key;
};
Result<Parent> ParseParent(ByteView area) {
  const bool sized =
      area.size() >= 2 && static_cast<std::size_t>(area[0] << 8 | area[1]) == area.size() - 2;
  if (sized) {
    SVSM_ASSIGN_OR_RETURN(const TpmPublic key, evidence::ParseTpm2bPublic(area));
    return Parent{evidence::Tpm2bContents(area), key};
  }
  SVSM_ASSIGN_OR_RETURN(const TpmPublic key, evidence::ParseTpmtPublic(area));
  return Parent{area, key};
}

Status CheckStorageParent(const TpmPublic& key) {
  const bool storage = (key.attributes & kParentAttributes) == kParentAttributes &&
                       (key.attributes & evidence::kTpmaSign) == 0;
  if (storage) return OkStatus();
  return Status(Code::kPermissionDenied, Source::kSnpVerify, key.attributes);
}

}  // namespace

// What StorageKey opens itself to.
class Releaser {
 public:
  Releaser(const StorageKey& key, crypto::Rng& rng) : key_(key), rng_(rng) {}

  // The duplicate under `parent`; with an inner wrapper if `inner_key` is not empty.
  Result<WrappedKey> Duplicate(const TpmPublic& parent, ByteView inner_key) {
    constexpr std::size_t kIntegritySize = 2 + crypto::kSha256Size;
    SVSM_ASSIGN_OR_RETURN(const WrapAlgorithms algorithms, AlgorithmsOf(parent));
    SVSM_ASSIGN_OR_RETURN(const SharedSeed seed, ShareSeed(parent, SeedUse::kDuplicate, rng_));
    Secret<kIntegritySize + kStorageKeySensitiveSize> buffer;
    const ByteSpan all = buffer.writable();
    const ByteSpan plain = all.subspan(kIntegritySize);
    Copy(plain, key_.sensitive());
    if (!inner_key.empty()) SVSM_TRY(InnerWrap(inner_key, all));
    SVSM_ASSIGN_OR_RETURN(const ByteVector wrapped,
                          OuterWrap(algorithms, seed.view(), key_.name().view(), std::nullopt,
                                    inner_key.empty() ? plain : all));
    return WrappedKey{ToVector(key_.public_area()), Sized(wrapped), Sized(seed.encrypted), {}, {}};
  }

  // A credential over `secret` that `ek`'s TPM opens if it has the object of this Name.
  Status PutCredential(const TpmPublic& ek, ByteView name, ByteView secret, WrappedKey& out) {
    SVSM_ASSIGN_OR_RETURN(const WrapAlgorithms algorithms, AlgorithmsOf(ek));
    SVSM_ASSIGN_OR_RETURN(const SharedSeed seed, ShareSeed(ek, SeedUse::kIdentity, rng_));
    Secret<2 + kInnerKeySize> plain;
    plain.writable()[1] = kInnerKeySize;
    Copy(plain.writable().subspan<2>(), secret);
    SVSM_ASSIGN_OR_RETURN(const ByteVector wrapped,
                          OuterWrap(algorithms, seed.view(), name, std::nullopt, plain.view()));
    out.credential = Sized(wrapped);
    out.credential_secret = Sized(seed.encrypted);
    return OkStatus();
  }

 private:
  // integrity (TPM2B_DIGEST) || sensitive, encrypted. Spec: Part 1, "Inner Duplication Wrapper".
  Status InnerWrap(ByteView inner_key, ByteSpan all) {
    constexpr Bytes<crypto::kAesBlockSize> kNoIv{};
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    all[0] = 0;
    all[1] = crypto::kSha256Size;
    const ByteView covered[] = {key_.sensitive(), key_.name().view()};
    SVSM_TRY(sha256.Digest(covered, all.subspan(2, crypto::kSha256Size)));
    return EncryptCfb(inner_key, kNoIv, all);
  }

  const StorageKey& key_;
  crypto::Rng& rng_;
};

Result<TrustedEk> TrustedEk::FromReport(const VerifiedReport& report, ByteView ek_public) {
  SVSM_ASSIGN_OR_RETURN(const evidence::EkMatch ek, evidence::MatchEkTemplate(ek_public));
  SVSM_TRY(CheckVmpl(report.contents()));
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  SVSM_TRY(
      evidence::MatchEkReportData(sha512, report.contents().report_data(), ek_public).status());
  return TrustedEk(ek.id, ek.tpmt);
}

Result<TrustedEk> TrustedEk::FromManifest(const VerifiedReport& report, ByteView nonce,
                                          ByteView vtpm_manifest, ByteView ek_public) {
  const Status other(Code::kAuthFailed, Source::kSnpVerify);
  SVSM_ASSIGN_OR_RETURN(const evidence::EkMatch ek, evidence::MatchEkTemplate(ek_public));
  SVSM_TRY(CheckVmpl(report.contents()));
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  SVSM_ASSIGN_OR_RETURN(const evidence::ReportData data,
                        evidence::ServiceManifestReportData(sha512, nonce, vtpm_manifest));
  if (!Equal(data, report.contents().report_data())) return other;
  if (!Names(vtpm_manifest, ek.tpmt)) return other;
  return TrustedEk(ek.id, ek.tpmt);
}

Result<WrappedKey> WrapForEk(const StorageKey& key, const TrustedEk& ek, crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(const TpmPublic parent, evidence::ParseTpmtPublic(ek.tpmt_public()));
  return Releaser(key, rng).Duplicate(parent, {});
}

Result<WrappedKey> WrapForSrk(const StorageKey& key, const TrustedEk& ek, ByteView srk_public,
                              crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(const Parent srk, ParseParent(srk_public));
  SVSM_TRY(CheckStorageParent(srk.key));
  SVSM_ASSIGN_OR_RETURN(const WrapAlgorithms algorithms, AlgorithmsOf(srk.key));
  SVSM_ASSIGN_OR_RETURN(const TpmPublic endorsement, evidence::ParseTpmtPublic(ek.tpmt_public()));
  const crypto::OpensslHash hash(algorithms.hash);
  SVSM_ASSIGN_OR_RETURN(const evidence::TpmName name, evidence::ComputeName(hash, srk.tpmt));
  Secret<kInnerKeySize> inner_key;
  SVSM_TRY(rng.Generate(inner_key.writable()));
  Releaser releaser(key, rng);
  SVSM_ASSIGN_OR_RETURN(WrappedKey wrapped, releaser.Duplicate(srk.key, inner_key.view()));
  SVSM_TRY(releaser.PutCredential(endorsement, name.view(), inner_key.view(), wrapped));
  return wrapped;
}

}  // namespace svsm::snp
