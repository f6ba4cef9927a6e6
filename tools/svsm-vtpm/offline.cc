#include "tools/svsm-vtpm/offline.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "svsm/crypto/openssl.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/manufacture.h"
#include "svsm/vtpm/responses.h"
#include "svsm/vtpm/sealed_object.h"
#include "svsm/vtpm/state_envelope.h"
#include "tools/common/entropy.h"
#include "tools/common/tpm_image.h"
#include "tools/svsm-vtpm/state.h"

namespace svsm::tool {
namespace {

int Fail(const std::string& what, Status status) {
  std::fprintf(stderr, "svsm-vtpm: %s: %s\n", what.c_str(), ToString(status).c_str());
  return 1;
}

// A power-down that a TPM does not hold against its owner.
Status EndOrderly(vtpm::LibtpmsEngine& engine) {
  Bytes<vtpm::kMaxTpmBuffer> response;
  Bytes<vtpm::kTpmHeaderSize + 2> buffer;
  SVSM_ASSIGN_OR_RETURN(const ByteView command,
                        vtpm::BuildShutdown(vtpm::StartupKind::kClear, buffer));
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, engine.Execute(0, command, response));
  SVSM_TRY(vtpm::CheckResponse(ByteView(response).first(size)));
  engine.PowerOff();
  return OkStatus();
}

struct Bank {
  evidence::TpmAlg tpm;
  crypto::HashAlg hash;
};
Bank BankOf(const std::string& name) {
  if (name == "sha384") return {evidence::TpmAlg::kSha384, crypto::HashAlg::kSha384};
  if (name == "sha512") return {evidence::TpmAlg::kSha512, crypto::HashAlg::kSha512};
  return {evidence::TpmAlg::kSha256, crypto::HashAlg::kSha256};
}

// The PCRs as they were given and as they follow from the digests, in order.
Result<std::vector<PcrOption>> Predict(const OfflineOptions& offline, crypto::HashAlg alg) {
  std::vector<PcrOption> pcrs = offline.pcrs;
  if (!offline.launch_digest.empty() || !offline.manifest_digest.empty()) {
    PcrOption measured{vtpm::kDefaultMeasurementPcr, ByteVector(crypto::DigestSize(alg))};
    SVSM_TRY(vtpm::PredictMeasurementPcr(crypto::OpensslHash(alg), offline.launch_digest,
                                         offline.manifest_digest, measured.value));
    pcrs.push_back(measured);
  }
  std::sort(pcrs.begin(), pcrs.end(),
            [](const PcrOption& a, const PcrOption& b) { return a.pcr < b.pcr; });
  return pcrs;
}

Status Seal(vtpm::Engine& engine, const crypto::Hash& sha256, const OfflineOptions& offline,
            vtpm::ManufactureWorkspace& workspace) {
  const Bank bank = BankOf(offline.bank);
  SVSM_ASSIGN_OR_RETURN(const std::vector<PcrOption> pcrs, Predict(offline, bank.hash));
  std::vector<vtpm::PredictedPcr> predicted;
  for (const PcrOption& pcr : pcrs) predicted.push_back({pcr.pcr, pcr.value});
  SVSM_ASSIGN_OR_RETURN(ByteVector secret, ReadFile(offline.seal_file, vtpm::kMaxSealedSecret));
  vtpm::SealRequest request;
  request.secret = secret;
  request.bank = bank.tpm;
  request.pcrs = predicted;
  if (offline.handle != 0) request.handle = offline.handle;
  const Status status = vtpm::SealToPcrs(engine, sha256, request, workspace);
  Wipe(secret);
  SVSM_TRY(status);
  std::printf("sealed at %08x to", request.handle);
  for (const PcrOption& pcr : pcrs) {
    std::printf(" %s:%u=%s", offline.bank.c_str(), pcr.pcr, ToHex(pcr.value).c_str());
  }
  std::printf("\n");
  return OkStatus();
}

Status WritePublic(const vtpm::EkOutcome& ek, const std::string& folder) {
  if (folder.empty()) return OkStatus();
  char name[32];
  std::snprintf(name, sizeof(name), "/ek-%08x.pub", ek.handle);
  return WriteFileAtomically(folder + name, ek.tpm2b_public(), FileMode::kPublic);
}

Status Make(vtpm::LibtpmsEngine& engine, const OfflineOptions& offline) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const auto workspace = std::make_unique<vtpm::ManufactureWorkspace>();
  const auto made = std::make_unique<vtpm::ManufacturedVtpm>();
  SVSM_TRY(vtpm::ManufactureKeys(engine, {sha256, sha384, sha512}, {}, *workspace, *made));
  for (const vtpm::EkOutcome& ek : made->eks) {
    Bytes<crypto::kSha256Size> digest;
    SVSM_TRY(sha256.Digest(ek.tpm2b_public(), digest));
    SVSM_TRY(WritePublic(ek, offline.public_folder));
    std::printf("EK %08x: SHA-256 of its TPM2B_PUBLIC %s\n", ek.handle, ToHex(digest).c_str());
  }
  if (!offline.seal_file.empty()) SVSM_TRY(Seal(engine, sha256, offline, *workspace));
  return EndOrderly(engine);
}

// One of swtpm's files; kNotFound if it is not there.
Status LayIn(vtpm::LibtpmsEngine& engine, vtpm::StateKind kind, const std::string& path) {
  SVSM_ASSIGN_OR_RETURN(ByteVector blob, ReadFile(path));
  const Result<ByteView> state = vtpm::UnwrapStateFile(blob);
  const Status status = state.ok() ? engine.SetState(kind, *state) : state.status();
  Wipe(blob);
  return status;
}

Status Import(vtpm::LibtpmsEngine& engine, const OfflineOptions& offline) {
  const std::string& folder = offline.swtpm_folder;
  SVSM_TRY(LayIn(engine, vtpm::StateKind::kPermanent, folder + "/tpm2-00.permall"));
  const Status suspended =
      LayIn(engine, vtpm::StateKind::kVolatile, folder + "/tpm2-00.volatilestate");
  if (!suspended.ok() && suspended.code() != Code::kNotFound) return suspended;
  SVSM_TRY(engine.PowerOn(vtpm::StoredVolatile::kKeep));
  if (suspended.ok()) SVSM_TRY(engine.StoreVolatile());
  engine.PowerOff();
  std::printf("imported: permanent state%s\n",
              suspended.ok() ? ", and a volatile state (socket --resume takes it up)" : "");
  return OkStatus();
}

// Makes the image if that is asked for, and opens it. Null after a message.
std::unique_ptr<TpmImage> OpenImage(const Options& options, crypto::Rng& rng) {
  Result<ByteVector> key = ReadKeyBytes(options);
  if (!key.ok() || key->empty()) {
    std::fprintf(stderr, "svsm-vtpm: the image is refused: %s\n",
                 Refuse(cocoonfs::Refusal::kNoKey, key.status()).text.c_str());
    return nullptr;
  }
  if (options.offline.size_bytes != 0) {
    const Status made =
        MakeImage(options.image.path, options.offline.size_bytes, *key, options.image.salt, rng);
    if (!made.ok()) {
      (void)Fail("the image cannot be made", made);
      Wipe(*key);
      return nullptr;
    }
  }
  ImageRefusal refusal;
  std::unique_ptr<TpmImage> image = TpmImage::Open(options.image, *key, rng, refusal);
  Wipe(*key);
  if (image == nullptr) {
    std::fprintf(stderr, "svsm-vtpm: the image is refused: %s\n", refusal.text.c_str());
  }
  return image;
}

}  // namespace

int RunOffline(const Options& options) {
  Entropy entropy;
  if (const Status status = entropy.Seed(); !status.ok()) return Fail("no random numbers", status);
  const std::unique_ptr<TpmImage> image = OpenImage(options, entropy.rng());
  if (image == nullptr) return 1;
  const auto found = image->persistent().Inspect();
  if (found.ok() && *found != vtpm::VtpmStart::kManufacture) {
    std::fprintf(stderr, "svsm-vtpm: the image has a TPM, which is left as it is\n");
    return 1;
  }
  const auto start =
      image->Begin(vtpm::SuspendedState::kDiscard, options.image.beside_other_engine);
  if (!start.ok()) {
    std::fprintf(stderr, "svsm-vtpm: %s\n", ExplainStart(start.status()).text.c_str());
    return 1;
  }
  auto engine = vtpm::LibtpmsEngine::Create(image->store(), entropy.rng());
  if (!engine.ok()) return Fail("libtpms", engine.status());
  const bool import = options.verb == Verb::kImport;
  Status status = import ? Import(**engine, options.offline) : Make(**engine, options.offline);
  if (status.ok()) status = image->persistent().Finish();
  if (import && status == Status(Code::kUnsupported, Source::kVtpm, status.detail())) {
    return Fail("import: the state is encrypted, or of a newer swtpm", status);
  }
  return status.ok() ? 0 : Fail(import ? "import" : "manufacture", status);
}

}  // namespace svsm::tool
