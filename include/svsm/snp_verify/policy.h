// svsm/snp_verify/policy.h: what a relying party demands of a report whose origin is proven. Plain
// data: a program fills it in, or reads it from a file (policy_json.h).
//
//   snp::Policy policy;
//   policy.measurements = {golden};
//   policy.vmpl = Vmpl(0);
//   policy.report_data = expected;
//
// A default Policy refuses debugging and a migration agent, and allows the rest. A verdict lists
// the aspects that its policy left open.
//
// Profile: hosted. Allocates: the heap. Threads: a value.
#ifndef SVSM_SNP_VERIFY_POLICY_H_
#define SVSM_SNP_VERIFY_POLICY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/strong.h"
#include "svsm/snp/product.h"
#include "svsm/snp/report.h"
#include "svsm/snp/tcb.h"
#include "svsm/snp_verify/chain.h"
#include "svsm/snp_verify/refusal.h"

namespace svsm::snp {

enum class Rule : std::uint8_t { kRefuse, kAllow };

// The lowest TCB of one line, component by component; components that the line does not have are 0.
struct TcbFloor {
  Product product;
  TcbVersion minimum;
};

struct Policy {
  // What runs. An empty list allows all; otherwise the value must be in it.
  std::vector<Bytes<48>> measurements;
  std::vector<Bytes<32>> host_data;
  std::vector<Bytes<16>> family_ids;
  std::vector<Bytes<16>> image_ids;
  std::vector<Bytes<48>> id_key_digests;
  std::vector<Bytes<48>> author_key_digests;  // the report must say that an author key was used
  std::uint32_t minimum_guest_svn = 0;

  // Who asked, and for what. A report of a VMPL above 3 is made by the host and always refused.
  std::optional<Vmpl> vmpl;
  std::optional<Bytes<64>> report_data;

  // The guest policy.
  Rule debug = Rule::kRefuse;
  Rule migration_agent = Rule::kRefuse;
  Rule smt = Rule::kAllow;
  std::uint64_t guest_policy_set = 0;    // bits of POLICY that must be 1
  std::uint64_t guest_policy_clear = 0;  // bits of POLICY that must be 0
  std::uint64_t platform_info_set = 0;   // bits of PLATFORM_INFO that must be 1
  std::uint64_t platform_info_clear = 0;

  // The chip and its firmware. A floor list that is not empty refuses lines that it does not name.
  std::vector<Bytes<64>> chip_ids;      // as CHIP_ID: Turin's 8 bytes, then zeros
  Rule masked_chip_id = Rule::kRefuse;  // of a report under a VCEK
  std::uint32_t minimum_report_version = 2;
  std::vector<TcbFloor> minimum_tcb;  // against REPORTED_TCB
  std::vector<TcbFloor> minimum_committed_tcb;
  std::vector<TcbFloor> minimum_launch_tcb;
  FirmwareVersion minimum_firmware;          // against the committed major, minor, build
  Rule provisional_firmware = Rule::kAllow;  // current above committed: can be rolled back
  std::uint64_t launch_mitigations = 0;      // bits of LAUNCH_MIT_VECTOR that must be 1
  std::uint64_t current_mitigations = 0;     // bits of CURRENT_MIT_VECTOR that must be 1

  // The certificates.
  CrlRule crl = CrlRule::kIfPresent;
};

// The aspects that `policy` leaves open. kReportData counts as judged by report_data alone.
std::vector<Aspect> NotJudged(const Policy& policy);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_POLICY_H_
