#include "tests/cocoonfs/machine.h"

#include <algorithm>

#include "svsm/cocoonfs/verify.h"
#include "tests/cocoonfs/backend.h"

namespace svsm::cocoonfs {

void ApplyTo(Contents& contents, const Changes& changes) {
  for (const Change& change : changes) {
    if (change.state) {
      contents[change.inode] = *change.state;
    } else {
      contents.erase(change.inode);
    }
  }
}

std::vector<MachineConfig> MachineConfigs() {
  std::vector<MachineConfig> configs(5);
  configs[0].name = "Default";
  configs[1].name = "TearsAt128";
  configs[1].device_block_bytes = 128;
  configs[1].aux_reserve = 1024;
  configs[2].name = "Blocks4K";
  configs[2].layout.io_block_log2 = 5;
  configs[2].layout.tree_node_log2 = 0;
  configs[2].layout.data_block_log2 = 3;
  configs[2].layout.bitmap_block_log2 = 3;
  configs[2].device_block_bytes = 4096;
  configs[2].image_bytes = 192 * 1024;
  configs[3].name = "AllDifferent";
  configs[3].layout.allocation_block_log2 = 1;
  configs[3].layout.io_block_log2 = 2;
  configs[3].layout.tree_node_log2 = 2;
  configs[3].layout.data_block_log2 = 1;
  configs[3].layout.bitmap_block_log2 = 0;
  configs[3].layout.index_leaf_log2 = 1;
  configs[3].layout.index_internal_log2 = 2;
  configs[3].image_bytes = 128 * 1024;
  configs[4].name = "Trimming";
  configs[4].trim = true;
  return configs;
}

const crypto::Symmetric& TestSymmetric() { return LinkedBackend(); }

ByteVector TestKey() {
  ByteVector key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(7 * i + 1);
  return key;
}

Machine::Machine(const MachineConfig& config)
    : config_(config), device_(config.device_block_bytes, ByteVector(config.image_bytes)) {}

Status Machine::Format() {
  const ByteVector salt = {'s', 'a', 'l', 't'};
  AuxMetadata aux(allocator_);
  if (config_.aux_reserve != 0) aux.SetExtraReserve(config_.aux_reserve);
  FormatOptions options;
  options.layout = config_.layout;
  options.salt = salt;
  options.free_space = config_.trim ? FreeSpace::kTrim : FreeSpace::kRandom;
  if (config_.aux_reserve != 0) options.aux = &aux;
  return cocoonfs::Format(device_, TestSymmetric(), rng_, allocator_, TestKey(), options);
}

Status Machine::Open(OpenOptions options) {
  options.trim = config_.trim;
  fs_.emplace(device_, TestSymmetric(), rng_, allocator_);
  return fs_->Open(TestKey(), options);
}

Result<PendingCommit*> Machine::Prepare(const Changes& changes) {
  SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs_->Begin());
  for (const Change& change : changes) {
    const Status status =
        change.state ? transaction->Write(change.inode, change.state->data, change.state->flags)
                     : transaction->Remove(change.inode);
    if (!status.ok()) {
      transaction->Abandon();
      return status;
    }
  }
  return transaction->Prepare();
}

Status Machine::Commit(const Changes& changes) {
  SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, Prepare(changes));
  return commit->Apply();
}

Result<Contents> ReadContents(FileSystem& fs) {
  Contents contents;
  FileEntry entries[16];
  for (std::uint64_t from = kMinUserInode;;) {
    SVSM_ASSIGN_OR_RETURN(const std::size_t n, fs.List(from, entries));
    if (n == 0) return contents;
    for (std::size_t i = 0; i < n; ++i) {
      SVSM_ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(entries[i].inode));
      FileState& file = contents[entries[i].inode];
      file.flags = entries[i].flags;
      file.data.resize(info.size_bytes);
      SVSM_ASSIGN_OR_RETURN(const std::size_t size, fs.ReadAll(entries[i].inode, file.data));
      if (size != file.data.size()) return Status(Code::kDataLoss, Source::kCaller);
    }
    if (entries[n - 1].inode == ~std::uint64_t{0}) return contents;
    from = entries[n - 1].inode + 1;
  }
}

Result<Contents> Machine::ReadContents() { return cocoonfs::ReadContents(*fs_); }

Status Machine::Verify() {
  VerifyReport report;
  return cocoonfs::Verify(*fs_, report);
}

ByteVector TestData(std::uint64_t inode, std::uint64_t version, std::size_t size) {
  TestRng rng(inode * 1000 + version);
  return RandomBytes(rng, size);
}

std::vector<ScriptStep> MixedScript(const MachineConfig& config, std::uint64_t seed) {
  const std::size_t unit = config.layout.io_block_bytes();
  std::uint64_t version = seed * 100;
  const auto write = [&](std::uint64_t inode, std::size_t size) {
    const auto flags = static_cast<std::uint8_t>(version);
    return Change{inode, FileState{flags, TestData(inode, ++version, size)}};
  };
  const auto remove = [](std::uint64_t inode) { return Change{inode, std::nullopt}; };
  std::vector<ScriptStep> script;
  script.push_back({{write(16, 12)}});
  script.push_back({{write(17, 9 * unit)}});
  script.push_back({{write(17, 9 * unit)}});  // in place
  ScriptStep many;
  for (std::uint64_t i = 0; i < 9; ++i) many.changes.push_back(write(0x100000000 + 7 * i, 100 + i));
  script.push_back(many);
  script.push_back({{write(17, 14 * unit), write(16, 0)}});
  script.push_back({{remove(0x100000000), remove(0x100000007), remove(0x100000015)}});
  script.push_back({{write(18, 3 * unit), remove(17)}, true});
  script.push_back({{write(18, 3 * unit)}});
  script.push_back({{remove(17), write(19, 700)}});
  script.push_back({{write(20, 8 * unit), write(18, 100)}});
  ScriptStep rest;
  for (std::uint64_t i = 3; i < 9; ++i) {
    if (i != 3) rest.changes.push_back(remove(0x100000000 + 7 * i));
  }
  script.push_back(rest);
  script.push_back({{write(16, 2 * unit)}});
  return script;
}

}  // namespace svsm::cocoonfs
