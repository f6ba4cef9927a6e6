#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "svsm/cocoonfs/transaction.h"
#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {

void WriteFile(const Options& options) {
  const Key key(options.key);
  ByteVector contents = ReadInput(options.input_file);
  Session session(options, Use::kWrite);
  session.OpenFileSystem(key.view());
  cocoonfs::Transaction& transaction = session.Begin();
  Check(fmt::format("inode {}", options.inode),
        transaction.Write(options.inode, contents, static_cast<std::uint8_t>(options.flags)));
  Wipe(contents);
  session.Commit(transaction);
}

void ReadFile(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kRead);
  session.OpenFileSystem(key.view());
  ByteVector contents = session.Read(options.inode);
  WriteOutput(options.output_file, contents);
  Wipe(contents);
}

void ListFiles(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kRead);
  session.OpenFileSystem(key.view());
  if (!options.json) {
    for (const cocoonfs::FileEntry& file : session.List()) {
      fmt::print("{} {:#04x}\n", file.inode, file.flags);
    }
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const cocoonfs::FileEntry& file : session.List()) {
    list.push_back({{"inode", file.inode}, {"flags", file.flags}});
  }
  fmt::print("{}\n", list.dump(1));
}

void RemoveFile(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kWrite);
  session.OpenFileSystem(key.view());
  cocoonfs::Transaction& transaction = session.Begin();
  Check(fmt::format("inode {}", options.inode), transaction.Remove(options.inode));
  session.Commit(transaction);
}

}  // namespace svsm::cocoonfs_tool
