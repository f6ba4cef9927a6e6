// One attestation operation struct, any bytes, in both calls: an operation that succeeds wrote only
// to the buffers that it names, and one that is refused wrote nothing.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/protocol/fuzz_svsm.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm;
  using namespace svsm::protocol;
  if (size == 0) return 0;
  FuzzSvsm svsm;
  const Gpa op = Plus(kArea0, 8);
  Bytes<sizeof(AttestSingleServiceOp)> bytes{};
  const std::size_t given = size - 1 < bytes.size() ? size - 1 : bytes.size();
  Copy(bytes, ByteView(data + 1, given));
  svsm.GuestWrite(op, bytes);
  CallRegisters registers = MakeCall(kAttestationProtocol, data[0] & 1);
  registers.rcx = op.value();
  const std::vector<std::uint8_t> before = svsm.Snapshot();
  const ResultCode code = svsm.Run(kVmsa0, registers);
  const AttestServicesOp named = wire::Read<AttestSingleServiceOp>(bytes)->common;
  const auto inside = [](std::uint64_t at, const wire::Le64& gpa, std::uint32_t buffer_bytes) {
    return at >= gpa.get() && at - gpa.get() < buffer_bytes;
  };
  const std::vector<std::uint8_t> after = svsm.Snapshot();
  for (std::uint64_t at = 0; at < after.size(); ++at) {
    if (at % kPageSize == 0 && std::memcmp(&before[at], &after[at], kPageSize) == 0) {
      at += kPageSize - 1;
      continue;
    }
    if (after[at] == before[at] || at == kArea0.value()) continue;
    if (code != ResultCode::kSuccess ||
        !(inside(at, named.report_gpa, named.report_size.get()) ||
          inside(at, named.manifest_gpa, named.manifest_size.get()) ||
          inside(at, named.certificates_gpa, named.certificates_size.get()))) {
      std::abort();
    }
  }
  return 0;
}
