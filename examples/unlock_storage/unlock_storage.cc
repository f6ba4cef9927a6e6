// In a Linux guest on SEV-SNP: gets the key of an image from a broker, by way of the host's
// svsm-proxy, and opens the image with it: example-unlock-storage PROXY_SOCKET IMAGE. It takes any
// broker that signs; who boots an SVSM pins the broker's key in measured memory instead.
#include <cstdio>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/client.h"
#include "svsm/kbs_linux/socket_stream.h"
#include "svsm/snp_linux/configfs_tsm.h"
#include "svsm/snp_linux/tsm_tree.h"
#include "tools/common/entropy.h"

namespace svsm {
namespace {

constexpr std::uint32_t kPatienceMs = 30'000;

// Attests; `key` is wiped by its own destructor.
Status AskBroker(const char* proxy, crypto::Rng& rng, Secret<32>& key) {
  SVSM_ASSIGN_OR_RETURN(kbs::SocketStream stream, kbs::ConnectUnix(proxy, kPatienceMs));
  snp::PosixTsmTree tree(snp::kTsmRoot);
  snp::ConfigfsTsmAttester attester(tree, Vmpl(0));

  crypto::OpensslEcdh ecdh(crypto::Curve::kP521);
  Secret<crypto::CoordinateSize(crypto::Curve::kP521)> scalar;
  SVSM_TRY(ecdh.GenerateKey(rng, scalar.writable()));
  crypto::OpensslBlockCipher aes(crypto::BlockCipherAlg::kAes);
  crypto::OpensslAesGcm aead;
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);

  kbs::ClientConfig config;
  config.policy.trust = kbs::BrokerTrust::kAny;
  ByteVector workspace(kbs::kClientWorkspaceSize);
  ByteVector buffer(kbs::kMaxFrameBodySize);
  kbs::Client client(config, {{ecdh, aes, aead, sha256}, sha384, sha384, hmac, verifier}, attester,
                     workspace);
  SVSM_TRY(kbs::RunClient(client, stream, buffer));
  Copy(key.writable(), client.root_key());
  std::printf("boot %llu, key by broker %s...\n",
              static_cast<unsigned long long>(client.boot_number()->value),
              ToHex(ByteView(client.broker()->x).first(8)).c_str());
  return OkStatus();
}

Status Run(const char* proxy, const char* image) {
  tool::Entropy entropy;
  SVSM_TRY(entropy.Seed());
  Secret<32> key;
  SVSM_TRY(AskBroker(proxy, entropy.rng(), key));

  SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device, cocoonfs::FileDevice::Open(image, {}));
  MallocAllocator heap;
  WipingAllocator allocator(heap);
  const crypto::OpensslSymmetric symmetric;
  cocoonfs::FileSystem fs(device, symmetric, entropy.rng(), allocator);
  SVSM_TRY(fs.Open(key.view(), {.commit_on_open = true, .format_on_open = true}));
  const cocoonfs::Usage usage = fs.usage();
  std::printf("open: %llu of %llu blocks are free\n",
              static_cast<unsigned long long>(usage.num_free_blocks),
              static_cast<unsigned long long>(usage.num_blocks));
  return OkStatus();
}

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: example-unlock-storage PROXY_SOCKET IMAGE\n", stderr), 2;
  const svsm::Status status = svsm::Run(argv[1], argv[2]);
  if (!status.ok()) std::printf("%s\n", svsm::ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
