// svsm/snp/certificate_table.h: the table of certificates that a host gives with an extended guest
// request.
//
// Entries {GUID, offset, length} up to an all-zero one, then the blobs. It is the host's word and
// hostile until the certificates verify; padding behind the last blob is common.
//
//   SVSM_ASSIGN_OR_RETURN(const CertificateTable table, CertificateTable::Parse(bytes));
//   const ByteView vcek = table.Find(kVcekGuid);      // empty: there is none
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
// Spec: AMD 56421 (GHCB), "SNP Extended Guest Request"; GUIDs are in RFC 4122 order.
#ifndef SVSM_SNP_CERTIFICATE_TABLE_H_
#define SVSM_SNP_CERTIFICATE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::snp {

inline constexpr Guid kVcekGuid = Guid::Parse("63da758d-e664-4564-adc5-f4b93be8accd");
inline constexpr Guid kVlekGuid = Guid::Parse("a8074bc2-a25a-483e-aae6-39c045a0b8a1");
// The ASK, or with a VLEK the ASVK.
inline constexpr Guid kAskGuid = Guid::Parse("4ab7b379-bbac-4fe4-a02f-05aef327c782");
inline constexpr Guid kArkGuid = Guid::Parse("c0b406a4-a803-4952-9743-3fb6014cd0ae");
inline constexpr Guid kCrlGuid = Guid::Parse("92f81bc3-5811-4d3d-97ff-d19f88dc67ea");

// More entries than any host sends; it bounds the work of Parse().
inline constexpr std::size_t kMaxCertificateEntries = 64;

struct CertificateTableEntry {
  Bytes<16> guid;
  wire::Le32 offset;  // from the start of the table
  wire::Le32 length;
};
static_assert(wire::Struct<CertificateTableEntry> && sizeof(CertificateTableEntry) == 24);
static_assert(offsetof(CertificateTableEntry, guid) == 0);
static_assert(offsetof(CertificateTableEntry, offset) == 16);
static_assert(offsetof(CertificateTableEntry, length) == 20);

struct Certificate {
  Guid guid;
  ByteView bytes;
};

class CertificateTable {
 public:
  // Checks the whole table: it must end with an all-zero entry, every blob must have a length, lie
  // inside `in` behind that entry and share no byte with another, and no GUID may be null or occur
  // twice. Bytes that no entry names are not looked at; a buffer of zeros is an empty table.
  // Borrows `in`, which must outlive the table and must be private memory.
  // Errors: kTruncated (no terminator; detail = offset where the next entry would be), kMalformed
  // (detail = offset of the wrong entry), kOutOfRange (detail = kMaxCertificateEntries).
  static Result<CertificateTable> Parse(ByteView in);

  std::size_t size() const { return size_; }
  // Panics unless index < size().
  Certificate entry(std::size_t index) const;
  // Empty if there is no such entry.
  ByteView Find(const Guid& guid) const;

 private:
  CertificateTable(ByteView in, std::size_t size) : in_(in), size_(size) {}
  ByteView in_;
  std::size_t size_;
};

// Writes table and blobs, without gaps, to the start of `out` and gives their size. Borrows for the
// call. Errors: kInvalidArgument (a null GUID, one that occurs twice, an empty blob, more than
// kMaxCertificateEntries; detail = index), kBufferTooSmall (detail = bytes needed); `out` is zero
// then.
Result<std::size_t> BuildCertificateTable(std::span<const Certificate> certificates, ByteSpan out);

}  // namespace svsm::snp

#endif  // SVSM_SNP_CERTIFICATE_TABLE_H_
