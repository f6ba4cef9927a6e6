#include "cocoonfs/aux_extents.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kStateOffset = 16;

Status Bad() { return Malformed(Region::kAux); }

// The two pointers that begin an extent. `intact` says whether its first 128 bytes are.
struct Links {
  Extent next;
  Extent after_next;
  AuxState state = AuxState::kInactive;  // of a group's head
  bool intact = false;
};

class RingWalk {
 public:
  RingWalk(BlockView& view, const ImageLayout& layout, std::uint64_t num_blocks, AuxExtents& out)
      : view_(view),
        layout_(layout),
        num_blocks_(num_blocks),
        out_(out),
        block_(out.extents.allocator()) {}

  Status Walk(const Extent& head0, const Extent* head1);

  Result<Extent> Decode(std::uint64_t raw) const {
    const Result<ExtentPointer> pointer = DecodeExtentPointer(raw);
    if (!pointer.ok() || pointer->nil || pointer->indirect) return Bad();
    const Extent extent = pointer->extent;
    if (extent.first > num_blocks_ || extent.count > num_blocks_ - extent.first ||
        ((extent.first | extent.count) & (layout_.journal_block() - 1)) != 0) {
      return Bad();
    }
    return extent;
  }

 private:
  Result<Links> ReadLinks(const Extent& extent, bool group_head);
  Status Add(const Extent& extent);

  BlockView& view_;
  const ImageLayout& layout_;
  std::uint64_t num_blocks_;
  AuxExtents& out_;
  Vec<std::uint8_t> block_;
};

Result<Links> RingWalk::ReadLinks(const Extent& extent, bool group_head) {
  SVSM_TRY(block_.Resize(layout_.allocation_block_bytes()));
  SVSM_TRY(view_.Read(extent.first, block_.view()));
  Links links;
  links.intact = RemoveHeadIntegrity(AuxIntegrity(0, group_head),
                                     ByteSpan(block_.view()).first(kIntegrityHeadBytes));
  if (!links.intact) return links;
  wire::Reader r(block_.view());
  SVSM_ASSIGN_OR_RETURN(links.next, Decode(r.Le64()));
  SVSM_ASSIGN_OR_RETURN(links.after_next, Decode(r.Le64()));
  if (group_head) {
    // An impossible one is for who reads the metadata to refuse.
    const Result<AuxState> state = DecodeAuxState(block_.view());
    if (state.ok()) links.state = *state;
  }
  return links;
}

Status RingWalk::Add(const Extent& extent) {
  if (out_.extents.size() == kMaxAuxExtents) {
    return Status(Code::kUnsupported, Source::kCocoonfs, static_cast<std::uint32_t>(Region::kAux));
  }
  for (const Extent& known : out_.extents) {
    if (known.Overlaps(extent)) return Bad();
  }
  return out_.extents.PushBack(extent);
}

Status RingWalk::Walk(const Extent& head0, const Extent* head1) {
  Extent at = head0;
  Extent expected_next;  // behind the present one, as the one before it says
  bool have_expected = false;
  bool saw_head1 = false;
  out_.group1 = 0;
  do {
    const bool group_head = at == head0 || (head1 != nullptr && at == *head1);
    if (head1 != nullptr && at == *head1) {
      if (saw_head1) return Bad();
      saw_head1 = true;
      out_.group1 = out_.extents.size();
    }
    SVSM_TRY(Add(at));
    SVSM_ASSIGN_OR_RETURN(Links links, ReadLinks(at, group_head));
    if (group_head) out_.states[saw_head1 ? 1 : 0] = links.state;
    if (!links.intact) {
      // One may be torn, in the inactive one of two groups.
      if (head1 == nullptr || out_.torn != AuxExtents::kNoTorn) return Bad();
      out_.torn = out_.extents.size() - 1;
      if (have_expected) {
        links.next = expected_next;
      } else {
        return Status(Code::kNotFound,
                      Source::kCocoonfs);  // the first of the walk: begin elsewhere
      }
      have_expected = false;
    } else {
      if (have_expected && links.next != expected_next) return Bad();
      expected_next = links.after_next;
      have_expected = true;
    }
    at = links.next;
  } while (at != head0);
  if (head1 != nullptr && !saw_head1) return Bad();
  if (head1 == nullptr) out_.group1 = out_.extents.size();
  return OkStatus();
}

}  // namespace

Result<AuxState> DecodeAuxState(ByteView head) {
  const std::uint8_t state = head[kStateOffset];
  if (state > static_cast<std::uint8_t>(AuxState::kActiveReallocate)) return Bad();
  return static_cast<AuxState>(state);
}

Status FindAuxExtents(BlockView& view, const ImageLayout& layout, std::uint64_t num_blocks,
                      const std::uint64_t (&heads)[2], AuxExtents& out) {
  out.extents.Clear();
  out.group1 = 0;
  out.torn = AuxExtents::kNoTorn;
  out.states[0] = out.states[1] = AuxState::kInactive;
  if (heads[0] == kNilPointer) return heads[1] == kNilPointer ? OkStatus() : Bad();
  RingWalk walk(view, layout, num_blocks, out);
  SVSM_ASSIGN_OR_RETURN(const Extent head0, walk.Decode(heads[0]));
  if (heads[1] == kNilPointer) return walk.Walk(head0, nullptr);
  SVSM_ASSIGN_OR_RETURN(const Extent head1, walk.Decode(heads[1]));
  if (head0.Overlaps(head1)) return Bad();
  const Status status = walk.Walk(head0, &head1);
  if (status.code() != Code::kNotFound) return status;
  // The head of group 0 is torn: the same ring from the other head, turned back afterwards.
  out.extents.Clear();
  out.torn = AuxExtents::kNoTorn;
  SVSM_TRY(walk.Walk(head1, &head0));
  out.states[1] = out.states[0];
  out.states[0] = AuxState::kInactive;
  const std::size_t split = out.group1;
  const std::size_t size = out.extents.size();
  SVSM_TRY(out.extents.Reserve(2 * size));
  for (std::size_t i = split; i < size + split; ++i) {
    const Extent extent = out.extents[i < size ? i : i - size];
    SVSM_TRY(out.extents.PushBack(extent));
  }
  out.extents.Erase(0, size);
  out.group1 = size - split;
  if (out.torn != AuxExtents::kNoTorn) out.torn = (out.torn + size - split) % size;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
