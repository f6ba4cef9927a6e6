// svsm/vtpm/service.h: the TPM as the guest sees it: SVSM protocol 2, and what attestation says of
// it.
//
//   static VtpmWorkArea work;
//   SpinLock lock;
//   VtpmService service(engine, lock, work, vtpm.eks[0].tpm2b_public());
//   SVSM_TRY(dispatcher.Register(service));      // answers QUERY and TPM_SEND_COMMAND
//   ... attestation takes it as a ManifestProvider
//
// QUERY answers with what is offered (protocol/vtpm.h). TPM_SEND_COMMAND runs one TPM command at
// locality 0, the only one that a guest has:
//
//   kBusy              another vCPU's command runs: nothing was read, nothing has changed
//   kInvalidParameter, kUnsupportedCall, kInvalidAddress    as protocol::ReadTpmRequest() says
//   kSuccess           the TPM has answered; its own errors are in the response
//
// The response overwrites the request from its start; what the guest had behind it stays as it was,
// and nothing of the SVSM's comes there. A response that does not fit the guest's buffer (4092
// bytes) is answered by TPM_RC_MEMORY in its place.
//
// Spec: AMD 58019, "vTPM protocol"; "Attestation protocol" (manifest of the vTPM service, version
// 0; version 1 in the draft of 1.01). Profile: freestanding. Allocates: never. Threads: any, at
// once; one command at a time runs.
#ifndef SVSM_VTPM_SERVICE_H_
#define SVSM_VTPM_SERVICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/protocol/manifest.h"
#include "svsm/protocol/service.h"
#include "svsm/protocol/vtpm.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

// Where a command is copied to and its response comes into; in the SVSM's own memory.
struct VtpmWorkArea {
  Bytes<protocol::kTpmBufferSize> command;
  Bytes<kMaxTpmBuffer> response;
};

class VtpmService final : public protocol::Service, public protocol::ManifestProvider {
 public:
  // Borrows all four for its life. `lock` stands for the engine and the work area: whoever else
  // talks to the engine holds it. `ek_tpm2b_public` is the EK that the manifest names, as
  // ManufacturedVtpm has it; empty: the service has no manifest.
  VtpmService(Engine& engine, Lock& lock, VtpmWorkArea& work, ByteView ek_tpm2b_public)
      : VtpmService(engine, lock, work, ek_tpm2b_public, {}) {}
  // The same with the keys of the manifest's version 1, each a TPM2B_PUBLIC: an EK and an AK at
  // least (evidence/vtpm_manifest.h). Borrows them, too.
  VtpmService(Engine& engine, Lock& lock, VtpmWorkArea& work, ByteView ek_tpm2b_public,
              std::span<const ByteView> manifest_keys)
      : engine_(engine), lock_(lock), work_(work), ek_(ek_tpm2b_public), keys_(manifest_keys) {}
  VtpmService(const VtpmService&) = delete;
  VtpmService& operator=(const VtpmService&) = delete;

  // protocol::Service. Versions: 1. A Status from Call() says that the engine refused what it must
  // not.
  std::uint32_t protocol() const override { return protocol::kVtpmProtocol; }
  protocol::VersionRange versions() const override { return {1, 1}; }
  Result<protocol::CallReply> Call(protocol::CallContext& context,
                                   const protocol::CallRegisters& in) override;

  // protocol::ManifestProvider: version 0, the EK's TPMT_PUBLIC; version 1, the list of keys.
  // Errors: kUnsupported (detail = version; 1 without keys, too), kBufferTooSmall (detail = bytes
  // needed), and those of protocol::VtpmManifestV0() and evidence::BuildVtpmManifestV1().
  Guid service() const override { return protocol::kVtpmService; }
  Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) override;

 private:
  using Entry = protocol::CallEntry<VtpmService>;
  static const std::array<Entry, 2> kCalls;

  Result<protocol::CallReply> Query(protocol::CallContext& context,
                                    const protocol::CallRegisters& in);
  Result<protocol::CallReply> Command(protocol::CallContext& context,
                                      const protocol::CallRegisters& in);
  Result<protocol::ResultCode> Execute(protocol::GuestMemory& memory, Gpa buffer);

  Engine& engine_;
  Lock& lock_;
  VtpmWorkArea& work_;
  ByteView ek_;
  std::span<const ByteView> keys_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_SERVICE_H_
