// svsm-cocoonfs: makes, reads, changes and checks CocoonFS images. Spelled as the Rust tool.
//
//   svsm-cocoonfs -i state.img mkfs -k key -H sha2 -C aes -t 128 -I 616263 -s 8M
//   svsm-cocoonfs -i state.img write-file -k key -i nv.bin 16
//   svsm-cocoonfs -i state.img verify -k key
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "tools/svsm-cocoonfs/options.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

struct Verb {
  const char* path;  // names of subcommands, with spaces between
  void (*run)(const Options&);
};

constexpr Verb kVerbs[] = {
    {"mkfs", MakeFileSystem},
    {"write-mkfs-info-header", WriteCreationHeader},
    {"aux-fs-metadata list-entries", ListEntries},
    {"aux-fs-metadata read-entry", ReadEntry},
    {"aux-fs-metadata edit set-extra-reserve-capacity", SetReserve},
    {"aux-fs-metadata edit add-entry", AddEntry},
    {"aux-fs-metadata edit remove-entry", RemoveEntry},
    {"write-file", WriteFile},
    {"read-file", ReadFile},
    {"list-files", ListFiles},
    {"remove-file", RemoveFile},
    {"batch", RunBatch},
    {"info", ShowInfo},
    {"ls", ListLong},
    {"stat", ShowFile},
    {"verify", VerifyImage},
    {"dump", DumpImage},
    {"counter", ShowCounter},
};

std::string PathOf(const CLI::App& app) {
  std::string path;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    if (!path.empty()) path += ' ';
    path += at->get_name();
  }
  return path;
}

int Run(CLI::App& app, int argc, char** argv) {
  Options options;
  DefineOptions(app, options);
  try {
    app.parse(argc, argv);
    const std::string path = PathOf(app);
    for (const Verb& verb : kVerbs) {
      if (path == verb.path) verb.run(options);
    }
    return kDone;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return kUsage;
  } catch (const Failure& failure) {
    fmt::print(stderr, "svsm-cocoonfs: {}\n", failure.message);
    return failure.code;
  } catch (const std::exception& error) {
    fmt::print(stderr, "svsm-cocoonfs: {}\n", error.what());
    return kOtherError;
  }
}

}  // namespace
}  // namespace svsm::cocoonfs_tool

int main(int argc, char** argv) {
  CLI::App app(
      "CocoonFS images: encrypted, authenticated, safe against power cuts.\n"
      "Sizes are bytes, or take B, K, M or G.\n"
      "Exit codes: 0 done, 2 usage, 3 no image has these parameters, 4 a key, salt, input or "
      "output "
      "file,\n5 the image cannot be opened or is in use, 7 wrong key, 8 tampered, 9 no such inode "
      "or "
      "entry,\n10 no space, 11 I/O error, 12 no file system there, 13 refused, 6 anything else.",
      "svsm-cocoonfs");
  return svsm::cocoonfs_tool::Run(app, argc, argv);
}
