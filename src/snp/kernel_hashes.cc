#include "svsm/snp/kernel_hashes.h"

#include "svsm/core/guid.h"
#include "svsm/core/panic.h"
#include "svsm/core/wire.h"

namespace svsm::snp {
namespace {

constexpr Guid kTable = Guid::Parse("9438d606-4f22-4cc9-b479-a793d411fd21");
constexpr Guid kKernel = Guid::Parse("4de79437-abd2-427f-b835-d5b172d2045b");
constexpr Guid kInitrd = Guid::Parse("44baf731-3a2f-4bd7-9af1-41e29169781d");
constexpr Guid kCommandLine = Guid::Parse("97d02dd8-bd20-4c94-aa78-e7714d36ab2a");

struct HashEntry {
  Bytes<Guid::kSize> guid;
  wire::Le16 length;
  Bytes<crypto::kSha256Size> hash;
};
static_assert(wire::Struct<HashEntry> && sizeof(HashEntry) == 50);
static_assert(offsetof(HashEntry, guid) == 0 && offsetof(HashEntry, length) == 16);
static_assert(offsetof(HashEntry, hash) == 18);

struct HashTable {
  Bytes<Guid::kSize> guid;
  wire::Le16 length;  // without the padding
  HashEntry command_line;
  HashEntry initrd;
  HashEntry kernel;
  Bytes<8> padding;
};
static_assert(wire::Struct<HashTable> && sizeof(HashTable) == kKernelHashTableSize);
static_assert(offsetof(HashTable, guid) == 0 && offsetof(HashTable, length) == 16);
static_assert(offsetof(HashTable, command_line) == 18 && offsetof(HashTable, initrd) == 68);
static_assert(offsetof(HashTable, kernel) == 118 && offsetof(HashTable, padding) == 168);

HashEntry Entry(const Guid& guid, const Bytes<crypto::kSha256Size>& hash) {
  HashEntry entry{};
  entry.guid = guid.mixed_endian();
  entry.length = static_cast<std::uint16_t>(sizeof(HashEntry));
  entry.hash = hash;
  return entry;
}

}  // namespace

Result<KernelHashes> HashKernel(const crypto::Hash& sha256, ByteView kernel, ByteView initrd,
                                ByteView command_line) {
  SVSM_CHECK(sha256.algorithm() == crypto::HashAlg::kSha256);
  constexpr Bytes<1> kNul = {0};
  const ByteView line[] = {command_line, kNul};
  KernelHashes hashes{};
  SVSM_TRY(sha256.Digest(line, hashes.command_line));
  SVSM_TRY(sha256.Digest(initrd, hashes.initrd));
  SVSM_TRY(sha256.Digest(kernel, hashes.kernel));
  return hashes;
}

Status BuildKernelHashPage(const KernelHashes& hashes, std::size_t offset_in_page,
                           FixedSpan<kPageSize> page) {
  if (offset_in_page > kPageSize - kKernelHashTableSize) {
    return Status(Code::kInvalidArgument, Source::kSnp);
  }
  HashTable table{};
  table.guid = kTable.mixed_endian();
  table.length = static_cast<std::uint16_t>(offsetof(HashTable, padding));
  table.command_line = Entry(kCommandLine, hashes.command_line);
  table.initrd = Entry(kInitrd, hashes.initrd);
  table.kernel = Entry(kKernel, hashes.kernel);
  Fill(page, 0);
  Copy(page.subspan(offset_in_page), wire::ToBytes(table));
  return OkStatus();
}

}  // namespace svsm::snp
