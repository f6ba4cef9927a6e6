#include "bench/vtpm/socket_tpm.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "svsm/core/reader.h"

extern char** environ;

namespace svsm::vtpm {

std::unique_ptr<SocketTpm> SocketTpm::Start(const std::string& program) {
  return StartIn(std::filesystem::temp_directory_path().string(), program, {});
}

std::unique_ptr<SocketTpm> SocketTpm::StartIn(const std::string& base, const std::string& program,
                                              const std::vector<std::string>& state) {
  std::unique_ptr<SocketTpm> tpm(new SocketTpm);
  std::string folder = base + "/vtpm-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return nullptr;
  tpm->folder_ = folder;
  std::vector<std::string> words = {program,
                                    "socket",
                                    "--tpm2",
                                    "--server",
                                    "type=unixio,path=" + folder + "/data",
                                    "--ctrl",
                                    "type=unixio,path=" + folder + "/ctrl",
                                    "--flags",
                                    "not-need-init,startup-clear"};
  words.insert(words.end(), state.begin(), state.end());
  if (state.empty()) words.insert(words.end(), {"--tpmstate", "dir=" + folder});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  if (posix_spawnp(&tpm->child_, program.c_str(), nullptr, nullptr, arguments.data(), environ) !=
      0) {
    tpm->child_ = -1;
    return nullptr;
  }
  for (int tries = 0; tries < 300; ++tries) {
    if (tpm->Connect()) return tpm;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return nullptr;
}

SocketTpm::~SocketTpm() {
  if (socket_ >= 0) close(socket_);
  if (child_ > 0) {
    kill(child_, SIGTERM);
    waitpid(child_, nullptr, 0);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

double SocketTpm::CpuUs() const {
  double nanoseconds = 0;
  std::error_code gone;
  const std::string tasks = "/proc/" + std::to_string(child_) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::ifstream file(task.path() / "schedstat");
    double on_cpu = 0;
    file >> on_cpu;
    nanoseconds += on_cpu;
  }
  return nanoseconds / 1000;
}

bool SocketTpm::Connect() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ + "/data";
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  if (connect(socket_, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
              sizeof(address)) == 0) {
    return true;
  }
  close(socket_);
  socket_ = -1;
  return false;
}

ByteView SocketTpm::Run(ByteView command) {
  if (write(socket_, command.data(), command.size()) != static_cast<ssize_t>(command.size())) {
    return {};
  }
  std::size_t have = 0;
  std::size_t need = 10;
  while (have < need) {
    const ssize_t got = read(socket_, response_.data() + have, response_.size() - have);
    if (got <= 0) return {};
    have += static_cast<std::size_t>(got);
    if (have >= 10) {
      wire::Reader header(response_);
      (void)header.Be16();
      need = header.Be32();
      if (need > response_.size()) return {};
    }
  }
  return ByteView(response_).first(need);
}

}  // namespace svsm::vtpm
