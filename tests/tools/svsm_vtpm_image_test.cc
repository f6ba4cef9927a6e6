// The program svsm-vtpm with its TPM in a CocoonFS image: what survives, what is refused and why,
// and what an owner can do before there is a VM.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "svsm/testing/matchers.h"
#include "tests/tools/program.h"
#include "tests/tools/tpm_client.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramRun;
using testing::TpmClient;

constexpr char kZeroPcr[] = "0000000000000000000000000000000000000000000000000000000000000000";
// TPM2_PCR_Extend of PCR 7, SHA-256 bank; TPM2_PCR_Read of it.
constexpr char kExtendPcr7[] =
    "8002000000410000018200000007"
    "00000009"
    "400000090000000000"
    "00000001000b"
    "1111111111111111111111111111111111111111111111111111111111111111";
constexpr char kReadPcr7[] = "8001000000140000017e00000001000b03800000";

class SvsmVtpmImageTest : public testing::ProgramTest {
 protected:
  SvsmVtpmImageTest() { Put("key", ByteVector(32, 1)); }
  ~SvsmVtpmImageTest() override { Stop(); }

  std::vector<std::string> ImageArguments(const std::string& key = "key") const {
    return {"--image", Path("img"), "--key", "file=" + Path(key)};
  }
  ProgramRun Vtpm(std::vector<std::string> words, const std::vector<std::string>& more) const {
    words.insert(words.end(), more.begin(), more.end());
    return Run("svsm-vtpm", words);
  }
  // Makes the image with a TPM in it.
  ProgramRun Make(const std::vector<std::string>& more = {}, const char* size = "2M") const {
    std::vector<std::string> words = {"manufacture", "--size", size};
    for (const std::string& word : ImageArguments()) words.push_back(word);
    return Vtpm(words, more);
  }
  // Serves it in the background; the call returns when it is ready.
  ProgramRun Start(const std::vector<std::string>& more = {},
                   const std::string& key = "key") const {
    for (const char* file : {"tpm", "tpm.ctrl"}) std::filesystem::remove(Path(file));
    std::vector<std::string> words = {"socket",
                                      "--tpm2",
                                      "--server",
                                      "type=unixio,path=" + Path("tpm"),
                                      "--ctrl",
                                      "type=unixio,path=" + Path("tpm.ctrl"),
                                      "--daemon",
                                      "--pid",
                                      "file=" + Path("pid"),
                                      "--flags",
                                      "startup-clear"};
    for (const std::string& word : ImageArguments(key)) words.push_back(word);
    return Vtpm(words, more);
  }
  std::string Tpm(const std::string& hex) const { return TpmClient(Path("tpm")).Ask(hex); }
  std::string Control(const std::string& hex) const { return TpmClient(Path("tpm.ctrl")).Ask(hex); }

  pid_t Pid() const {
    std::ifstream file(Path("pid"));
    pid_t pid = 0;
    file >> pid;
    return pid;
  }
  // A process that ends holds its lock on the image until its last thread is gone.
  void WaitForEnd() const {
    const int fd = ::open(Path("img").c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_GE(fd, 0);
    EXPECT_EQ(::flock(fd, LOCK_EX), 0);
    ::close(fd);
  }
  void Kill() const {
    const pid_t pid = Pid();
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    WaitForEnd();
    std::filesystem::remove(Path("pid"));
  }
  void Stop() const {
    if (!std::filesystem::exists(Path("pid"))) return;
    Control("00000003");
    for (int i = 0; i < 1000 && std::filesystem::exists(Path("pid")); ++i) ::usleep(10000);
    EXPECT_FALSE(std::filesystem::exists(Path("pid")));
  }
  ByteVector Image() const { return *ReadFile(Path("img")); }
};

// 1000 times, or as often as SVSM_VTPM_KILLS says.
TEST_F(SvsmVtpmImageTest, NoAcknowledgedIncrementIsLostWhenTheProgramIsKilled) {
  ASSERT_EQ(Make().exit_code, 0);
  ASSERT_EQ(Start().exit_code, 0);
  ASSERT_THAT(Tpm(testing::kDefineCounter), HasSubstr("00000000"));
  ASSERT_TRUE(TpmClient(Path("tpm")).Increment());
  std::uint64_t acknowledged = TpmClient(Path("tpm")).Counter();
  const char* const wanted = std::getenv("SVSM_VTPM_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 1000;
  std::mt19937 random(1);
  std::uint64_t increments = 0;
  int ahead = 0;
  for (int i = 0; i < kills; ++i) {
    const pid_t pid = Pid();
    ASSERT_GT(pid, 0);
    const auto delay = std::chrono::microseconds(random() % 8000);
    std::thread killer([pid, delay] {
      std::this_thread::sleep_for(delay);
      ::kill(pid, SIGKILL);
    });
    {
      const TpmClient client(Path("tpm"));
      while (client.Increment()) {
        ++acknowledged;
        ++increments;
      }
    }
    killer.join();
    WaitForEnd();
    const ProgramRun run = Start();
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::uint64_t found = TpmClient(Path("tpm")).Counter();
    // The one that was cut off may have happened.
    ASSERT_GE(found, acknowledged) << "kill " << i;
    ASSERT_LE(found, acknowledged + 1) << "kill " << i;
    if (found != acknowledged) ++ahead;
    acknowledged = found;
  }
  std::printf("%d kills, %llu increments acknowledged, 0 lost; %d were done and not answered\n",
              kills, static_cast<unsigned long long>(increments), ahead);
}

TEST_F(SvsmVtpmImageTest, AKilledManufactureIsMadeAnew) {
  ASSERT_EQ(Run("svsm-vtpm", {"manufacture", "--size", "2M", "--image", Path("img"), "--key",
                              "file=" + Path("key"), "--seal", Path("none"), "--pcr",
                              std::string("7=") + kZeroPcr})
                .exit_code,
            1);
  // The keys were there, the secret was not; nothing says that it is whole.
  std::vector<std::string> words = {"manufacture"};
  const ProgramRun again = Vtpm(words, ImageArguments());
  EXPECT_EQ(again.exit_code, 0) << again.err;
  const ProgramRun third = Vtpm(words, ImageArguments());
  EXPECT_EQ(third.exit_code, 1);
  EXPECT_THAT(third.err, HasSubstr("the image has a TPM, which is left as it is"));
}

TEST_F(SvsmVtpmImageTest, SaysWhyItRefusesAnImage) {
  ASSERT_EQ(Make({"--salt", "aabbcc"}).exit_code, 0);
  Put("wrong", ByteVector(32, 2));
  Put("empty", {});
  const ByteVector good = Image();
  const auto refused = [&](const std::vector<std::string>& more, const std::string& key) {
    const ByteVector before = Image();
    const ProgramRun run = Start(more, key);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_FALSE(std::filesystem::exists(Path("tpm")));
    EXPECT_EQ(Image(), before);
    return run.err;
  };
  EXPECT_THAT(refused({}, "wrong"), HasSubstr("the image is refused: wrong-key: "));
  EXPECT_THAT(refused({}, "none"), HasSubstr("the image is refused: no-key: "));
  EXPECT_THAT(refused({}, "empty"), HasSubstr("the image is refused: no-key: "));
  EXPECT_THAT(refused({"--salt", "aabbcd"}, "key"),
              HasSubstr("the image is refused: other-image: "));
  EXPECT_EQ(Start({"--salt", "aabbcc"}).exit_code, 0);
  const ProgramRun second = Vtpm({"manufacture"}, ImageArguments());
  EXPECT_THAT(second.err, HasSubstr("the image is refused: io: "));
  EXPECT_THAT(second.err, HasSubstr("Busy"));
  Stop();
  Put("img", ByteVector(good.size()));
  EXPECT_THAT(refused({}, "key"), HasSubstr("the image is refused: other-image: "));
  std::filesystem::remove(Path("img"));
  const ProgramRun absent = Start();
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.err, HasSubstr("the image is refused: io: "));
  EXPECT_THAT(absent.err, HasSubstr("NotFound"));
}

TEST_F(SvsmVtpmImageTest, ATamperedImageIsNeverServed) {
  ASSERT_EQ(Make({}, "192K").exit_code, 0);
  ASSERT_EQ(Start().exit_code, 0);
  Stop();
  const ByteVector good = Image();
  int tampered = 0;
  int flips = 0;
  // A byte here and there: the boot serves the same TPM, or says what is wrong.
  for (std::size_t at = 7; at < good.size(); at += 4096 + 509) {
    ++flips;
    ByteVector bad = good;
    bad[at] ^= 1;
    Put("img", bad);
    const ProgramRun run = Start();
    if (run.exit_code == 0) {
      EXPECT_EQ(Tpm("80010000000e0000017381010002").substr(12, 8), "00000000");
      Stop();
      continue;
    }
    ++tampered;
    EXPECT_THAT(run.err, ::testing::AnyOf(HasSubstr("tampered: "), HasSubstr("wrong-key: "),
                                          HasSubstr("other-image: ")));
    EXPECT_EQ(Image(), bad);
  }
  EXPECT_GT(tampered, 0);
  std::printf("%d of %d changed bytes mattered, and were found\n", tampered, flips);
}

TEST_F(SvsmVtpmImageTest, AnEphemeralTpmIsOnlyForWhoAsksForIt) {
  ASSERT_EQ(Make().exit_code, 0);
  Put("wrong", ByteVector(32, 2));
  const ByteVector before = Image();
  const ProgramRun run = Start({"--if-refused", "ephemeral"}, "wrong");
  ASSERT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("wrong-key: "));
  EXPECT_THAT(run.err, HasSubstr("warning: the TPM ends with this process"));
  EXPECT_THAT(Tpm(testing::kDefineCounter), HasSubstr("00000000"));
  Stop();
  EXPECT_EQ(Image(), before);
}

TEST_F(SvsmVtpmImageTest, MakesTheImageThatItsCreationHeaderAsksFor) {
  ASSERT_EQ(
      Run("svsm-cocoonfs", {"-i", Path("img"), "write-mkfs-info-header", "-H", "sha2", "-C", "aes",
                            "-t", "256", "-s", "1M", "--io-block-size", "4K", "-I", "aabbcc", "-T"})
          .exit_code,
      0);
  ASSERT_EQ(Start({"--manufacture", "sim", "--sim-folder", Path("machine")}).exit_code, 0);
  EXPECT_THAT(Tpm(testing::kDefineCounter), HasSubstr("00000000"));
  ASSERT_TRUE(TpmClient(Path("tpm")).Increment());
  const std::uint64_t counter = TpmClient(Path("tpm")).Counter();
  // The sealed state is told to be, and its storage to be locked.
  EXPECT_EQ(Control("0000000f"), "0000000000000001");
  Stop();
  const ProgramRun second = Start({"--manufacture", "sim", "--sim-folder", Path("machine")});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("EK 81010002: found"));
  EXPECT_EQ(TpmClient(Path("tpm")).Counter(), counter);
}

TEST_F(SvsmVtpmImageTest, LeavesAnotherEnginesTpmAlone) {
  const auto cocoonfs = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"-i", Path("img")});
    return Run("svsm-cocoonfs", words);
  };
  ASSERT_EQ(cocoonfs({"mkfs", "-H", "sha2", "-C", "aes", "-t", "128", "-s", "1M", "--io-block-size",
                      "4K", "-I", "aabbcc", "-k", Path("key")})
                .exit_code,
            0);
  for (const char* inode : {"4294967296", "4294967297"}) {
    ASSERT_EQ(cocoonfs({"write-file", inode, "-i", Put("nv", ByteVector(12, 7)), "-k", Path("key")})
                  .exit_code,
              0);
  }
  const ByteVector before = Image();
  const ProgramRun refused = Start();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("other-image: the image holds another engine's TPM alone"));
  EXPECT_EQ(Image(), before);
  ASSERT_EQ(Start({"--beside-other-engine"}).exit_code, 0);
  Stop();
  // From now on there is a TPM of ours, and theirs is as it was.
  ASSERT_EQ(Start().exit_code, 0);
  Stop();
  EXPECT_EQ(cocoonfs({"read-file", "4294967296", "-k", Path("key")}).out, std::string(12, '\7'));
}

TEST_F(SvsmVtpmImageTest, OnlyAGuestThatGoesOnGetsTheVolatileState) {
  ASSERT_EQ(Make().exit_code, 0);
  ASSERT_EQ(Start().exit_code, 0);
  ASSERT_THAT(Tpm(kExtendPcr7), HasSubstr("00000000"));
  const std::string extended = Tpm(kReadPcr7);
  EXPECT_THAT(extended, Not(HasSubstr(kZeroPcr)));
  ASSERT_EQ(Control("0000000a"), "00000000");
  Kill();
  ASSERT_EQ(Start({"--resume"}).exit_code, 0);
  EXPECT_EQ(Tpm(kReadPcr7), extended);
  // It was taken up once; another one is dropped by the boot of another guest.
  ASSERT_EQ(Control("0000000a"), "00000000");
  Kill();
  ASSERT_EQ(Start().exit_code, 0);
  EXPECT_THAT(Tpm(kReadPcr7), HasSubstr(kZeroPcr));
  Kill();
  ASSERT_EQ(Start({"--resume"}).exit_code, 0);
  EXPECT_THAT(Tpm(kReadPcr7), HasSubstr(kZeroPcr));
}

TEST_F(SvsmVtpmImageTest, TakesASecretToBeSealedToPredictedPcrs) {
  const ByteVector secret = *FromHex("00112233445566778899aabbccddeeff");
  std::filesystem::create_directories(Path("public"));
  const ProgramRun made = Make(
      {"--seal", Put("secret", secret), "--pcr", std::string("7=") + kZeroPcr, "--launch-digest",
       std::string(96, 'a'), "--handle", "81000123", "--public-out", Path("public")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("sealed at 81000123 to sha256:6="));
  EXPECT_TRUE(std::filesystem::exists(Path("public/ek-81010002.pub")));
  ASSERT_EQ(Start().exit_code, 0);
  // The same EK, to be known before the first boot.
  const ByteVector ek = *ReadFile(Path("public/ek-81010002.pub"));
  EXPECT_THAT(Tpm("80010000000e0000017381010002"), HasSubstr(ToHex(ek)));
  // TPM2_ReadPublic: there, and not to be had with a password (TPM_RC_AUTH_UNAVAILABLE).
  EXPECT_EQ(Tpm("80010000000e0000017381000123").substr(12, 8), "00000000");
  EXPECT_EQ(Tpm("80020000001b0000015e8100012300000009400000090000000000"), "80010000000a0000012f");
}

TEST_F(SvsmVtpmImageTest, ImportsTheStateOfAnSwtpm) {
  if (std::system("command -v swtpm > /dev/null") != 0) GTEST_SKIP() << "swtpm is not installed";
  std::filesystem::create_directories(Path("swtpm"));
  const std::string start =
      "swtpm socket --tpm2 --daemon --tpmstate dir=" + Path("swtpm") +
      " --server type=unixio,path=" + Path("s") + " --ctrl type=unixio,path=" + Path("s.ctrl") +
      " --pid file=" + Path("swtpm.pid") + " --flags not-need-init,startup-clear";
  ASSERT_EQ(std::system(start.c_str()), 0);
  const std::string socket = Path("s");
  EXPECT_THAT(TpmClient(socket).Ask(testing::kDefineCounter), HasSubstr("00000000"));
  EXPECT_TRUE(TpmClient(socket).Increment());
  EXPECT_TRUE(TpmClient(socket).Increment());
  const std::uint64_t counter = TpmClient(socket).Counter();
  TpmClient(Path("s.ctrl")).Ask("00000003");
  for (int i = 0; i < 500 && std::filesystem::exists(Path("swtpm.pid")); ++i) ::usleep(10000);

  const ProgramRun import =
      Vtpm({"import", "--size", "2M", "--swtpm", Path("swtpm")}, ImageArguments());
  ASSERT_EQ(import.exit_code, 0) << import.err;
  ASSERT_EQ(Start().exit_code, 0);
  EXPECT_EQ(TpmClient(Path("tpm")).Counter(), counter);
  EXPECT_TRUE(TpmClient(Path("tpm")).Increment());
  EXPECT_EQ(TpmClient(Path("tpm")).Counter(), counter + 1);
}

TEST_F(SvsmVtpmImageTest, RefusesToImportWhatIsNoState) {
  std::filesystem::create_directories(Path("swtpm"));
  const std::vector<std::string> words = {"import", "--swtpm", Path("swtpm")};
  ProgramRun run = Vtpm({"import", "--size", "2M", "--swtpm", Path("swtpm")}, ImageArguments());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("NotFound"));
  Put("swtpm/tpm2-00.permall", *FromHex("0201000a000100000012000100000002"
                                        "0abc"));
  run = Vtpm(words, ImageArguments());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the state is encrypted"));
  Put("swtpm/tpm2-00.permall", *FromHex("0201000a000000000012000100000002"
                                        "0abc"));
  run = Vtpm(words, ImageArguments());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("Malformed"));
}

TEST_F(SvsmVtpmImageTest, SaysWhatIsWrongWithItsArguments) {
  const std::string pcr = std::string("7=") + kZeroPcr;
  const std::vector<std::vector<std::string>> kWrong = {
      {"manufacture"},
      {"manufacture", "--image", "i"},
      {"manufacture", "--image", "i", "--key", "amd-sp"},
      {"manufacture", "--image", "i", "--key", "file=k", "--seal", "s"},
      {"manufacture", "--image", "i", "--key", "file=k", "--pcr", pcr},
      {"manufacture", "--image", "i", "--key", "file=k", "--seal", "s", "--pcr", "7"},
      {"manufacture", "--image", "i", "--key", "file=k", "--seal", "s", "--pcr", "24=00"},
      {"manufacture", "--image", "i", "--key", "file=k", "--size", "much"},
      {"import", "--image", "i", "--key", "file=k"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--image", "i", "--tpmstate", "dir=d"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--resume"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--image", "i", "--if-refused", "maybe"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--image", "i", "--salt", "xy"},
      {"socket", "--tpm2", "--server", "type=tcp,port=0", "--image", "i", "--key", "file=a,fd=3"},
  };
  for (const std::vector<std::string>& arguments : kWrong) {
    const ProgramRun run = Run("svsm-vtpm", arguments);
    EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_NE(run.err, "") << ::testing::PrintToString(arguments);
  }
}

}  // namespace
}  // namespace svsm
