// svsm/protocol/attestation.h: protocol 1, ATTEST_SERVICES and ATTEST_SINGLE_SERVICE; and the
// layout of the operation struct for both sides.
//
// Both calls write three buffers: the report at VMPL 0 over SHA-512(nonce || manifest), the
// manifest, and the host's certificates. In the first the manifest is the services manifest of all
// services, in the second the bare manifest of one.
//
// What is checked, before anything is written or the AMD-SP is asked:
//
//   kInvalidParameter  RCX not 8-aligned or the struct not in one page; a reserved byte that is not
//                      zero; a nonce that is not 64 bytes or not in one page; a report, manifest or
//                      certificate buffer that is not page aligned, or longer than
//                      kMaxAttestationBuffer (certificates: kMaxCertificateBuffer); two buffers, or
//                      a buffer and the struct, that overlap; an unknown service or version
//   kInvalidAddress    the struct or a buffer is not guest memory, or touches the first eight bytes
//                      of the calling area
//   kInvalidParameter  with RCX, RDX and R8 set: the manifest, certificates or report do not fit;
//                      RCX, RDX, R8 = bytes that manifest, certificates, report need
//
// and afterwards: kBusy (the AMD-SP or the work area is; repeat the call), kAttestationFailed (the
// AMD-SP, or the host in its name, refused), kInvalidAddress (a buffer's page faults; some of the
// buffers may have been written). Certificates that grew meanwhile are answered as not
// fitting. Success: RCX, RDX, R8 = bytes that were written.
//
// Spec: AMD 58019, "Attestation protocol". Profile: freestanding. Allocates: never. Threads: any,
// at once; one call uses the work area, others get kBusy.
#ifndef SVSM_PROTOCOL_ATTESTATION_H_
#define SVSM_PROTOCOL_ATTESTATION_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/attester.h"
#include "svsm/core/lock.h"
#include "svsm/core/log.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/hash.h"
#include "svsm/protocol/manifest.h"
#include "svsm/protocol/service.h"

namespace svsm::protocol {

inline constexpr std::uint32_t kAttestServices = 0;
inline constexpr std::uint32_t kAttestSingleService = 1;

inline constexpr std::size_t kAttestationNonceSize = 64;
inline constexpr std::uint32_t kMaxAttestationBuffer = 0x100000;
inline constexpr std::uint32_t kMaxCertificateBuffer = 0x4000;

struct AttestServicesOp {
  wire::Le64 report_gpa;
  wire::Le32 report_size;
  Bytes<4> reserved_0c;
  wire::Le64 nonce_gpa;
  wire::Le16 nonce_size;
  Bytes<6> reserved_1a;
  wire::Le64 manifest_gpa;
  wire::Le32 manifest_size;
  Bytes<4> reserved_2c;
  wire::Le64 certificates_gpa;
  wire::Le32 certificates_size;  // 0: none wanted
  Bytes<4> reserved_3c;
};
static_assert(wire::Struct<AttestServicesOp> && sizeof(AttestServicesOp) == 0x40);
static_assert(offsetof(AttestServicesOp, report_gpa) == 0x00);
static_assert(offsetof(AttestServicesOp, report_size) == 0x08);
static_assert(offsetof(AttestServicesOp, nonce_gpa) == 0x10);
static_assert(offsetof(AttestServicesOp, nonce_size) == 0x18);
static_assert(offsetof(AttestServicesOp, manifest_gpa) == 0x20);
static_assert(offsetof(AttestServicesOp, manifest_size) == 0x28);
static_assert(offsetof(AttestServicesOp, certificates_gpa) == 0x30);
static_assert(offsetof(AttestServicesOp, certificates_size) == 0x38);

struct AttestSingleServiceOp {
  AttestServicesOp common;
  Bytes<16> service_guid;  // mixed-endian
  wire::Le32 manifest_version;
  Bytes<4> reserved_54;
};
static_assert(wire::Struct<AttestSingleServiceOp> && sizeof(AttestSingleServiceOp) == 0x58);
static_assert(offsetof(AttestSingleServiceOp, service_guid) == 0x40);
static_assert(offsetof(AttestSingleServiceOp, manifest_version) == 0x50);
static_assert(offsetof(AttestSingleServiceOp, reserved_54) == 0x54);

class AttestationService final : public Service {
 public:
  // What a work area must hold for manifests up to `max_manifest_bytes` as they are answered:
  // services manifest or single manifest, report, and certificates.
  static constexpr std::size_t WorkspaceSize(std::size_t max_manifest_bytes,
                                             std::size_t report_bytes) {
    return max_manifest_bytes + report_bytes + kMaxCertificateBuffer;
  }

  struct Options {
    Attester& attester;                            // speaks for VMPL 0
    const crypto::Hash& sha512;                    // of HashAlg::kSha512
    std::span<ManifestProvider* const> providers;  // at most kMaxProviders, GUIDs differ
    ByteSpan workspace;                            // see WorkspaceSize()
    LogSink& log;                                  // why the AMD-SP did not answer
    Lock& workspace_lock;                          // never waited for
  };
  static constexpr std::size_t kMaxProviders = 16;

  // Borrows everything in `options` for its own life. Panics on another hash or too many providers.
  explicit AttestationService(const Options& options);

  std::uint32_t protocol() const override { return kAttestationProtocol; }
  VersionRange versions() const override { return {1, 1}; }
  // A Status, here, is kOutOfMemory (detail = bytes: the work area is too small for what this SVSM
  // has to say), kInternal (the attester broke its contract), or a provider's.
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override;

 private:
  struct Request;
  Result<CallReply> AttestServices(CallContext& context, const CallRegisters& in);
  Result<CallReply> AttestSingleService(CallContext& context, const CallRegisters& in);
  Result<CallReply> Answer(CallContext& context, const CallRegisters& in, Request& request);
  Result<CallReply> AnswerLocked(CallContext& context, const CallRegisters& in,
                                 const Request& request);
  Result<CallReply> Attest(CallContext& context, CallReply reply, const Request& request,
                           std::size_t manifest_bytes);
  Result<std::size_t> BuildManifest(const Request& request);
  ManifestProvider* FindProvider(const Guid& guid) const;

  Options options_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_ATTESTATION_H_
