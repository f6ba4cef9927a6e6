// A TPM in another process behind a UNIX socket, spoken to as swtpm's clients do.
#ifndef SVSM_BENCH_VTPM_SOCKET_TPM_H_
#define SVSM_BENCH_VTPM_SOCKET_TPM_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"

namespace svsm::vtpm {

class SocketTpm {
 public:
  // Starts `program` (found in PATH) with swtpm's options on a temporary folder, and connects. Null
  // if there is no such program, or if it does not answer in a few seconds.
  static std::unique_ptr<SocketTpm> Start(const std::string& program);
  // The same with a folder of its own in `base`; `state` says where the TPM's state is, instead of
  // in that folder, and may be empty.
  static std::unique_ptr<SocketTpm> StartIn(const std::string& base, const std::string& program,
                                            const std::vector<std::string>& state);
  SocketTpm(const SocketTpm&) = delete;
  SocketTpm& operator=(const SocketTpm&) = delete;
  ~SocketTpm();

  // The response, a view that is good until the next call; empty if the connection broke.
  ByteView Run(ByteView command);
  // What the process has spent on CPUs, in microseconds; all its threads.
  double CpuUs() const;

 private:
  SocketTpm() = default;
  bool Connect();

  pid_t child_ = -1;
  int socket_ = -1;
  std::string folder_;
  Bytes<4096> response_{};
};

}  // namespace svsm::vtpm

#endif  // SVSM_BENCH_VTPM_SOCKET_TPM_H_
