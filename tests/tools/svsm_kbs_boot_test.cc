// Boots as an SVSM makes them: its client, svsm-proxy and svsm-kbs, each a process of its own.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "svsm/core/attester.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/client.h"
#include "svsm/kbs/client_step.h"
#include "svsm/kbs/forward_client.h"
#include "svsm/kbs_linux/socket_stream.h"
#include "svsm/testing/matchers.h"
#include "tests/broker/live_guest.h"
#include "tests/tools/kbs_process.h"

namespace svsm::testing {
namespace {

constexpr const char* kName = "default/sample/test";

class ForgedAttester final : public Attester {
 public:
  explicit ForgedAttester(const LiveGuest& guest) : guest_(guest) {}
  AttestationSizes Sizes() const override { return {.report_bytes = 1184}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> data, ByteSpan out,
                                  ByteSpan) override {
    Copy(out, guest_.Report(data));
    return Sizes();
  }

 private:
  const LiveGuest& guest_;
};

class SvsmKbsBootTest : public KbsProcessTest {
 protected:
  ~SvsmKbsBootTest() override {
    if (proxy_ <= 0) return;
    ::kill(proxy_, SIGTERM);
    ::waitpid(proxy_, nullptr, 0);
  }

  // Reports come without certificates: the broker has them.
  void StartBoth() {
    const std::string folder = Path("data/kds-store/vcek/" + ForgedHwid());
    std::filesystem::create_directories(folder);
    ASSERT_THAT(WriteFileAtomically(folder + "/vcek.der", ForgedVcek(now_), FileMode::kPublic),
                IsOk());
    Start();
    PutSecret(std::string(32, 'k'));
    std::vector<std::string> words = {
        std::string(SVSM_BIN_DIR) + "/svsm-proxy",   "--protocol", "kbs",        "--url",
        "http://127.0.0.1:" + std::to_string(port_), "--unix",     Path("proxy")};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    proxy_ = ::fork();
    if (proxy_ == 0) {
      const int log = ::open(Path("proxy-log").c_str(), O_WRONLY | O_CREAT, 0600);
      if (log < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) ::_exit(126);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    for (int i = 0; i < 1000 && !std::filesystem::exists(Path("proxy")); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  // The key to pin, as an image's maker gets it.
  kbs::BrokerKey Pinned() {
    const ProgramRun keys = Run("svsm-kbs", {"keys", "--data", Path("data")});
    const auto json = nlohmann::json::parse(keys.out)["keys"][0];
    kbs::BrokerKey key;
    for (const auto& [name, out] :
         {std::pair("x", ByteSpan(key.x)), std::pair("y", ByteSpan(key.y))}) {
      const std::string text = json[name];
      EXPECT_THAT(kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(text), out), IsOk());
    }
    return key;
  }

  // Boots through the forwarder, or else through the attestation proxy's own protocol.
  enum class Way { kForwarder, kNegotiated };
  struct Boot {
    Status status;
    std::string root_key;
    std::uint64_t number = 0;
  };
  Boot BootOnce(Way way, const kbs::BrokerPolicy& policy, kbs::BindingMode mode) {
    LiveGuest guest(crypto::Curve::kP521, rng_, 7, now_);
    ForgedAttester attester(guest);
    const kbs::JwePrimitives jwe = {guest.ecdh(), aes_, aead_, sha256_};
    Boot boot;
    Result<kbs::SocketStream> stream = kbs::ConnectUnix(Path("proxy"), 30'000);
    boot.status = stream.status();
    if (!stream.ok()) return boot;
    ByteVector buffer(kbs::kMaxFrameBodySize);
    const auto run = [&](auto& client) {
      boot.status = kbs::RunClient(client, *stream, buffer);
      boot.root_key = ToHex(client.root_key());
      if (client.boot_number().has_value()) boot.number = client.boot_number()->value;
    };
    if (way == Way::kForwarder) {
      ByteVector workspace(kbs::kForwardWorkspaceSize);
      kbs::ForwardConfig config;
      config.binding = mode;
      config.policy = policy;
      config.resource = AsBytes(kName);
      kbs::ForwardClient client(config, {jwe, sha384_, hmac_, verifier_}, attester, workspace);
      run(client);
    } else {
      ByteVector workspace(kbs::kClientWorkspaceSize);
      kbs::ClientConfig config;
      config.binding = mode;
      config.policy = policy;
      const bool own = mode == kbs::BindingMode::kOwn;
      kbs::Client client(config, {jwe, own ? sha384_ : sha512_, sha384_, hmac_, verifier_},
                         attester, workspace);
      run(client);
    }
    return boot;
  }

  crypto::OpensslBlockCipher aes_;
  crypto::OpensslAesGcm aead_;
  crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha256};
  crypto::OpensslEcdsaVerifier verifier_{crypto::Curve::kP384};

 private:
  ::pid_t proxy_ = -1;
};

TEST_F(SvsmKbsBootTest, GivesAGuestItsRootKeyAtEachBoot) {
  StartBoth();
  const kbs::BrokerPolicy pinned = {.known = Pinned()};
  std::string root_key;
  std::uint64_t number = 0;
  for (const Way way : {Way::kForwarder, Way::kNegotiated, Way::kForwarder}) {
    const Boot boot = BootOnce(way, pinned, kbs::BindingMode::kOwn);
    ASSERT_THAT(boot.status, IsOk()) << Log() << File("proxy-log");
    EXPECT_EQ(boot.root_key.size(), 64u);
    if (!root_key.empty()) {
      EXPECT_EQ(boot.root_key, root_key);
    }
    root_key = boot.root_key;
    EXPECT_EQ(boot.number, ++number);
  }
  // The grant's seed is what the broker holds; the root key is not.
  EXPECT_NE(root_key, ToHex(AsBytes(std::string(32, 'k'))));
}

TEST_F(SvsmKbsBootTest, GivesTheSecretItselfInCompatibleBindings) {
  StartBoth();
  const kbs::BrokerPolicy pinned = {.known = Pinned()};
  const std::string secret = ToHex(AsBytes(std::string(32, 'k')));
  const Boot proxy = BootOnce(Way::kNegotiated, pinned, kbs::BindingMode::kProxyCompatible);
  ASSERT_THAT(proxy.status, IsOk()) << Log() << File("proxy-log");
  EXPECT_EQ(proxy.root_key, secret);
  const Boot trustee = BootOnce(Way::kForwarder, pinned, kbs::BindingMode::kTrustee);
  ASSERT_THAT(trustee.status, IsOk()) << Log() << File("proxy-log");
  EXPECT_EQ(trustee.root_key, secret);
}

TEST_F(SvsmKbsBootTest, TakesNothingFromAnotherBroker) {
  StartBoth();
  kbs::BrokerKey other = Pinned();
  other.x[0] ^= 1;
  for (const Way way : {Way::kForwarder, Way::kNegotiated}) {
    const Boot boot = BootOnce(way, {.known = other}, kbs::BindingMode::kOwn);
    EXPECT_THAT(boot.status,
                IsStatus(Code::kPermissionDenied, Source::kKbs,
                         static_cast<std::uint32_t>(kbs::BrokerRefusal::kOtherBroker)));
    EXPECT_EQ(boot.root_key, "");
  }
}

}  // namespace
}  // namespace svsm::testing
