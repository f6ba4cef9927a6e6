#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <vector>

#include "svsm/cocoonfs/transaction.h"
#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

struct Command {
  std::size_t line = 0;
  std::string verb;
  std::uint64_t inode = 0;
  std::string file;
  std::uint8_t flags = 0;
};

Failure Wrong(std::size_t line, const std::string& what) {
  return {kUsage, fmt::format("script, line {}: {}", line, what)};
}

std::uint64_t Number(std::size_t line, const std::string& text, std::uint64_t least,
                     std::uint64_t most) {
  const bool hex = text.starts_with("0x");
  const char* const begin = text.data() + (hex ? 2 : 0);
  const char* const end = text.data() + text.size();
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number, hex ? 16 : 10);
  if (error != std::errc() || stop != end || number < least || number > most) {
    throw Wrong(line, fmt::format("'{}' is no number from {} to {}", text, least, most));
  }
  return number;
}

// The whole script is understood before the first of it is done.
std::vector<Command> ParseScript(const std::string& script) {
  std::vector<Command> commands;
  std::istringstream lines(script);
  std::string text;
  for (std::size_t line = 1; std::getline(lines, text); ++line) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word && word[0] != '#';) words.push_back(word);
    if (words.empty()) continue;
    Command command;
    command.line = line;
    command.verb = words[0];
    const std::size_t most = command.verb == "write"    ? 4
                             : command.verb == "read"   ? 3
                             : command.verb == "remove" ? 2
                             : command.verb == "commit" ? 1
                                                        : 0;
    if (most == 0) throw Wrong(line, fmt::format("'{}' is no command", command.verb));
    const std::size_t least = most == 4 ? 3 : most;
    if (words.size() < least || words.size() > most) throw Wrong(line, "too few or many words");
    if (most >= 2) {
      command.inode = Number(line, words[1], cocoonfs::kMinUserInode, ~std::uint64_t{0});
    }
    if (most >= 3) command.file = words[2];
    if (words.size() == 4) {
      command.flags = static_cast<std::uint8_t>(Number(line, words[3], 0, 255));
    }
    commands.push_back(command);
  }
  return commands;
}

class Batch {
 public:
  explicit Batch(Session& session) : session_(session) {}

  void Do(const Command& command) {
    const std::string what = fmt::format("line {}, inode {}", command.line, command.inode);
    if (command.verb == "write") {
      ByteVector contents = ReadInput(command.file);
      Check(what, transaction().Write(command.inode, contents, command.flags));
      Wipe(contents);
    } else if (command.verb == "remove") {
      Check(what, transaction().Remove(command.inode));
    } else if (command.verb == "read") {
      Read(command, what);
    } else {
      Commit();
    }
  }
  void Commit() {
    if (transaction_ != nullptr) session_.Commit(*transaction_);
    transaction_ = nullptr;
  }

 private:
  cocoonfs::Transaction& transaction() {
    if (transaction_ == nullptr) transaction_ = &session_.Begin();
    return *transaction_;
  }
  // What is read is what the lines before have written, committed or not.
  void Read(const Command& command, const std::string& what) {
    ByteVector contents;
    if (transaction_ == nullptr) {
      contents = session_.Read(command.inode);
    } else {
      contents.resize(Check(what, transaction_->Stat(command.inode)).size_bytes);
      Check(what, transaction_->Read(command.inode, 0, contents));
    }
    WriteOutput(command.file, contents);
    Wipe(contents);
  }

  Session& session_;
  cocoonfs::Transaction* transaction_ = nullptr;
};

}  // namespace

void RunBatch(const Options& options) {
  const ByteVector script = ReadInput(options.script);
  const std::vector<Command> commands = ParseScript(std::string(script.begin(), script.end()));
  const Key key(options.key);
  Session session(options, Use::kWrite);
  session.OpenFileSystem(key.view());
  Batch batch(session);
  for (const Command& command : commands) batch.Do(command);
  batch.Commit();
}

}  // namespace svsm::cocoonfs_tool
