#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {

const char* RegionName(Region region) {
  switch (region) {
    case Region::kNone:
      return "nothing";
    case Region::kStaticHeader:
      return "static header";
    case Region::kMutableHeader:
      return "mutable header";
    case Region::kCreationHeader:
      return "creation header";
    case Region::kJournalHead:
      return "journal head";
    case Region::kJournalLog:
      return "journal log";
    case Region::kEntryLeaf:
      return "entry leaf";
    case Region::kIndexLeaf:
      return "index leaf";
    case Region::kIndexInternal:
      return "index node";
    case Region::kExtentsList:
      return "extents list";
    case Region::kBitmap:
      return "allocation bitmap";
    case Region::kTreeNode:
      return "tree node";
    case Region::kTreeData:
      return "data block";
    case Region::kRootDigest:
      return "root digest";
    case Region::kAux:
      return "auxiliary metadata";
    case Region::kFileData:
      return "file data";
    case Region::kDevice:
      return "device";
  }
  return "?";
}

}  // namespace svsm::cocoonfs
