#include "cocoonfs/transaction_nodes.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

// A path through the index, and its neighbours. In a large transaction the newest node has place
// beside it, or no other has.
constexpr std::size_t kMostNeighbours = 16;

}  // namespace

std::size_t TransactionNodes::Search(std::uint64_t first) const {
  std::size_t low = 0;
  std::size_t high = nodes_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (nodes_[middle].first < first) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void TransactionNodes::Clear() {
  for (Node& node : nodes_) Wipe(node.payload.view());
  nodes_.Release();
}

Result<TransactionNodes::Node*> TransactionNodes::Insert(std::size_t at, std::uint64_t first,
                                                         NodeKind kind) {
  const std::size_t size = reader_.PayloadSize(kind);
  Node node{first, kind, false, Vec<std::uint8_t>(volume_.allocator)};
  SVSM_TRY(node.payload.Reserve(size));
  SVSM_TRY(node.payload.Resize(size));
  SVSM_TRY(nodes_.Insert(at, std::move(node)));
  return &nodes_[at];
}

Result<TransactionNodes::Node*> TransactionNodes::Find(std::uint64_t first, NodeKind kind) {
  const std::size_t at = Search(first);
  if (at < nodes_.size() && nodes_[at].first == first) {
    if (nodes_[at].kind != kind) return Malformed(Region::kIndexInternal);
    return &nodes_[at];
  }
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, reader_.Read(first, kind));
  SVSM_ASSIGN_OR_RETURN(Node* const node, Insert(at, first, kind));
  Copy(node->payload.view(), payload);
  return node;
}

Result<ByteView> TransactionNodes::Read(std::uint64_t first, NodeKind kind) {
  SVSM_ASSIGN_OR_RETURN(Node* const node, Find(first, kind));
  return ByteView(node->payload.view());
}

Result<ByteSpan> TransactionNodes::Change(std::uint64_t first, NodeKind kind) {
  SVSM_ASSIGN_OR_RETURN(Node* const node, Find(first, kind));
  node->changed = true;
  return ByteSpan(node->payload.view());
}

Extent TransactionNodes::TakeBesideNode(std::uint64_t count) {
  if (newest_ != kNilPointer) {
    const Extent extent = space_.TakeNear(newest_, count);
    if (extent.count != 0) return extent;
  }
  const std::size_t looked_at = nodes_.size() < kMostNeighbours ? nodes_.size() : kMostNeighbours;
  for (std::size_t i = 0; i < looked_at; ++i) {
    const Extent extent = space_.TakeNear(nodes_[i].first, count);
    if (extent.count != 0) return extent;
  }
  return {};
}

Result<IndexNodes::NewNode> TransactionNodes::Create(NodeKind kind) {
  const std::uint64_t count = NodeBlocks(kind);
  Extent extent = TakeBesideNode(count);
  if (extent.count == 0) {
    SVSM_ASSIGN_OR_RETURN(extent, space_.TakeApart(count));
  }
  newest_ = extent.first;
  const std::size_t at = Search(extent.first);
  // What a wrong pointer has shown there before it was taken.
  if (at < nodes_.size() && nodes_[at].first == extent.first) {
    return Malformed(Region::kIndexInternal);
  }
  SVSM_ASSIGN_OR_RETURN(Node* const node, Insert(at, extent.first, kind));
  node->changed = true;
  return NewNode{extent.first, node->payload.view()};
}

Status TransactionNodes::Free(std::uint64_t first, NodeKind kind) {
  const std::size_t at = Search(first);
  if (at < nodes_.size() && nodes_[at].first == first) {
    Wipe(nodes_[at].payload.view());
    nodes_.Erase(at, 1);
  }
  return space_.Give({first, NodeBlocks(kind)});
}

}  // namespace svsm::cocoonfs
