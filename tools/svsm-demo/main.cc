// svsm-demo: a confidential VM that attests itself to a key broker, gets the key of its disk, and
// keeps a vTPM on it: made, proven to a verifier, used with unmodified tpm2-tools and found again
// at the second boot; then the attacks on it, each of which must be refused. The hardware is
// simulated; broker, proxy, verifier and the guest's tools are the real programs.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "tools/svsm-demo/owner.h"
#include "tools/svsm-demo/stage.h"

namespace svsm::demo {
namespace {

std::string FolderOfProgram() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

// A folder of our own, removed at the end unless it was named.
class PlayFolder {
 public:
  explicit PlayFolder(const std::string& named) : path_(named), kept_(!named.empty()) {
    if (kept_) {
      std::filesystem::create_directories(path_);
      path_ = std::filesystem::absolute(path_).string();
      return;
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "svsm-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw StoryEnds{"no temporary folder"};
    path_ = pattern;
  }
  PlayFolder(const PlayFolder&) = delete;
  PlayFolder& operator=(const PlayFolder&) = delete;
  ~PlayFolder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool kept_;
};

void Play(const std::string& named_folder) {
  const PlayFolder folder(named_folder);
  tool::Entropy entropy;
  Expect("entropy", entropy.Seed());
  std::printf(
      "Making a simulated processor and its certificate authority (two RSA-4096 keys)...\n");
  std::fflush(stdout);
  const auto platform = tool::SimPlatform::Open(folder.path() + "/machine", entropy.rng());
  Expect("platform", platform.status());
  Narrator tell;
  Stage stage{tell, folder.path(), FolderOfProgram(), entropy.rng(), platform->get(), {}, {}, {}};
  PlayOwner(stage);
  Services services(stage, "kbs", "proxy.sock");
  PlayStory(stage, services);
  PlayAttacks(stage, services);
  PlayHostAttacks(stage, services);
  std::printf("\nThe vTPM was proven genuine, used, and found again; %zu attacks, all refused.\n",
              tell.refusals());
}

int Fail(const char* why) {
  std::printf("\nsvsm-demo: %s\n", why);
  return 1;
}

}  // namespace
}  // namespace svsm::demo

int main(int argc, char** argv) {
  try {
    CLI::App app("A vTPM that a remote party can trust, on simulated hardware.", "svsm-demo");
    std::string folder;
    app.add_option("--folder", folder, "Play in this folder, and leave everything there");
    CLI11_PARSE(app, argc, argv);
    svsm::demo::Play(folder);
  } catch (const svsm::demo::StoryEnds& end) {
    return svsm::demo::Fail(end.why.c_str());
  } catch (const std::exception& error) {
    return svsm::demo::Fail(error.what());
  }
  return 0;
}
