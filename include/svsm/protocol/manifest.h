// svsm/protocol/manifest.h: the services manifest, what its entries hold, and where they come from.
//
//   std::array<ManifestEntry, 8> slots;
//   SVSM_ASSIGN_OR_RETURN(const auto entries, ParseServicesManifest(bytes, slots));
//   for (const ManifestEntry& entry : entries) if (entry.guid == kVtpmService) Use(entry.manifest);
//
// Layout: header {GUID, u32 total length, u32 count}, count times {GUID, u32 offset, u32 length},
// then the manifests; little-endian, GUIDs mixed-endian, offsets from the start of the header.
//
// Spec: AMD 58019, "Attestation protocol". Profile: freestanding. Allocates: never. Threads:
// functions are pure.
#ifndef SVSM_PROTOCOL_MANIFEST_H_
#define SVSM_PROTOCOL_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::protocol {

inline constexpr Guid kServicesManifestGuid = Guid::Parse("63849ebb-3d92-4670-a1ff-58f9c94b87bb");
inline constexpr Guid kVtpmService = Guid::Parse("c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
inline constexpr Guid kUefiMmService = Guid::Parse("a4453a59-9e1b-4787-a033-1986d6adbe55");

struct ServicesManifestHeader {
  Bytes<16> guid;
  wire::Le32 total_bytes;
  wire::Le32 count;
};
static_assert(wire::Struct<ServicesManifestHeader> && sizeof(ServicesManifestHeader) == 24);
static_assert(offsetof(ServicesManifestHeader, guid) == 0);
static_assert(offsetof(ServicesManifestHeader, total_bytes) == 16);
static_assert(offsetof(ServicesManifestHeader, count) == 20);

struct ServicesManifestRow {
  Bytes<16> guid;
  wire::Le32 offset;
  wire::Le32 length;
};
static_assert(wire::Struct<ServicesManifestRow> && sizeof(ServicesManifestRow) == 24);
static_assert(offsetof(ServicesManifestRow, guid) == 0);
static_assert(offsetof(ServicesManifestRow, offset) == 16);
static_assert(offsetof(ServicesManifestRow, length) == 20);

// A service and its manifest; an empty one where the service has none.
struct ManifestEntry {
  Guid guid;
  ByteView manifest;
};

// Bytes of the services manifest over `entries`.
std::size_t ServicesManifestSize(std::span<const ManifestEntry> entries);

// Writes the services manifest to the start of `out`, the manifests in order and without gaps, and
// returns its size. Errors: kBufferTooSmall (detail = bytes needed; `out` is zero),
// kInvalidArgument (a null GUID, or the same GUID twice), kOutOfRange (more than 32 bits of size).
Result<std::size_t> BuildServicesManifest(std::span<const ManifestEntry> entries, ByteSpan out);

// Reads a services manifest. The result is the used part of `slots`, whose views borrow `in`.
// Strict: what BuildServicesManifest() could have made is accepted, and nothing else, so that one
// set of manifests has one digest.
// Errors: kTruncated (detail = bytes needed), kMalformed (detail = offset: another header GUID, a
// total that is not the size of `in`, a null or repeated GUID, an offset or length that leaves a
// gap, overlaps or points outside, bytes left over), kOutOfMemory (detail = slots needed).
Result<std::span<ManifestEntry>> ParseServicesManifest(ByteView in, std::span<ManifestEntry> slots);

// The vTPM's manifest in version 0 is the marshalled TPMT_PUBLIC of its EK, without the size prefix
// of a TPM2B_PUBLIC. Takes the prefix off, as a view of `tpm2b_public`. Errors: kTruncated (detail
// = bytes needed), kMalformed (detail = offset: an empty area, or bytes left over).
Result<ByteView> VtpmManifestV0(ByteView tpm2b_public);

// A service's part in attestation; the vTPM service object implements it beside Service.
// Threads: Manifest() comes from every vCPU, one at a time.
class ManifestProvider {
 public:
  virtual Guid service() const = 0;

  // Writes the manifest of this version to the start of `out` and returns its size; 0 if the
  // service has none. Version 0 must be supported: it goes into the services manifest.
  // Errors: kUnsupported (detail = version), kBufferTooSmall (detail = bytes needed).
  virtual Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) = 0;

 protected:
  ~ManifestProvider() = default;
};

// The provider of a manifest that does not change and has version 0 alone, for a service that has
// no object of its own: evidence::kBrokerService, for instance. Errors: as ManifestProvider says.
class FixedManifest final : public ManifestProvider {
 public:
  // Borrows `manifest` for the object's life.
  FixedManifest(const Guid& service, ByteView manifest) : service_(service), manifest_(manifest) {}

  Guid service() const override { return service_; }
  Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) override;

 private:
  Guid service_;
  ByteView manifest_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_MANIFEST_H_
