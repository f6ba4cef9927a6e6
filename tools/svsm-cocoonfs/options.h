// What the command line says. Spelled as the Rust tool's, `cocoonfs`, and more.
#ifndef SVSM_TOOLS_SVSM_COCOONFS_OPTIONS_H_
#define SVSM_TOOLS_SVSM_COCOONFS_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"

namespace CLI {
class App;
}

namespace svsm::cocoonfs_tool {

// Codes 0, 2, 3, 4, 5 and 6 are those of the Rust tool, which says 6 to all from 6 on.
enum ExitCode : int {
  kDone = 0,
  kUsage = 2,      // the command line
  kBadLayout = 3,  // creation parameters that no image has
  kOtherFile = 4,  // a key, salt, input, output or script cannot be read or written
  kNoImage = 5,    // the image's file cannot be opened, or is in use
  kOtherError = 6,
  kWrongKey = 7,  // or the first bytes that are read with the key are changed
  kTampered = 8,  // the image is not as it was written
  kMissing = 9,   // no such inode or entry
  kNoSpace = 10,
  kImageIo = 11,       // the image's file fails
  kNoFileSystem = 12,  // neither an image nor a creation header
  kRefused = 13,       // would overwrite, or write to what is opened read-only
};

// Ends the program.
struct Failure {
  ExitCode code;
  std::string message;
};

struct KeyOptions {
  std::string file;
  std::optional<std::string> hex;
  std::optional<int> descriptor;

  bool given() const { return !file.empty() || hex || descriptor; }
};

struct CreationOptions {
  std::string hash_family;
  std::string cipher;
  unsigned strength = 0;
  std::string salt_file;
  std::optional<std::string> salt_hex;
  std::string image_size;
  std::string reserve = "1K";
  std::string allocation_block = "128B";
  std::string io_block;
  std::string data_block;
  std::string tree_node;
  std::string index_leaf;
  std::string index_internal;
  std::string bitmap_block;
};

struct Options {
  std::string image;
  bool ignore_block_size = false;
  bool read_only = false;
  bool direct = false;
  bool json = false;
  bool progress = false;

  KeyOptions key;
  CreationOptions creation;
  bool no_randomize = false;  // trims, and does not fill
  bool trim_to_header = false;
  bool force = false;
  std::string input_file;
  std::string output_file;
  std::uint64_t inode = 0;
  unsigned flags = 0;
  std::string uuid;
  std::size_t index = 0;
  std::string reserve;
  std::string script;
  bool leave_pending = false;
  std::string picture;
};

using Uuid = Bytes<16>;

// "4096", "4096B", "4K", "8M", "1G". Throw Failure (kUsage), as all below.
std::uint64_t ParseSize(const std::string& text, const char* what);
// "disabled" is none.
std::optional<std::uint64_t> ParseReserve(const std::string& text);
Uuid ParseUuid(const std::string& text);
std::string UuidText(ByteView uuid);

// Throws also kBadLayout.
cocoonfs::ImageLayout ToLayout(const CreationOptions& options);
// Throws kOtherFile if the file cannot be read.
ByteVector LoadSalt(const CreationOptions& options);

// A key that is wiped when it goes.
class Key {
 public:
  // Throws kOtherFile if it cannot be read. A key on the command line gets a warning.
  explicit Key(const KeyOptions& options);
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { Wipe(bytes_); }
  ByteView view() const { return bytes_; }

 private:
  ByteVector bytes_;
};

// Throw kOtherFile. "" is standard input or output.
ByteVector ReadInput(const std::string& path);
void WriteOutput(const std::string& path, ByteView bytes);

void DefineOptions(CLI::App& app, Options& options);

}  // namespace svsm::cocoonfs_tool

#endif  // SVSM_TOOLS_SVSM_COCOONFS_OPTIONS_H_
