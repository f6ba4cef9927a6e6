// Sealed objects are judged by libtpms under the imported key in key_release_test.cc, too; here a
// TPM takes the storage key as it would any duplicate without wrappers.
#include "svsm/snp_verify/storage_key.h"

#include <gtest/gtest.h>

#include "tests/snp_verify/storage_tpm.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;

constexpr auto kSecret = Ascii("open sesame");

ByteVector SizedSecret(ByteView secret) {
  ByteVector out = {0, static_cast<std::uint8_t>(secret.size())};
  out.insert(out.end(), secret.begin(), secret.end());
  return out;
}

class StorageKeys : public ::testing::Test {
 protected:
  // The key in the TPM, imported in the clear: TPM2B_PRIVATE holds TPM2B_SENSITIVE alone.
  std::uint32_t Take() {
    ByteVector duplicate = {0, kStorageKeySensitiveSize};
    const ByteView sensitive = key_.file().last<kStorageKeySensitiveSize>();
    duplicate.insert(duplicate.end(), sensitive.begin(), sensitive.end());
    const auto imported = tpm_.Import(vtpm::kSrkHandle, StorageTpm::kPassword, {},
                                      key_.public_area(), duplicate, ByteVector{0, 0});
    EXPECT_EQ(imported.code, 0u);
    const auto loaded =
        tpm_.Load(vtpm::kSrkHandle, StorageTpm::kPassword, imported.parameters, key_.public_area());
    EXPECT_EQ(loaded.code, 0u);
    return StorageTpm::HandleOf(loaded);
  }
  std::uint32_t LoadSealed(std::uint32_t parent, const SealedObject& object) {
    const auto loaded =
        tpm_.Load(parent, StorageTpm::kPassword, object.private_area, object.public_area);
    EXPECT_EQ(loaded.code, 0u);
    return StorageTpm::HandleOf(loaded);
  }

  svsm::testing::FakeRng rng_{5};
  const StorageKey key_ = StorageKey::Create(rng_).value();
  StorageTpm tpm_{1};
};

TEST_F(StorageKeys, SealUpToTheLimit) {
  const std::uint32_t parent = Take();
  for (const std::size_t size : {std::size_t{1}, std::size_t{32}, kMaxSealedSize}) {
    const ByteVector secret(size, 0x5A);
    SVSM_ASSERT_OK_AND_ASSIGN(const SealedObject object, key_.Seal(secret, {}, rng_));
    const std::uint32_t handle = LoadSealed(parent, object);
    const auto opened = tpm_.Unseal(handle, StorageTpm::kPassword);
    EXPECT_EQ(opened.code, 0u);
    EXPECT_EQ(opened.parameters, SizedSecret(secret));
    tpm_.Flush(handle);
  }
}

TEST_F(StorageKeys, SealWithAPassword) {
  constexpr auto kPass = Ascii("password");
  SVSM_ASSERT_OK_AND_ASSIGN(const SealedObject object, key_.Seal(kSecret, {kPass, {}}, rng_));
  const std::uint32_t handle = LoadSealed(Take(), object);
  EXPECT_NE(tpm_.Unseal(handle, StorageTpm::kPassword).code, 0u);
  const auto opened = tpm_.Unseal(handle, StorageTpm::kPassword, kPass);
  EXPECT_EQ(opened.code, 0u);
  EXPECT_EQ(opened.parameters, SizedSecret(kSecret));
}

TEST_F(StorageKeys, SealUnderAPcrPolicy) {
  // PolicyPCR of PCR 16 in SHA-256, which is zero after a start.
  const ByteVector selection = *FromHex(
      "00000001"
      "000B"
      "03"
      "000001");
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> values{}, policy{};
  ASSERT_THAT(sha256.Digest(Bytes<32>{}, values), IsOk());
  const ByteVector command = *FromHex("0000017F");
  const ByteView parts[] = {policy, command, selection, values};
  Bytes<32> digest{};
  ASSERT_THAT(sha256.Digest(parts, digest), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const SealedObject object, key_.Seal(kSecret, {{}, digest}, rng_));
  const std::uint32_t handle = LoadSealed(Take(), object);
  EXPECT_NE(tpm_.Unseal(handle, StorageTpm::kPassword).code, 0u);
  const auto opened = tpm_.Unseal(handle, tpm_.PolicyPcrSession(selection));
  EXPECT_EQ(opened.code, 0u);
  EXPECT_EQ(opened.parameters, SizedSecret(kSecret));
  const evidence::TpmAlg bank = evidence::TpmAlg::kSha256;
  const Bytes<32> event{};
  const vtpm::PcrDigest extend[] = {{bank, event}};
  ASSERT_EQ(tpm_.tpm().Code(vtpm::BuildPcrExtend(16, extend, tpm_.tpm().command)), 0u);
  EXPECT_NE(tpm_.Unseal(handle, tpm_.PolicyPcrSession(selection)).code, 0u);
}

TEST_F(StorageKeys, SealEqualSecretsDifferently) {
  SVSM_ASSERT_OK_AND_ASSIGN(const SealedObject a, key_.Seal(kSecret, {}, rng_));
  SVSM_ASSERT_OK_AND_ASSIGN(const SealedObject b, key_.Seal(kSecret, {}, rng_));
  EXPECT_NE(a.public_area, b.public_area);
  EXPECT_NE(a.private_area, b.private_area);
}

TEST_F(StorageKeys, RefuseWhatATpmWouldNotSeal) {
  const auto invalid = [](std::uint32_t detail) {
    return IsStatus(Code::kInvalidArgument, Source::kSnpVerify, detail);
  };
  EXPECT_THAT(key_.Seal({}, {}, rng_), invalid(1));
  EXPECT_THAT(key_.Seal(ByteVector(kMaxSealedSize + 1), {}, rng_), invalid(1));
  const ByteVector long_auth(33, 1);
  EXPECT_THAT(key_.Seal(kSecret, {long_auth, {}}, rng_), invalid(2));
  const Bytes<2> trailing_zero = {1, 0};
  EXPECT_THAT(key_.Seal(kSecret, {trailing_zero, {}}, rng_), invalid(2));
  const Bytes<31> short_policy{};
  EXPECT_THAT(key_.Seal(kSecret, {{}, short_policy}, rng_), invalid(3));
  rng_.status = Status(Code::kExhausted, Source::kCrypto);
  EXPECT_THAT(key_.Seal(kSecret, {}, rng_), IsStatus(Code::kExhausted, Source::kCrypto, 0));
  EXPECT_THAT(StorageKey::Create(rng_), IsStatus(Code::kExhausted, Source::kCrypto, 0));
}

TEST_F(StorageKeys, ReadWhatTheyWrote) {
  SVSM_ASSERT_OK_AND_ASSIGN(const StorageKey read, StorageKey::Read(key_.file()));
  EXPECT_EQ(ToHex(read.file()), ToHex(key_.file()));
  EXPECT_EQ(ToHex(read.name().view()), ToHex(key_.name().view()));
  EXPECT_EQ(read.name().size, 34u);
}

TEST_F(StorageKeys, RefuseDamagedFiles) {
  const ByteVector good = ToVector(key_.file());
  EXPECT_THAT(StorageKey::Read(ByteView(good).first(good.size() - 1)),
              IsStatus(Code::kTruncated, Source::kSnpVerify, kStorageKeyFileSize));
  ByteVector longer = good;
  longer.push_back(0);
  EXPECT_THAT(StorageKey::Read(longer),
              IsStatus(Code::kMalformed, Source::kSnpVerify, kStorageKeyFileSize));
  constexpr std::size_t kScalarAt = kStorageKeyFileSize - 32;
  constexpr std::size_t kSeedAt = kStorageKeyPublicSize + 8;
  for (std::size_t at = 0; at < good.size(); ++at) {
    ByteVector bad = good;
    bad[at] ^= 1;
    const auto read = StorageKey::Read(bad);
    if (at >= kSeedAt && at < kSeedAt + 32) {
      // Any seed is one.
      EXPECT_THAT(read, IsOk()) << at;
      continue;
    }
    EXPECT_EQ(read.status().code(), Code::kMalformed) << at;
    if (at >= kScalarAt) {
      EXPECT_EQ(read.status().detail(), kScalarAt) << at;
    }
    if (at < 22) {
      EXPECT_EQ(read.status().detail(), 0u) << at;
    }
  }
  ByteVector zero = good;
  Fill(ByteSpan(zero).last(32), 0);
  EXPECT_THAT(StorageKey::Read(zero), IsStatus(Code::kMalformed, Source::kSnpVerify, kScalarAt));
}

}  // namespace
}  // namespace svsm::snp
