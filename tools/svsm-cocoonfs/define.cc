#include <CLI/CLI.hpp>
#include <string>

#include "tools/svsm-cocoonfs/options.h"

namespace svsm::cocoonfs_tool {
namespace {

enum class Need { kRequired, kOptional };

void DefineKey(CLI::App& verb, KeyOptions& key, Need need) {
  CLI::Option_group* const group = verb.add_option_group("key");
  group->add_option("-k,--key-file", key.file, "file that holds the key");
  group->add_option("-K,--key", key.hex, "the key, in hexadecimal (seen by others)");
  group->add_option("--key-fd", key.descriptor, "open descriptor to read the key from");
  group->require_option(need == Need::kRequired ? 1 : 0, 1);
}

void DefineTrimming(CLI::App& verb, Options& options) {
  verb.add_flag("-n,--no-randomize-unallocated", options.no_randomize,
                "leave free space as it is, and trim what becomes free");
}

void DefineInode(CLI::App& verb, Options& options) {
  verb.add_option("INODE-NUMBER", options.inode, "number of the file, from 16 on")
      ->required()
      ->check(CLI::Range(std::uint64_t{16}, ~std::uint64_t{0}));
}

void DefineSizes(CLI::App& verb, CreationOptions& creation) {
  verb.add_option("-s,--image-size", creation.image_size,
                  "size of the image (default: that of the file)");
  verb.add_option("--aux-fs-metadata-extra-reserve-capacity", creation.reserve,
                  "room for auxiliary metadata to grow without the key: 'disabled' or a size")
      ->capture_default_str();
  verb.add_option("--allocation-block-size", creation.allocation_block, "unit of allocation")
      ->capture_default_str();
  verb.add_option("--io-block-size", creation.io_block,
                  "largest block of storage that the image may be kept on (default: 512B, or the "
                  "allocation block)");
  verb.add_option("--auth-tree-data-block-size", creation.data_block,
                  "unit of authentication (default: the IO block)");
  verb.add_option("--auth-tree-node-size", creation.tree_node,
                  "node of the authentication tree (default: 1K, or the IO block)");
  verb.add_option("--inode-index-tree-leaf-node-size", creation.index_leaf,
                  "leaf of the inode index (default: the allocation block)");
  verb.add_option("--inode-index-tree-internal-node-size", creation.index_internal,
                  "inner node of the inode index (default: the allocation block)");
  verb.add_option("--allocation-bitmap-file-block-size", creation.bitmap_block,
                  "block of the allocation bitmap (default: 512B, or the data block)");
}

void DefineCreation(CLI::App& verb, Options& options) {
  CreationOptions& creation = options.creation;
  verb.add_option("-H,--hash-family", creation.hash_family, "sha2, sha3 or sm3")
      ->required()
      ->check(CLI::IsMember({"sha2", "sha3", "sm3"}));
  verb.add_option("-C,--cipher", creation.cipher, "aes, camellia or sm4")
      ->required()
      ->check(CLI::IsMember({"aes", "camellia", "sm4"}));
  verb.add_option("-t,--target-security-strength", creation.strength, "128, 192 or 256")
      ->required()
      ->check(CLI::IsMember({128U, 192U, 256U}));
  CLI::Option_group* const salt = verb.add_option_group("salt");
  salt->add_option("-i,--salt-file", creation.salt_file, "file that holds the salt");
  salt->add_option("-I,--salt", creation.salt_hex, "the salt, in hexadecimal");
  salt->require_option(1);
  DefineSizes(verb, creation);
  verb.add_flag("--force", options.force, "overwrite what is in the file");
}

void DefineAuxiliary(CLI::App& app, Options& options) {
  CLI::App* const verb =
      app.add_subcommand("aux-fs-metadata", "show and change auxiliary metadata");
  verb->require_subcommand(1);
  verb->add_subcommand("list-entries", "list the entries");
  CLI::App* const read = verb->add_subcommand("read-entry", "read an entry");
  read->add_option("UUID", options.uuid, "the entry's UUID")->required();
  read->add_option("INDEX", options.index, "which of several with this UUID")
      ->capture_default_str();
  read->add_option("-o,--output-file", options.output_file, "default: standard output");
  CLI::App* const edit = verb->add_subcommand(
      "edit", "change the metadata: in place, or with a key as a commit of the file system");
  DefineKey(*edit, options.key, Need::kOptional);
  DefineTrimming(*edit, options);
  edit->require_subcommand(1);
  edit->add_subcommand("set-extra-reserve-capacity", "change the room to grow without the key")
      ->add_option("disabled|SIZE", options.reserve)
      ->required();
  CLI::App* const add = edit->add_subcommand("add-entry", "add an entry");
  add->add_option("UUID", options.uuid, "the entry's UUID")->required();
  add->add_option("-i,--input-file", options.input_file, "default: standard input");
  CLI::App* const remove = edit->add_subcommand("remove-entry", "remove an entry");
  remove->add_option("UUID", options.uuid, "the entry's UUID")->required();
  remove->add_option("INDEX", options.index, "which of several with this UUID")
      ->capture_default_str();
}

void DefineFiles(CLI::App& app, Options& options) {
  CLI::App* const write = app.add_subcommand("write-file", "write a file");
  DefineKey(*write, options.key, Need::kRequired);
  write->add_option("-i,--input-file", options.input_file, "default: standard input");
  DefineTrimming(*write, options);
  DefineInode(*write, options);
  write->add_option("INODE-FLAGS", options.flags, "the file's flags")
      ->capture_default_str()
      ->check(CLI::Range(0U, 255U));
  CLI::App* const read = app.add_subcommand("read-file", "read a file");
  DefineKey(*read, options.key, Need::kRequired);
  read->add_option("-o,--output-file", options.output_file, "default: standard output");
  DefineTrimming(*read, options);
  DefineInode(*read, options);
  CLI::App* const list = app.add_subcommand("list-files", "list files and their flags");
  DefineKey(*list, options.key, Need::kRequired);
  DefineTrimming(*list, options);
  CLI::App* const remove = app.add_subcommand("remove-file", "remove a file");
  DefineKey(*remove, options.key, Need::kRequired);
  DefineTrimming(*remove, options);
  DefineInode(*remove, options);
  CLI::App* const batch =
      app.add_subcommand("batch",
                         "run a script, line by line: write INODE FILE [FLAGS], remove INODE, read "
                         "INODE FILE, commit. "
                         "What is between two commits is one commit, the end of the script too.");
  DefineKey(*batch, options.key, Need::kRequired);
  DefineTrimming(*batch, options);
  batch->add_option("SCRIPT", options.script, "default: standard input");
  batch->add_flag(
      "--leave-pending", options.leave_pending,
      "stop behind the first commit point, as a power cut would: the journal is complete, "
      "and the next who opens the image finishes");
}

// These write nothing.
void DefineInspection(CLI::App& app, Options& options) {
  CLI::App* const info =
      app.add_subcommand("info", "show what an image is; with a key, also its state and usage");
  DefineKey(*info, options.key, Need::kOptional);
  CLI::App* const list = app.add_subcommand("ls", "list files with flags and sizes");
  DefineKey(*list, options.key, Need::kRequired);
  CLI::App* const stat = app.add_subcommand("stat", "show one file's facts");
  DefineKey(*stat, options.key, Need::kRequired);
  DefineInode(*stat, options);
  CLI::App* const verify =
      app.add_subcommand("verify", "check every structure and every block of the image");
  DefineKey(*verify, options.key, Need::kRequired);
  CLI::App* const dump = app.add_subcommand("dump", "show where everything is in the image");
  DefineKey(*dump, options.key, Need::kRequired);
  dump->add_option("--picture", options.picture, "also draw it, as SVG");
  CLI::App* const counter =
      app.add_subcommand("counter", "show the update counter and the root digest");
  DefineKey(*counter, options.key, Need::kRequired);
}

}  // namespace

void DefineOptions(CLI::App& app, Options& options) {
  app.add_option("-i,--image", options.image, "file that holds the image")->required();
  app.add_flag(
      "-f,--force-ignore-volume-storage-block-size", options.ignore_block_size,
      "do as if the storage below the file wrote no larger blocks than the image expects; a "
      "power cut can then damage data");
  app.add_flag("--read-only", options.read_only,
               "write nothing; a commit that is pending is shown as done");
  app.add_flag("--direct", options.direct, "pass the page cache (O_DIRECT)");
  app.add_flag("--json", options.json, "print JSON");
  app.add_flag("--progress", options.progress, "show progress on the error output");
  app.set_version_flag("-V,--version", "svsm-cocoonfs " SVSM_VERSION);
  app.require_subcommand(1);
  CLI::App* const mkfs = app.add_subcommand("mkfs", "make a file system");
  DefineKey(*mkfs, options.key, Need::kRequired);
  DefineCreation(*mkfs, options);
  DefineTrimming(*mkfs, options);
  CLI::App* const header = app.add_subcommand(
      "write-mkfs-info-header", "write the header by which a file system is made at first use");
  DefineCreation(*header, options);
  header->add_flag("-T,--trim-volume-file-to-header", options.trim_to_header,
                   "cut the file behind the header");
  DefineAuxiliary(app, options);
  DefineFiles(app, options);
  DefineInspection(app, options);
}

}  // namespace svsm::cocoonfs_tool
