#include "cocoonfs/journal_log.h"

#include "cocoonfs/extents_list.h"
#include "cocoonfs/leb128.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

enum class Field : std::uint8_t {
  kTreeExtents = 1,
  kBitmapExtents = 2,
  kFragments = 3,
  kWrites = 4,
  kDigestRanges = 5,
  kTrims = 6,
  kDisguise = 7,
};

constexpr Status Bad() { return Malformed(Region::kJournalLog); }

// A run given as units of 2^log2 blocks behind `end`; false if it starts or ends beyond the last
// unit.
bool Locate(std::uint64_t end, std::uint64_t delta, std::uint64_t count, std::uint32_t log2,
            std::uint64_t num_blocks, Extent& out) {
  // The image's last data block may be cut short.
  const std::uint64_t units =
      (num_blocks >> log2) + ((num_blocks & ((std::uint64_t{1} << log2) - 1)) != 0 ? 1 : 0);
  const std::uint64_t first = (end >> log2) + delta;
  if (first >= units || count == 0 || count > units - first) return false;
  out = {first << log2, count << log2};
  return true;
}

// As Locate() for positions that may only rise.
bool LocateBehind(std::uint64_t end, std::uint64_t delta, std::uint64_t count, std::uint32_t log2,
                  std::uint64_t num_blocks, Extent& out) {
  return delta < num_blocks && Locate(end, delta, count, log2, num_blocks, out);
}

Status DecodeRanges(ByteView value, std::uint32_t log2, std::uint64_t num_blocks,
                    Vec<Extent>& out) {
  Leb128Reader reader(value);
  std::uint64_t end = 0;
  for (;;) {
    const std::uint64_t delta = reader.Unsigned();
    const std::uint64_t count = reader.Unsigned();
    if (!reader.ok()) return Bad();
    if (count == 0) return delta == 0 && reader.remaining() == 0 ? OkStatus() : Bad();
    Extent range;
    if (!LocateBehind(end, delta, count, log2, num_blocks, range)) return Bad();
    SVSM_TRY(out.PushBack(range));
    end = range.end();
  }
}

// Whether `source` touches a target of `writes`, whose targets rise.
bool TouchesTarget(const Vec<ApplyRecord>& writes, const Extent& source) {
  std::size_t low = 0;
  std::size_t high = writes.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (writes[middle].target + writes[middle].count <= source.first) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < writes.size() && writes[low].target < source.end();
}

Status DecodeWrites(ByteView value, const JournalLogShape& shape, Vec<ApplyRecord>& out) {
  Leb128Reader reader(value);
  std::uint64_t target_end = 0;
  std::uint64_t source_end = 0;
  for (;;) {
    const std::uint64_t target_delta = reader.Unsigned();
    const std::uint64_t source_delta = reader.Signed();
    const std::uint64_t count = reader.Unsigned();
    if (!reader.ok()) return Bad();
    if (count == 0) {
      if (target_delta != 0 || source_delta != 0 || reader.remaining() != 0) return Bad();
      break;
    }
    Extent target;
    Extent source;
    if (!LocateBehind(target_end, target_delta, count, shape.io_block_log2, shape.num_blocks,
                      target) ||
        !Locate(source_end, source_delta, count, shape.io_block_log2, shape.num_blocks, source)) {
      return Bad();
    }
    SVSM_TRY(out.PushBack({target.first, source.first, target.count}));
    target_end = target.end();
    source_end = source.end();
  }
  for (const ApplyRecord& record : out) {
    if (record.target != record.source && TouchesTarget(out, {record.source, record.count})) {
      return Bad();
    }
  }
  return OkStatus();
}

Status DecodeFragments(ByteView value, const JournalLogShape& shape, JournalLog& out,
                       FragmentsSubject& subject) {
  if (value.size() < shape.preauth_digest_size) return Bad();
  subject.records = value.first(value.size() - shape.preauth_digest_size);
  Copy(out.fragments_hmac, value.subspan(subject.records.size()));
  Leb128Reader reader(subject.records);
  std::uint64_t end = 0;
  while (reader.remaining() != 0) {
    const std::uint64_t delta = reader.Unsigned();
    const ByteView digest = reader.Take(shape.data_digest_size);
    Extent block;
    if (!reader.ok() ||
        !LocateBehind(end, delta, 1, shape.data_block_log2, shape.num_blocks, block)) {
      return Bad();
    }
    SVSM_TRY(out.fragments.PushBack(block.first));
    SVSM_TRY(out.fragment_digests.Append(digest));
    end = block.end();
  }
  return reader.ok() ? OkStatus() : Bad();
}

bool IsCipher(std::uint16_t cipher, std::uint16_t key_bits) {
  constexpr std::uint16_t kAes = 0x06;
  constexpr std::uint16_t kSm4 = 0x13;
  constexpr std::uint16_t kCamellia = 0x26;
  if (cipher == kSm4) return key_bits == 128;
  if (cipher != kAes && cipher != kCamellia) return false;
  return key_bits == 128 || key_bits == 192 || key_bits == 256;
}

Status DecodeDisguise(ByteView value, DisguiseKeys& out) {
  if (value.size() < 4) return Bad();
  out.cipher = static_cast<std::uint16_t>(value[0] << 8 | value[1]);
  out.key_bits = static_cast<std::uint16_t>(value[2] << 8 | value[3]);
  if (!IsCipher(out.cipher, out.key_bits)) return Status(Code::kUnsupported, Source::kCocoonfs);
  const std::size_t size = out.key_size();
  if (value.size() != 4 + 2 * size) return Bad();
  Copy(out.key.writable(), value.subspan(4, size));
  Copy(out.iv_key.writable(), value.subspan(4 + size, size));
  return OkStatus();
}

Status DecodeField(Field field, ByteView value, const JournalLogShape& shape, JournalLog& out,
                   FragmentsSubject& subject) {
  switch (field) {
    case Field::kTreeExtents:
      return DecodeExtentsList(value, shape.num_blocks, out.tree_extents);
    case Field::kBitmapExtents:
      subject.bitmap_list = value;
      return DecodeExtentsList(value, shape.num_blocks, out.bitmap_extents);
    case Field::kFragments:
      return DecodeFragments(value, shape, out, subject);
    case Field::kWrites:
      return DecodeWrites(value, shape, out.writes);
    case Field::kDigestRanges:
      return DecodeRanges(value, shape.data_block_log2, shape.num_blocks, out.digest_ranges);
    case Field::kTrims:
      out.has_trims = true;
      return DecodeRanges(value, shape.io_block_log2, shape.num_blocks, out.trims);
    case Field::kDisguise:
      out.has_disguise = true;
      return DecodeDisguise(value, out.disguise);
  }
  return Bad();
}

// Encoding. Values are appended behind tag and length, so their sizes are computed first.

std::size_t RangesSize(std::span<const Extent> ranges, std::uint32_t log2) {
  std::size_t size = 2;
  std::uint64_t end = 0;
  for (const Extent& range : ranges) {
    size +=
        UnsignedLeb128Size((range.first - end) >> log2) + UnsignedLeb128Size(range.count >> log2);
    end = range.end();
  }
  return size;
}

Status AppendRanges(std::span<const Extent> ranges, std::uint32_t log2, Vec<std::uint8_t>& out) {
  std::uint64_t end = 0;
  for (const Extent& range : ranges) {
    SVSM_TRY(AppendUnsignedLeb128((range.first - end) >> log2, out));
    SVSM_TRY(AppendUnsignedLeb128(range.count >> log2, out));
    end = range.end();
  }
  SVSM_TRY(out.PushBack(0));
  return out.PushBack(0);
}

// The distance between sources in IO blocks, with the sign kept.
std::uint64_t SourceDelta(std::uint64_t source, std::uint64_t end, std::uint32_t log2) {
  return (source >> log2) - (end >> log2);
}

std::size_t WritesSize(std::span<const ApplyRecord> writes, std::uint32_t log2) {
  std::size_t size = 3;
  std::uint64_t target_end = 0;
  std::uint64_t source_end = 0;
  for (const ApplyRecord& record : writes) {
    size += UnsignedLeb128Size((record.target - target_end) >> log2) +
            SignedLeb128Size(SourceDelta(record.source, source_end, log2)) +
            UnsignedLeb128Size(record.count >> log2);
    target_end = record.target + record.count;
    source_end = record.source + record.count;
  }
  return size;
}

Status AppendWrites(std::span<const ApplyRecord> writes, std::uint32_t log2,
                    Vec<std::uint8_t>& out) {
  std::uint64_t target_end = 0;
  std::uint64_t source_end = 0;
  for (const ApplyRecord& record : writes) {
    SVSM_TRY(AppendUnsignedLeb128((record.target - target_end) >> log2, out));
    SVSM_TRY(AppendSignedLeb128(SourceDelta(record.source, source_end, log2), out));
    SVSM_TRY(AppendUnsignedLeb128(record.count >> log2, out));
    target_end = record.target + record.count;
    source_end = record.source + record.count;
  }
  const std::uint8_t end[3] = {};
  return out.Append(end);
}

std::size_t FragmentsSize(const JournalLog& log, const JournalLogShape& shape) {
  std::size_t size = log.fragment_digests.size() + shape.preauth_digest_size;
  std::uint64_t end = 0;
  for (const std::uint64_t first : log.fragments) {
    size += UnsignedLeb128Size((first - end) >> shape.data_block_log2);
    end = first + (std::uint64_t{1} << shape.data_block_log2);
  }
  return size;
}

Status AppendFragments(const JournalLog& log, const JournalLogShape& shape,
                       Vec<std::uint8_t>& out) {
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < log.fragments.size(); ++i) {
    SVSM_TRY(AppendUnsignedLeb128((log.fragments[i] - end) >> shape.data_block_log2, out));
    SVSM_TRY(out.Append(
        log.fragment_digests.view().subspan(i * shape.data_digest_size, shape.data_digest_size)));
    end = log.fragments[i] + (std::uint64_t{1} << shape.data_block_log2);
  }
  return OkStatus();
}

Status AppendDisguise(const DisguiseKeys& keys, Vec<std::uint8_t>& out) {
  const std::uint8_t head[4] = {
      static_cast<std::uint8_t>(keys.cipher >> 8), static_cast<std::uint8_t>(keys.cipher),
      static_cast<std::uint8_t>(keys.key_bits >> 8), static_cast<std::uint8_t>(keys.key_bits)};
  SVSM_TRY(out.Append(head));
  SVSM_TRY(out.Append(keys.key.view().first(keys.key_size())));
  return out.Append(keys.iv_key.view().first(keys.key_size()));
}

Status AppendTag(Field field, std::size_t size, Vec<std::uint8_t>& out) {
  SVSM_TRY(out.PushBack(static_cast<std::uint8_t>(field)));
  return AppendUnsignedLeb128(size, out);
}

// Bytes of a field with a value of `size`.
std::size_t FieldSize(std::size_t size) { return 1 + UnsignedLeb128Size(size) + size; }

}  // namespace

Status DecodeJournalLog(ByteView payload, const JournalLogShape& shape, JournalLog& out,
                        FragmentsSubject& subject) {
  Leb128Reader reader(payload);
  std::uint64_t previous = 0;
  while (reader.remaining() != 0) {
    const std::uint64_t tag = reader.Unsigned();
    const std::uint64_t size = reader.Unsigned();
    if (!reader.ok() || size > reader.remaining()) return Bad();
    // The first five are mandatory, so none of them may be left out on the way.
    const bool next = tag == previous + 1 || (previous == 5 && tag == 7);
    if (!next || tag > 7) return Bad();
    SVSM_TRY(DecodeField(static_cast<Field>(tag), reader.Take(static_cast<std::size_t>(size)),
                         shape, out, subject));
    previous = tag;
  }
  if (!reader.ok() || previous < 5) return Bad();
  if (out.tree_extents.empty() || out.bitmap_extents.empty()) return Bad();
  return OkStatus();
}

std::size_t EncodedJournalLogSize(const JournalLog& log, const JournalLogShape& shape) {
  std::size_t size = FieldSize(EncodedExtentsListSize(log.tree_extents.view())) +
                     FieldSize(EncodedExtentsListSize(log.bitmap_extents.view())) +
                     FieldSize(FragmentsSize(log, shape)) +
                     FieldSize(WritesSize(log.writes.view(), shape.io_block_log2)) +
                     FieldSize(RangesSize(log.digest_ranges.view(), shape.data_block_log2));
  if (log.has_trims) size += FieldSize(RangesSize(log.trims.view(), shape.io_block_log2));
  if (log.has_disguise) size += FieldSize(4 + 2 * log.disguise.key_size());
  return size;
}

Status EncodeJournalLog(const JournalLog& log, const JournalLogShape& shape, Vec<std::uint8_t>& out,
                        EncodedLog& encoded) {
  SVSM_TRY(out.Reserve(out.size() + EncodedJournalLogSize(log, shape)));
  const std::size_t bitmap_size = EncodedExtentsListSize(log.bitmap_extents.view());
  SVSM_TRY(AppendTag(Field::kTreeExtents, EncodedExtentsListSize(log.tree_extents.view()), out));
  SVSM_TRY(EncodeExtentsList(log.tree_extents.view(), out));
  SVSM_TRY(AppendTag(Field::kBitmapExtents, bitmap_size, out));
  SVSM_TRY(EncodeExtentsList(log.bitmap_extents.view(), out));
  const std::size_t bitmap_end = out.size();
  SVSM_TRY(AppendTag(Field::kFragments, FragmentsSize(log, shape), out));
  const std::size_t records_at = out.size();
  SVSM_TRY(AppendFragments(log, shape, out));
  encoded.hmac_offset = out.size();
  SVSM_TRY(out.Append(ByteView(log.fragments_hmac).first(shape.preauth_digest_size)));
  SVSM_TRY(AppendTag(Field::kWrites, WritesSize(log.writes.view(), shape.io_block_log2), out));
  SVSM_TRY(AppendWrites(log.writes.view(), shape.io_block_log2, out));
  SVSM_TRY(AppendTag(Field::kDigestRanges,
                     RangesSize(log.digest_ranges.view(), shape.data_block_log2), out));
  SVSM_TRY(AppendRanges(log.digest_ranges.view(), shape.data_block_log2, out));
  if (log.has_trims) {
    SVSM_TRY(AppendTag(Field::kTrims, RangesSize(log.trims.view(), shape.io_block_log2), out));
    SVSM_TRY(AppendRanges(log.trims.view(), shape.io_block_log2, out));
  }
  if (log.has_disguise) {
    SVSM_TRY(AppendTag(Field::kDisguise, 4 + 2 * log.disguise.key_size(), out));
    SVSM_TRY(AppendDisguise(log.disguise, out));
  }
  encoded.subject.bitmap_list = ByteView(out.view()).subspan(bitmap_end - bitmap_size, bitmap_size);
  encoded.subject.records =
      ByteView(out.view()).subspan(records_at, encoded.hmac_offset - records_at);
  return OkStatus();
}

}  // namespace svsm::cocoonfs
