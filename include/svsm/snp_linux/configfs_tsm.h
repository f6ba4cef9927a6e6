// svsm/snp_linux/configfs_tsm.h: attestation reports from a Linux guest's configfs-tsm, the SVSM's
// included.
//
//   constexpr Guid kVtpm = Guid::Parse("c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
//   PosixTsmTree tree(kTsmRoot);
//   TsmRequest request;
//   request.inblob = nonce;
//   request.service = SvsmService{.guid = kVtpm};      // the vTPM's manifest; {}: all services
//   SVSM_ASSIGN_OR_RETURN(const TsmReport report, CollectTsmReport(tree, request));
//   // REPORT_DATA is now SHA-512(nonce || report.manifest), at VMPL 0
//
// Without a service, REPORT_DATA is the inblob itself and the VMPL is this guest's own;
// ConfigfsTsmAttester is that as an Attester.
//
// Profile: hosted. Allocates: yes. Threads: as the tree.
// Spec: Linux Documentation/ABI/testing/configfs-tsm; AMD 58019, attestation protocol.
#ifndef SVSM_SNP_LINUX_CONFIGFS_TSM_H_
#define SVSM_SNP_LINUX_CONFIGFS_TSM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/guid.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/snp_linux/detail.h"
#include "svsm/snp_linux/tsm_tree.h"

namespace svsm::snp {

struct SvsmService {
  Guid guid;  // null: the manifest of all services
  std::uint32_t manifest_version = 0;
};

struct TsmRequest {
  Bytes<64> inblob{};
  // The privilege level to ask for; none: the kernel's default.
  std::optional<Vmpl> vmpl;
  // Asks the SVSM for the services' manifest, too; then `vmpl` has no effect.
  std::optional<SvsmService> service;
};

struct TsmReport {
  std::vector<std::uint8_t> report;        // kReportSize bytes
  std::vector<std::uint8_t> certificates;  // a certificate table; empty if the host gives none
  std::vector<std::uint8_t> manifest;      // empty without a service
};

// Makes an entry, asks, reads, and removes the entry again (a removal that fails is not reported).
// Errors: those of the tree, and
//   kInvalidArgument   VMPL above 3
//   kUnavailable       detail kDetailNoConfigfsTsm or kDetailNoSvsm
//   kUnsupported       detail kDetailOtherProvider: the provider is not "sev_guest"
//   kPermissionDenied  detail = 0 to 3: the least privilege level (privlevel_floor) that the kernel
//                      grants, above the one asked for; or kDetailZeroReport
//   kBusy              detail kDetailRacingWriter: the generation counter does not match our writes
//   kMalformed         detail = size of a report that is not kReportSize, or kDetailNotANumber
Result<TsmReport> CollectTsmReport(TsmTree& tree, const TsmRequest& request);

class ConfigfsTsmAttester final : public Attester {
 public:
  // Borrows `tree` for the object's life.
  ConfigfsTsmAttester(TsmTree& tree, std::optional<Vmpl> vmpl) : tree_(tree), vmpl_(vmpl) {}

  // The certificates' size is a guess until the first report.
  AttestationSizes Sizes() const override;
  // Errors: kBufferTooSmall, and those of CollectTsmReport().
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan certificates) override;

 private:
  TsmTree& tree_;
  std::optional<Vmpl> vmpl_;
  std::size_t certificates_bytes_ = 0x4000;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_LINUX_CONFIGFS_TSM_H_
