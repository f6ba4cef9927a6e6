// svsm/cocoonfs/verify.h: looks at everything on an image, and says what is wrong.
//
//   cocoonfs::VerifyReport report;
//   const Status status = cocoonfs::Verify(fs, report);
//   for (const cocoonfs::Finding& finding : report.listed()) Print(finding);
//
// Reads again from the device: headers, every node of the authentication tree with its padding,
// every data block, the bitmap, every node of the inode index, every file's list of extents and
// padding; and counts for each block who uses it. With a commit pending, the state after it is what
// is looked at. Nothing is written or repaired.
//
// Profile: freestanding. Allocates: from the FileSystem's allocator, a bitmap of the image and
// small buffers. Threads: as the FileSystem.
#ifndef SVSM_COCOONFS_VERIFY_H_
#define SVSM_COCOONFS_VERIFY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/status.h"

namespace svsm::cocoonfs {

enum class Problem : std::uint8_t {
  kAuthFailed,    // bytes that are not those that were written
  kMalformed,     // a form that no image has
  kDoublyUsed,    // blocks that have two owners
  kNotAllocated,  // blocks in use that the bitmap says are free
  kOrphaned,      // blocks that the bitmap says are in use, and that have no owner
  kUnreadable,    // the device refuses to read them
};
// "doubly used"; "?" for a value outside the list. A static string.
const char* ProblemName(Problem problem);

struct Finding {
  Problem problem = Problem::kMalformed;
  Region region = Region::kNone;
  std::uint64_t inode = 0;        // of the file whose part it is; 0 if it is none's
  std::uint64_t first_block = 0;  // where; 0 and 0 if that cannot be said
  std::uint64_t num_blocks = 0;
};

struct VerifyReport {
  // Findings beyond that many are counted, but not listed.
  static constexpr std::size_t kMaxListed = 64;

  std::array<Finding, kMaxListed> list{};
  std::uint64_t num_findings = 0;
  // What has been looked at.
  std::uint64_t num_files = 0;
  std::uint64_t num_tree_nodes = 0;
  std::uint64_t num_data_blocks = 0;
  std::uint64_t num_index_leaves = 0;
  std::uint64_t num_index_internals = 0;
  std::uint64_t num_allocated_blocks = 0;
  // One extent of auxiliary metadata may be torn after an interrupted change without the key; that
  // is no finding.
  bool aux_torn = false;

  // As new, but for what the list held.
  void Clear() {
    num_findings = num_files = num_tree_nodes = num_data_blocks = 0;
    num_index_leaves = num_index_internals = num_allocated_blocks = 0;
    aux_torn = false;
  }
  std::span<const Finding> listed() const {
    return std::span(list).first(num_findings < kMaxListed ? num_findings : kMaxListed);
  }
};

// Told how far Verify() is. An error that it returns ends Verify() with it.
class VerifyProgress {
 public:
  virtual Status OnProgress(std::uint64_t blocks_done, std::uint64_t blocks_total) = 0;
  // Told of each owner of blocks when it is found: what they hold, and of which file, or 0. Does
  // nothing unless overridden.
  virtual void OnOwner(Region /*region*/, std::uint64_t /*inode*/, std::uint64_t /*first_block*/,
                       std::uint64_t /*num_blocks*/) {}

 protected:
  ~VerifyProgress() = default;
};

// `report` is filled anew; `progress` may be null. Errors: kDataLoss (there are findings; detail =
// how many, at most 2^32 - 1), kFailedPrecondition (not open), kOutOfMemory (nothing is said about
// the image).
Status Verify(FileSystem& fs, VerifyReport& report, VerifyProgress* progress);
inline Status Verify(FileSystem& fs, VerifyReport& report) { return Verify(fs, report, nullptr); }

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_VERIFY_H_
