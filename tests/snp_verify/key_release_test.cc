// The judge of what is wrapped is a TPM: libtpms, manufactured as ours.
#include "svsm/snp_verify/key_release.h"

#include <gtest/gtest.h>

#include "svsm/evidence/report_data.h"
#include "svsm/evidence/vtpm_manifest.h"
#include "tests/snp_verify/storage_tpm.h"
#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using evidence::KeyTemplate;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

constexpr auto kDiskKey = Ascii("the key of a disk, of 32 bytes..");

// REPORT_DATA of an EK, and a verdict over it.
evidence::ReportData DataOf(ByteView ek) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  return evidence::EkReportData(sha512, ek).value();
}

class KeyRelease : public ::testing::Test {
 protected:
  Verdict Judge(const evidence::ReportData& data, const Policy& policy = {},
                std::uint32_t vmpl = 0) {
    ReportBody body = forge::Body(Product::kMilan);
    body.report_data = data;
    body.vmpl = vmpl;
    return forge::Judge(store_, forge::Sign(body), vcek_, policy).value();
  }
  // The EK of a TPM, as a trusted verdict speaks for it.
  TrustedEk Trust(const StorageTpm& tpm, KeyTemplate id) {
    const ByteView area = tpm.Ek(id).tpm2b_public();
    const Verdict verdict = Judge(DataOf(area));
    return TrustedEk::FromReport(verdict.report.value(), area).value();
  }
  // Loads what was imported and the sealed object under it, and unseals.
  ByteVector Unseal(StorageTpm& tpm, std::uint32_t parent, std::uint32_t session,
                    const StorageTpm::Answer& imported) {
    EXPECT_EQ(imported.code, 0u);
    if (imported.code != 0) return {};
    const auto loaded = tpm.Load(parent, session, imported.parameters, key_.public_area());
    EXPECT_EQ(loaded.code, 0u);
    const std::uint32_t storage = StorageTpm::HandleOf(loaded);
    const SealedObject disk = key_.Seal(kDiskKey, {}, rng_).value();
    const auto object =
        tpm.Load(storage, StorageTpm::kPassword, disk.private_area, disk.public_area);
    EXPECT_EQ(object.code, 0u);
    const auto opened = tpm.Unseal(StorageTpm::HandleOf(object), StorageTpm::kPassword);
    EXPECT_EQ(opened.code, 0u);
    tpm.Flush(StorageTpm::HandleOf(object));
    tpm.Flush(storage);
    return opened.parameters;
  }

  const TrustStore store_ = forge::StoreOf(Product::kMilan);
  const ByteVector vcek_ = forge::Make(
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan)));
  svsm::testing::FakeRng rng_{77};
  const StorageKey key_ = StorageKey::Create(rng_).value();
  const ByteVector opened_ = [] {
    ByteVector out = {0, 32};
    out.insert(out.end(), kDiskKey.begin(), kDiskKey.end());
    return out;
  }();
};

class KeyReleaseForEk : public KeyRelease, public ::testing::WithParamInterface<KeyTemplate> {};
INSTANTIATE_TEST_SUITE_P(AllEks, KeyReleaseForEk, ::testing::ValuesIn(evidence::kEkTemplates));

TEST_P(KeyReleaseForEk, UnsealsADiskKeyUnderTheEkOfThatTpmAlone) {
  std::optional<StorageTpm> boot(1);
  StorageTpm& tpm = *boot;
  SVSM_ASSERT_OK_AND_ASSIGN(const WrappedKey wrapped,
                            WrapForEk(key_, Trust(tpm, GetParam()), rng_));
  EXPECT_TRUE(wrapped.credential.empty());
  const std::uint32_t ek = tpm.Ek(GetParam()).handle;
  const auto imported = tpm.Import(ek, tpm.EkSession(GetParam()), {}, wrapped.public_area,
                                   wrapped.duplicate, wrapped.encrypted_seed);
  EXPECT_EQ(Unseal(tpm, ek, tpm.EkSession(GetParam()), imported), opened_);
  boot.reset();
  StorageTpm other(2);  // the vTPM of another boot
  EXPECT_NE(other
                .Import(other.Ek(GetParam()).handle, other.EkSession(GetParam()), {},
                        wrapped.public_area, wrapped.duplicate, wrapped.encrypted_seed)
                .code,
            0u);
}

TEST_P(KeyReleaseForEk, UnsealsADiskKeyUnderTheSrkBesideTheEk) {
  StorageTpm tpm(3);
  const ByteVector srk = tpm.PublicOf(vtpm::kSrkHandle);
  SVSM_ASSERT_OK_AND_ASSIGN(const WrappedKey wrapped,
                            WrapForSrk(key_, Trust(tpm, GetParam()), srk, rng_));
  const auto credential =
      tpm.ActivateCredential(vtpm::kSrkHandle, tpm.Ek(GetParam()).handle, tpm.EkSession(GetParam()),
                             wrapped.credential, wrapped.credential_secret);
  ASSERT_EQ(credential.code, 0u);
  const ByteView inner_key = ByteView(credential.parameters).subspan(2);
  ASSERT_EQ(inner_key.size(), 16u);
  const auto imported = tpm.Import(vtpm::kSrkHandle, StorageTpm::kPassword, inner_key,
                                   wrapped.public_area, wrapped.duplicate, wrapped.encrypted_seed);
  EXPECT_EQ(Unseal(tpm, vtpm::kSrkHandle, StorageTpm::kPassword, imported), opened_);
}

TEST_F(KeyRelease, TakesSrksOfEveryKind) {
  StorageTpm tpm(4);
  evidence::TpmPublic p384 = evidence::TemplatePublic(KeyTemplate::kSrkP256);
  p384.name_alg = evidence::TpmAlg::kSha384;
  p384.curve = evidence::TpmCurve::kNistP384;
  p384.symmetric.key_bits = 256;
  p384.x = p384.y = {};
  for (const evidence::TpmPublic& key :
       {evidence::TemplatePublic(KeyTemplate::kSrkRsa2048), p384}) {
    Bytes<512> area{};
    const std::uint32_t srk = tpm.CreatePrimary(evidence::BuildTpmtPublic(key, area).value());
    const ByteVector tpm2b = tpm.PublicOf(srk);
    const TrustedEk ek = Trust(tpm, KeyTemplate::kEkP256);
    // As TPMT_PUBLIC this time.
    SVSM_ASSERT_OK_AND_ASSIGN(const WrappedKey wrapped,
                              WrapForSrk(key_, ek, evidence::Tpm2bContents(tpm2b), rng_));
    const auto credential =
        tpm.ActivateCredential(srk, vtpm::kEkP256Handle, tpm.EkSession(KeyTemplate::kEkP256),
                               wrapped.credential, wrapped.credential_secret);
    ASSERT_EQ(credential.code, 0u);
    const auto imported =
        tpm.Import(srk, StorageTpm::kPassword, ByteView(credential.parameters).subspan(2),
                   wrapped.public_area, wrapped.duplicate, wrapped.encrypted_seed);
    EXPECT_EQ(Unseal(tpm, srk, StorageTpm::kPassword, imported), opened_);
    tpm.Flush(srk);
  }
}

TEST_F(KeyRelease, GivesTheSrkOfAnotherTpmNothing) {
  std::optional<StorageTpm> boot(6);
  const ByteVector srk = boot->PublicOf(vtpm::kSrkHandle);
  boot.reset();
  boot.emplace(5);
  SVSM_ASSERT_OK_AND_ASSIGN(const WrappedKey wrapped,
                            WrapForSrk(key_, Trust(*boot, KeyTemplate::kEkP256), srk, rng_));
  // The TPM with the EK has not the SRK; the one with the SRK has not the EK.
  for (const std::uint64_t seed : {5u, 6u}) {
    boot.reset();
    boot.emplace(seed);
    EXPECT_NE(boot->ActivateCredential(vtpm::kSrkHandle, vtpm::kEkP256Handle,
                                       boot->EkSession(KeyTemplate::kEkP256), wrapped.credential,
                                       wrapped.credential_secret)
                  .code,
              0u);
  }
  // Without the inner key, the outer wrapper alone opens to nothing.
  ASSERT_EQ(boot->PublicOf(vtpm::kSrkHandle), srk);
  const Bytes<16> guess{};
  EXPECT_NE(boot->Import(vtpm::kSrkHandle, StorageTpm::kPassword, guess, wrapped.public_area,
                         wrapped.duplicate, wrapped.encrypted_seed)
                .code,
            0u);
}

TEST_F(KeyRelease, EveryChangedByteIsRefusedByTheTpm) {
  StorageTpm tpm(7);
  SVSM_ASSERT_OK_AND_ASSIGN(const WrappedKey wrapped,
                            WrapForEk(key_, Trust(tpm, KeyTemplate::kEkP384), rng_));
  const auto import = [&](const ByteVector& area, const ByteVector& duplicate) {
    return tpm
        .Import(vtpm::kEkP384Handle, StorageTpm::kPassword, {}, area, duplicate,
                wrapped.encrypted_seed)
        .code;
  };
  EXPECT_EQ(import(wrapped.public_area, wrapped.duplicate), 0u);
  for (std::size_t at = 2; at < wrapped.duplicate.size(); ++at) {
    ByteVector changed = wrapped.duplicate;
    changed[at] ^= 1;
    EXPECT_NE(import(wrapped.public_area, changed), 0u) << at;
  }
  ByteVector other_name = wrapped.public_area;
  other_name.back() ^= 1;
  EXPECT_NE(import(other_name, wrapped.duplicate), 0u);
}

TEST_F(KeyRelease, RefusedVmGetsNone) {
  StorageTpm tpm(8);
  const ByteView ek = tpm.Ek(KeyTemplate::kEkP256).tpm2b_public();
  Policy policy;
  policy.measurements.emplace_back();  // of another SVSM
  const Verdict verdict = Judge(DataOf(ek), policy);
  EXPECT_FALSE(verdict.trusted());
  // There is no report to make a TrustedEk of, and nothing else makes one.
  EXPECT_FALSE(verdict.report.has_value());
  EXPECT_FALSE((std::is_constructible_v<TrustedEk, KeyTemplate, ByteView>));
  EXPECT_FALSE(
      (std::is_constructible_v<VerifiedReport, UnverifiedReport, Product, ReportTcbs, LeafKind>));
  EXPECT_FALSE(std::is_default_constructible_v<TrustedEk>);
}

TEST_F(KeyRelease, TrustsTheEkOfTheReportAlone) {
  std::optional<StorageTpm> boot(10);
  const ByteVector other = ToVector(boot->Ek(KeyTemplate::kEkP256).tpm2b_public());
  boot.reset();
  StorageTpm tpm(9);
  const ByteView ek = tpm.Ek(KeyTemplate::kEkP256).tpm2b_public();
  const Verdict verdict = Judge(DataOf(ek));
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustedEk trusted, TrustedEk::FromReport(*verdict.report, ek));
  EXPECT_EQ(trusted.id(), KeyTemplate::kEkP256);
  EXPECT_EQ(ToHex(trusted.tpmt_public()), ToHex(ek.subspan(2)));
  EXPECT_THAT(TrustedEk::FromReport(*verdict.report, other),
              IsStatus(Code::kAuthFailed, Source::kEvidence, 0));
  EXPECT_THAT(TrustedEk::FromReport(*verdict.report, tpm.PublicOf(vtpm::kSrkHandle)),
              IsStatus(Code::kNotFound, Source::kEvidence, 0));
  EXPECT_THAT(TrustedEk::FromReport(*verdict.report, ek.subspan(2, 20)).status().code(),
              Code::kTruncated);
}

TEST_F(KeyRelease, TrustsReportsOfVmplZeroAlone) {
  StorageTpm tpm(11);
  const ByteView ek = tpm.Ek(KeyTemplate::kEkP256).tpm2b_public();
  for (const std::uint32_t vmpl : {1u, 3u, 0xFFFFFFFFu}) {
    const Verdict verdict = Judge(DataOf(ek), {}, vmpl);
    if (!verdict.trusted()) continue;  // the host's own reports, refused before
    EXPECT_THAT(TrustedEk::FromReport(*verdict.report, ek),
                IsStatus(Code::kPermissionDenied, Source::kSnpVerify, vmpl));
    EXPECT_THAT(TrustedEk::FromManifest(*verdict.report, Bytes<64>{}, ek.subspan(2), ek),
                IsStatus(Code::kPermissionDenied, Source::kSnpVerify, vmpl));
  }
}

TEST_F(KeyRelease, TrustsTheEksOfAManifest) {
  StorageTpm tpm(12);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const ByteView ek = tpm.Ek(KeyTemplate::kEkRsa2048).tpm2b_public();
  const ByteVector ak = tpm.PublicOf(vtpm::kAkHandle);
  const ByteView keys[] = {ek, ak};
  Bytes<1024> buffer{};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView list, evidence::BuildVtpmManifestV1(keys, buffer));
  Bytes<64> nonce{};
  nonce[5] = 5;
  for (const ByteView manifest : {ek.subspan(2), list}) {
    const auto data = evidence::ServiceManifestReportData(sha512, nonce, manifest);
    const Verdict verdict = Judge(*data);
    EXPECT_THAT(TrustedEk::FromManifest(*verdict.report, nonce, manifest, ek), IsOk());
    EXPECT_THAT(TrustedEk::FromManifest(*verdict.report, nonce, manifest,
                                        tpm.Ek(KeyTemplate::kEkP256).tpm2b_public()),
                IsStatus(Code::kAuthFailed, Source::kSnpVerify, 0));
    EXPECT_THAT(TrustedEk::FromManifest(*verdict.report, Bytes<64>{}, manifest, ek),
                IsStatus(Code::kAuthFailed, Source::kSnpVerify, 0));
    EXPECT_THAT(TrustedEk::FromManifest(*verdict.report, ByteView(nonce).first(63), manifest, ek),
                IsStatus(Code::kInvalidArgument, Source::kEvidence, 64));
  }
}

TEST_F(KeyRelease, RefusesParentsThatAreNoStorageKeys) {
  StorageTpm tpm(13);
  const TrustedEk ek = Trust(tpm, KeyTemplate::kEkP256);
  const ByteVector ak = tpm.PublicOf(vtpm::kAkHandle);
  const auto attributes = evidence::ParseTpm2bPublic(ak)->attributes;
  EXPECT_THAT(WrapForSrk(key_, ek, ak, rng_),
              IsStatus(Code::kPermissionDenied, Source::kSnpVerify, attributes));
  // A key that may leave its TPM.
  EXPECT_THAT(WrapForSrk(key_, ek, key_.public_area(), rng_).status().code(),
              Code::kPermissionDenied);
  const ByteVector srk = tpm.PublicOf(vtpm::kSrkHandle);
  EXPECT_THAT(WrapForSrk(key_, ek, ByteView(srk).subspan(2, 40), rng_).status().code(),
              Code::kTruncated);
  const auto with = [&](auto change) {
    evidence::TpmPublic key = *evidence::ParseTpm2bPublic(srk);
    change(key);
    Bytes<1024> area{};
    return WrapForSrk(key_, ek, evidence::BuildTpm2bPublic(key, area).value(), rng_).status();
  };
  const Status malformed(Code::kMalformed, Source::kSnpVerify);
  EXPECT_EQ(with([](auto& key) { key.x = key.y; }), malformed);
  EXPECT_EQ(with([](auto& key) { key.x = {}; }), malformed);
  EXPECT_EQ(with([](auto& key) { key.symmetric = {}; }),
            Status(Code::kUnsupported, Source::kSnpVerify, 0x10));
  EXPECT_EQ(with([](auto& key) { key.symmetric.mode = evidence::TpmAlg::kCbc; }),
            Status(Code::kUnsupported, Source::kSnpVerify, 0x42));
  EXPECT_EQ(with([](auto& key) { key.name_alg = evidence::TpmAlg::kSha1; }),
            Status(Code::kUnsupported, Source::kSnpVerify, 0x04));
  Bytes<256> even{};
  even[0] = 0x80;
  const auto rsa = [&](ByteView modulus, std::uint32_t exponent) {
    evidence::TpmPublic key = evidence::TemplatePublic(KeyTemplate::kSrkRsa2048);
    key.modulus = modulus;
    key.exponent = exponent;
    Bytes<1024> area{};
    return WrapForSrk(key_, ek, evidence::BuildTpmtPublic(key, area).value(), rng_).status();
  };
  EXPECT_EQ(rsa(even, 0), malformed);
  Bytes<256> odd = even;
  odd[255] = 1;
  EXPECT_EQ(rsa(odd, 4), malformed);
  odd[0] = 0;
  EXPECT_EQ(rsa(odd, 0), malformed);
  EXPECT_EQ(rsa(ByteView(odd).first(128), 0), Status(Code::kUnsupported, Source::kSnpVerify, 1024));
}

TEST_F(KeyRelease, HandsOnWhatTheGeneratorSays) {
  StorageTpm tpm(14);
  const TrustedEk ek = Trust(tpm, KeyTemplate::kEkP256);
  const ByteVector srk = tpm.PublicOf(vtpm::kSrkHandle);
  svsm::testing::FakeRng broken(1);
  broken.status = Status(Code::kExhausted, Source::kCrypto);
  EXPECT_THAT(WrapForEk(key_, ek, broken), IsStatus(Code::kExhausted, Source::kCrypto, 0));
  EXPECT_THAT(WrapForSrk(key_, ek, srk, broken), IsStatus(Code::kExhausted, Source::kCrypto, 0));
}

TEST_F(KeyRelease, RefusesAnEkBesideTheCurve) {
  StorageTpm tpm(15);
  ByteVector area = ToVector(tpm.Ek(KeyTemplate::kEkP256).tpm2b_public());
  area.back() ^= 1;
  const Verdict verdict = Judge(DataOf(area));
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustedEk ek, TrustedEk::FromReport(*verdict.report, area));
  EXPECT_THAT(WrapForEk(key_, ek, rng_), IsStatus(Code::kMalformed, Source::kSnpVerify, 0));
}

}  // namespace
}  // namespace svsm::snp
