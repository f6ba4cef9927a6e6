// svsm-vtpm: a TPM 2.0 behind two sockets, spelled as swtpm, with its state sealed and all its
// entropy from our generator.
//
//   svsm-vtpm socket --tpm2 --tpmstate dir=state --key file=key --flags startup-clear
//       --server type=unixio,path=tpm.sock --ctrl type=unixio,path=tpm.sock.ctrl
//       --mssim type=tcp,port=2321
//   svsm-vtpm socket --tpm2 --image state.img --key fd=3 --server ... --ctrl ...
//   svsm-vtpm manufacture --image state.img --size 8M --key file=key
//       --seal luks.key --launch-digest $(svsm-launch measure ...) --pcr 7=...
//   svsm-vtpm import --image state.img --size 8M --key file=key --swtpm folder
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "svsm/core/hosted.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"
#include "svsm/vtpm/socket_server.h"
#include "tools/svsm-vtpm/hardware.h"
#include "tools/svsm-vtpm/offline.h"
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
  PidFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile() {
    if (written_) ::unlink(path_.c_str());
  }
  Status Write(pid_t pid) {
    // Into the file that is there, as swtpm does: who waits for it may have it open.
    if (!path_.empty()) {
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    } else if (descriptor_ < 0) {
      return OkStatus();
    }
    const std::string line = std::to_string(pid) + "\n";
    const bool whole = descriptor_ >= 0 && ::write(descriptor_, line.data(), line.size()) ==
                                               static_cast<ssize_t>(line.size());
    const int error = errno;
    ::close(std::exchange(descriptor_, -1));
    if (!whole) return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(error));
    if (path_.empty()) return OkStatus();
    written_ = true;
    return OkStatus();
  }
  // Somebody else has written our number there.
  void Own() { written_ = !path_.empty(); }

 private:
  std::string path_;
  int descriptor_;
  bool written_ = false;
};

// Messages go where --log says from now on.
Status OpenLog(const Options& options) {
  int log = options.log_descriptor;
  if (!options.log_file.empty()) {
    log = ::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  } else if (log < 0) {
    return OkStatus();
  }
  if (log < 0 || ::dup2(log, STDERR_FILENO) < 0) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  ::close(log);
  return OkStatus();
}

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
Status Power(vtpm::LibtpmsEngine& engine, const Options& options, Hardware& hardware) {
  if (options.manufacture != Manufacture::kNo) return hardware.Manufacture(engine, options);
  if (!options.power_on) return OkStatus();
  SVSM_TRY(engine.PowerOn(vtpm::StoredVolatile::kKeep));
  return SendStartup(engine, options.startup);
}

// The same for a TPM that may have to be made before, or that wakes up instead.
Status Prepare(vtpm::LibtpmsEngine& engine, const Options& options, Hardware& hardware,
               TpmImage* image, vtpm::VtpmStart start) {
  if (start == vtpm::VtpmStart::kResume) return engine.PowerOn(vtpm::StoredVolatile::kDelete);
  SVSM_TRY(Power(engine, options, hardware));
  if (image == nullptr || start != vtpm::VtpmStart::kManufacture) return OkStatus();
  if (!engine.powered()) {
    SVSM_TRY(engine.PowerOn(vtpm::StoredVolatile::kDelete));
    engine.PowerOff();
  }
  return image->persistent().Finish();
}

// Whether the TPM in the image is loaded, made or woken up. Where the image is refused and the
// options allow it, the TPM is one that ends with the process.
std::optional<vtpm::VtpmStart> Decide(const Options& options, TpmState& state,
                                      ImageRefusal& refusal) {
  if (options.image.path.empty()) return vtpm::VtpmStart::kLoad;
  if (state.image() != nullptr) {
    const auto suspended =
        options.image.resume ? vtpm::SuspendedState::kTakeUp : vtpm::SuspendedState::kDiscard;
    const auto start = state.image()->Begin(suspended, options.image.beside_other_engine);
    if (start.ok()) return *start;
    refusal = ExplainStart(start.status());
    state.DropImage();
  }
  std::fprintf(stderr, "svsm-vtpm: the image is refused: %s\n", refusal.text.c_str());
  if (!options.image.ephemeral) return std::nullopt;
  std::fputs("svsm-vtpm: warning: the TPM ends with this process\n", stderr);
  return vtpm::VtpmStart::kManufacture;
}

// The parent ends when the sockets are bound, the TPM is ready and the pid file is there; the child
// goes on.
Status GoToBackground(PidFile& pid_file, const Options& options) {
  const pid_t child = ::fork();
  if (child < 0) return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  if (child != 0) ::_exit(pid_file.Write(child).ok() ? 0 : 1);
  pid_file.Own();
  ::setsid();
  const bool keeps_log = !options.log_file.empty() || options.log_descriptor >= 0;
  if (std::freopen("/dev/null", "r", stdin) == nullptr ||
      std::freopen("/dev/null", "w", stdout) == nullptr ||
      (!keeps_log && std::freopen("/dev/null", "w", stderr) == nullptr)) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  return OkStatus();
}

int Serve(vtpm::LibtpmsEngine& engine, const Options& options, const TpmState& state,
          PidFile& pid_file, Sockets sockets) {
  const Status status =
      options.daemon ? GoToBackground(pid_file, options) : pid_file.Write(::getpid());
  if (!status.ok()) return Fail(options.daemon ? "--daemon" : "--pid", status);
  vtpm::SocketServerOptions server_options;
  server_options.end_with_client = options.end_with_client;
  server_options.state_is_encrypted = state.sealed();
  server_options.storage_is_locked = state.locked();
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
  if (options.print_capabilities || options.print_states) {
    std::puts((options.print_capabilities ? CapabilitiesJson() : StatesJson(options.state_folder))
                  .c_str());
    return 0;
  }
  if (const Status status = OpenLog(options); !status.ok()) return Fail("--log", status);
  PidFile pid_file(
      options.pid_file,
      options.pid_descriptor);  // the last thing to go, so that its end tells of all else's
  const Result<std::unique_ptr<Hardware>> hardware = Hardware::Open(options);
  if (!hardware.ok()) return Fail("--manufacture", hardware.status());
  crypto::Rng& rng = (*hardware)->rng();
  Secret<32> key;
  if (options.key_of_sp) {
    Result<Secret<32>> derived = (*hardware)->SealingKey(options);
    if (!derived.ok()) return Fail("--key amd-sp", derived.status());
    key = *std::move(derived);
  }
  ImageRefusal refusal;
  Result<std::unique_ptr<TpmState>> state =
      TpmState::Open(options, options.key_of_sp ? &key : nullptr, rng, refusal);
  if (!state.ok()) return Fail("the state cannot be opened", state.status());
  const std::optional<vtpm::VtpmStart> start = Decide(options, **state, refusal);
  if (!start) return 1;
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
  if (const Status status = Prepare(**engine, options, **hardware, (*state)->image(), *start);
      !status.ok()) {
    if ((*state)->image() != nullptr) {
      std::fprintf(stderr, "svsm-vtpm: %s\n", ExplainStart(status).text.c_str());
    }
    return Fail("the TPM cannot start", status);
  }
  return Serve(**engine, options, **state, pid_file, std::move(sockets));
}

}  // namespace
}  // namespace svsm::tool

int main(int argc, char** argv) {
  const svsm::tool::Options options = svsm::tool::ParseCommandLine(argc, argv);
  return options.verb == svsm::tool::Verb::kSocket ? svsm::tool::Run(options)
                                                   : svsm::tool::RunOffline(options);
}
