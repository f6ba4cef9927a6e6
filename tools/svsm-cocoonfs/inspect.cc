#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "svsm/cocoonfs/transaction.h"
#include "tools/svsm-cocoonfs/print.h"
#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

using Json = nlohmann::ordered_json;

Json FileJson(const cocoonfs::FileInfo& file) {
  return {{"inode", file.inode},
          {"flags", file.flags},
          {"size", file.size_bytes},
          {"blocks", file.num_blocks},
          {"extents", file.num_extents}};
}

Json StateJson(Session& session) {
  cocoonfs::FileSystem& fs = session.fs();
  const cocoonfs::Usage usage = fs.usage();
  const cocoonfs::PendingCommit* const commit = fs.pending_commit();
  const std::size_t to_open = cocoonfs::WorkspaceSize(fs.layout(), usage.num_blocks);
  const std::size_t num_files = session.List().size();
  return {{"update_counter", DecimalText(fs.update_counter())},
          {"root_digest", ToHex(fs.root_digest())},
          {"commit_pending", commit != nullptr},
          {"files", num_files},
          {"blocks", usage.num_blocks},
          {"free_blocks", usage.num_free_blocks},
          {"free_bytes", usage.num_free_blocks * usage.block_size_bytes},
          {"memory_to_open", to_open},
          {"memory_to_replay", commit == nullptr ? 0 : commit->replay_bytes()},
          {"memory_high_water", session.heap().high_water_bytes()}};
}

}  // namespace

void ShowInfo(const Options& options) {
  Session session(options, Use::kLook);
  Json info = MetadataJson(session);
  if (options.key.given()) {
    const Key key(options.key);
    session.OpenFileSystem(key.view());
    info["state"] = StateJson(session);
  }
  Print(info, options);
}

void ListLong(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  Json list = Json::array();
  for (const cocoonfs::FileEntry& file : session.List()) {
    const cocoonfs::FileInfo info =
        Check(fmt::format("inode {}", file.inode), session.fs().Stat(file.inode));
    if (options.json) {
      list.push_back(FileJson(info));
    } else {
      fmt::print("{:>20} {:#04x} {:>12}\n", info.inode, info.flags, info.size_bytes);
    }
  }
  if (options.json) fmt::print("{}\n", list.dump(1));
}

void ShowFile(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  Print(FileJson(Check(fmt::format("inode {}", options.inode), session.fs().Stat(options.inode))),
        options);
}

void ShowCounter(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  const cocoonfs::FileSystem& fs = session.fs();
  Print(Json{{"update_counter", DecimalText(fs.update_counter())},
             {"root_digest", ToHex(fs.root_digest())},
             {"commit_pending", session.fs().pending_commit() != nullptr}},
        options);
}

}  // namespace svsm::cocoonfs_tool
