// svsm-cocoonfs as its users and their scripts meet it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "svsm/core/hosted.h"
#include "tests/tools/program.h"

namespace svsm::testing {
namespace {

using Json = nlohmann::json;

// The exit codes that the program's help names.
constexpr int kUsage = 2;
constexpr int kBadLayout = 3;
constexpr int kOtherFile = 4;
constexpr int kNoImage = 5;
constexpr int kOtherError = 6;
constexpr int kWrongKey = 7;
constexpr int kTampered = 8;
constexpr int kMissing = 9;
constexpr int kNoSpace = 10;
constexpr int kNoFileSystem = 12;
constexpr int kRefused = 13;

constexpr char kUuid[] = "11111111-2222-3333-4444-555555555555";

class CocoonfsTool : public ProgramTest {
 protected:
  CocoonfsTool() : image_(Path("image")), key_(Put("key", Bytes<16>{1, 2, 3})) {}

  ProgramRun Do(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-i", image_, "-f"});
    return Run("svsm-cocoonfs", arguments);
  }
  // A verb that takes a key.
  ProgramRun With(const std::string& verb, std::vector<std::string> more) const {
    more.insert(more.begin(), {verb, "-k", key_});
    return Do(more);
  }
  Json Parsed(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "--json");
    const ProgramRun run = Do(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return Json::parse(run.out);
  }
  void Make(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"-H", "sha2", "-C", "aes", "-t", "128", "-I", "616263"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramRun run = With("mkfs", arguments);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  void Write(const std::string& inode, const std::string& text, const std::string& flags) const {
    const std::string input = this->Put("input", AsBytes(text));
    ASSERT_EQ(With("write-file", {"-i", input, inode, flags}).exit_code, 0);
  }

  std::string image_;
  std::string key_;
};

TEST_F(CocoonfsTool, MakesWritesListsReadsAndRemoves) {
  Make({"-s", "128K"});
  EXPECT_EQ(std::filesystem::file_size(image_), 131072u);
  Write("16", "hello", "7");
  Write("4294967296", "there", "0");
  EXPECT_EQ(With("list-files", {}).out, "16 0x07\n4294967296 0x00\n");
  EXPECT_EQ(With("read-file", {"16"}).out, "hello");
  ASSERT_EQ(With("read-file", {"-o", Path("out"), "4294967296"}).exit_code, 0);
  EXPECT_EQ(ToVector(AsBytes("there")), *ReadFile(Path("out")));
  EXPECT_EQ(With("remove-file", {"16"}).exit_code, 0);
  EXPECT_EQ(With("list-files", {}).out, "4294967296 0x00\n");
  EXPECT_EQ(With("verify", {}).exit_code, 0);
}

TEST_F(CocoonfsTool, ExitCodesTellFailuresApart) {
  EXPECT_EQ(With("list-files", {}).exit_code, kNoImage);
  Make({"-s", "64K"});
  EXPECT_EQ(With("read-file", {"16"}).exit_code, kMissing);
  EXPECT_EQ(With("remove-file", {"16"}).exit_code, kMissing);
  EXPECT_EQ(With("stat", {"16"}).exit_code, kMissing);
  EXPECT_EQ(With("read-file", {"15"}).exit_code, kUsage);
  EXPECT_EQ(Do({"list-files"}).exit_code, kUsage);
  EXPECT_EQ(Do({"list-files", "-K", "00"}).exit_code, kWrongKey);
  EXPECT_EQ(Do({"list-files", "-K", "0x"}).exit_code, kUsage);
  EXPECT_EQ(Do({"list-files", "-k", Path("nothing")}).exit_code, kOtherFile);
  EXPECT_EQ(With("write-file", {"-i", Path("nothing"), "16"}).exit_code, kOtherFile);
  const std::string large = Put("large", ByteVector(100000));
  EXPECT_EQ(With("write-file", {"-i", large, "16"}).exit_code, kNoSpace);
  EXPECT_EQ(With("list-files", {}).out, "");
  EXPECT_EQ(Do({"aux-fs-metadata", "read-entry", kUuid}).exit_code, kMissing);
  EXPECT_EQ(Do({"aux-fs-metadata", "read-entry", "1111"}).exit_code, kUsage);
  EXPECT_EQ(Do({"aux-fs-metadata", "edit", "add-entry", "-i", large, kUuid}).exit_code, kNoSpace);
  Put("image", ByteVector(65536));
  EXPECT_EQ(With("list-files", {}).exit_code, kNoFileSystem);
}

TEST_F(CocoonfsTool, TamperingIsToldFromAWrongKey) {
  Make({"-s", "64K"});
  Write("16", std::string(3000, 'x'), "0");
  const Json owners = Parsed({"dump", "-k", key_})["owners"];
  std::size_t at = 0;
  for (const Json& owner : owners) {
    if (owner["inode"] == 16 && owner["region"] == "file data") at = owner["first"];
  }
  ASSERT_NE(at, 0u);
  ByteVector bytes = *svsm::ReadFile(image_);
  bytes[at * 128 + 20] ^= 1;
  Put("image", bytes);
  EXPECT_EQ(With("read-file", {"16"}).exit_code, kTampered);
  EXPECT_EQ(With("list-files", {}).exit_code, 0);
  const ProgramRun verify = With("verify", {});
  EXPECT_EQ(verify.exit_code, kTampered);
  EXPECT_NE(verify.out.find("damaged"), std::string::npos);
}

TEST_F(CocoonfsTool, SizesAreWhatTheySay) {
  Make({"-s", "65536"});
  EXPECT_EQ(std::filesystem::file_size(image_), 65536u);
  const std::vector<std::string> common = {"-H",  "sha2", "-C",     "aes",    "-t",
                                           "128", "-I",   "616263", "--force"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), common.begin(), common.end());
    return With("mkfs", more).exit_code;
  };
  EXPECT_EQ(with({"--io-block-size", "700B"}), kUsage);
  EXPECT_EQ(with({"--io-block-size", "0"}), kUsage);
  EXPECT_EQ(with({"--io-block-size", "16K"}), kUsage);
  EXPECT_EQ(with({"--allocation-block-size", "64"}), kUsage);
  EXPECT_EQ(with({"-s", "1T"}), kUsage);
  EXPECT_EQ(with({"-s", "99999999999G"}), kUsage);
  EXPECT_EQ(with({"-s", "1K"}), kNoSpace);
  EXPECT_EQ(With("list-files", {}).exit_code, 0);
  EXPECT_EQ(std::filesystem::file_size(image_), 65536u);
  EXPECT_EQ(with({"-s", "48K"}), 0);
  EXPECT_EQ(std::filesystem::file_size(image_), 49152u);
  EXPECT_EQ(with({"-s", "64K"}), 0);
  EXPECT_EQ(with({"--allocation-bitmap-file-block-size", "128B"}), 0);
  EXPECT_EQ(With("mkfs", {"-H", "sm3", "-C", "aes", "-t", "256", "-I", "00"}).exit_code, kUsage);
  EXPECT_EQ(With("mkfs", {"-H", "md5", "-C", "aes", "-t", "128", "-I", "00"}).exit_code, kUsage);
  EXPECT_EQ(
      With("mkfs", {"-H", "sha2", "-C", "aes", "-t", "128", "-I", std::string(512, '0')}).exit_code,
      kBadLayout);
}

TEST_F(CocoonfsTool, NothingIsOverwrittenWithoutForce) {
  Make({"-s", "64K"});
  const ByteVector before = *svsm::ReadFile(image_);
  const std::vector<std::string> again = {"-H", "sha2", "-C", "aes", "-t", "128", "-I", "616263"};
  EXPECT_EQ(With("mkfs", again).exit_code, kRefused);
  std::vector<std::string> header = again;
  header.insert(header.begin(), "write-mkfs-info-header");
  EXPECT_EQ(Do(header).exit_code, kRefused);
  EXPECT_EQ(*svsm::ReadFile(image_), before);
  Make({"--force"});
  EXPECT_NE(*svsm::ReadFile(image_), before);
  Put("image", ByteVector(65536));
  Make({});
}

TEST_F(CocoonfsTool, AFailedMkfsLeavesNoFile) {
  EXPECT_EQ(
      With("mkfs", {"-H", "sha2", "-C", "aes", "-t", "128", "-I", "00", "-s", "2K"}).exit_code,
      kNoSpace);
  EXPECT_FALSE(std::filesystem::exists(image_));
  EXPECT_EQ(With("mkfs", {"-H", "sha2", "-C", "aes", "-t", "128", "-I", "00"}).exit_code,
            kOtherFile);
  EXPECT_FALSE(std::filesystem::exists(image_));
}

TEST_F(CocoonfsTool, LargerBlocksOfTheStorageAreRefusedWithoutTheOption) {
  Make({"-s", "64K"});
  const ProgramRun run = Run("svsm-cocoonfs", {"-i", image_, "list-files", "-k", key_});
  if (run.exit_code == 0) GTEST_SKIP() << "the file system has blocks of 512 bytes";
  EXPECT_EQ(run.exit_code, kOtherError);
  EXPECT_NE(run.err.find("larger blocks"), std::string::npos);
}

TEST_F(CocoonfsTool, CreationHeaderIsFollowedAtFirstUse) {
  ASSERT_EQ(Do({"write-mkfs-info-header", "-H", "sha2", "-C", "aes", "-t", "128", "-I", "616263",
                "-s", "128K", "-T"})
                .exit_code,
            0);
  EXPECT_EQ(std::filesystem::file_size(image_), 1024u);
  EXPECT_EQ(Parsed({"info"})["kind"], "creation header");
  EXPECT_EQ(Do({"--read-only", "list-files", "-k", key_}).exit_code, kRefused);
  EXPECT_EQ(std::filesystem::file_size(image_), 1024u);
  EXPECT_EQ(With("list-files", {}).exit_code, 0);
  EXPECT_EQ(std::filesystem::file_size(image_), 131072u);
  EXPECT_EQ(Parsed({"info"})["kind"], "file system");
  EXPECT_EQ(With("verify", {}).exit_code, 0);
}

TEST_F(CocoonfsTool, AuxiliaryMetadataInPlaceAndByCommit) {
  Make({"-s", "128K"});
  const std::string data = Put("data", AsBytes("wrapped"));
  ASSERT_EQ(Do({"aux-fs-metadata", "edit", "add-entry", "-i", data, kUuid}).exit_code, 0);
  ASSERT_EQ(Do({"aux-fs-metadata", "edit", "-k", key_, "add-entry", "-i", data, kUuid}).exit_code,
            0);
  EXPECT_EQ(Do({"aux-fs-metadata", "list-entries"}).out, std::string(kUuid) + "\n" + kUuid + "\n");
  EXPECT_EQ(Do({"aux-fs-metadata", "read-entry", kUuid, "1"}).out, "wrapped");
  EXPECT_EQ(Do({"aux-fs-metadata", "edit", "remove-entry", kUuid, "1"}).exit_code, 0);
  EXPECT_EQ(Do({"aux-fs-metadata", "edit", "remove-entry", kUuid, "1"}).exit_code, kMissing);
  EXPECT_EQ(Do({"aux-fs-metadata", "edit", "-k", key_, "set-extra-reserve-capacity", "disabled"})
                .exit_code,
            0);
  EXPECT_EQ(Do({"aux-fs-metadata", "edit", "remove-entry", kUuid}).exit_code, kNoSpace);
  EXPECT_EQ(Parsed({"info"})["auxiliary_metadata"]["extra_reserve"], "disabled");
  EXPECT_EQ(With("verify", {}).exit_code, 0);
}

TEST_F(CocoonfsTool, BatchCommitsWhatBelongsTogether) {
  Make({"-s", "128K"});
  const std::string one = Put("one", AsBytes("1"));
  const std::string two = Put("two", AsBytes("22"));
  const auto batch = [&](const std::string& script, std::vector<std::string> more) {
    more.push_back(Put("script", AsBytes(script)));
    return With("batch", more).exit_code;
  };
  const std::string before = Parsed({"counter", "-k", key_})["update_counter"];
  EXPECT_EQ(batch("# comment\nwrite 16 " + one + " 3\nwrite 17 " + two + "\nread 17 " +
                      Path("seen") + "\ncommit\nremove 16\n",
                  {}),
            0);
  EXPECT_EQ(ToVector(AsBytes("22")), *svsm::ReadFile(Path("seen")));
  EXPECT_EQ(With("list-files", {}).out, "17 0x00\n");
  EXPECT_NE(Parsed({"counter", "-k", key_})["update_counter"], before);
  // What fails, fails as a whole.
  EXPECT_EQ(batch("write 18 " + one + "\nremove 99\n", {}), kMissing);
  EXPECT_EQ(batch("write 18 " + one + "\nfrobnicate\n", {}), kUsage);
  EXPECT_EQ(batch("write 15 " + one + "\n", {}), kUsage);
  EXPECT_EQ(With("list-files", {}).out, "17 0x00\n");
  EXPECT_EQ(batch("remove 17\n", {"--leave-pending"}), 0);
  EXPECT_EQ(Parsed({"counter", "-k", key_})["commit_pending"], true);
  EXPECT_EQ(Do({"--read-only", "list-files", "-k", key_}).out, "");
  EXPECT_EQ(Parsed({"info"})["journal"], "pending");
  EXPECT_EQ(With("list-files", {}).out, "");
  EXPECT_EQ(Parsed({"info"})["journal"], "empty");
}

TEST_F(CocoonfsTool, ReadOnlyWritesNothing) {
  Make({"-s", "64K"});
  Write("16", "hello", "0");
  const ByteVector before = *svsm::ReadFile(image_);
  EXPECT_EQ(Do({"--read-only", "read-file", "-k", key_, "16"}).out, "hello");
  EXPECT_EQ(Do({"--read-only", "remove-file", "-k", key_, "16"}).exit_code, kRefused);
  EXPECT_EQ(*svsm::ReadFile(image_), before);
}

TEST_F(CocoonfsTool, ASecondProcessIsRefused) {
  Make({"-s", "64K"});
  const int fd = ::open(image_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::flock(fd, LOCK_SH), 0);
  EXPECT_EQ(With("list-files", {}).exit_code, kNoImage);
  EXPECT_EQ(With("ls", {}).exit_code, 0);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  EXPECT_EQ(With("ls", {}).exit_code, kNoImage);
  ::close(fd);
}

TEST_F(CocoonfsTool, DescribesTheImage) {
  Make({"-s", "64K"});
  Write("16", "hello", "9");
  const Json info = Parsed({"info", "-k", key_});
  EXPECT_EQ(info["image_size"], 65536);
  EXPECT_EQ(info["salt"], "616263");
  EXPECT_EQ(info["layout"]["cipher"], "AES-128");
  EXPECT_EQ(info["state"]["files"], 1);
  EXPECT_EQ(info["state"]["commit_pending"], false);
  const Json stat = Parsed({"stat", "-k", key_, "16"});
  EXPECT_EQ(stat["size"], 5);
  EXPECT_EQ(stat["flags"], 9);
  EXPECT_EQ(Parsed({"verify", "-k", key_})["verdict"], "clean");
  ASSERT_EQ(With("dump", {"--picture", Path("picture.svg")}).exit_code, 0);
  const ByteVector picture = *svsm::ReadFile(Path("picture.svg"));
  const std::string svg(picture.begin(), picture.end());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_NE(svg.find("file data of inode 16"), std::string::npos);
  EXPECT_NE(Do({"--help"}).out.find("mkfs"), std::string::npos);
}

TEST_F(CocoonfsTool, KeysComeFromADescriptorAndHexGetsAWarning) {
  Make({"-s", "64K"});
  const std::string hex = ToHex(*svsm::ReadFile(key_));
  const ProgramRun run = Do({"list-files", "-K", hex});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.err.find("warning"), std::string::npos);
  const int fd = ::open(key_.c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(Do({"list-files", "--key-fd", std::to_string(fd)}).exit_code, 0);
  ::close(fd);
  EXPECT_EQ(Do({"list-files", "-k", key_, "-K", hex}).exit_code, kUsage);
}

}  // namespace
}  // namespace svsm::testing
