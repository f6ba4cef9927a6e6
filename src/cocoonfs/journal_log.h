// The payload of the journal log: what a pending commit changes, as seven fields.
#ifndef SVSM_SRC_COCOONFS_JOURNAL_LOG_H_
#define SVSM_SRC_COCOONFS_JOURNAL_LOG_H_

#include <cstddef>
#include <cstdint>

#include "cocoonfs/extent.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

// What the codec must know of an image.
struct JournalLogShape {
  std::uint64_t num_blocks = 0;       // allocation blocks on the device, the bound of every extent
  std::uint32_t io_block_log2 = 0;    // allocation blocks an IO block
  std::uint32_t data_block_log2 = 0;  // allocation blocks an authenticated data block
  std::size_t data_digest_size = 0;   // of the tree's data HMAC
  std::size_t preauth_digest_size = 0;
};

// Field 4: `count` blocks are copied from `source` to `target`; equal means "in place already".
struct ApplyRecord {
  std::uint64_t target = 0;
  std::uint64_t source = 0;
  std::uint64_t count = 0;
};

// Field 7. Keys are used for one commit.
struct DisguiseKeys {
  std::uint16_t cipher = 0;  // TCG algorithm identifier
  std::uint16_t key_bits = 0;
  Secret<32> key;
  Secret<32> iv_key;
  std::size_t key_size() const { return key_bits / 8U; }
};

struct JournalLog {
  explicit JournalLog(Allocator& allocator)
      : tree_extents(allocator),
        bitmap_extents(allocator),
        fragments(allocator),
        fragment_digests(allocator),
        writes(allocator),
        digest_ranges(allocator),
        trims(allocator) {}

  Vec<Extent> tree_extents;    // field 1
  Vec<Extent> bitmap_extents;  // field 2
  // Field 3: positions of data blocks, rising, their digests one after the other, and the HMAC
  // over the field, of preauth_digest_size bytes.
  Vec<std::uint64_t> fragments;
  Vec<std::uint8_t> fragment_digests;
  Bytes<64> fragments_hmac{};
  Vec<ApplyRecord> writes;    // field 4, rising targets
  Vec<Extent> digest_ranges;  // field 5, rising
  bool has_trims = false;
  Vec<Extent> trims;  // field 6, rising
  bool has_disguise = false;
  DisguiseKeys disguise;  // field 7
};

// The parts of an encoded log that field 3's HMAC covers: value of field 2, records of field 3.
struct FragmentsSubject {
  ByteView bitmap_list;
  ByteView records;
};

// Reads a whole log into an empty JournalLog; `subject` borrows from `payload`. Strict: fields in
// order, each once, nothing left over, numbers in their shortest form, every range aligned, rising,
// without overlap and below num_blocks; sources disjoint from targets unless equal. That no range
// touches what it must not (headers, the journal head) is the caller's to check.
// Errors: kMalformed (Region::kJournalLog), kUnsupported (the disguise's cipher), kOutOfMemory.
Status DecodeJournalLog(ByteView payload, const JournalLogShape& shape, JournalLog& out,
                        FragmentsSubject& subject);

// Appends the encoded log; `subject` borrows from `out`. Fragment records are encoded with the HMAC
// as it stands in `log`: call once to learn the subject, compute, patch at hmac_offset.
// Errors: kOutOfMemory.
struct EncodedLog {
  FragmentsSubject subject;
  std::size_t hmac_offset = 0;  // in `out`
};
Status EncodeJournalLog(const JournalLog& log, const JournalLogShape& shape, Vec<std::uint8_t>& out,
                        EncodedLog& encoded);
// Bytes that EncodeJournalLog() appends.
std::size_t EncodedJournalLogSize(const JournalLog& log, const JournalLogShape& shape);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_JOURNAL_LOG_H_
