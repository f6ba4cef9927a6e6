#include "svsm/snp/cpuid_table.h"

namespace svsm::snp {
namespace {

Status Failure(Code code, std::size_t detail) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(detail));
}

CpuidFunctionEntry EntryOf(const CpuidFunction& function) {
  CpuidFunctionEntry entry{};
  entry.leaf = function.leaf;
  entry.subleaf = function.subleaf;
  entry.xcr0 = function.xcr0;
  entry.xss = function.xss;
  entry.eax = function.eax;
  entry.ebx = function.ebx;
  entry.ecx = function.ecx;
  entry.edx = function.edx;
  return entry;
}

CpuidFunction FunctionOf(const CpuidFunctionEntry& entry) {
  return {entry.leaf.get(), entry.subleaf.get(), entry.xcr0.get(), entry.xss.get(),
          entry.eax.get(),  entry.ebx.get(),     entry.ecx.get(),  entry.edx.get()};
}

Result<std::size_t> Encode(const CpuidTableHead& head, std::span<const CpuidFunction> functions,
                           ByteSpan out) {
  if (functions.empty() || functions.size() > kMaxCpuidFunctions) {
    return Failure(Code::kInvalidArgument, 0);
  }
  const std::size_t size = CpuidTableSize(functions.size());
  if (out.size() < size) return Failure(Code::kBufferTooSmall, size);
  Copy(out, wire::ToBytes(head));
  for (std::size_t i = 0; i < functions.size(); ++i) {
    Copy(out.subspan(CpuidTableSize(i)), wire::ToBytes(EntryOf(functions[i])));
  }
  return size;
}

// What follows the head.
Status CheckFunctions(std::size_t num_functions, std::size_t count_at, ByteView bytes) {
  if (num_functions == 0 || num_functions > kMaxCpuidFunctions) {
    return Failure(Code::kMalformed, count_at);
  }
  const std::size_t size = CpuidTableSize(num_functions);
  if (bytes.size() < size) return Failure(Code::kTruncated, size);
  for (std::size_t i = 0; i < num_functions; ++i) SVSM_TRY(CpuidFunctionAt(bytes, i).status());
  if (!IsZero(bytes.subspan(size))) return Failure(Code::kMalformed, size);
  return OkStatus();
}

Result<CpuidTableHead> ReadHead(ByteView bytes) {
  if (bytes.size() < sizeof(CpuidTableHead)) {
    return Failure(Code::kTruncated, sizeof(CpuidTableHead));
  }
  SVSM_ASSIGN_OR_RETURN(const CpuidTableHead head, wire::Read<CpuidTableHead>(bytes));
  if (head.reserved_08.get() != 0) {
    return Failure(Code::kMalformed, offsetof(CpuidTableHead, reserved_08));
  }
  return head;
}

}  // namespace

Result<std::size_t> EncodeCpuidRequest(std::span<const CpuidFunction> functions, ByteSpan out) {
  CpuidTableHead head{};
  head.word_0 = static_cast<std::uint32_t>(functions.size());
  return Encode(head, functions, out);
}

Result<std::size_t> DecodeCpuidRequest(ByteView bytes, std::span<CpuidFunction> functions) {
  SVSM_ASSIGN_OR_RETURN(const CpuidTableHead head, ReadHead(bytes));
  if (head.word_4.get() != 0) return Failure(Code::kMalformed, offsetof(CpuidTableHead, word_4));
  const std::size_t num_functions = head.word_0.get();
  SVSM_TRY(CheckFunctions(num_functions, offsetof(CpuidTableHead, word_0), bytes));
  if (functions.size() < num_functions) return Failure(Code::kBufferTooSmall, num_functions);
  for (std::size_t i = 0; i < num_functions; ++i) {
    SVSM_ASSIGN_OR_RETURN(functions[i], CpuidFunctionAt(bytes, i));
  }
  return num_functions;
}

Result<std::size_t> EncodeCpuidResponse(std::uint32_t status,
                                        std::span<const CpuidFunction> functions, ByteSpan out) {
  CpuidTableHead head{};
  head.word_0 = status;
  head.word_4 = static_cast<std::uint32_t>(functions.size());
  return Encode(head, functions, out);
}

Result<CpuidResponse> ReadCpuidResponse(ByteView bytes) {
  SVSM_ASSIGN_OR_RETURN(const CpuidTableHead head, ReadHead(bytes));
  const CpuidResponse response{head.word_0.get(), head.word_4.get()};
  SVSM_TRY(CheckFunctions(response.num_functions, offsetof(CpuidTableHead, word_4), bytes));
  return response;
}

Result<CpuidFunction> CpuidFunctionAt(ByteView bytes, std::size_t index) {
  const std::size_t at = CpuidTableSize(index < kMaxCpuidFunctions ? index : kMaxCpuidFunctions);
  if (bytes.size() < at + sizeof(CpuidFunctionEntry)) {
    return Failure(Code::kTruncated, at + sizeof(CpuidFunctionEntry));
  }
  SVSM_ASSIGN_OR_RETURN(const CpuidFunctionEntry entry,
                        wire::Read<CpuidFunctionEntry>(bytes.subspan(at)));
  if (entry.reserved_28.get() != 0) {
    return Failure(Code::kMalformed, at + offsetof(CpuidFunctionEntry, reserved_28));
  }
  return FunctionOf(entry);
}

}  // namespace svsm::snp
