// svsm/protocol/apic.h: protocol 3, the interrupt controller of guests under alternate injection:
// the calls for both sides, and the seam to whoever emulates an APIC. Nothing here emulates one.
//
//   class MyApic final : public ApicEmulation { ... };       // the SVSM's side
//   ApicService service(my_apic);
//   SVSM_TRY(dispatcher.Register(service));
//
//   ApicClient apic(client);                                 // the guest's side
//   SVSM_TRY(apic.Configure(ApicRegistration::kRegister));
//   SVSM_TRY(apic.Write(kApicTpr, 0x20));
//
// What each call checks and answers, before and after the emulation is asked:
//
//   all              kUnsupportedProtocol: alternate injection is not in use
//   QUERY_FEATURES   RCX = features
//   CONFIGURE        RCX = ApicRegistration. kInvalidParameter: another value. kApicRefused
//   READ_REGISTER    RCX = register, RDX = value. kInvalidAddress: not an emulated register.
//                    kInvalidParameter: it cannot be read
//   WRITE_REGISTER   RCX = register, RDX = value. kInvalidAddress: not an emulated register.
//                    kInvalidParameter: it cannot be written, or reserved bits
//   CONFIGURE_VECTOR RCX = ApicVectorChoice. kInvalidParameter: reserved bits
//
// Registers are named by their x2APIC MSR. Which clauses could not be seen in the original:
// src/protocol/CLAUSES.md.
//
// Spec: AMD 58019, draft of version 1.01, "APIC protocol"; AMD 24593 (APM volume 2), "x2APIC".
// Profile: freestanding. Allocates: never. Threads: the service as its emulation; a client as its
// Client.
#ifndef SVSM_PROTOCOL_APIC_H_
#define SVSM_PROTOCOL_APIC_H_

#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/service.h"

namespace svsm::protocol {

inline constexpr std::uint32_t kApicQueryFeatures = 0;
inline constexpr std::uint32_t kApicConfigure = 1;
inline constexpr std::uint32_t kApicReadRegister = 2;
inline constexpr std::uint32_t kApicWriteRegister = 3;
inline constexpr std::uint32_t kApicConfigureVector = 4;

// The SVSM does not register or deregister this guest.
inline constexpr ResultCode kApicRefused = static_cast<ResultCode>(0x80001000);

// Other public sources have disabled, enabled, locked for 0, 1, 2: src/protocol/CLAUSES.md.
enum class ApicRegistration : std::uint64_t { kQuery = 0, kDeregister = 1, kRegister = 2 };

using ApicRegister = Strong<struct ApicRegisterTag, std::uint64_t>;
inline constexpr ApicRegister kApicId(0x802);    // read
inline constexpr ApicRegister kApicTpr(0x808);   // read, write: 7:0
inline constexpr ApicRegister kApicPpr(0x80A);   // read
inline constexpr ApicRegister kApicEoi(0x80B);   // write: 0
inline constexpr ApicRegister kApicLdr(0x80D);   // read
inline constexpr ApicRegister kApicIsr0(0x810);  // and seven more; read
inline constexpr ApicRegister kApicTmr0(0x818);
inline constexpr ApicRegister kApicIrr0(0x820);
inline constexpr ApicRegister kApicIcr(0x830);      // read, write: all but 13:12, 17:16, 31:20
inline constexpr ApicRegister kApicSelfIpi(0x83F);  // write: 7:0

// What may be done with a register. kUnsupported: it is none of those above.
enum class ApicAccess : std::uint8_t { kUnsupported, kRead, kWrite, kReadWrite };
ApicAccess AccessOf(ApicRegister reg);
// The bits of a value that must be zero when it is written.
std::uint64_t ReservedBitsOf(ApicRegister reg);

// Whether the host may inject a vector, or all of them.
struct ApicVectorChoice {
  std::uint8_t vector = 0;  // counts only without `all`
  bool allowed = false;
  bool all = false;

  friend bool operator==(const ApicVectorChoice&, const ApicVectorChoice&) = default;
};
// Bits: 7:0 vector, 8 allowed, 9 all, 63:10 zero. Errors of Decode: kMalformed.
Result<ApicVectorChoice> DecodeApicVectorChoice(std::uint64_t bits);
std::uint64_t EncodeApicVectorChoice(const ApicVectorChoice& choice);

// An emulated APIC a vCPU, which is context.vmsa's. Values have no reserved bits set and registers
// are asked only for what AccessOf() says.
// Errors of all, answered as: kPermissionDenied (kApicRefused), kInvalidArgument
// (kInvalidParameter), kFailedPrecondition (kInvalidRequest: not registered), kBusy (kBusy). Any
// other is the SVSM's own failure.
class ApicEmulation {
 public:
  // Whether alternate injection is in use; it may change while the guest runs.
  virtual bool InUse() const = 0;
  // The features beyond the base, a bitmap.
  virtual std::uint64_t Features() const = 0;
  virtual Status Configure(const CallContext& context, ApicRegistration what) = 0;
  virtual Result<std::uint64_t> Read(const CallContext& context, ApicRegister reg) = 0;
  virtual Status Write(const CallContext& context, ApicRegister reg, std::uint64_t value) = 0;
  virtual Status ConfigureVector(const CallContext& context, const ApicVectorChoice& choice) = 0;

 protected:
  ~ApicEmulation() = default;
};

class ApicService final : public Service {
 public:
  // Borrows `emulation` for its own life.
  explicit ApicService(ApicEmulation& emulation) : emulation_(emulation) {}

  std::uint32_t protocol() const override { return kApicProtocol; }
  VersionRange versions() const override {
    return emulation_.InUse() ? VersionRange{1, 1} : VersionRange{};
  }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override;

 private:
  Result<CallReply> QueryFeatures(CallContext& context, const CallRegisters& in);
  Result<CallReply> Configure(CallContext& context, const CallRegisters& in);
  Result<CallReply> ReadRegister(CallContext& context, const CallRegisters& in);
  Result<CallReply> WriteRegister(CallContext& context, const CallRegisters& in);
  Result<CallReply> ConfigureVector(CallContext& context, const CallRegisters& in);

  ApicEmulation& emulation_;
};

// The guest's calls. Errors: StatusOf() and Client::Call()'s.
class ApicClient final {
 public:
  // Borrows `client` for its own life.
  explicit ApicClient(Client& client) : client_(client) {}

  Result<std::uint64_t> QueryFeatures();
  Status Configure(ApicRegistration what);
  Result<std::uint64_t> Read(ApicRegister reg);
  Status Write(ApicRegister reg, std::uint64_t value);
  Status ConfigureVector(const ApicVectorChoice& choice);

 private:
  Client& client_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_APIC_H_
