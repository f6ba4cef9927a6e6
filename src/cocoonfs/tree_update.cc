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

Result<ByteSpan> TreeUpdate::DataDigest(std::uint64_t index) {
  const TreeShape& shape = tree_.shape();
  SVSM_ASSIGN_OR_RETURN(TreeNode* const leaf, Touch(0, shape.NodeAbove(0, index)));
  return Entry(*leaf, shape.EntryAbove(0, index), shape.digest_bytes(0));
}

Status TreeUpdate::Finish(ByteView encrypted_counter, ByteView image_context,
                          ByteSpan root_digest) {
  const TreeShape& shape = tree_.shape();
  const std::uint32_t top = shape.levels() - 1;
  Bytes<crypto::kMaxDigestSize> buffer{};
  const ByteSpan digest = ByteSpan(buffer).first(tree_.digests().node_digest_bytes());
  // Nodes are sorted by level, and what Touch() adds belongs behind the place that is worked on.
  for (std::size_t i = 0; i < nodes_.view().size(); ++i) {
    const TreeNode& node = nodes_.view()[i];
    if (node.level == top) break;
    const std::uint32_t level = node.level;
    const std::uint64_t index = node.index;
    SVSM_TRY(tree_.digests().Node(shape.LastIndex(level, index), node.digests.view(), digest));
    const std::uint32_t fanout = shape.fanout_log2(level + 1);
    SVSM_ASSIGN_OR_RETURN(TreeNode* const parent, Touch(level + 1, index >> fanout));
    const auto entry = static_cast<std::size_t>(index & (shape.entries(level + 1) - 1));
    Copy(Entry(*parent, entry, digest.size()), digest);
  }
  SVSM_ASSIGN_OR_RETURN(TreeNode* const root, Touch(top, 0));
  return tree_.digests().Root(shape.LastIndex(top, 0), root->digests.view(), encrypted_counter,
                              image_context, root_digest);
}

}  // namespace svsm::cocoonfs
