// svsm-storage-key: makes the key that disks are sealed under while the vTPM is new at every boot,
// and seals under it. `svsm-verify --wrap-key` gives it to a vTPM that was found trusted.
//
//   svsm-storage-key create -o storage.key
//   svsm-storage-key seal --key storage.key --in disk.key -o disk     (disk.pub and disk.priv)
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/snp_verify/storage_key.h"
#include "tools/common/entropy.h"

namespace {

using namespace svsm;

constexpr int kUnusable = 2;

struct SealOptions {
  std::string key;
  std::string in;
  std::string policy;
  std::string auth;
  std::string out;
};

int Fail(const std::string& what, Status status) {
  std::fprintf(stderr, "svsm-storage-key: %s: %s\n", what.c_str(), ToString(status).c_str());
  return kUnusable;
}

int Create(const std::string& out, crypto::Rng& rng) {
  // A key that something was sealed under is not written over.
  if (ReadFile(out).status().code() != Code::kNotFound) {
    return Fail(out, Status(Code::kAlreadyExists, Source::kSystem));
  }
  const Result<snp::StorageKey> key = snp::StorageKey::Create(rng);
  if (!key.ok()) return Fail("create", key.status());
  const Status written = WriteFileAtomically(out, key->file(), FileMode::kPrivate);
  return written.ok() ? 0 : Fail(out, written);
}

// A file that is wiped when it is no longer used.
struct SecretFile {
  explicit SecretFile(const std::string& path) : bytes(ReadFile(path, 4096)) {}
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile() {
    if (bytes.ok()) Wipe(*bytes);
  }
  Result<ByteVector> bytes;
};

int Seal(const SealOptions& options, crypto::Rng& rng) {
  const SecretFile file(options.key);
  if (!file.bytes.ok()) return Fail(options.key, file.bytes.status());
  const Result<snp::StorageKey> key = snp::StorageKey::Read(*file.bytes);
  if (!key.ok()) return Fail(options.key, key.status());
  const SecretFile secret(options.in);
  if (!secret.bytes.ok()) return Fail(options.in, secret.bytes.status());
  ByteVector policy;
  if (!options.policy.empty()) {
    Result<ByteVector> read = ReadFile(options.policy, 4096);
    if (!read.ok()) return Fail(options.policy, read.status());
    policy = *std::move(read);
  }
  const Result<snp::SealedObject> object =
      key->Seal(*secret.bytes, {AsBytes(options.auth), policy}, rng);
  if (!object.ok()) {
    if (object.status().code() != Code::kInvalidArgument) return Fail("seal", object.status());
    const char* const what[] = {"", "--in: not 1 to 128 bytes",
                                "--auth: not at most 32 bytes, the last of them not zero",
                                "--policy: not a digest of 32 bytes"};
    std::fprintf(stderr, "svsm-storage-key: %s\n", what[object.status().detail() & 3]);
    return kUnusable;
  }
  Status written =
      WriteFileAtomically(options.out + ".pub", object->public_area, FileMode::kPublic);
  if (written.ok()) {
    written = WriteFileAtomically(options.out + ".priv", object->private_area, FileMode::kPublic);
  }
  return written.ok() ? 0 : Fail(options.out, written);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A storage key for the disks of VMs whose TPM is new at every boot.\n"
      "Exit code: 0 done, 2 malformed or unusable input.",
      "svsm-storage-key");
  app.require_subcommand(1);
  std::string created;
  CLI::App* const create = app.add_subcommand("create", "make a key; who has it opens every disk");
  create->add_option("-o,--out", created, "file for the key, which must not exist")->required();
  SealOptions options;
  CLI::App* const seal = app.add_subcommand("seal", "seal a secret under the key");
  seal->add_option("--key", options.key, "file of the storage key")->required();
  seal->add_option("--in", options.in, "file with the secret, at most 128 bytes")->required();
  seal->add_option("--policy", options.policy,
                   "file with a SHA-256 policy digest (tpm2_createpolicy -L)");
  seal->add_option("--auth", options.auth, "password of the sealed object");
  seal->add_option("-o,--out", options.out, "OUT.pub and OUT.priv are written, for tpm2_load")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "svsm-storage-key: %s\n", error.what());
    return kUnusable;
  }
  tool::Entropy entropy;
  if (const Status seeded = entropy.Seed(); !seeded.ok()) return Fail("entropy", seeded);
  return create->parsed() ? Create(created, entropy.rng()) : Seal(options, entropy.rng());
}
