#include "svsm/protocol/manifest.h"

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::protocol {
namespace {

constexpr std::size_t kHeaderSize = sizeof(ServicesManifestHeader);
constexpr std::size_t kRowSize = sizeof(ServicesManifestRow);

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kProtocol, static_cast<std::uint32_t>(offset));
}

Status Truncated(std::uint64_t bytes_needed) {
  return Status(Code::kTruncated, Source::kProtocol, static_cast<std::uint32_t>(bytes_needed));
}

// Null, or the GUID of an earlier entry.
bool BadGuid(std::span<const ManifestEntry> earlier, const Guid& guid) {
  if (guid.is_null()) return true;
  for (const ManifestEntry& entry : earlier) {
    if (entry.guid == guid) return true;
  }
  return false;
}

}  // namespace

std::size_t ServicesManifestSize(std::span<const ManifestEntry> entries) {
  std::size_t size = kHeaderSize + entries.size() * kRowSize;
  for (const ManifestEntry& entry : entries) size += entry.manifest.size();
  return size;
}

Result<std::size_t> BuildServicesManifest(std::span<const ManifestEntry> entries, ByteSpan out) {
  const std::size_t size = ServicesManifestSize(entries);
  if (size > 0xFFFFFFFF) {
    Fill(out, 0);
    return Status(Code::kOutOfRange, Source::kProtocol);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (BadGuid(entries.first(i), entries[i].guid)) {
      Fill(out, 0);
      return Status(Code::kInvalidArgument, Source::kProtocol);
    }
  }
  if (size > out.size()) {
    Fill(out, 0);
    return Status(Code::kBufferTooSmall, Source::kProtocol, static_cast<std::uint32_t>(size));
  }
  // Manifests first: they may lie in `out` where they belong, and the table does not touch them.
  wire::Writer blobs(out.subspan(kHeaderSize + entries.size() * kRowSize));
  for (const ManifestEntry& entry : entries) blobs.Put(entry.manifest);

  wire::Writer table(out);
  table.Put(kServicesManifestGuid.mixed_endian());
  table.Le32(static_cast<std::uint32_t>(size));
  table.Le32(static_cast<std::uint32_t>(entries.size()));
  std::size_t offset = kHeaderSize + entries.size() * kRowSize;
  for (const ManifestEntry& entry : entries) {
    table.Put(entry.guid.mixed_endian());
    table.Le32(static_cast<std::uint32_t>(offset));
    table.Le32(static_cast<std::uint32_t>(entry.manifest.size()));
    offset += entry.manifest.size();
  }
  return size;
}

Result<std::span<ManifestEntry>> ParseServicesManifest(ByteView in,
                                                       std::span<ManifestEntry> slots) {
  if (in.size() < kHeaderSize) return Truncated(kHeaderSize);
  wire::Reader reader(in);
  const auto header = reader.Get<ServicesManifestHeader>();
  if (Guid::FromMixedEndian(header.guid) != kServicesManifestGuid) return Malformed(0);
  const std::uint32_t total = header.total_bytes.get();
  if (total > in.size()) return Truncated(total);
  if (total != in.size()) return Malformed(offsetof(ServicesManifestHeader, total_bytes));
  const std::uint32_t count = header.count.get();
  const std::uint64_t table_end = kHeaderSize + std::uint64_t{count} * kRowSize;
  if (table_end > in.size()) return Malformed(offsetof(ServicesManifestHeader, count));
  if (count > slots.size()) return Status(Code::kOutOfMemory, Source::kProtocol, count);

  std::uint64_t expected = table_end;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = reader.offset();
    const auto row = reader.Get<ServicesManifestRow>();
    const Guid guid = Guid::FromMixedEndian(row.guid);
    if (BadGuid(slots.first(i), guid)) return Malformed(at);
    if (row.offset.get() != expected) return Malformed(at + offsetof(ServicesManifestRow, offset));
    const std::uint32_t length = row.length.get();
    if (length > in.size() - expected) return Malformed(at + offsetof(ServicesManifestRow, length));
    slots[i] = {guid, in.subspan(expected, length)};
    expected += length;
  }
  if (expected != in.size()) return Malformed(expected);
  return slots.first(count);
}

Result<ByteView> VtpmManifestV0(ByteView tpm2b_public) {
  wire::Reader reader(tpm2b_public);
  const std::uint16_t size = reader.Be16();
  if (!reader.ok()) return Truncated(2);
  if (size == 0) return Malformed(0);
  if (size > reader.remaining()) return Truncated(2 + std::uint64_t{size});
  if (size < reader.remaining()) return Malformed(2 + std::size_t{size});
  return reader.Take(size);
}

Result<std::size_t> FixedManifest::Manifest(std::uint32_t version, ByteSpan out) {
  if (version != 0) return Status(Code::kUnsupported, Source::kProtocol, version);
  if (out.size() < manifest_.size()) {
    return Status(Code::kBufferTooSmall, Source::kProtocol,
                  static_cast<std::uint32_t>(manifest_.size()));
  }
  Copy(out, manifest_);
  return manifest_.size();
}

}  // namespace svsm::protocol
