// The relying party's side of full-disk encryption with a vTPM that is new at every boot: judges
// the VM, and wraps the storage key for its TPM if it is trusted.
//
//   example-release-disk-key REPORT VCEK EK MEASUREMENT STORAGE_KEY
//
// The guest goes on with tpm2_import, tpm2_load and tpm2_unseal.
#include <cstdio>

#include "svsm/core/hosted.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/key_release.h"

namespace {

using namespace svsm;

// The seed of a generator, from the operating system.
Status Seed(crypto::Drbg& drbg) {
  Secret<48> seed;
  std::FILE* const random = std::fopen("/dev/urandom", "rb");
  if (random == nullptr) return Status(Code::kIoError, Source::kSystem);
  const std::size_t got = std::fread(seed.writable().data(), 1, seed.size(), random);
  std::fclose(random);
  if (got != seed.size()) return Status(Code::kIoError, Source::kSystem);
  const ByteView inputs[] = {seed.view()};
  return drbg.Seed(inputs);
}

Result<snp::Verdict> Judge(ByteView report, const char* leaf_file, ByteView measurement) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector file, ReadFile(leaf_file));
  SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> leaf, snp::ReadCertificateFile(file));
  SVSM_ASSIGN_OR_RETURN(const snp::TrustStore store, snp::TrustStore::Amd());
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  const SystemClock clock;
  snp::Verifier verifier(store, p384, clock);
  snp::Policy policy;
  policy.vmpl = Vmpl(0);
  Copy(policy.measurements.emplace_back(), measurement);
  return verifier.Verify({.report = report, .leaf = leaf.at(0)}, policy);
}

// What is printed for people; an error if nothing could be judged or written.
Result<const char*> Release(char** files) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector report, ReadFile(files[1]));
  SVSM_ASSIGN_OR_RETURN(const ByteVector ek_public, ReadFile(files[3]));
  SVSM_ASSIGN_OR_RETURN(const ByteVector measurement, FromHex(files[4]));
  if (measurement.size() != 48) return Status(Code::kInvalidArgument, Source::kCaller);
  SVSM_ASSIGN_OR_RETURN(const snp::Verdict verdict, Judge(report, files[2], measurement));
  if (!verdict.trusted()) return "refused: no key";
  SVSM_ASSIGN_OR_RETURN(const snp::TrustedEk ek,
                        snp::TrustedEk::FromReport(*verdict.report, ek_public));
  SVSM_ASSIGN_OR_RETURN(ByteVector file, ReadFile(files[5]));
  Result<snp::StorageKey> key = snp::StorageKey::Read(file);
  Wipe(file);
  SVSM_TRY(key.status());
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  SVSM_TRY(Seed(drbg));
  SVSM_ASSIGN_OR_RETURN(const snp::WrappedKey wrapped, snp::WrapForEk(*key, ek, drbg));
  SVSM_TRY(WriteFileAtomically("storage.pub", wrapped.public_area, FileMode::kPublic));
  SVSM_TRY(WriteFileAtomically("storage.dup", wrapped.duplicate, FileMode::kPublic));
  SVSM_TRY(WriteFileAtomically("storage.seed", wrapped.encrypted_seed, FileMode::kPublic));
  return "trusted: storage.pub, storage.dup, storage.seed";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: example-release-disk-key REPORT VCEK EK MEASUREMENT STORAGE_KEY\n", stderr);
    return 2;
  }
  const Result<const char*> said = Release(argv);
  std::puts(said.ok() ? *said : ToString(said.status()).c_str());
  return said.ok() ? 0 : 2;
}
