#include "bench/cocoonfs/peer.h"

#include <nlohmann/json.hpp>

namespace svsm::cocoonfs {

std::unique_ptr<Peer> Peer::Start(const std::string& program) {
  std::unique_ptr<bench::LinePeer> process = bench::LinePeer::Start({program, "serve"});
  if (process == nullptr) return nullptr;
  return std::unique_ptr<Peer>(new Peer(std::move(process)));
}

std::optional<WorkRun> Peer::Run(const std::string& work) {
  const std::optional<std::string> line = process_->Ask(work);
  if (!line) return std::nullopt;
  const nlohmann::json answer = nlohmann::json::parse(*line, nullptr, false);
  if (answer.is_discarded() || !answer.contains("us")) return std::nullopt;
  return WorkRun{answer["us"], answer["syncs"], answer["writes"], answer["bytes"]};
}

}  // namespace svsm::cocoonfs
