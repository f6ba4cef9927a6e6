#include "svsm/cocoonfs/aux_metadata.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kEntryHead = kUuidSize + 4;

int Compare(ByteView a, ByteView b) {
  for (std::size_t i = 0; i < kUuidSize; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

std::size_t SizeAt(ByteView entries, std::size_t offset) {
  wire::Reader reader(entries.subspan(offset + kUuidSize, 4));
  return reader.Le32();
}

Status NotFound() { return Status(Code::kNotFound, Source::kCocoonfs); }

}  // namespace

std::size_t AuxMetadata::OffsetOf(std::size_t i) const {
  std::size_t offset = 0;
  for (; i != 0; --i) offset += kEntryHead + SizeAt(entries_.view(), offset);
  return offset;
}

AuxMetadata::Entry AuxMetadata::entry(std::size_t i) const {
  const std::size_t offset = OffsetOf(i);
  const ByteView all = entries_.view();
  return {all.subspan(offset).first<kUuidSize>(),
          all.subspan(offset + kEntryHead, SizeAt(all, offset))};
}

Result<AuxMetadata::Entry> AuxMetadata::Find(FixedView<kUuidSize> uuid, std::size_t index) const {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < num_entries_; ++i) {
    const ByteView all = entries_.view();
    const std::size_t size = SizeAt(all, offset);
    if (Equal(all.subspan(offset, kUuidSize), uuid) && index-- == 0) {
      return Entry{all.subspan(offset).first<kUuidSize>(), all.subspan(offset + kEntryHead, size)};
    }
    offset += kEntryHead + size;
  }
  return NotFound();
}

Status AuxMetadata::Add(FixedView<kUuidSize> uuid, ByteView data) {
  if (IsZero(uuid) || data.size() > 0xFFFFFFFF) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs);
  }
  std::size_t offset = 0;
  for (std::size_t i = 0; i < num_entries_; ++i) {
    if (Compare(entries_.view().subspan(offset), uuid) > 0) break;
    offset += kEntryHead + SizeAt(entries_.view(), offset);
  }
  const std::size_t added = kEntryHead + data.size();
  const std::size_t old_size = entries_.size();
  SVSM_TRY(entries_.Resize(old_size + added));
  const ByteSpan all = entries_.view();
  Copy(all.subspan(offset + added), all.subspan(offset, old_size - offset));
  wire::Writer w(all.subspan(offset, added));
  w.Put(uuid);
  w.Le32(static_cast<std::uint32_t>(data.size()));
  w.Put(data);
  ++num_entries_;
  return w.Finish().status();
}

Status AuxMetadata::Remove(FixedView<kUuidSize> uuid, std::size_t index) {
  SVSM_ASSIGN_OR_RETURN(const Entry found, Find(uuid, index));
  const auto offset = static_cast<std::size_t>(found.uuid.data() - entries_.data());
  entries_.Erase(offset, kEntryHead + found.data.size());
  --num_entries_;
  return OkStatus();
}

Status AuxMetadata::Decode(ByteView bytes) {
  entries_.Clear();
  num_entries_ = 0;
  reserve_.reset();
  const Status bad = Malformed(Region::kAux);
  wire::Reader reader(bytes);
  ByteView previous;
  std::size_t count = 0;
  for (;;) {
    const std::size_t offset = reader.offset();
    const ByteView uuid = reader.Take(kUuidSize);
    const std::uint32_t size = reader.Le32();
    const ByteView data = reader.Take(size);
    if (!reader.ok()) return bad;
    if (IsZero(uuid)) {
      if (size != 0 && size != 8) return bad;
      SVSM_TRY(entries_.Append(bytes.first(offset)));
      num_entries_ = count;
      if (size == 8) reserve_ = wire::Reader(data).Le64();
      return OkStatus();
    }
    if (!previous.empty() && Compare(previous, uuid) > 0) return bad;
    previous = uuid;
    ++count;
  }
}

Status AuxMetadata::Encode(ByteSpan out) const {
  wire::Writer w(out.first(out.size() < encoded_size() ? out.size() : encoded_size()));
  w.Put(entries_.view());
  w.Zeros(kUuidSize);
  w.Le32(reserve_ ? 8 : 0);
  if (reserve_) w.Le64(*reserve_);
  const Status status = w.Finish().status();
  if (status.ok()) return status;
  return Status(status.code(), Source::kCocoonfs, status.detail());
}

}  // namespace svsm::cocoonfs
