// svsm/cocoonfs/region.h: the parts of an image, as the details of a Status name them.
//
//   const Status status = fs.Open(key, options);
//   if (status.code() == Code::kAuthFailed) Print(RegionName(Region{status.detail()}));
//
// Where a function of this room returns kMalformed or kAuthFailed, the detail is the Region that is
// wrong.
//
// Profile: freestanding. Allocates: never. Threads: values.
#ifndef SVSM_COCOONFS_REGION_H_
#define SVSM_COCOONFS_REGION_H_

#include <cstdint>

#include "svsm/core/status.h"

namespace svsm::cocoonfs {

enum class Region : std::uint32_t {
  kNone = 0,
  kStaticHeader,
  kMutableHeader,
  kCreationHeader,
  kJournalHead,
  kJournalLog,
  kEntryLeaf,      // the index node that everything is found from
  kIndexLeaf,      // any other leaf of the inode index
  kIndexInternal,  // an inner node of the inode index
  kExtentsList,    // where a file's parts are
  kBitmap,
  kTreeNode,    // a node of the authentication tree
  kTreeData,    // a data block that does not have the digest that the tree says
  kRootDigest,  // the tree as a whole; also what a wrong key looks like if nothing came before
  kAux,         // auxiliary metadata
  kFileData,
  kDevice,  // a size or position that does not fit the device
};

// "static header", "file data"; "?" for a value outside the list. A static string.
const char* RegionName(Region region);

constexpr Status Malformed(Region region) {
  return Status(Code::kMalformed, Source::kCocoonfs, static_cast<std::uint32_t>(region));
}
constexpr Status AuthFailed(Region region) {
  return Status(Code::kAuthFailed, Source::kCocoonfs, static_cast<std::uint32_t>(region));
}

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_REGION_H_
