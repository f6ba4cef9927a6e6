// The proof that all of the TPM's randomness is the Rng's: with constant inputs, two processes make
// equal keys, signatures and ciphertexts, and one changed input makes others.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "svsm/core/writer.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {
namespace {

using evidence::KeyTemplate;
using evidence::TpmAlg;
using evidence::TpmPublic;

constexpr std::uint32_t kRetry = 0x922;

// What a boot of an SVSM has: RDSEED or RDRAND, a key derived by the AMD-SP, and a VMPCK that
// nobody uses.
struct Inputs {
  Bytes<32> cpu{};
  Bytes<32> derived_key{};
  Bytes<32> vmpck3{};
};

Inputs SomeInputs() {
  Inputs inputs;
  inputs.cpu.fill(0x11);
  inputs.derived_key.fill(0x22);
  inputs.vmpck3.fill(0x33);
  return inputs;
}

// A child's conversation with its TPM. It ends the process where something is wrong.
class Talk {
 public:
  Talk(LibtpmsEngine& engine, std::FILE* out) : engine_(engine), out_(out) {}

  ByteView Ask(const Result<ByteView>& command) {
    if (!command.ok()) Stop("command");
    for (;;) {
      const auto size = engine_.Execute(0, *command, response_);
      if (!size.ok()) Stop("execute");
      const ByteView response = ByteView(response_).first(*size);
      const auto code = ResponseCode(response);
      if (!code.ok()) Stop("response");
      if (*code == kRetry) continue;  // after a test of itself
      if (*code != 0) {
        std::fprintf(stderr, "response code %x\n", *code);
        Stop("code");
      }
      return response;
    }
  }
  void Tell(const char* name, ByteView bytes) {
    std::fprintf(out_, "%s %s\n", name, ToHex(bytes).c_str());
  }
  // Begins a command with one handle and the empty password (or without any session).
  wire::Writer Begin(std::uint32_t code, std::uint32_t handle, bool session = true) {
    wire::Writer w(command_);
    w.Be16(session ? 0x8002 : 0x8001);
    w.Be32(0);
    w.Be32(code);
    w.Be32(handle);
    if (session) {
      w.Be32(9);
      w.Be32(0x40000009);
      w.Zeros(5);
    }
    return w;
  }
  ByteView Send(wire::Writer& w) {
    w.PatchBe32(2, static_cast<std::uint32_t>(w.size()));
    return Ask(w.Finish());
  }
  // The handle of a primary key, and its public area told.
  std::uint32_t Primary(const char* name, std::uint32_t hierarchy, KeyTemplate id) {
    Bytes<1024> area;
    const auto tmpl = evidence::BuildTpmtPublic(evidence::TemplatePublic(id), area);
    if (!tmpl.ok()) Stop("template");
    const auto made = ParseCreatePrimary(Ask(BuildCreatePrimary(hierarchy, *tmpl, command_)));
    if (!made.ok()) Stop("primary");
    Tell(name, made->tpm2b_public);
    return made->handle;
  }
  void Flush(std::uint32_t handle) { (void)Ask(BuildFlushContext(handle, command_)); }
  // TPM2_Create and TPM2_Load: a key of its own, not derived from the parent.
  std::uint32_t Child(const char* name, std::uint32_t parent, const TpmPublic& key) {
    Bytes<1024> area;
    const auto tmpl = evidence::BuildTpm2bPublic(key, area);
    if (!tmpl.ok()) Stop("template");
    wire::Writer create = Begin(0x153, parent);
    create.Be16(4);
    create.Be32(0);
    create.Put(*tmpl);
    create.Be16(0);
    create.Be32(0);
    const ByteView made = Send(create);
    Tell(name, made);  // private part and public area: the whole response
    const std::size_t private_size = static_cast<std::size_t>(made[14] << 8 | made[15]);
    const std::size_t public_at = 16 + private_size;
    const std::size_t public_size =
        static_cast<std::size_t>(made[public_at] << 8 | made[public_at + 1]);
    const ByteVector both = ToVector(made.subspan(14, public_at + 2 + public_size - 14));
    wire::Writer load = Begin(0x157, parent);
    load.Put(both);
    const ByteView loaded = Send(load);
    return static_cast<std::uint32_t>(loaded[10]) << 24 | static_cast<std::uint32_t>(loaded[13]);
  }
  void Sign(const char* name, std::uint32_t key, TpmAlg scheme) {
    wire::Writer w = Begin(0x15D, key);
    w.PutBe16Sized(Bytes<32>{1, 2, 3});
    w.Be16(static_cast<std::uint16_t>(scheme));
    w.Be16(static_cast<std::uint16_t>(TpmAlg::kSha256));
    w.Be16(0x8024);
    w.Be32(0x40000007);
    w.Be16(0);
    Tell(name, Send(w));
  }
  void Encrypt(const char* name, std::uint32_t key) {
    wire::Writer w = Begin(0x174, key, false);
    w.PutBe16Sized(AsBytes("a message"));
    w.Be16(static_cast<std::uint16_t>(TpmAlg::kOaep));
    w.Be16(static_cast<std::uint16_t>(TpmAlg::kSha256));
    w.Be16(0);
    Tell(name, Send(w));
  }
  ByteSpan command() { return command_; }

 private:
  [[noreturn]] static void Stop(const char* why) {
    std::fprintf(stderr, "stopped: %s\n", why);
    _exit(2);
  }

  LibtpmsEngine& engine_;
  std::FILE* out_;
  Bytes<4096> command_{};
  Bytes<4096> response_{};
};

TpmPublic SigningKey(TpmAlg type) {
  TpmPublic key;
  key.type = type;
  key.name_alg = TpmAlg::kSha256;
  key.attributes = evidence::kTpmaFixedTpm | evidence::kTpmaFixedParent |
                   evidence::kTpmaSensitiveDataOrigin | evidence::kTpmaUserWithAuth |
                   evidence::kTpmaSign;
  if (type == TpmAlg::kRsa) {
    key.attributes |= evidence::kTpmaDecrypt;
    key.key_bits = 2048;
  } else {
    key.curve = evidence::TpmCurve::kNistP256;
  }
  return key;
}

// Everything that a TPM draws numbers for.
void TellStory(const Inputs& inputs, std::FILE* out) {
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  const ByteView seed[] = {inputs.cpu, inputs.derived_key, inputs.vmpck3};
  MemoryStateStore store;
  if (!drbg.Seed(seed).ok()) _exit(2);
  auto engine = LibtpmsEngine::Create(store, drbg);
  if (!engine.ok() || !(*engine)->PowerOn(StoredVolatile::kDelete).ok()) _exit(2);
  Talk talk(**engine, out);
  (void)talk.Ask(BuildStartup(StartupKind::kClear, talk.command()));
  talk.Flush(talk.Primary("ek-rsa", kTpmRhEndorsement, KeyTemplate::kEkRsa2048));
  talk.Flush(talk.Primary("ek-p256", kTpmRhEndorsement, KeyTemplate::kEkP256));
  talk.Flush(talk.Primary("ek-p384", kTpmRhEndorsement, KeyTemplate::kEkP384));
  const std::uint32_t srk = talk.Primary("srk", kTpmRhOwner, KeyTemplate::kSrkP256);
  const std::uint32_t ecc = talk.Child("create-ecc", srk, SigningKey(TpmAlg::kEcc));
  talk.Sign("ecdsa", ecc, TpmAlg::kEcdsa);
  talk.Sign("ecdsa-again", ecc, TpmAlg::kEcdsa);
  talk.Flush(ecc);
  const std::uint32_t rsa = talk.Child("create-rsa", srk, SigningKey(TpmAlg::kRsa));
  talk.Sign("rsa-pss", rsa, TpmAlg::kRsaPss);
  talk.Encrypt("rsa-oaep", rsa);
  talk.Flush(rsa);
  wire::Writer ecdh = talk.Begin(0x163, srk, false);
  talk.Tell("ecdh-keygen", talk.Send(ecdh));
  talk.Tell("random", talk.Ask(BuildGetRandom(32, talk.command())));
}

using Story = std::map<std::string, std::string>;

// The story of a process of its own.
Story Boot(const Inputs& inputs) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    std::FILE* out = fdopen(ends[1], "w");
    TellStory(inputs, out);
    std::fclose(out);
    _exit(0);
  }
  close(ends[1]);
  std::FILE* in = fdopen(ends[0], "r");
  Story story;
  std::vector<char> name(64);
  std::vector<char> value(8192);
  while (std::fscanf(in, "%63s %8191s", name.data(), value.data()) == 2) {
    story[name.data()] = value.data();
  }
  std::fclose(in);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(story.size(), 12u);
  return story;
}

TEST(EntropyTest, EqualInputsMakeEqualTpmsInTwoProcesses) {
  const Story first = Boot(SomeInputs());
  const Story second = Boot(SomeInputs());
  EXPECT_EQ(first, second);
  // Two signatures by one key over one digest have two nonces.
  ASSERT_TRUE(first.contains("ecdsa"));
  EXPECT_NE(first.at("ecdsa"), first.at("ecdsa-again"));
}

TEST(EntropyTest, OneChangedInputMakesAnotherTpm) {
  const Story first = Boot(SomeInputs());
  std::array<Inputs, 3> changed = {SomeInputs(), SomeInputs(), SomeInputs()};
  changed[0].cpu[31] ^= 1;
  changed[1].derived_key[0] ^= 0x80;
  changed[2].vmpck3[16] ^= 4;
  for (const Inputs& inputs : changed) {
    const Story other = Boot(inputs);
    for (const auto& [name, value] : first) {
      ASSERT_TRUE(other.contains(name));
      EXPECT_NE(value, other.at(name)) << name;
    }
  }
}

TEST(EntropyTest, AStuckRdrandRepeatsNoEkAcrossBoots) {
  Inputs first = SomeInputs();
  first.cpu.fill(0xFF);
  Inputs second = first;
  second.vmpck3.fill(0x44);  // the AMD-SP makes new ones at each launch
  const Story one = Boot(first);
  const Story two = Boot(second);
  for (const char* ek : {"ek-rsa", "ek-p256", "ek-p384"}) {
    ASSERT_TRUE(one.contains(ek) && two.contains(ek));
    EXPECT_NE(one.at(ek), two.at(ek));
  }
}

}  // namespace
}  // namespace svsm::vtpm
