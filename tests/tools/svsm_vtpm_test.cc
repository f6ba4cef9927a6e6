// The program svsm-vtpm, run as a user runs it, with a client that speaks swtpm's protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "svsm/testing/matchers.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using testing::ProgramRun;
using ::testing::StartsWith;

constexpr char kStartup[] = "80010000000c000001440000";
constexpr char kDone[] = "80010000000a00000000";
constexpr char kNotStarted[] = "80010000000a00000100";
constexpr char kNoPower[] = "80010000000a00000101";
constexpr char kShutdown[] = "80010000000c000001450000";
// TPM2_NV_DefineSpace of the counter 01500001, TPM2_NV_Increment and TPM2_NV_Read of it by the
// owner, with empty passwords.
constexpr char kDefineCounter[] =
    "80020000002d0000012a40000001"
    "00000009"
    "400000090000000000"
    "0000"
    "000e01500001000b0002001200000008";
constexpr char kIncrement[] =
    "80020000001f000001344000000101500001"
    "00000009"
    "400000090000000000";
constexpr char kRead[] =
    "8002000000230000014e4000000101500001"
    "00000009"
    "400000090000000000"
    "00080000";

class SvsmVtpmTest : public testing::ProgramTest {
 protected:
  ~SvsmVtpmTest() override { Stop(); }

  // Starts it in the background; the call returns when it is ready.
  ProgramRun Start(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"socket",
                                          "--tpm2",
                                          "--server",
                                          "type=unixio,path=" + Path("tpm"),
                                          "--ctrl",
                                          "type=unixio,path=" + Path("tpm.ctrl"),
                                          "--daemon",
                                          "--pid",
                                          "file=" + Path("pid")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run("svsm-vtpm", arguments);
  }
  std::string StateFolder() const {
    std::filesystem::create_directories(Path("state"));
    return "dir=" + Path("state");
  }
  std::string KeyFile(const std::string& name, std::uint8_t byte) const {
    return "file=" + Put(name, ByteVector(32, byte));
  }

  // One request on a connection of its own, all in hex digits.
  std::string Ask(const std::string& socket, const std::string& hex) const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = Path(socket);
    std::memcpy(address.sun_path, path.data(), path.size());
    const timeval timeout{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    const ByteVector request = *FromHex(hex);
    ByteVector reply(4096);
    ssize_t got = -1;
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof(address)) == 0 &&
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
      got = ::recv(fd, reply.data(), reply.size(), 0);
    }
    ::close(fd);
    return got <= 0 ? "" : ToHex(ByteView(reply).first(static_cast<std::size_t>(got)));
  }
  std::string Tpm(const std::string& hex) const { return Ask("tpm", hex); }
  std::string Control(const std::string& hex) const { return Ask("tpm.ctrl", hex); }
  // The counter after one more increment.
  std::string Increment() const {
    EXPECT_THAT(Tpm(kIncrement), HasSubstr("00000000"));
    const std::string reply = Tpm(kRead);
    return reply.size() < 48 ? reply : reply.substr(32, 16);
  }

  // Ends it over the control channel, and waits until its pid file is gone.
  void Stop() {
    if (!std::filesystem::exists(Path("pid"))) return;
    Control("00000003");
    for (int i = 0; i < 500 && std::filesystem::exists(Path("pid")); ++i) ::usleep(10000);
    EXPECT_FALSE(std::filesystem::exists(Path("pid")));
    EXPECT_FALSE(std::filesystem::exists(Path("tpm")));
  }
};

TEST_F(SvsmVtpmTest, IsABlankTpmThatWaitsForPower) {
  ASSERT_EQ(Start({}).exit_code, 0);
  EXPECT_EQ(Tpm(kStartup), kNoPower);
  EXPECT_EQ(Control("0000000200000000"), "00000000");
  EXPECT_EQ(Tpm(kShutdown), kNotStarted);
  EXPECT_EQ(Tpm(kStartup), kDone);
}

TEST_F(SvsmVtpmTest, FlagsPowerAndStartIt) {
  ASSERT_EQ(Start({"--flags", "not-need-init,startup-clear"}).exit_code, 0);
  EXPECT_EQ(Tpm(kShutdown), kDone);
}

TEST_F(SvsmVtpmTest, AllFourBanksAreThere) {
  ASSERT_EQ(Start({"--flags", "startup-clear"}).exit_code, 0);
  // TPM2_GetCapability(TPM_CAP_PCRS): SHA-1, SHA-256, SHA-384, SHA-512, each with 24 PCRs.
  EXPECT_THAT(Tpm("8001000000160000017a000000050000000000000001"),
              HasSubstr("00000004000403ffffff000b03ffffff000c03ffffff000d03ffffff"));
}

TEST_F(SvsmVtpmTest, SealedStateGoesOnUnderItsKeyAlone) {
  const std::vector<std::string> good = {"--tpmstate",      StateFolder(), "--key",
                                         KeyFile("key", 1), "--flags",     "startup-clear"};
  const ProgramRun first = Start(good);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_THAT(Tpm(kDefineCounter), HasSubstr("00000000"));
  const std::string one = Increment();
  EXPECT_EQ(Control("0000000f"), "0000000000000001");
  Stop();
  const ByteVector stored = *ReadFile(Path("state/tpm2.sealed"));

  std::vector<std::string> wrong = good;
  wrong[3] = KeyFile("wrong", 2);
  const ProgramRun refused = Start(wrong);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("AuthFailed"));
  EXPECT_EQ(*ReadFile(Path("state/tpm2.sealed")), stored);

  ASSERT_EQ(Start(good).exit_code, 0);
  const std::string two = Increment();
  EXPECT_EQ(std::stoull(two, nullptr, 16), std::stoull(one, nullptr, 16) + 1);
}

TEST_F(SvsmVtpmTest, WarnsOfStateInTheClearAndLocksIt) {
  const ProgramRun run = Start({"--tpmstate", StateFolder(), "--flags", "startup-clear"});
  ASSERT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("warning: without --key the state is stored in the clear"));
  EXPECT_EQ(Control("0000000f"), "0000000000000000");
  const ProgramRun second =
      Run("svsm-vtpm", {"socket", "--tpm2", "--server", "type=unixio,path=" + Path("other"),
                        "--tpmstate", StateFolder()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("Busy"));
}

TEST_F(SvsmVtpmTest, RefusesKeysThatAreNone) {
  const ProgramRun shorter =
      Start({"--tpmstate", StateFolder(), "--key", "file=" + Put("key", ByteVector(31, 1))});
  EXPECT_EQ(shorter.exit_code, 1);
  EXPECT_THAT(shorter.err, HasSubstr("Malformed"));
  const ProgramRun absent = Start({"--tpmstate", StateFolder(), "--key", "file=" + Path("none")});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.err, HasSubstr("NotFound"));
  const std::string hex(64, 'a');
  EXPECT_EQ(Start({"--tpmstate", StateFolder(), "--key", "file=" + Put("hex", AsBytes(hex + "\n"))})
                .exit_code,
            0);
}

TEST_F(SvsmVtpmTest, SaysWhatIsWrongWithItsArguments) {
  const std::vector<std::vector<std::string>> kWrong = {
      {},
      {"socket"},
      {"socket", "--tpm2"},
      {"socket", "--tpm2", "--server", "type=unixio"},
      {"socket", "--tpm2", "--server", "type=tcp,port=70000"},
      {"socket", "--tpm2", "--server", "type=tcp,port=1,colour=red"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--key", "file=k"},
      {"socket", "--server", "type=tcp,port=0"},
      {"socket", "--tpm2", "--print-states"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--tpmstate", "backend-uri=file://f"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--seccomp", "action=kill"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--pid", "mode=0600"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--tpmstate", "dir=d", "--key", "vmpl=1"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--key", "amd-sp"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--manifest", "m"},
      {"socket", "--tpm2", "--mssim", "type=unixio,path=tpm"},
      {"socket", "--tpm2", "--mssim", "type=tcp,port=0"},
      {"socket", "--tpm2", "--mssim", "type=tcp,port=65535"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--manufacture", "sim"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--flags", "startup-maybe"},
  };
  for (const std::vector<std::string>& arguments : kWrong) {
    const ProgramRun run = Run("svsm-vtpm", arguments);
    EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_NE(run.err, "") << ::testing::PrintToString(arguments);
  }
}

TEST_F(SvsmVtpmTest, ManufacturesOnTheSimulatedMachine) {
  const std::vector<std::string> arguments = {"--tpmstate", StateFolder(),  "--manufacture",
                                              "sim",        "--sim-folder", Path("machine")};
  const ProgramRun first = Start(arguments);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("EK 81010002: created; report in NV 01c0000a: yes"));
  // TPM2_NV_ReadPublic of the certificate index: 1184 bytes.
  EXPECT_THAT(Tpm("80010000000e0000016901c0000a"), HasSubstr("04a0"));
  Stop();
  const ProgramRun second = Start(arguments);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("EK 81010002: found; report in NV 01c0000a: yes"));
}

TEST_F(SvsmVtpmTest, SealsUnderAKeyOfTheAmdSp) {
  const auto arguments = [&](const std::string& machine, const std::string& key) {
    return std::vector<std::string>{
        "--tpmstate",    StateFolder(), "--key",      key,
        "--manufacture", "sim",         "--manifest", Put("manifest", Bytes<3>{}),
        "--sim-folder",  Path(machine)};
  };
  const ProgramRun first = Start(arguments("machine", "amd-sp"));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("EK 81010002: created"));
  EXPECT_EQ(Control("0000000f"), "0000000000000001");
  Stop();
  const ProgramRun second = Start(arguments("machine", "amd-sp"));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("EK 81010002: found"));
  Stop();
  // Another VMPL's key, and another chip's.
  const ProgramRun vmpl = Start(arguments("machine", "amd-sp,vmpl=2"));
  EXPECT_EQ(vmpl.exit_code, 1);
  EXPECT_THAT(vmpl.err, HasSubstr("AuthFailed"));
  const ProgramRun chip = Start(arguments("other-machine", "amd-sp"));
  EXPECT_EQ(chip.exit_code, 1);
  EXPECT_THAT(chip.err, HasSubstr("AuthFailed"));
}

TEST_F(SvsmVtpmTest, SaysThatThisMachineHasNoAmdSp) {
  const ProgramRun run =
      Start({"--tpmstate", StateFolder(), "--key", "amd-sp", "--sev-guest", Path("none")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--key amd-sp: Unavailable"));
}

TEST_F(SvsmVtpmTest, TellsScriptsWhatItCanAndHolds) {
  const ProgramRun run = Run("svsm-vtpm", {"socket", "--print-capabilities"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("\"tpm-2.0\""));
  EXPECT_THAT(run.out, StartsWith("{ \"type\": \"swtpm\", \"features\": ["));
  const auto states = [&] {
    return Run("svsm-vtpm", {"socket", "--print-states", "--tpm2", "--tpmstate", StateFolder()})
        .out;
  };
  EXPECT_EQ(states(), "{ \"type\": \"swtpm\", \"states\": [ ] }\n");
  ASSERT_EQ(Start({"--tpmstate", "backend-uri=dir://" + StateFolder().substr(4), "--seccomp",
                   "action=none", "--log", "file=" + Path("log"), "--flags", "startup-clear"})
                .exit_code,
            0);
  EXPECT_THAT(states(), HasSubstr("[ {\"name\": \"permall\", \"size\": "));
  // The storage is locked, and can be asked to be.
  EXPECT_EQ(Control("00000001"), "000000000001ffff");
  EXPECT_EQ(Control("0000001300000001"), "00000000");
  const ByteVector log = *ReadFile(Path("log"));
  EXPECT_THAT(std::string(log.begin(), log.end()), HasSubstr("warning: without --key"));
}

TEST_F(SvsmVtpmTest, SaysThatThisMachineHasNoConfigfsTsm) {
  const ProgramRun run = Start({"--manufacture", "configfs", "--tsm-folder", Path("none")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("Unavailable"));
}

}  // namespace
}  // namespace svsm
