#include <string>

#include "snp/verify/judge.h"
#include "svsm/core/hosted.h"

namespace svsm::snp {
namespace {

// What a refusal names of a long list.
constexpr std::size_t kListed = 4;

template <typename Value>
std::string ListText(const std::vector<Value>& values) {
  std::string text = values.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < values.size() && i < kListed; ++i) {
    if (i != 0) text += ", ";
    text += ToHex(values[i]);
  }
  if (values.size() > kListed) text += " and " + std::to_string(values.size() - kListed) + " more";
  return text;
}

template <typename Value>
void JudgeListed(Reason reason, const Value& found, const std::vector<Value>& allowed,
                 Refusals& refusals) {
  if (allowed.empty()) return;
  for (const Value& value : allowed) {
    if (value == found) return;
  }
  refusals.push_back({reason, ToHex(found), ListText(allowed)});
}

std::string Hex64(std::uint64_t value) {
  Bytes<8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  }
  return "0x" + ToHex(bytes);
}

void JudgeBits(Reason reason, const char* name, std::uint64_t found, std::uint64_t set,
               std::uint64_t clear, Refusals& refusals) {
  if ((found & set) == set && (found & clear) == 0) return;
  std::string wanted;
  if (set != 0) wanted += "set: " + Hex64(set);
  if (clear != 0) wanted += (wanted.empty() ? "clear: " : ", clear: ") + Hex64(clear);
  refusals.push_back({reason, std::string(name) + ' ' + Hex64(found), wanted});
}

void JudgeGuestPolicy(const UnverifiedReport& report, const Policy& policy, Refusals& refusals) {
  const struct {
    std::uint64_t bit;
    Rule rule;
    Reason reason;
    const char* found;
    const char* wanted;
  } kRules[] = {
      {guest_policy::kDebug, policy.debug, Reason::kDebug,
       "the host may debug the guest (policy bit 19)", "no debugging"},
      {guest_policy::kMigrateMa, policy.migration_agent, Reason::kMigrationAgent,
       "a migration agent may be attached (policy bit 18)", "no migration agent"},
      {guest_policy::kSmt, policy.smt, Reason::kSmt, "SMT is allowed (policy bit 16)", "no SMT"},
  };
  for (const auto& each : kRules) {
    if (each.rule == Rule::kRefuse && (report.policy() & each.bit) != 0) {
      refusals.push_back({each.reason, each.found, each.wanted});
    }
  }
  JudgeBits(Reason::kGuestPolicy, "POLICY", report.policy(), policy.guest_policy_set,
            policy.guest_policy_clear, refusals);
  JudgeBits(Reason::kPlatformInfo, "PLATFORM_INFO", report.platform_info(),
            policy.platform_info_set, policy.platform_info_clear, refusals);
}

void JudgeVmpl(const UnverifiedReport& report, const Policy& policy, Refusals& refusals) {
  if (report.made_by_host()) {
    refusals.push_back({Reason::kVmpl, "the host asked for this report",
                        policy.vmpl ? std::to_string(policy.vmpl->value()) : "0 to 3"});
  } else if (policy.vmpl && report.vmpl() != *policy.vmpl) {
    refusals.push_back({Reason::kVmpl, std::to_string(report.vmpl().value()),
                        std::to_string(policy.vmpl->value())});
  }
}

void JudgeGuest(const UnverifiedReport& report, const Policy& policy, Refusals& refusals) {
  JudgeListed(Reason::kMeasurement, report.measurement(), policy.measurements, refusals);
  JudgeListed(Reason::kHostData, report.host_data(), policy.host_data, refusals);
  JudgeListed(Reason::kFamilyId, report.family_id(), policy.family_ids, refusals);
  JudgeListed(Reason::kImageId, report.image_id(), policy.image_ids, refusals);
  JudgeListed(Reason::kIdKey, report.id_key_digest(), policy.id_key_digests, refusals);
  if (!policy.author_key_digests.empty() && !report.author_key_enabled()) {
    refusals.push_back(
        {Reason::kAuthorKey, "no author key was used", ListText(policy.author_key_digests)});
  } else {
    JudgeListed(Reason::kAuthorKey, report.author_key_digest(), policy.author_key_digests,
                refusals);
  }
  JudgeListed(Reason::kChipIdNotListed, report.chip_id(), policy.chip_ids, refusals);
  if (policy.report_data && report.report_data() != *policy.report_data) {
    refusals.push_back(
        {Reason::kReportData, ToHex(report.report_data()), ToHex(*policy.report_data)});
  }
  if (report.guest_svn() < policy.minimum_guest_svn) {
    refusals.push_back({Reason::kGuestSvn, std::to_string(report.guest_svn()),
                        "at least " + std::to_string(policy.minimum_guest_svn)});
  }
}

std::string VersionText(const FirmwareVersion& version) {
  return std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' +
         std::to_string(version.build);
}
constexpr std::uint32_t Order(const FirmwareVersion& version) {
  return std::uint32_t{version.major} << 16 | std::uint32_t{version.minor} << 8 | version.build;
}

void JudgeFloor(Reason reason, const char* name, Product product, const TcbVersion& found,
                const std::vector<TcbFloor>& floors, Refusals& refusals) {
  if (floors.empty()) return;
  bool named = false;
  for (const TcbFloor& floor : floors) {
    if (floor.product != product) continue;
    named = true;
    if (AtLeast(found, floor.minimum)) continue;
    refusals.push_back(
        {reason, std::string(name) + ' ' + TcbText(found), "at least " + TcbText(floor.minimum)});
  }
  if (!named) {
    refusals.push_back({reason, std::string("a machine of ") + ProductName(product),
                        "a line that the policy names"});
  }
}

void JudgeFirmware(const UnverifiedReport& report, const Policy& policy, Refusals& refusals) {
  if (report.version() < policy.minimum_report_version) {
    refusals.push_back({Reason::kReportVersion, std::to_string(report.version()),
                        "at least " + std::to_string(policy.minimum_report_version)});
  }
  if (Order(report.committed_version()) < Order(policy.minimum_firmware)) {
    refusals.push_back({Reason::kFirmwareVersion,
                        "committed " + VersionText(report.committed_version()),
                        "at least " + VersionText(policy.minimum_firmware)});
  }
  if (policy.provisional_firmware == Rule::kRefuse &&
      (report.current_tcb() != report.committed_tcb() ||
       report.current_version() != report.committed_version())) {
    refusals.push_back({Reason::kProvisionalFirmware,
                        "current " + VersionText(report.current_version()) + ", TCB " +
                            ToHex(report.current_tcb()),
                        "the committed " + VersionText(report.committed_version()) + ", TCB " +
                            ToHex(report.committed_tcb())});
  }
  JudgeBits(Reason::kMitigations, "LAUNCH_MIT_VECTOR", report.launch_mit_vector(),
            policy.launch_mitigations, 0, refusals);
  JudgeBits(Reason::kMitigations, "CURRENT_MIT_VECTOR", report.current_mit_vector(),
            policy.current_mitigations, 0, refusals);
}

}  // namespace

void JudgePolicy(const UnverifiedReport& report, const std::optional<Product>& product,
                 const std::optional<ReportTcbs>& tcbs, const Policy& policy, Refusals& refusals) {
  JudgeGuest(report, policy, refusals);
  JudgeVmpl(report, policy, refusals);
  JudgeGuestPolicy(report, policy, refusals);
  JudgeFirmware(report, policy, refusals);
  if (!product || !tcbs) return;
  JudgeFloor(Reason::kMinimumTcb, "REPORTED_TCB", *product, tcbs->reported, policy.minimum_tcb,
             refusals);
  JudgeFloor(Reason::kMinimumCommittedTcb, "COMMITTED_TCB", *product, tcbs->committed,
             policy.minimum_committed_tcb, refusals);
  JudgeFloor(Reason::kMinimumLaunchTcb, "LAUNCH_TCB", *product, tcbs->launch,
             policy.minimum_launch_tcb, refusals);
}

}  // namespace svsm::snp
