#include "tools/svsm-verify/release.h"

#include <filesystem>
#include <utility>

#include "svsm/evidence/ek_template.h"
#include "svsm/snp_verify/key_release.h"
#include "tools/common/entropy.h"

namespace svsm::verify {
namespace {

// What tpm2-tools put before a credential: its magic number and its version.
constexpr Bytes<8> kCredentialHead = {0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1};

snp::StorageKey LoadStorageKey(const std::string& path) {
  ByteVector file = Load(path);
  Result<snp::StorageKey> key = snp::StorageKey::Read(file);
  Wipe(file);
  if (!key.ok()) throw Explain(path, key.status());
  return *std::move(key);
}

snp::TrustedEk Trust(const Options& options, const snp::VerifiedReport& report) {
  const ByteVector ek = Load(options.ek);
  const Result<snp::TrustedEk> trusted =
      options.manifest.empty()
          ? snp::TrustedEk::FromReport(report, ek)
          : snp::TrustedEk::FromManifest(report, ParseHex("--service-nonce", options.service_nonce),
                                         Load(options.manifest), ek);
  if (trusted.ok()) return *trusted;
  if (trusted.status().code() == Code::kPermissionDenied) {
    throw Unusable("--wrap-key: the report is not of VMPL 0");
  }
  if (trusted.status().code() == Code::kAuthFailed) {
    throw Unusable("--wrap-key: wants the vTPM's own manifest, not the list of all services");
  }
  throw Explain(options.ek, trusted.status());
}

void Write(const std::string& folder, const char* name, ByteView bytes) {
  const std::string path = folder + "/" + name;
  const Status written = WriteFileAtomically(path, bytes, FileMode::kPublic);
  if (!written.ok()) throw Unusable(path + ": cannot be written: " + ToString(written));
}

}  // namespace

void CheckRelease(const snp::Verdict& verdict) {
  for (const snp::Aspect aspect : verdict.not_judged) {
    if (aspect != snp::Aspect::kMeasurement) continue;
    throw Unusable("--wrap-key: the policy must say which measurements are trusted");
  }
}

std::string ReleaseKey(const Options& options, const snp::VerifiedReport& report) {
  const snp::StorageKey key = LoadStorageKey(options.wrap_key);
  const snp::TrustedEk ek = Trust(options, report);
  tool::Entropy entropy;
  if (const Status seeded = entropy.Seed(); !seeded.ok()) throw Explain("entropy", seeded);
  const bool srk = options.parent == "srk";
  const Result<snp::WrappedKey> wrapped =
      srk ? snp::WrapForSrk(key, ek, Load(options.srk), entropy.rng())
          : snp::WrapForEk(key, ek, entropy.rng());
  if (!wrapped.ok()) {
    if (wrapped.status().code() == Code::kPermissionDenied) {
      throw Unusable(options.srk + ": not a storage key that is fixed to its TPM");
    }
    throw Explain(srk ? options.srk : options.ek, wrapped.status());
  }
  std::error_code failed;
  std::filesystem::create_directories(options.wrap_out, failed);
  if (failed) throw Unusable(options.wrap_out + ": cannot be made: " + failed.message());
  Write(options.wrap_out, "storage.pub", wrapped->public_area);
  Write(options.wrap_out, "storage.dup", wrapped->duplicate);
  Write(options.wrap_out, "storage.seed", wrapped->encrypted_seed);
  if (srk) {
    ByteVector credential(kCredentialHead.begin(), kCredentialHead.end());
    for (const ByteVector* part : {&wrapped->credential, &wrapped->credential_secret}) {
      credential.insert(credential.end(), part->begin(), part->end());
    }
    Write(options.wrap_out, "storage.cred", credential);
  }
  return std::string(srk ? "the storage root key beside " : "") +
         evidence::KeyTemplateName(ek.id());
}

}  // namespace svsm::verify
