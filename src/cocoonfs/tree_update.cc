#include "cocoonfs/auth_tree.h"

namespace svsm::cocoonfs {

Result<TreeNode*> TreeUpdate::Touch(std::uint32_t level, std::uint64_t index) {
  if (TreeNode* const node = nodes_.Find(level, index); node != nullptr) return node;
  SVSM_ASSIGN_OR_RETURN(const ByteView digests, tree_.Node(level, index));
  SVSM_ASSIGN_OR_RETURN(TreeNode* const node, nodes_.Add(level, index, digests.size()));
  Copy(node->digests.view(), digests);
  node->changed_from = digests.size();
  node->changed_end = 0;
  return node;
}

ByteSpan TreeUpdate::Entry(TreeNode& node, std::size_t entry, std::size_t digest_bytes) {
  const std::size_t at = entry * digest_bytes;
  if (at < node.changed_from) node.changed_from = at;
  if (at + digest_bytes > node.changed_end) node.changed_end = at + digest_bytes;
  return ByteSpan(node.digests.view()).subspan(at, digest_bytes);
}

Status TreeUpdate::RenewLeaves(std::uint64_t index, std::uint64_t count) {
  const TreeShape& shape = tree_.shape();
  const std::uint64_t entries = shape.entries(0);
  const std::uint64_t end = (index + count) / entries;
  for (std::uint64_t leaf = (index + entries - 1) / entries; leaf < end; ++leaf) {
    if (nodes_.Find(0, leaf) != nullptr) continue;
    SVSM_TRY(nodes_.Add(0, leaf, shape.digests_bytes(0)).status());
  }
  return OkStatus();
}

Result<ByteSpan> TreeUpdate::DataDigest(std::uint64_t index) {
  const TreeShape& shape = tree_.shape();
  SVSM_ASSIGN_OR_RETURN(TreeNode* const leaf, Touch(0, shape.NodeAbove(0, index)));
  return Entry(*leaf, shape.EntryAbove(0, index), shape.digest_bytes(0));
}

Status TreeUpdate::Finish(ByteView encrypted_counter, ByteView image_context,
                          ByteSpan root_digest) {
  const TreeShape& shape = tree_.shape();
  const std::uint32_t top = shape.levels() - 1;
  const std::size_t size = tree_.digests().node_digest_bytes();
  Bytes<crypto::kMaxDigestSize> digests[2];
  // Nodes are sorted by level, and what Touch() adds belongs behind the place that is worked on.
  for (std::size_t i = 0; i < nodes_.view().size();) {
    TreeDigests::NodeInput inputs[2];
    std::uint64_t parents[2];
    std::size_t entries[2];
    const std::uint32_t level = nodes_.view()[i].level;
    if (level == top) break;
    std::size_t count = 0;
    for (; count < 2 && i < nodes_.view().size() && nodes_.view()[i].level == level; ++count, ++i) {
      const TreeNode& node = nodes_.view()[i];
      inputs[count] = {shape.LastIndex(level, node.index), node.digests.view(),
                       ByteSpan(digests[count]).first(size)};
      parents[count] = node.index >> shape.fanout_log2(level + 1);
      entries[count] = static_cast<std::size_t>(node.index & (shape.entries(level + 1) - 1));
    }
    const TreeDigests::NodeInput& one = inputs[0];
    SVSM_TRY(count == 2 ? tree_.digests().TwoNodes(one, inputs[1])
                        : tree_.digests().Node(one.last_index, one.digests, one.out));
    for (std::size_t k = 0; k < count; ++k) {
      SVSM_ASSIGN_OR_RETURN(TreeNode* const parent, Touch(level + 1, parents[k]));
      Copy(Entry(*parent, entries[k], size), inputs[k].out);
    }
  }
  SVSM_ASSIGN_OR_RETURN(TreeNode* const root, Touch(top, 0));
  return tree_.digests().Root(shape.LastIndex(top, 0), root->digests.view(), encrypted_counter,
                              image_context, root_digest);
}

}  // namespace svsm::cocoonfs
