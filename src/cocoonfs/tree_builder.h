// The authentication tree of a new image, made from the digests of its data blocks in one pass.
#ifndef SVSM_SRC_COCOONFS_TREE_BUILDER_H_
#define SVSM_SRC_COCOONFS_TREE_BUILDER_H_

#include <cstdint>

#include "cocoonfs/device_writer.h"
#include "cocoonfs/tree_digests.h"
#include "cocoonfs/tree_shape.h"

namespace svsm::cocoonfs {

class TreeBuilder {
 public:
  // Keeps references.
  TreeBuilder(const TreeShape& shape, TreeDigests& digests, DeviceWriter& writer,
              Allocator& allocator)
      : shape_(shape),
        digests_(digests),
        writer_(writer),
        levels_(allocator),
        waiting_(allocator) {}

  // Errors: kOutOfMemory.
  Status Init(std::size_t node_bytes);
  // The next data block; arguments as TreeDigests::DataBlock(). Errors: kInternal, the device's.
  Status Add(std::uint64_t word, ByteView data);
  // As many data blocks of which nothing counts. Errors: as Add().
  Status AddFree(std::uint64_t count);
  // After the last data block: writes what is left, gives the root's digest. Errors: as Add().
  Status Finish(ByteView encrypted_counter, ByteView image_context, ByteSpan root_digest);

 private:
  struct Level {
    explicit Level(Allocator& allocator) : node(allocator) {}
    Vec<std::uint8_t> node;
    std::size_t count = 0;
    std::uint64_t index = 0;
  };
  ByteView Digests(const Level& level, std::uint32_t number) const {
    return ByteView(level.node.view()).first(shape_.digests_bytes(number));
  }
  // Writes the node of `number`, puts its digest into the level above, and begins the next.
  Status Close(std::uint32_t number);
  // Puts the digests of a full level's node, and of the one that waits, into the level above.
  Status DigestNodes(std::uint32_t number, Level& level, Level& above);
  Status WriteNode(const Level& level, std::uint32_t number);

  const TreeShape& shape_;
  TreeDigests& digests_;
  DeviceWriter& writer_;
  Vec<Level> levels_;
  // A leaf that is written and waits for its neighbour, to be digested with it; empty if none does.
  Vec<std::uint8_t> waiting_;
  bool waits_ = false;
  std::uint64_t next_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TREE_BUILDER_H_
