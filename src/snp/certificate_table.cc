#include "svsm/snp/certificate_table.h"

#include "svsm/core/panic.h"
#include "svsm/core/writer.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kEntrySize = sizeof(CertificateTableEntry);

Status Failure(Code code, std::size_t detail) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(detail));
}

// Only for indices whose bytes are known to be there.
CertificateTableEntry EntryAt(ByteView table, std::size_t index) {
  return *wire::Read<CertificateTableEntry>(table.subspan(index * kEntrySize, kEntrySize));
}

bool IsTerminator(const CertificateTableEntry& entry) { return IsZero(wire::ToBytes(entry)); }

// Number of entries before the terminator.
Result<std::size_t> CountEntries(ByteView in) {
  for (std::size_t count = 0; count <= kMaxCertificateEntries; ++count) {
    if (in.size() - count * kEntrySize < kEntrySize) {
      return Failure(Code::kTruncated, count * kEntrySize);
    }
    if (IsTerminator(EntryAt(in, count))) return count;
  }
  return Failure(Code::kOutOfRange, kMaxCertificateEntries);
}

bool Overlap(const CertificateTableEntry& a, const CertificateTableEntry& b) {
  const std::uint64_t a_end = std::uint64_t{a.offset.get()} + a.length.get();
  const std::uint64_t b_end = std::uint64_t{b.offset.get()} + b.length.get();
  return a.offset.get() < b_end && b.offset.get() < a_end;
}

bool IsInside(const CertificateTableEntry& entry, std::size_t blobs_begin, std::size_t end) {
  return entry.length.get() != 0 && entry.offset.get() >= blobs_begin &&
         std::uint64_t{entry.offset.get()} + entry.length.get() <= end;
}

Status CheckArguments(std::span<const Certificate> certificates) {
  if (certificates.size() > kMaxCertificateEntries) {
    return Failure(Code::kInvalidArgument, kMaxCertificateEntries);
  }
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    bool good = !certificates[i].guid.is_null() && !certificates[i].bytes.empty();
    for (std::size_t j = 0; j < i; ++j) {
      good = good && !(certificates[j].guid == certificates[i].guid);
    }
    if (!good) return Failure(Code::kInvalidArgument, i);
  }
  return OkStatus();
}

}  // namespace

Result<CertificateTable> CertificateTable::Parse(ByteView in) {
  SVSM_ASSIGN_OR_RETURN(const std::size_t count, CountEntries(in));
  const std::size_t blobs_begin = (count + 1) * kEntrySize;
  for (std::size_t i = 0; i < count; ++i) {
    const CertificateTableEntry entry = EntryAt(in, i);
    bool good = !IsZero(entry.guid) && IsInside(entry, blobs_begin, in.size());
    for (std::size_t j = 0; j < i; ++j) {
      const CertificateTableEntry before = EntryAt(in, j);
      good = good && before.guid != entry.guid && !Overlap(before, entry);
    }
    if (!good) return Failure(Code::kMalformed, i * kEntrySize);
  }
  return CertificateTable(in, count);
}

Certificate CertificateTable::entry(std::size_t index) const {
  SVSM_CHECK(index < size_);
  const CertificateTableEntry entry = EntryAt(in_, index);
  return {Guid::FromRfc4122(entry.guid), in_.subspan(entry.offset.get(), entry.length.get())};
}

ByteView CertificateTable::Find(const Guid& guid) const {
  for (std::size_t i = 0; i < size_; ++i) {
    const Certificate found = entry(i);
    if (found.guid == guid) return found.bytes;
  }
  return {};
}

Result<std::size_t> BuildCertificateTable(std::span<const Certificate> certificates, ByteSpan out) {
  Fill(out, 0);
  SVSM_TRY(CheckArguments(certificates));
  std::size_t total = (certificates.size() + 1) * kEntrySize;
  wire::Writer writer(out);
  for (const Certificate& certificate : certificates) {
    writer.Put(certificate.guid.rfc4122());
    writer.Le32(static_cast<std::uint32_t>(total));
    writer.Le32(static_cast<std::uint32_t>(certificate.bytes.size()));
    total += certificate.bytes.size();
  }
  if (total > out.size() || total > UINT32_MAX) {
    Fill(out, 0);
    return Failure(Code::kBufferTooSmall, total);
  }
  writer.Zeros(kEntrySize);
  for (const Certificate& certificate : certificates) writer.Put(certificate.bytes);
  return total;
}

}  // namespace svsm::snp
