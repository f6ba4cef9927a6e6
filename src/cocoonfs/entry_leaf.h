// The digest that stands in for the tree until there is one: of the index's entry leaf.
#ifndef SVSM_SRC_COCOONFS_ENTRY_LEAF_H_
#define SVSM_SRC_COCOONFS_ENTRY_LEAF_H_

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/hmac.h"

namespace svsm::cocoonfs {

// `hmac` has the preauth key of domain 3; `block` is the whole encrypted node. Fills the start of
// `out`, the size of its digest. Errors: kInternal.
Status EntryLeafDigest(crypto::Hmac& hmac, const ImageLayout& layout, ByteView block, ByteSpan out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_ENTRY_LEAF_H_
