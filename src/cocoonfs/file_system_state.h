// What stands behind an open FileSystem.
#ifndef SVSM_SRC_COCOONFS_FILE_SYSTEM_STATE_H_
#define SVSM_SRC_COCOONFS_FILE_SYSTEM_STATE_H_

#include <optional>

#include "cocoonfs/file_reader.h"
#include "cocoonfs/inode_index.h"
#include "cocoonfs/journal_replay.h"
#include "cocoonfs/volume.h"
#include "cocoonfs/write_state.h"
#include "svsm/cocoonfs/file_system.h"

namespace svsm::cocoonfs {

// As FileSystem::List(), of whichever index.
inline Result<std::size_t> ListFiles(InodeIndex& index, std::uint64_t from,
                                     std::span<FileEntry> out) {
  std::size_t filled = 0;
  SVSM_TRY(index.Each(from, [&](const IndexEntry& entry) {
    out[filled++] = {entry.inode, static_cast<std::uint8_t>(entry.flags & kUserFlagsMask)};
    return filled < out.size();
  }));
  return filled;
}

struct FileSystem::State {
  State(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
        Allocator& allocator)
      : volume(device, symmetric, rng, allocator),
        index_nodes(volume, VolumeIndexNodes::Keeping::kNodes),
        reader(volume) {}

  InodeIndex& Index() {
    if (!index) index.emplace(index_nodes, volume.header.entry_leaf);
    return *index;
  }

  Volume volume;
  VolumeIndexNodes index_nodes;
  std::optional<InodeIndex> index;  // for readers; none after a commit
  FileReader reader;
  OpenOptions options;
  std::optional<JournalReplay> replay;  // of a commit that was pending at Open()
  WriteState write{volume, index_nodes, index, reader, replay};
};

// For the other files of this room.
struct FileSystemAccess {
  static FileSystem::State* StateOf(FileSystem& fs) { return fs.state_; }
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_FILE_SYSTEM_STATE_H_
