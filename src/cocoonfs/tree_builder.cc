#include "cocoonfs/tree_builder.h"

#include <utility>

namespace svsm::cocoonfs {

Status TreeBuilder::Init(std::size_t node_bytes) {
  SVSM_TRY(levels_.Reserve(shape_.levels()));
  for (std::uint32_t i = 0; i < shape_.levels(); ++i) {
    SVSM_TRY(levels_.PushBack(Level(levels_.allocator())));
    SVSM_TRY(levels_[i].node.Reserve(node_bytes));
    SVSM_TRY(levels_[i].node.Resize(node_bytes));
  }
  next_ = 0;
  waits_ = false;
  SVSM_TRY(waiting_.Reserve(node_bytes));
  return waiting_.Resize(node_bytes);
}

Status TreeBuilder::WriteNode(const Level& level, std::uint32_t number) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t position, shape_.NodePosition(number, level.index));
  return writer_.Put(position, level.node.view());
}

Status TreeBuilder::Add(std::uint64_t word, ByteView data) {
  Level& leaf = levels_[0];
  if (leaf.count == shape_.entries(0)) SVSM_TRY(Close(0));
  const std::size_t size = shape_.digest_bytes(0);
  SVSM_TRY(
      digests_.DataBlock(next_++, word, data, leaf.node.view().subspan(leaf.count * size, size)));
  ++leaf.count;
  return OkStatus();
}

Status TreeBuilder::AddFree(std::uint64_t count) {
  Level& leaf = levels_[0];
  const std::size_t size = shape_.digest_bytes(0);
  while (count != 0) {
    if (leaf.count == shape_.entries(0)) SVSM_TRY(Close(0));
    const std::size_t room = shape_.entries(0) - leaf.count;
    const std::size_t added = count < room ? static_cast<std::size_t>(count) : room;
    SVSM_TRY(digests_.FreeBlocks(next_, leaf.node.view().subspan(leaf.count * size, added * size)));
    next_ += added;
    leaf.count += added;
    count -= added;
  }
  return OkStatus();
}

Status TreeBuilder::Close(std::uint32_t number) {
  const std::uint32_t root = shape_.levels() - 1;
  bool full = true;
  for (; full && number < root; ++number) {
    Level& level = levels_[number];
    Level& above = levels_[number + 1];
    SVSM_TRY(WriteNode(level, number));
    if (number == 0 && level.index % 2 == 0 && level.count == shape_.entries(0)) {
      // Its neighbour has the same parent.
      std::swap(level.node, waiting_);
      waits_ = true;
      full = false;
    } else {
      SVSM_TRY(DigestNodes(number, level, above));
      full = above.count == shape_.entries(number + 1);
    }
    Fill(level.node.view(), 0);
    level.count = 0;
    ++level.index;
  }
  return OkStatus();
}

Status TreeBuilder::DigestNodes(std::uint32_t number, Level& level, Level& above) {
  const std::size_t size = shape_.digest_bytes(number + 1);
  const auto next = [&] { return above.node.view().subspan(above.count++ * size, size); };
  const std::uint64_t last_index = shape_.LastIndex(number, level.index);
  if (number != 0 || !waits_) return digests_.Node(last_index, Digests(level, number), next());
  waits_ = false;
  const ByteView before = ByteView(waiting_.view()).first(shape_.digests_bytes(0));
  const ByteSpan out = next();
  return digests_.TwoNodes({shape_.LastIndex(0, level.index - 1), before, out},
                           {last_index, Digests(level, 0), next()});
}

Status TreeBuilder::Finish(ByteView encrypted_counter, ByteView image_context,
                           ByteSpan root_digest) {
  const std::uint32_t root = shape_.levels() - 1;
  for (std::uint32_t i = 0; i < root; ++i) {
    if (levels_[i].count != 0) SVSM_TRY(Close(i));
    // A leaf that is full and the last has no neighbour.
    if (waits_) {
      waits_ = false;
      const std::size_t size = shape_.digest_bytes(1);
      SVSM_TRY(digests_.Node(shape_.LastIndex(0, levels_[0].index - 1),
                             ByteView(waiting_.view()).first(shape_.digests_bytes(0)),
                             levels_[1].node.view().subspan(levels_[1].count++ * size, size)));
    }
  }
  SVSM_TRY(WriteNode(levels_[root], root));
  return digests_.Root(shape_.LastIndex(root, 0), Digests(levels_[root], root), encrypted_counter,
                       image_context, root_digest);
}

}  // namespace svsm::cocoonfs
