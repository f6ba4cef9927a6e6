#include "tools/svsm-proxy/listener.h"

#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace svsm::tool {
namespace {

std::string Why(const std::string& what) { return what + ": " + std::strerror(errno); }

}  // namespace

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
  struct stat info {};
  if (path_.empty() || ::lstat(path_.c_str(), &info) != 0) return;
  if (info.st_dev == device_ && info.st_ino == inode_) ::unlink(path_.c_str());
}

std::string Listener::Listen(const void* address, std::size_t size) {
  const auto* generic = static_cast<const sockaddr*>(address);
  fd_ = ::socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Why("socket");
  if (::bind(fd_, generic, static_cast<socklen_t>(size)) != 0) return Why("bind");
  return ::listen(fd_, SOMAXCONN) == 0 ? "" : Why("listen");
}

std::string Listener::ListenUnix(const std::string& path, bool replace) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return path + ": a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) +
           " characters";
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return path + ": it is there, and no socket";
    if (!replace) return path + ": it is there already (--force replaces it)";
    if (::unlink(path.c_str()) != 0) return Why(path);
  }
  const std::string why = Listen(&address, sizeof(address));
  if (!why.empty()) return path + ": " + why;
  if (::lstat(path.c_str(), &info) != 0) return Why(path);
  path_ = path;
  device_ = info.st_dev;
  inode_ = info.st_ino;
  return "";
}

std::string Listener::ListenVsock(std::uint32_t port) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_ANY;
  address.svm_port = port;
  const std::string why = Listen(&address, sizeof(address));
  return why.empty() ? "" : "vsock port " + std::to_string(port) + ": " + why;
}

}  // namespace svsm::tool
