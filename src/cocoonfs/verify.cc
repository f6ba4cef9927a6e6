#include "svsm/cocoonfs/verify.h"

#include "cocoonfs/aux_reader.h"
#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/file_reader.h"
#include "cocoonfs/file_system_state.h"
#include "cocoonfs/header_reader.h"
#include "cocoonfs/verifier.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;

std::uint32_t Detail(std::uint64_t count) {
  return count > 0xFFFFFFFF ? 0xFFFFFFFF : static_cast<std::uint32_t>(count);
}

}  // namespace

const char* ProblemName(Problem problem) {
  switch (problem) {
    case Problem::kAuthFailed:
      return "not as it was written";
    case Problem::kMalformed:
      return "malformed";
    case Problem::kDoublyUsed:
      return "doubly used";
    case Problem::kNotAllocated:
      return "used but not allocated";
    case Problem::kOrphaned:
      return "orphaned";
    case Problem::kUnreadable:
      return "unreadable";
  }
  return "?";
}

void Verifier::Add(Problem problem, Region region, std::uint64_t inode, const Extent& extent) {
  if (report_.num_findings < VerifyReport::kMaxListed) {
    report_.list[static_cast<std::size_t>(report_.num_findings)] =
        Finding{problem, region, inode, extent.first, extent.count};
  }
  ++report_.num_findings;
}

Status Verifier::Note(const Status& status, Region region, std::uint64_t inode,
                      const Extent& extent) {
  switch (status.code()) {
    case Code::kOk:
    case Code::kOutOfMemory:
      return status;
    case Code::kAuthFailed:
      Add(Problem::kAuthFailed, Region{status.detail()}, inode, extent);
      return OkStatus();
    case Code::kMalformed:
      Add(Problem::kMalformed, Region{status.detail()}, inode, extent);
      return OkStatus();
    case Code::kIoError:
      Add(Problem::kUnreadable, region, inode, extent);
      return OkStatus();
    default:
      Add(Problem::kMalformed, region, inode, extent);
      return OkStatus();
  }
}

bool Verifier::Claim(const Extent& extent, Region region, std::uint64_t inode) {
  if (extent.first > claimed_.num_blocks() || extent.count > claimed_.num_blocks() - extent.first) {
    Add(Problem::kMalformed, region, inode, extent);
    return false;
  }
  if (progress_ != nullptr) progress_->OnOwner(region, inode, extent.first, extent.count);
  const bool free = claimed_.AllClear(extent);
  if (!free) Add(Problem::kDoublyUsed, region, inode, extent);
  claimed_.Set(extent);
  return free;
}

Status Verifier::Step(std::uint64_t done) {
  return progress_ == nullptr ? OkStatus() : progress_->OnProgress(done, volume_.header.num_blocks);
}

Status Verifier::CheckStaticHeader() {
  FoundHeader found;
  SVSM_TRY(FindHeader(volume_.device, volume_.allocator, found));
  const bool same = found.kind == HeaderKind::kImage && found.image.layout == volume_.layout &&
                    Equal(found.image.salt.view(), volume_.salt.view());
  return same ? OkStatus() : Malformed(Region::kStaticHeader);
}

Status Verifier::CheckHeaders() {
  SVSM_TRY(Note(CheckStaticHeader(), Region::kStaticHeader, 0,
                {0, volume_.places.mutable_header.first}));
  const Extent& place = volume_.places.mutable_header;
  const std::size_t size =
      static_cast<std::size_t>(place.count) * volume_.layout.allocation_block_bytes();
  Vec<std::uint8_t> expected(volume_.allocator);
  SVSM_TRY(expected.Resize(size));
  SVSM_TRY(buffer_.Resize(size > kBufferBytes ? size : kBufferBytes));
  EncodeMutableHeader(volume_.layout, volume_.header, expected.view());
  const ByteSpan actual = ByteSpan(buffer_.view()).first(size);
  Status status = volume_.view->Read(place.first, actual);
  if (status.ok() && !Equal(actual, expected.view())) status = Malformed(Region::kMutableHeader);
  return Note(status, Region::kMutableHeader, 0, place);
}

// The node, its place on the device with the padding, and that entries beyond the image are zero.
Status Verifier::CheckTreeNode(std::uint32_t level, std::uint64_t index) {
  const TreeShape& shape = volume_.shape;
  SVSM_ASSIGN_OR_RETURN(const ByteView digests, volume_.tree.Node(level, index));
  const std::uint64_t base = index << shape.fanout_log2(level);
  const std::uint64_t limit = level == 0 ? shape.num_data_blocks() : shape.NodesInImage(level - 1);
  if (limit - base < shape.entries(level)) {
    const auto used = static_cast<std::size_t>(limit - base) * shape.digest_bytes(level);
    if (!IsZero(digests.subspan(used))) return Malformed(Region::kTreeNode);
  }
  if (volume_.tree.IsMade(level, index)) return OkStatus();
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t position, shape.NodePosition(level, index));
  const ByteSpan node = ByteSpan(buffer_.view()).first(volume_.layout.tree_node_bytes());
  SVSM_TRY(volume_.view->Read(position, node));
  if (!Equal(node.first(digests.size()), digests)) return AuthFailed(Region::kTreeNode);
  return IsZero(node.subspan(digests.size())) ? OkStatus() : Malformed(Region::kTreeNode);
}

Status Verifier::CheckTree() {
  const TreeShape& shape = volume_.shape;
  SVSM_TRY(Note(volume_.tree.SetRoot(
                    volume_.header.root_view(volume_.layout), volume_.header.encrypted_counter,
                    ByteView(volume_.image_context).first(volume_.digests.root_digest_bytes())),
                Region::kRootDigest, 0, {}));
  if (buffer_.size() < volume_.layout.tree_node_bytes()) {
    SVSM_TRY(buffer_.Resize(volume_.layout.tree_node_bytes()));
  }
  for (std::uint32_t level = shape.levels(); level-- > 0;) {
    for (std::uint64_t index = 0; index < shape.NodesInImage(level); ++index) {
      const Result<std::uint64_t> position = shape.NodePosition(level, index);
      const Extent place{position.ok() ? *position : 0, position.ok() ? shape.node_blocks() : 0};
      SVSM_TRY(Note(CheckTreeNode(level, index), Region::kTreeNode, 0, place));
      ++report_.num_tree_nodes;
    }
  }
  return OkStatus();
}

// Data blocks of which something is allocated and that lie one after the other.
Status Verifier::CheckDataRun(std::uint64_t first, std::uint64_t count) {
  const std::size_t block = volume_.layout.allocation_block_bytes();
  const ByteSpan data = ByteSpan(buffer_.view()).first(static_cast<std::size_t>(count) * block);
  const Status status = volume_.tree.ReadData(volume_.allocation, first, data);
  if (status.ok()) return status;
  // Which of them.
  const std::uint64_t unit = volume_.layout.data_block();
  for (std::uint64_t at = 0; at < count; at += unit) {
    const std::uint64_t here = count - at < unit ? count - at : unit;
    SVSM_TRY(Note(volume_.tree.ReadData(volume_.allocation, first + at,
                                        data.first(static_cast<std::size_t>(here) * block)),
                  Region::kTreeData, 0, {first + at, here}));
  }
  return OkStatus();
}

Status Verifier::CheckData() {
  const TreeShape& shape = volume_.shape;
  const std::uint64_t unit = volume_.layout.data_block();
  const std::size_t data_block = volume_.layout.data_block_bytes();
  if (buffer_.size() < data_block) SVSM_TRY(buffer_.Resize(data_block));
  const std::uint64_t most = buffer_.size() / data_block * unit;  // blocks that are read at once
  Extent run;
  for (std::uint64_t index = 0; index < shape.num_data_blocks(); ++index) {
    const std::uint64_t first = shape.DataPosition(index);
    const std::uint64_t on_image = volume_.header.num_blocks - first;
    const std::uint64_t count = on_image < unit ? on_image : unit;
    const std::uint64_t word = volume_.allocation.Word(first, static_cast<std::uint32_t>(count));
    if (run.count != 0 && (word == 0 || run.end() != first || run.count == most)) {
      SVSM_TRY(CheckDataRun(run.first, run.count));
      SVSM_TRY(Step(first));
      run = Extent{};
    }
    ++report_.num_data_blocks;
    if (word == 0) {
      SVSM_TRY(Note(volume_.tree.CheckBlock(index, 0, ByteView()), Region::kTreeData, 0,
                    {first, count}));
    } else {
      run = run.count == 0 ? Extent{first, count} : Extent{run.first, run.count + count};
    }
  }
  if (run.count != 0) SVSM_TRY(CheckDataRun(run.first, run.count));
  return Step(volume_.header.num_blocks);
}

// Words behind the last that counts are zero.
Status Verifier::CheckBitmapFile() {
  const ImageLayout& layout = volume_.layout;
  const std::size_t words = layout.bitmap_words_per_block();
  const std::uint64_t needed = Bitmap::FileBlocks(volume_.header.num_blocks, words);
  const std::size_t size = layout.bitmap_block_bytes();
  if (buffer_.size() < size) SVSM_TRY(buffer_.Resize(size));
  const ByteSpan block = ByteSpan(buffer_.view()).first(size);
  const ByteSpan payload = block.subspan(crypto::kCipherBlockSize);
  std::uint64_t index = 0;
  for (const Extent& extent : volume_.bitmap_extents) {
    for (std::uint64_t first = extent.first; first < extent.end();
         first += layout.bitmap_block(), ++index) {
      if (index < needed) continue;
      const Extent place{first, layout.bitmap_block()};
      Status status = volume_.tree.ReadChecked(volume_.allocation, place, block, Region::kBitmap);
      if (status.ok()) status = DecryptBlock(*volume_.bitmap_cipher, block, payload);
      if (status.ok() && !IsZero(payload.first(8 * words))) status = Malformed(Region::kBitmap);
      SVSM_TRY(Note(status, Region::kBitmap, kBitmapInode, place));
    }
  }
  return OkStatus();
}

Status Verifier::ClaimFixed() {
  Claim({0, volume_.places.end}, Region::kMutableHeader, 0);
  Claim(volume_.places.journal_head, Region::kJournalHead, 0);
  for (const Extent& extent : volume_.shape.extents()) {
    Claim(extent, Region::kTreeNode, kTreeInode);
  }
  for (const Extent& extent : volume_.bitmap_extents) {
    Claim(extent, Region::kBitmap, kBitmapInode);
  }
  for (const Extent& extent : volume_.aux.extents) Claim(extent, Region::kAux, 0);
  const Result<EntryPointers> pointers = LoadEntryLeaf(volume_);
  if (!pointers.ok()) return Note(pointers.status(), Region::kEntryLeaf, 0, {});
  Vec<Extent> extents(volume_.allocator);
  Vec<Extent> chain(volume_.allocator);
  for (const std::uint64_t inode : {kTreeInode, kBitmapInode}) {
    const ExtentPointer& pointer = inode == kTreeInode ? pointers->tree : pointers->bitmap;
    chain.Clear();
    SVSM_TRY(Note(LoadTaggedExtents(volume_, inode, pointer, extents, &chain), Region::kExtentsList,
                  inode, pointer.extent));
    for (const Extent& extent : chain) Claim(extent, Region::kExtentsList, inode);
  }
  return OkStatus();
}

Status Verifier::CheckAux() {
  AuxMetadata aux(volume_.allocator);
  report_.aux_torn = volume_.aux.torn != AuxExtents::kNoTorn;
  return Note(ReadAux(*volume_.view, volume_.layout, volume_.aux, aux), Region::kAux, 0, {});
}

Status Verifier::CheckFile(const IndexEntry& entry) {
  ++report_.num_files;
  Vec<Extent> extents(volume_.allocator);
  Vec<Extent> chain(volume_.allocator);
  const Status status = ReadFileExtents(volume_, entry, extents, &chain);
  for (const Extent& extent : chain) Claim(extent, Region::kExtentsList, entry.inode);
  for (const Extent& extent : extents) Claim(extent, Region::kFileData, entry.inode);
  if (!status.ok()) return Note(status, Region::kExtentsList, entry.inode, {});
  FileReader reader(volume_);
  SVSM_TRY(Note(reader.Open(entry), Region::kFileData, entry.inode, {}));
  if (reader.inode() != entry.inode) return OkStatus();
  return Note(reader.Size().status(), Region::kFileData, entry.inode,
              extents.empty() ? Extent{} : extents.back());
}

void Verifier::AddRun(const Extent& run, bool claimed) {
  if (run.count == 0) return;
  Add(claimed ? Problem::kNotAllocated : Problem::kOrphaned, Region::kBitmap, 0, run);
}

void Verifier::CompareWithBitmap() {
  const Bitmap& bitmap = volume_.allocation.bitmap();
  report_.num_allocated_blocks = bitmap.CountAllocated();
  Extent run;
  bool run_claimed = false;
  for (std::uint64_t first = 0; first < bitmap.num_blocks(); first += 64) {
    const std::uint64_t claimed = claimed_.Bits(first, 64);
    const std::uint64_t different = claimed ^ bitmap.Bits(first, 64);
    if (different == 0) continue;
    for (std::uint32_t i = 0; i < 64; ++i) {
      if ((different >> i & 1) == 0) continue;
      const bool is_claimed = (claimed >> i & 1) != 0;
      if (run.count != 0 && run.end() == first + i && run_claimed == is_claimed) {
        ++run.count;
        continue;
      }
      AddRun(run, run_claimed);
      run = Extent{first + i, 1};
      run_claimed = is_claimed;
    }
  }
  AddRun(run, run_claimed);
}

Status Verifier::Run() {
  SVSM_TRY(claimed_.Init(volume_.header.num_blocks));
  volume_.tree.ForgetAll();
  SVSM_TRY(CheckHeaders());
  SVSM_TRY(CheckTree());
  SVSM_TRY(CheckData());
  SVSM_TRY(CheckBitmapFile());
  SVSM_TRY(ClaimFixed());
  SVSM_TRY(CheckAux());
  IndexWalk walk(*this);
  SVSM_TRY(walk.Run());
  // With a part of the index out of sight, what is below it only looks as if it had no owner.
  if (report_.num_findings == 0) CompareWithBitmap();
  return OkStatus();
}

Status Verify(FileSystem& fs, VerifyReport& report, VerifyProgress* progress) {
  report.Clear();
  auto* const state = FileSystemAccess::StateOf(fs);
  if (state == nullptr) return Status(Code::kFailedPrecondition, Source::kCocoonfs);
  Verifier verifier(state->volume, report, progress);
  SVSM_TRY(verifier.Run());
  if (report.num_findings == 0) return OkStatus();
  return Status(Code::kDataLoss, Source::kCocoonfs, Detail(report.num_findings));
}

}  // namespace svsm::cocoonfs
