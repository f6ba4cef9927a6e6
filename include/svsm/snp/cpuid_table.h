// svsm/snp/cpuid_table.h: answers of CPUID, as a launch page holds them and as the AMD-SP checks
// them in a message.
//
//   CpuidFunction functions[] = {{.leaf = 1, .eax = 0x00A00F10}};
//   SVSM_ASSIGN_OR_RETURN(const CpuidVerdict verdict, session.CheckCpuid(functions));
//
// A host may tell a guest of features that the processor lacks, or hide what it needs. The AMD-SP
// compares such a table with the processor, and gives back what it should have said.
//
// Profile: freestanding. Allocates: never. Threads: pure functions.
// Spec: AMD 56860, "CPUID Page" and "CPUID Reporting" (MSG_CPUID_REQ, MSG_CPUID_RSP).
#ifndef SVSM_SNP_CPUID_TABLE_H_
#define SVSM_SNP_CPUID_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxCpuidFunctions = 64;

// One execution of CPUID. XCR0 and IA32_XSS matter to leaf 0Dh alone.
struct CpuidFunction {
  std::uint32_t leaf = 0;     // EAX_IN
  std::uint32_t subleaf = 0;  // ECX_IN
  std::uint64_t xcr0 = 0;
  std::uint64_t xss = 0;
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  friend bool operator==(const CpuidFunction&, const CpuidFunction&) = default;
};

// A table: the head, then the functions. A page and a request begin with the number of functions; a
// response with a status, and the number behind it. The response's layout could not be compared
// with another implementation: none was found that sends this message.
struct CpuidTableHead {
  wire::Le32 word_0;
  wire::Le32 word_4;
  wire::Le64 reserved_08;
};
static_assert(wire::Struct<CpuidTableHead> && sizeof(CpuidTableHead) == 0x10);
static_assert(offsetof(CpuidTableHead, word_0) == 0 && offsetof(CpuidTableHead, word_4) == 4);
static_assert(offsetof(CpuidTableHead, reserved_08) == 8);

struct CpuidFunctionEntry {
  wire::Le32 leaf;
  wire::Le32 subleaf;
  wire::Le64 xcr0;
  wire::Le64 xss;
  wire::Le32 eax;
  wire::Le32 ebx;
  wire::Le32 ecx;
  wire::Le32 edx;
  wire::Le64 reserved_28;
};
static_assert(wire::Struct<CpuidFunctionEntry> && sizeof(CpuidFunctionEntry) == 0x30);
static_assert(offsetof(CpuidFunctionEntry, leaf) == 0x00);
static_assert(offsetof(CpuidFunctionEntry, subleaf) == 0x04);
static_assert(offsetof(CpuidFunctionEntry, xcr0) == 0x08);
static_assert(offsetof(CpuidFunctionEntry, xss) == 0x10);
static_assert(offsetof(CpuidFunctionEntry, eax) == 0x18);
static_assert(offsetof(CpuidFunctionEntry, ebx) == 0x1C);
static_assert(offsetof(CpuidFunctionEntry, ecx) == 0x20);
static_assert(offsetof(CpuidFunctionEntry, edx) == 0x24);
static_assert(offsetof(CpuidFunctionEntry, reserved_28) == 0x28);

constexpr std::size_t CpuidTableSize(std::size_t num_functions) {
  return sizeof(CpuidTableHead) + num_functions * sizeof(CpuidFunctionEntry);
}
inline constexpr std::size_t kMaxCpuidTableSize = CpuidTableSize(kMaxCpuidFunctions);

// Writes a request, which is also how a CPUID page begins, and gives its size. Errors:
// kInvalidArgument (no function, or more than kMaxCpuidFunctions), kBufferTooSmall (detail = bytes
// needed).
Result<std::size_t> EncodeCpuidRequest(std::span<const CpuidFunction> functions, ByteSpan out);

// Reads one into the first of `functions` and gives their number. Bytes behind the last function
// must be zero, so a whole page will do. Errors: kTruncated (detail = bytes needed), kMalformed
// (detail = offset of the first field that is wrong), kBufferTooSmall (detail = functions needed).
Result<std::size_t> DecodeCpuidRequest(ByteView bytes, std::span<CpuidFunction> functions);

// The same for a response, with the AMD-SP's status at its start. kMessageInvalidParam says that
// the functions are not what was asked but what the processor has.
Result<std::size_t> EncodeCpuidResponse(std::uint32_t status,
                                        std::span<const CpuidFunction> functions, ByteSpan out);
struct CpuidResponse {
  std::uint32_t status = 0;
  std::size_t num_functions = 0;
};
// Checks all of a response. Errors: as DecodeCpuidRequest(), kBufferTooSmall aside.
Result<CpuidResponse> ReadCpuidResponse(ByteView bytes);

// The function at `index`, below kMaxCpuidFunctions, of a request or response. Errors: kTruncated
// (detail = bytes needed), kMalformed (detail = offset of a reserved field that is not zero).
Result<CpuidFunction> CpuidFunctionAt(ByteView bytes, std::size_t index);

}  // namespace svsm::snp

#endif  // SVSM_SNP_CPUID_TABLE_H_
