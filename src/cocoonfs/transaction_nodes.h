// The nodes of the index as a transaction sees and changes them: decrypted, kept until the commit.
#ifndef SVSM_SRC_COCOONFS_TRANSACTION_NODES_H_
#define SVSM_SRC_COCOONFS_TRANSACTION_NODES_H_

#include <cstdint>

#include "cocoonfs/inode_index.h"
#include "cocoonfs/space.h"
#include "cocoonfs/volume.h"

namespace svsm::cocoonfs {

class TransactionNodes final : public IndexNodes {
 public:
  // Nodes of the state before come from `reader`.
  TransactionNodes(Volume& volume, Space& space, VolumeIndexNodes& reader)
      : volume_(volume), space_(space), reader_(reader), nodes_(volume.allocator) {}

  ~TransactionNodes() { Clear(); }
  TransactionNodes(const TransactionNodes&) = delete;
  TransactionNodes& operator=(const TransactionNodes&) = delete;

  struct Node {
    std::uint64_t first = 0;
    NodeKind kind = NodeKind::kLeaf;
    bool changed = false;
    Vec<std::uint8_t> payload;
  };

  // Views are valid until the node is freed.
  Result<ByteView> Read(std::uint64_t first, NodeKind kind) override;
  Result<ByteSpan> Change(std::uint64_t first, NodeKind kind) override;
  // In a data block that holds nodes, or apart: who walks the index then reads and checks few data
  // blocks.
  Result<NewNode> Create(NodeKind kind) override;
  Status Free(std::uint64_t first, NodeKind kind) override;
  std::uint64_t NodeBlocks(NodeKind kind) const override { return reader_.NodeBlocks(kind); }

  // By position.
  std::span<const Node> nodes() const { return nodes_.view(); }
  // Wipes and forgets them.
  void Clear();

 private:
  std::size_t Search(std::uint64_t first) const;
  // The node, read if it was not.
  Result<Node*> Find(std::uint64_t first, NodeKind kind);
  Result<Node*> Insert(std::size_t at, std::uint64_t first, NodeKind kind);
  // Beside a node that is known; no blocks if there is no place.
  Extent TakeBesideNode(std::uint64_t count);

  Volume& volume_;
  Space& space_;
  VolumeIndexNodes& reader_;
  Vec<Node> nodes_;
  std::uint64_t newest_ = kNilPointer;  // the node that was given a place last
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TRANSACTION_NODES_H_
