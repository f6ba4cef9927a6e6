// svsm/protocol/client.h: the guest's side: makes calls in a calling area and runs them through.
//
//   Client client(exit, calling_area, {});
//   SVSM_ASSIGN_OR_RETURN(const VersionRange core, client.QueryProtocol(kCoreProtocol, 1));
//   SVSM_TRY(client.Pvalidate(entries));
//   SVSM_ASSIGN_OR_RETURN(const ByteView response, client.SendTpmCommand(command, page));
//
// A host that never runs the SVSM, one that lets it answer BUSY for ever, and an SVSM whose answers
// make no sense all end in a Status, after a bounded number of tries.
//
// Spec: AMD 58019. Profile: freestanding. Allocates: never; AttestServices() and
// AttestSingleService() take pages from the caller's seam. Threads: one client, one vCPU, with
// interrupts off during a call.
#ifndef SVSM_PROTOCOL_CLIENT_H_
#define SVSM_PROTOCOL_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/attestation.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/registers.h"
#include "svsm/protocol/service.h"

namespace svsm::protocol {

// Leaves the guest with a request to run VMPL 0, through the GHCB (exit code 80000018h) or the MSR
// protocol (016h, 017h), and comes back.
class GuestExit {
 public:
  // Loads the registers, leaves, and stores them. Errors: those of the implementation, when the
  // host refused the request.
  virtual Status RunSvsm(CallRegisters& registers) = 0;

 protected:
  ~GuestExit() = default;
};

// Guest memory that the SVSM will read or write: physically contiguous, mapped at `bytes`.
struct GuestBuffer {
  Gpa gpa;
  ByteSpan bytes;
};

// Gives out the buffers of AttestServices() and AttestSingleService(), which learn their sizes from
// the SVSM.
class GuestPages {
 public:
  // `size_bytes` rounded up to pages, page aligned, zeroed. Errors: kOutOfMemory.
  virtual Result<GuestBuffer> Allocate(std::size_t size_bytes) = 0;
  // Takes back what Allocate() gave.
  virtual void Free(GuestBuffer buffer) = 0;

 protected:
  ~GuestPages() = default;
};

struct ClientOptions {
  // How often one call is repeated after BUSY, and how often after INCOMPLETE.
  std::uint32_t max_busy = 1000;
  std::uint32_t max_incomplete = 100000;
};

// What AttestServices() or AttestSingleService() brought back; the buffers belong to the caller,
// who gives them to Free().
struct AttestationBuffers {
  GuestBuffer report;
  GuestBuffer manifest;
  GuestBuffer certificates;
  // How much of each is filled; certificates_bytes is 0 if the host gave none.
  std::size_t report_bytes = 0;
  std::size_t manifest_bytes = 0;
  std::size_t certificates_bytes = 0;
};

class Client final {
 public:
  // `calling_area` is this vCPU's calling area, 4096 bytes, or the client panics. Borrows it and
  // `exit` for its own life.
  Client(GuestExit& exit, GuestBuffer calling_area, const ClientOptions& options);

  // Makes a call and repeats it while the answer is BUSY or INCOMPLETE. The registers as they came
  // back, whatever the result code. Errors: kUnavailable (the host came back without having run the
  // SVSM; nothing is known of the call), kBusy (detail = tries), kExhausted (detail = tries; still
  // INCOMPLETE), and GuestExit's. Every call below may return these.
  Result<CallRegisters> Call(const CallRegisters& call);

  // Call(), with a result code other than success as StatusOf() has it.
  Result<CallRegisters> CallChecked(const CallRegisters& call);

  // The versions that the SVSM offers, {0, 0} if `version` is none of them.
  // Errors: kMalformed (an answer that does not contain `version`; detail = its minimum).
  Result<VersionRange> QueryProtocol(std::uint32_t protocol, std::uint32_t version);

  // Moves to another calling area, whose CALL_PENDING is then 0. Errors: StatusOf().
  Status RemapCallingArea(GuestBuffer calling_area);

  // Changes the state of pages, in lists that fit the calling area. A 2M entry that the hardware
  // holds as 4K pages is repeated as 512 entries. Errors: kMalformed (the SVSM put a `next` into
  // the list that cannot be), StatusOf(); the entries before the failed one are done.
  Status Pvalidate(std::span<const PvalidateEntry> entries);

  // Errors: StatusOf().
  Status CreateVcpu(Gpa vmsa, Gpa calling_area, std::uint32_t apic_id);
  Status DeleteVcpu(Gpa vmsa);

  // Gives pages to the SVSM, in lists that fit the calling area: after a call that failed with
  // kOutOfMemory, PagesNeeded() of its detail says how many. Errors: kMalformed (as of
  // Pvalidate()), StatusOf(); the entries before the failed one are done.
  Status DepositMemory(std::span<const DepositEntry> entries);

  // Asks pages back, at most as many as `pages` holds and fit the calling area. Those that came are
  // the first of `pages`; while MEM_AVAILABLE is set, there are more.
  // Errors: kMalformed (detail = entries: more than there was room for), StatusOf().
  Result<std::span<const Gpa>> WithdrawMemory(std::span<Gpa> pages);

  // Errors: kMalformed (an answer with an alignment below 4K, or bounds that exclude each other;
  // detail = RCX), StatusOf().
  Result<VtomSupport> QueryVtom();
  // Sets the vTOM of this vCPU; without a value takes it away. CR3, RIP and RSP stay.
  // Errors: kInvalidArgument (not page aligned), StatusOf().
  Status SetVtom(std::optional<Gpa> vtom);

  // The platform commands of the vTPM, a bitmap. Errors: StatusOf().
  Result<std::uint64_t> QueryVtpm();

  // Sends a TPM command through `page` (kTpmBufferSize bytes of guest memory). The response is a
  // view of `page`. Errors: EncodeTpmRequest's, DecodeTpmResponse's, StatusOf().
  Result<ByteView> SendTpmCommand(ByteView command, GuestBuffer page);

  // Attests all services, or the one with this GUID and manifest version. `nonce` is a buffer of 64
  // bytes in one page. Starts with buffers of a page (16K for certificates) and takes larger ones
  // when the SVSM says so, at most kMaxAttestRounds times in all.
  // Errors: kExhausted (detail = rounds: the sizes kept growing), kMalformed (a size that does not
  // fit what was offered or is out of all bounds), kOutOfMemory (GuestPages), StatusOf(). On
  // failure nothing is left to free.
  Result<AttestationBuffers> AttestServices(GuestBuffer nonce, GuestPages& pages);
  Result<AttestationBuffers> AttestSingleService(const Guid& service,
                                                 std::uint32_t manifest_version, GuestBuffer nonce,
                                                 GuestPages& pages);
  static constexpr std::uint32_t kMaxAttestRounds = 3;

 private:
  // Call() and CallChecked() in place.
  Status Run(CallRegisters& registers);
  Status RunChecked(CallRegisters& registers);
  Status RunOnce(CallRegisters& registers);
  Status PvalidateList(std::span<const PvalidateEntry> entries, std::size_t& done);
  Status DepositList(std::span<const DepositEntry> entries);
  Status PvalidateAs4K(const PvalidateEntry& entry);
  Result<AttestationBuffers> Attest(const Guid* service, std::uint32_t manifest_version,
                                    GuestBuffer nonce, GuestPages& pages);
  Status AttestRound(const Guid* service, std::uint32_t manifest_version, GuestBuffer nonce,
                     GuestPages& pages, AttestationBuffers& buffers, bool& again);
  // The guest's part of the calling area, from offset 8.
  ByteSpan Buffer() const { return calling_area_.bytes.subspan(8); }
  Gpa BufferGpa() const { return Gpa(calling_area_.gpa.value() + 8); }

  GuestExit& exit_;
  GuestBuffer calling_area_;
  ClientOptions options_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_CLIENT_H_
