// One attestation operation struct, any bytes, in both calls: an operation that succeeds wrote only
// to the buffers that it names, and one that is refused wrote nothing but the pending flag.
#include <cstdint>
#include <cstdlib>

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
  const ResultCode code = svsm.Run(kVmsa0, registers);
  const AttestServicesOp named = wire::Read<AttestSingleServiceOp>(bytes)->common;
  for (const auto& [from, to] : svsm.machine().writes()) {
    const auto inside = [from = from, to = to](const wire::Le64& gpa, std::uint32_t buffer_bytes) {
      return from >= gpa.get() && to - gpa.get() <= buffer_bytes;
    };
    const bool pending = from == kArea0.value() && to - from == 1;
    // A page that faults is found while the buffers are written.
    const bool answered = code == ResultCode::kSuccess || code == ResultCode::kInvalidAddress;
    const bool buffer = answered && (inside(named.report_gpa, named.report_size.get()) ||
                                     inside(named.manifest_gpa, named.manifest_size.get()) ||
                                     inside(named.certificates_gpa, named.certificates_size.get()));
    if (!pending && !buffer) std::abort();
  }
  return 0;
}
