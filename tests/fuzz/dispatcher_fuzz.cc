// A whole guest against the dispatcher: calls of two vCPUs with any registers and any memory.
//
// The input is a list of steps. Each starts with a byte: bit 0 which vCPU, bits 2:1 what to do:
//   0, 1  call: protocol u8, call u8, then RCX, RDX, R8 as compact values
//   2     write: address as a compact value, size u8, bytes
//   3     map the page at a compact value as valid or not (bit 3), with a fault or without (bit 4)
// A compact value is u8 frame, u16 offset, with frames above 0xF0 meaning places of interest.
// After each call: no guest byte was read twice, the flag is cleared, no VMSA changed by a call, no
// VMSA is accessible to the guest, and the SVSM's memory is as it was.
#include <cstdint>
#include <cstdlib>

#include "svsm/core/reader.h"
#include "tests/protocol/fuzz_svsm.h"

namespace svsm::protocol {
namespace {

std::uint64_t Compact(wire::Reader& in) {
  const std::uint8_t frame = in.U8();
  const std::uint16_t offset = in.Le16();
  switch (frame) {
    case 0xFF:
      return ~std::uint64_t{0} - offset;
    case 0xFE:
      return kSvsmPage.value() - 0x800 + offset;
    case 0xFD:
      return kNowhere.value() - 0x800 + offset;
    case 0xFC:
      return std::uint64_t{offset} << 32 | in.Le32();
    case 0xFB:
      return FakeMachine::Frame(FakeMachine::kFirstInvalid).value() + offset * kPageSize;
    default:
      return FakeMachine::Frame(frame % 0x80).value() + offset;
  }
}

void Call(FuzzSvsm& svsm, bool second, wire::Reader& in) {
  const std::uint32_t protocol = in.U8() % 5;
  const std::uint32_t call = in.U8() % 9;
  CallRegisters registers = MakeCall(protocol, call);
  registers.rcx = Compact(in);
  registers.rdx = Compact(in);
  registers.r8 = Compact(in);
  svsm.Run(second ? kVmsa1 : kVmsa0, registers);
}

void WriteMemory(FuzzSvsm& svsm, wire::Reader& in) {
  const std::uint64_t gpa = Compact(in);
  const ByteView bytes = in.Take(in.U8());
  svsm.GuestWrite(Gpa(gpa), bytes);
}

}  // namespace
}  // namespace svsm::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm::protocol;
  FuzzSvsm svsm;
  svsm::wire::Reader in(svsm::ByteView(data, size));
  for (int step = 0; step < 64 && in.remaining() != 0; ++step) {
    const std::uint8_t what = in.U8();
    switch (what >> 1 & 3) {
      case 2:
        WriteMemory(svsm, in);
        break;
      case 3:
        svsm.SetPage(svsm::Gpa(Compact(in)), (what & 8) != 0, (what & 16) != 0);
        break;
      default:
        Call(svsm, (what & 1) != 0, in);
    }
  }
  return 0;
}
