// The Rust implementation, run by a program of its own (bench/peers/cocoonfs).
#ifndef SVSM_BENCH_COCOONFS_PEER_H_
#define SVSM_BENCH_COCOONFS_PEER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/line_peer.h"

namespace svsm::cocoonfs {

// One run of a work, on either side.
struct WorkRun {
  double us = 0;  // of CPU time
  std::uint64_t syncs = 0;
  std::uint64_t writes = 0;
  std::uint64_t bytes = 0;
};

class Peer {
 public:
  // Starts `program serve`; null if it is not there.
  static std::unique_ptr<Peer> Start(const std::string& program);

  // Nothing if the program ended or does not know the work.
  std::optional<WorkRun> Run(const std::string& work);

 private:
  explicit Peer(std::unique_ptr<bench::LinePeer> process) : process_(std::move(process)) {}

  std::unique_ptr<bench::LinePeer> process_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_BENCH_COCOONFS_PEER_H_
