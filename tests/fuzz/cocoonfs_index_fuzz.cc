// Nodes of the inode index: eight of them come from the input, and the index is looked through and
// changed over them. Nothing traps, nothing goes on for ever.
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include "cocoonfs/extent.h"
#include "cocoonfs/inode_index.h"
#include "svsm/cocoonfs/region.h"
#include "tests/cocoonfs/support.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::cocoonfs;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kNodeBytes = 112;
constexpr std::size_t kNodes = 32;
constexpr std::size_t kReads = 2000;

class Nodes final : public IndexNodes {
 public:
  explicit Nodes(ByteView in) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      const std::size_t at = i * kNodeBytes;
      nodes_[i].assign(kNodeBytes, 0);
      if (at < in.size()) {
        const std::size_t left = in.size() - at;
        Copy(nodes_[i], in.subspan(at, left < kNodeBytes ? left : kNodeBytes));
      }
    }
    next_ = in.size() / kNodeBytes + 1;
  }
  Result<ByteView> Read(std::uint64_t first, NodeKind kind) override {
    SVSM_TRY(Change(first, kind).status());
    shown_ = nodes_[first - 1];
    return ByteView(shown_);
  }
  // A node has one kind, as it has for a transaction.
  Result<ByteSpan> Change(std::uint64_t first, NodeKind kind) override {
    if (++reads_ > kReads) std::abort();
    if (first == 0 || first > kNodes) return Malformed(Region::kDevice);
    std::optional<NodeKind>& known = kinds_[first - 1];
    if (!known) {
      SVSM_TRY(CheckNode(nodes_[first - 1], kind));
      known = kind;
    }
    if (*known != kind) return Malformed(Region::kDevice);
    return ByteSpan(nodes_[first - 1]);
  }
  Result<NewNode> Create(NodeKind kind) override {
    if (next_ >= kNodes) return Status(Code::kExhausted, Source::kCocoonfs);
    kinds_[next_] = kind;
    const ByteSpan payload(nodes_[next_++]);
    Fill(payload, 0);
    return NewNode{next_, payload};
  }
  Status Free(std::uint64_t, NodeKind) override { return OkStatus(); }
  std::uint64_t NodeBlocks(NodeKind) const override { return 1; }

 private:
  std::array<std::vector<std::uint8_t>, kNodes> nodes_;
  std::array<std::optional<NodeKind>, kNodes> kinds_;
  std::vector<std::uint8_t> shown_;
  std::uint64_t next_ = 0;
  std::size_t reads_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const ByteView in(data + 4, size - 4 < 8 * kNodeBytes ? size - 4 : 8 * kNodeBytes);
  Nodes nodes(in);
  InodeIndex index(nodes, 1);
  const std::uint64_t inode = 16 + std::uint64_t{data[0]};
  (void)index.Find(inode);
  (void)index.Levels();
  IndexEntry entries[200];
  (void)index.List(inode, entries);
  (void)index.Put({inode, EncodeExtentPointer({5, 1}, false), data[1]});
  (void)index.Remove(16 + std::uint64_t{data[2]});
  (void)index.Put({16 + std::uint64_t{data[3]}, EncodeExtentPointer({6, 1}, false), 0});
  (void)index.Remove(inode);
  return 0;
}
