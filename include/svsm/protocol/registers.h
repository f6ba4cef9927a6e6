// svsm/protocol/registers.h: the five registers that carry an SVSM call, in and out.
//
//   CallRegisters registers = MakeCall(kCoreProtocol, kCoreQueryProtocol);
//   registers.rcx = std::uint64_t{kVtpmProtocol} << 32 | 1;
//
// Spec: AMD 58019, "Calling convention". Profile: freestanding. Allocates: never. Threads: values.
#ifndef SVSM_PROTOCOL_REGISTERS_H_
#define SVSM_PROTOCOL_REGISTERS_H_

#include <cstdint>

namespace svsm::protocol {

// Protocol numbers, RAX[63:32] of a call. A number that is not in this list is as good as these:
// nothing in the library decides by it.
inline constexpr std::uint32_t kCoreProtocol = 0;
inline constexpr std::uint32_t kAttestationProtocol = 1;
inline constexpr std::uint32_t kVtpmProtocol = 2;
inline constexpr std::uint32_t kApicProtocol = 3;
inline constexpr std::uint32_t kUefiMmProtocol = 4;

// In: RAX names the call, RCX, RDX, R8 and R9 are its arguments. Out: RAX holds the 32-bit result
// code, the others what the call defines and otherwise what they held before.
struct CallRegisters {
  std::uint64_t rax = 0;
  std::uint64_t rcx = 0;
  std::uint64_t rdx = 0;
  std::uint64_t r8 = 0;
  std::uint64_t r9 = 0;

  constexpr std::uint32_t protocol() const { return static_cast<std::uint32_t>(rax >> 32); }
  constexpr std::uint32_t call() const { return static_cast<std::uint32_t>(rax); }

  friend constexpr bool operator==(const CallRegisters&, const CallRegisters&) = default;
};

// The registers of a call without arguments.
constexpr CallRegisters MakeCall(std::uint32_t protocol, std::uint32_t call) {
  CallRegisters registers;
  registers.rax = std::uint64_t{protocol} << 32 | call;
  return registers;
}

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_REGISTERS_H_
