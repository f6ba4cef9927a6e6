#include "tools/svsm-demo/broker_storage.h"

#include "svsm/kbs/client.h"
#include "svsm/kbs_linux/socket_stream.h"
#include "tools/svsm-demo/stopwatch.h"

namespace svsm::demo {
namespace {

constexpr std::uint32_t kPatienceMs = 10'000;
// The upper half of an inode number says what a file is for; 1 is the TPM.
constexpr std::uint64_t kBrokerInodes = std::uint64_t{2} << 32;
constexpr const char* kBrokerMemoryName = "broker";
constexpr std::array<const char*, 1> kBrokerNames = {kBrokerMemoryName};

}  // namespace

Result<Secret<32>> BrokerStorage::AskBroker(tool::SimVm& vm) {
  SVSM_ASSIGN_OR_RETURN(kbs::SocketStream proxy, kbs::ConnectUnix(options_.proxy, kPatienceMs));
  const Lie honest = [](Frame, ByteVector&) {};
  LyingProxy host(proxy, options_.lie ? options_.lie : honest);
  crypto::OpensslEcdh ecdh(crypto::Curve::kP521);
  Secret<crypto::CoordinateSize(crypto::Curve::kP521)> scalar;
  SVSM_TRY(ecdh.GenerateKey(vm.rng(), scalar.writable()));
  crypto::OpensslBlockCipher aes(crypto::BlockCipherAlg::kAes);
  crypto::OpensslAesGcm aead;
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  kbs::ClientConfig config;
  config.policy = options_.policy;
  ByteVector workspace(kbs::kClientWorkspaceSize);
  ByteVector buffer(kbs::kMaxFrameBodySize);
  Attester& attester = options_.attester != nullptr ? *options_.attester : vm.attester();
  kbs::Client client(config, {{ecdh, aes, aead, sha256}, sha384, sha384, hmac, verifier}, attester,
                     workspace);
  SVSM_TRY(kbs::RunClient(client, host, buffer));
  now_ = {*client.broker(), *client.boot_number()};
  Secret<32> key;
  Copy(key.writable(), client.root_key());
  return key;
}

Status BrokerStorage::OpenImage(tool::SimVm& vm, const Secret<32>& key) {
  // The image's blocks are smaller than those of the file system that it lies in.
  const tool::TpmImageFile file{options_.image, {}, true};
  tool::ImageRefusal refusal;
  image_ = tool::TpmImage::Open(file, key.view(), vm.rng(), refusal);
  return image_ != nullptr ? OkStatus() : refusal.status;
}

Status BrokerStorage::RememberBroker() {
  memory_.emplace(image_->file_system(), kBrokerInodes, kBrokerNames);
  Bytes<kbs::kBrokerMemorySize> stored{};
  const Status read = memory_->Read(kBrokerMemoryName, stored).status();
  if (read.ok()) {
    SVSM_ASSIGN_OR_RETURN(const kbs::BrokerMemory before, kbs::DecodeBrokerMemory(stored));
    SVSM_TRY(kbs::CheckBrokerMemory(before, now_));
  } else if (read.code() != Code::kNotFound) {
    return read;
  }
  SVSM_ASSIGN_OR_RETURN(manifest_, kbs::EncodeBrokerMemory(now_));
  return memory_->Write(kBrokerMemoryName, manifest_);
}

Result<StateStore*> BrokerStorage::Open(tool::SimVm& vm) {
  Stopwatch watch;
  SVSM_ASSIGN_OR_RETURN(const Secret<32> key, AskBroker(vm));
  times_ = "attested in " + watch.Lap();
  SVSM_TRY(OpenImage(vm, key));
  SVSM_TRY(RememberBroker());
  times_ += std::string(", disk ") + (was_new() ? "made" : "opened") + " in " + watch.Lap();
  return &image_->store();
}

}  // namespace svsm::demo
