// svsm/protocol/uefi_mm.h: protocol 4, messages of UEFI's management mode (variables, policies,
// events), and the seam to whoever serves them. Nothing here knows what a message says.
//
//   class Variables final : public UefiMmHandler { ... };     // the SVSM's side
//   static Bytes<0x10000> work;
//   UefiMmService service(variables, lock, work);
//   SVSM_TRY(dispatcher.Register(service));      // and give it to attestation as ManifestProvider
//
//   UefiMmClient mm(client);                                  // the guest's side
//   SVSM_ASSIGN_OR_RETURN(const ByteView reply, mm.Request(kGuid, message, buffer));
//
// REQUEST: RCX = buffer, RDX = its size: {GUID, u64 size of the body, body}. The reply takes the
// place of the body and has its size; the header and what is behind the body stay as they were.
//
//   kInvalidAddress    RCX not page aligned or 0; header or body is not guest memory, or faults
//   kInvalidParameter  RDX below 24 or above 256K; a body larger than the buffer or than this
//                      SVSM's work area; a body that its handler cannot answer
//   kInvalidRequest    the handler does not serve this caller
//   kBusy              another vCPU's message is being served, or the handler says so
//   kSuccess           served; or nobody serves this GUID, and the body is as it was
//
// Which clauses could not be seen in the original: src/protocol/CLAUSES.md.
//
// Spec: AMD 58019, draft of version 1.01, "UEFI MM protocol"; UEFI PI, volume 4, "MM communicate".
// Profile: freestanding. Allocates: never. Threads: any, at once; one message at a time is served.
#ifndef SVSM_PROTOCOL_UEFI_MM_H_
#define SVSM_PROTOCOL_UEFI_MM_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/manifest.h"
#include "svsm/protocol/service.h"

namespace svsm::protocol {

inline constexpr std::uint32_t kUefiMmRequest = 1;

struct UefiMmHeader {
  Bytes<16> guid;  // mixed-endian
  wire::Le64 body_size;
};
static_assert(wire::Struct<UefiMmHeader> && sizeof(UefiMmHeader) == 24);
static_assert(offsetof(UefiMmHeader, guid) == 0);
static_assert(offsetof(UefiMmHeader, body_size) == 16);

inline constexpr std::size_t kMaxUefiMmBuffer = 0x40000;
inline constexpr std::size_t kMaxUefiMmBody = kMaxUefiMmBuffer - sizeof(UefiMmHeader);

// The manifest of this service, version 0, and its flags.
struct UefiMmManifest {
  wire::Le32 version;
  wire::Le32 flags;
};
static_assert(wire::Struct<UefiMmManifest> && sizeof(UefiMmManifest) == 8);
static_assert(offsetof(UefiMmManifest, version) == 0);
static_assert(offsetof(UefiMmManifest, flags) == 4);
inline constexpr std::uint32_t kUefiMmPersistent = 1 << 0;  // variables outlive the VM
inline constexpr std::uint32_t kUefiMmSecureBoot = 1 << 1;
inline constexpr std::uint32_t kUefiMmDbUpdate = 1 << 2;  // db and dbx can be changed

// Reads a manifest. Errors: kTruncated (detail = 8), kMalformed (detail = offset: bytes behind it,
// or flags that are not defined), kUnsupported (detail = version).
Result<std::uint32_t> ParseUefiMmManifest(ByteView in);

class UefiMmHandler {
 public:
  // Serves the message `body` from the caller at `vmpl`; the reply takes its place. `body` is the
  // SVSM's own copy and at most kMaxUefiMmBody bytes.
  // Errors, and how they are answered: kNotFound (nobody knows this GUID: success, and nothing is
  // written), kInvalidArgument (kInvalidParameter), kPermissionDenied (kInvalidRequest), kBusy
  // (kBusy). Nothing is written to the guest after an error; any other is the SVSM's own failure.
  virtual Status Handle(const Guid& guid, Vmpl vmpl, ByteSpan body) = 0;

  // kUefiMmPersistent and so on.
  virtual std::uint32_t ManifestFlags() const = 0;

 protected:
  ~UefiMmHandler() = default;
};

class UefiMmService final : public Service, public ManifestProvider {
 public:
  // Borrows all for its own life. `workspace` bounds the body; `lock` stands for it and the
  // handler, and is never waited for.
  UefiMmService(UefiMmHandler& handler, Lock& lock, ByteSpan workspace)
      : handler_(handler), lock_(lock), workspace_(workspace) {}

  std::uint32_t protocol() const override { return kUefiMmProtocol; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override;

  // ManifestProvider. Errors: kUnsupported (detail = version), kBufferTooSmall (detail = 8).
  Guid service() const override { return kUefiMmService; }
  Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) override;

 private:
  Result<CallReply> Request(CallContext& context, const CallRegisters& in);
  Result<ResultCode> Serve(CallContext& context, const UefiMmHeader& header, Gpa at);

  UefiMmHandler& handler_;
  Lock& lock_;
  ByteSpan workspace_;
};

class UefiMmClient final {
 public:
  // Borrows `client` for its own life.
  explicit UefiMmClient(Client& client) : client_(client) {}

  // Sends a message through `buffer`; the reply has the message's size and is a view of `buffer`.
  // Errors: kInvalidArgument (`buffer` is not page aligned, or larger than kMaxUefiMmBuffer),
  // kBufferTooSmall (detail = bytes needed), StatusOf() and Client::Call()'s.
  Result<ByteView> Request(const Guid& guid, ByteView message, GuestBuffer buffer);

 private:
  Client& client_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_UEFI_MM_H_
