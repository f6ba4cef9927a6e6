// svsm/cocoonfs/aux_metadata.h: entries that lie beside the files of an image in the clear: what
// must be known before there is a key, such as where to get it.
//
//   cocoonfs::AuxMetadata aux(allocator);
//   SVSM_TRY(aux.Add(kWrappedKeyUuid, wrapped));
//   SVSM_TRY(aux.SetExtraReserve(1024));
//
// Nothing authenticates them: they may be changed by anyone, and without the key. Entries are kept
// in the order of their UUIDs; several may have the same.
//
// Profile: freestanding. Allocates: from the Allocator. Threads: one object, one thread.
// Format: src/cocoonfs/FORMAT.md, "Auxiliary metadata".
#ifndef SVSM_COCOONFS_AUX_METADATA_H_
#define SVSM_COCOONFS_AUX_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

inline constexpr std::size_t kUuidSize = 16;

class AuxMetadata {
 public:
  explicit AuxMetadata(Allocator& allocator) : entries_(allocator) {}

  struct Entry {
    FixedView<kUuidSize> uuid;
    ByteView data;
  };

  std::size_t num_entries() const { return num_entries_; }
  // The entry number `i`, below num_entries(). Views hold until the next change.
  Entry entry(std::size_t i) const;
  // The entry that is the `index`-th of those with this UUID, counted from 0. Errors: kNotFound.
  Result<Entry> Find(FixedView<kUuidSize> uuid, std::size_t index) const;

  // Adds an entry behind those with the same UUID. Errors: kInvalidArgument (a UUID of zeros, or 4
  // GiB of data), kOutOfMemory; nothing has changed then.
  Status Add(FixedView<kUuidSize> uuid, ByteView data);
  // Errors: kNotFound.
  Status Remove(FixedView<kUuidSize> uuid, std::size_t index);

  // How many bytes more than needed are kept free on the image, so that entries can be added
  // without the key. Without a value, no change is possible without the key.
  std::optional<std::uint64_t> extra_reserve() const { return reserve_; }
  void SetExtraReserve(std::optional<std::uint64_t> bytes) { reserve_ = bytes; }
  // Whether there is nothing to store: no entries, and no reserve or one of 0.
  bool trivial() const { return num_entries_ == 0 && reserve_.value_or(0) == 0; }

  // Replaces the contents by what `bytes` begins with; what follows the end is not looked at.
  // Errors: kMalformed (Region::kAux), kOutOfMemory; the object is empty then.
  Status Decode(ByteView bytes);
  std::size_t encoded_size() const { return entries_.size() + 20 + (reserve_ ? 8 : 0); }
  // Fills the start of `out`, encoded_size() bytes. Errors: kBufferTooSmall (detail = bytes
  // needed).
  Status Encode(ByteSpan out) const;

 private:
  // The offset at which entry `i` begins.
  std::size_t OffsetOf(std::size_t i) const;

  Vec<std::uint8_t> entries_;  // encoded, without the end
  std::size_t num_entries_ = 0;
  std::optional<std::uint64_t> reserve_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_AUX_METADATA_H_
