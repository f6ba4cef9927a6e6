// svsm-vtpm: a TPM 2.0 behind two sockets, spelled as swtpm, with its state sealed and all its
// entropy from our generator.
//
//   svsm-vtpm socket --tpm2 --tpmstate dir=state --key file=key --flags startup-clear
//       --server type=unixio,path=tpm.sock --ctrl type=unixio,path=tpm.sock.ctrl
//       --mssim type=tcp,port=2321
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"
#include "svsm/vtpm/socket_server.h"
#include "tools/svsm-vtpm/hardware.h"
#include "tools/svsm-vtpm/options.h"
#include "tools/svsm-vtpm/state.h"

namespace svsm::tool {
namespace {

vtpm::SocketServer* running_server =
    nullptr;  // for the signal handler, which gets no other argument

void OnSignal(int) {
  if (running_server != nullptr) running_server->Stop();
}

int Fail(const char* what, Status status) {
  std::fprintf(stderr, "svsm-vtpm: %s: %s\n", what, ToString(status).c_str());
  return 1;
}

// Removes its file, if it has one, at the end.
class RemovedAtEnd {
 public:
  explicit RemovedAtEnd(std::string path) : path_(std::move(path)) {}
  RemovedAtEnd(const RemovedAtEnd&) = delete;
  RemovedAtEnd& operator=(const RemovedAtEnd&) = delete;
  ~RemovedAtEnd() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

 private:
  std::string path_;
};

// Says who runs, from Write() to its end.
class PidFile {
 public:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile() {
    if (written_) ::unlink(path_.c_str());
  }
  Status Write(pid_t pid) {
    if (path_.empty()) return OkStatus();
    SVSM_TRY(WriteFileAtomically(path_, AsBytes(std::to_string(pid) + "\n"), FileMode::kPublic));
    written_ = true;
    return OkStatus();
  }
  // Somebody else has written our number there.
  void Own() { written_ = !path_.empty(); }

 private:
  std::string path_;
  bool written_ = false;
};

Result<vtpm::Socket> Open(const std::optional<Endpoint>& endpoint) {
  if (!endpoint) return vtpm::Socket();
  switch (endpoint->kind) {
    case Endpoint::Kind::kUnix:
      return vtpm::ListenUnix(endpoint->path, endpoint->mode);
    case Endpoint::Kind::kTcp:
      return vtpm::ListenTcp(endpoint->address, endpoint->port);
    case Endpoint::Kind::kDescriptor:
      break;
  }
  return vtpm::Socket(endpoint->descriptor);
}

// The sockets that the command line names; invalid where it names none.
struct Sockets {
  vtpm::Socket data;
  vtpm::Socket control;
  vtpm::Socket mssim_command;
  vtpm::Socket mssim_platform;
};

// The two ports of the simulator's protocol.
Status OpenMssim(const Options& options, Sockets& sockets) {
  if (!options.mssim) return OkStatus();
  Endpoint platform = *options.mssim;
  ++platform.port;
  SVSM_ASSIGN_OR_RETURN(sockets.mssim_command, Open(options.mssim));
  SVSM_ASSIGN_OR_RETURN(sockets.mssim_platform, Open(platform));
  return OkStatus();
}

std::string PathOf(const std::optional<Endpoint>& endpoint) {
  return endpoint && endpoint->kind == Endpoint::Kind::kUnix ? endpoint->path : "";
}

// TPM2_Startup, as the flags want it.
Status SendStartup(vtpm::Engine& engine, Startup startup) {
  if (startup == Startup::kNone) return OkStatus();
  Bytes<vtpm::kTpmHeaderSize + 2> command{};
  SVSM_ASSIGN_OR_RETURN(const ByteView request,
                        vtpm::BuildStartup(startup == Startup::kState ? vtpm::StartupKind::kState
                                                                      : vtpm::StartupKind::kClear,
                                           command));
  ByteVector response(vtpm::kMaxTpmBuffer);
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, engine.Execute(0, request, response));
  return vtpm::CheckResponse(ByteView(response).first(size));
}

// Power, as the flags want it, or a whole manufacture.
Status Prepare(vtpm::LibtpmsEngine& engine, const Options& options, Hardware& hardware) {
  if (options.manufacture != Manufacture::kNo) return hardware.Manufacture(engine);
  if (!options.power_on) return OkStatus();
  SVSM_TRY(engine.PowerOn(vtpm::StoredVolatile::kKeep));
  return SendStartup(engine, options.startup);
}

// The parent ends when the sockets are bound, the TPM is ready and the pid file is there; the child
// goes on.
Status GoToBackground(PidFile& pid_file) {
  const pid_t child = ::fork();
  if (child < 0) return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  if (child != 0) ::_exit(pid_file.Write(child).ok() ? 0 : 1);
  pid_file.Own();
  ::setsid();
  for (int fd = 0; fd <= 2; ++fd) {
    if (std::freopen("/dev/null", fd == 0 ? "r" : "w",
                     fd == 0   ? stdin
                     : fd == 1 ? stdout
                               : stderr) == nullptr) {
      return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
    }
  }
  return OkStatus();
}

int Serve(vtpm::LibtpmsEngine& engine, const Options& options, bool sealed, PidFile& pid_file,
          Sockets sockets) {
  const Status status = options.daemon ? GoToBackground(pid_file) : pid_file.Write(::getpid());
  if (!status.ok()) return Fail(options.daemon ? "--daemon" : "--pid", status);
  vtpm::SocketServerOptions server_options;
  server_options.end_with_client = options.end_with_client;
  server_options.state_is_encrypted = sealed;
  vtpm::SocketServer server(engine, std::move(sockets.data), std::move(sockets.control),
                            server_options);
  server.ServeMssim(std::move(sockets.mssim_command), std::move(sockets.mssim_platform));
  running_server = &server;
  const Status served = server.Run();
  running_server = nullptr;
  return served.ok() ? 0 : Fail("socket", served);
}

int Run(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGINT, OnSignal);
  PidFile pid_file(options.pid_file);  // the last thing to go, so that its end tells of all else's
  const Result<std::unique_ptr<Hardware>> hardware = Hardware::Open(options);
  if (!hardware.ok()) return Fail("--manufacture", hardware.status());
  crypto::Rng& rng = (*hardware)->rng();
  Result<std::unique_ptr<TpmState>> state = TpmState::Open(options, rng);
  if (!state.ok()) return Fail("the state cannot be opened", state.status());
  if (!options.state_folder.empty() && !(*state)->sealed()) {
    std::fputs("svsm-vtpm: warning: without --key the state is stored in the clear\n", stderr);
  }
  Result<vtpm::Socket> data = Open(options.server);
  if (!data.ok()) return Fail("--server", data.status());
  const RemovedAtEnd data_file(PathOf(options.server));
  Result<vtpm::Socket> control = Open(options.control);
  if (!control.ok()) return Fail("--ctrl", control.status());
  const RemovedAtEnd control_file(PathOf(options.control));
  Sockets sockets;
  sockets.data = *std::move(data);
  sockets.control = *std::move(control);
  if (const Status status = OpenMssim(options, sockets); !status.ok()) {
    return Fail("--mssim", status);
  }
  auto engine = vtpm::LibtpmsEngine::Create((*state)->store(), rng);
  if (!engine.ok()) return Fail("libtpms", engine.status());
  if (const Status status = Prepare(**engine, options, **hardware); !status.ok()) {
    return Fail("the TPM cannot start", status);
  }
  return Serve(**engine, options, (*state)->sealed(), pid_file, std::move(sockets));
}

}  // namespace
}  // namespace svsm::tool

int main(int argc, char** argv) {
  return svsm::tool::Run(svsm::tool::ParseCommandLine(argc, argv));
}
