// svsm/vtpm/manufacture.h: turns a TPM into the vTPM of this confidential VM, at every boot before
// the guest runs.
//
//   ManufactureHashes hashes{sha256, sha384, sha512};
//   ManufactureOptions options;
//   options.launch_digest = measurement;
//   SVSM_TRY(Manufacture(engine, attester, hashes, options, workspace, vtpm));
//   // vtpm.eks[i]: which EK is there, its public area; vtpm.event_log(): for the firmware's log
//
// What is done, in this order: the power is cycled, so that nothing of an earlier user is left but
// what is stored; Startup(CLEAR). A TPM that carries none of our certificate indices is new: its
// PCR banks are set. Then the storage root key, the endorsement keys (RSA 2048, ECC P-256, ECC
// P-384) and an attestation key are made persistent where they are not. A stored EK is taken over
// only if it is the template's, and a primary key of this TPM's endorsement hierarchy. For each
// EK one report of the platform is asked for, with REPORT_DATA = SHA-512(TPM2B_PUBLIC), and written
// to that EK's certificate index, which is then locked until the next boot. At last the digests
// that were given are extended into a PCR.
//
// The function may be called again after any error: it starts from the beginning, finds the keys
// that it made, and PCRs are new by the power cycle.
//
// A guest that owns the TPM may have set the authorisation of its hierarchies. What then cannot be
// done is left out and told in the outcome; an EK without a proven report has no certificate index.
// As long as platformAuth is empty, which is for the firmware to change, a guest can undefine an
// index and define another in its place; a verifier does not trust what an index holds but what the
// platform signed.
//
// Profile: freestanding. Allocates: never. Threads: one call at a time on an engine.
// Spec: TCG EK Credential Profile 2.6; TCG PC Client Platform Firmware Profile 1.06 (events).
#ifndef SVSM_VTPM_MANUFACTURE_H_
#define SVSM_VTPM_MANUFACTURE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/engine.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

// Persistent handles. Those of the EKs go with their certificate indices; the AK's is the one that
// tools know from cloud vTPMs.
inline constexpr std::uint32_t kSrkHandle = 0x81000001;
inline constexpr std::uint32_t kAkHandle = 0x81000003;
inline constexpr std::uint32_t kEkRsa2048Handle = 0x81010001;
inline constexpr std::uint32_t kEkP256Handle = 0x81010002;
inline constexpr std::uint32_t kEkP384Handle = 0x81010016;

// Attributes of a certificate index: the platform writes it and locks it till the next Startup,
// everybody reads it.
inline constexpr std::uint32_t kEkCertificateAttributes = kNvPlatformCreate | kNvPpWrite |
                                                          kNvPpRead | kNvOwnerRead | kNvAuthRead |
                                                          kNvNoDa | kNvWriteStClear;

// The PCR into which the SVSM measures unless told otherwise: the PC Client profile gives it to the
// platform's manufacturer.
inline constexpr std::uint32_t kDefaultMeasurementPcr = 6;

// What an event of the SVSM says (taggedEventID of TCG_PCClientTaggedEvent): "SVL" and "SVM" with a
// version, as a little-endian number. The data behind it are the digest as it was given.
inline constexpr std::uint32_t kLaunchDigestEvent = 0x014C5653;
inline constexpr std::uint32_t kManifestDigestEvent = 0x014D5653;

// Bytes of the largest digest that may be measured.
inline constexpr std::size_t kMaxMeasuredDigest = 64;
// Bytes of the largest report that fits a certificate index.
inline constexpr std::size_t kMaxEkCertificate = 2048;

struct ManufactureHashes {
  const crypto::Hash& sha256;
  const crypto::Hash& sha384;
  const crypto::Hash& sha512;
};

struct ManufactureOptions {
  // Banks that a new TPM gets. At least one.
  PcrBanks banks = kPcrBankSha256 | kPcrBankSha384 | kPcrBankSha512;
  // 0 to 15: those that no guest can reset.
  std::uint32_t measurement_pcr = kDefaultMeasurementPcr;
  ByteView launch_digest;    // 0 to kMaxMeasuredDigest bytes; empty: no event
  ByteView manifest_digest;  // the same
};

enum class EkState : std::uint8_t {
  kAbsent,   // the TPM refused to make it or to keep it: its owner has set an authorisation
  kCreated,  // made at this boot
  kFound,    // the one that was stored
};

struct EkOutcome {
  evidence::KeyTemplate id = evidence::KeyTemplate::kEkRsa2048;
  std::uint32_t handle = 0;
  std::uint32_t certificate_index = 0;
  EkState state = EkState::kAbsent;
  bool has_certificate = false;     // the index holds this boot's report, and is locked
  std::uint32_t response_code = 0;  // what the TPM said where it refused one or the other
  // TPM2B_PUBLIC; empty with kAbsent.
  Bytes<evidence::kMaxTpmPublicSize> public_area{};
  std::size_t public_area_size = 0;
  ByteView tpm2b_public() const { return ByteView(public_area).first(public_area_size); }
};

// The events as TCG_PCR_EVENT2 entries, in the order in which they were extended, for the firmware
// to put into its log before its own.
inline constexpr std::size_t kMaxEventLog = 768;

struct ManufacturedVtpm {
  bool was_new = false;  // PCR banks were set at this boot
  PcrBanks banks = 0;    // banks that are active
  std::array<EkOutcome, evidence::kEkTemplates.size()> eks{};
  bool has_srk = false;  // a storage root key, ECC P-256, at kSrkHandle
  bool has_ak =
      false;  // a restricted signing key, ECC P-256, in the endorsement hierarchy, at kAkHandle
  Bytes<kMaxEventLog> event_log_bytes{};
  std::size_t event_log_size = 0;
  ByteView event_log() const { return ByteView(event_log_bytes).first(event_log_size); }
};

// Scratch space for one call; its content means nothing before and after.
struct ManufactureWorkspace {
  Bytes<kMaxTpmBuffer> command;
  Bytes<kMaxTpmBuffer> response;
  Bytes<kMaxEkCertificate> report;
};

// Errors, from Source::kVtpm unless another is named: kInvalidArgument (detail 1 banks, 2 PCR,
// 3 digests, 4 hashes), kOutOfRange (the attester's reports are empty or larger than
// kMaxEkCertificate; detail = their size), kFailedPrecondition (the TPM refused what no owner can
// forbid; detail = the response code), kUnsupported (the TPM has not all the banks; detail = those
// that it has), those of the engine, of responses.h, of the hashes and of the attester (kBusy: call
// again). On failure `vtpm` is not to be used, and the TPM should not be given to a guest.
Status Manufacture(Engine& engine, Attester& attester, const ManufactureHashes& hashes,
                   const ManufactureOptions& options, ManufactureWorkspace& workspace,
                   ManufacturedVtpm& vtpm);

// The same as far as no platform is needed, for owners who make a TPM before its VM exists: banks
// and keys. Certificate indices stay as they are and no digest is extended; the first boot does
// both. Errors: as Manufacture(), but for the attester's.
Status ManufactureKeys(Engine& engine, const ManufactureHashes& hashes,
                       const ManufactureOptions& options, ManufactureWorkspace& workspace,
                       ManufacturedVtpm& vtpm);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_MANUFACTURE_H_
