#include "broker/evidence_claims.h"

#include "svsm/core/hosted.h"
#include "svsm/kbs/json.h"
#include "svsm/snp/report_layout.h"

namespace svsm::broker {
namespace {

void Hex(kbs::JsonWriter& json, const char* name, ByteView bytes) {
  json.Key(name);
  json.String(ToHex(bytes).c_str());
}

void Flag(kbs::JsonWriter& json, const char* name, std::uint64_t word, std::uint64_t bit) {
  json.Key(name);
  json.Bool((word & bit) != 0);
}

void Number(kbs::JsonWriter& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Unsigned(value);
}

void Key(kbs::JsonWriter& json, const kbs::TeeKey& key) {
  json.Key("tee-pubkey");
  json.BeginObject();
  json.Key("alg");
  json.String(key.alg);
  json.Key("crv");
  json.String(key.crv);
  json.Key("kty");
  json.String("EC");
  json.Key("x");
  json.String(key.x);
  json.Key("y");
  json.String(key.y);
  json.EndObject();
}

void Report(kbs::JsonWriter& json, const snp::UnverifiedReport& report,
            const snp::TcbVersion& reported) {
  const std::uint64_t policy = report.policy();
  json.Key("snp");
  json.BeginObject();
  Hex(json, "chip_id", report.chip_id());
  Hex(json, "measurement", report.measurement());
  Flag(json, "platform_smt_enabled", report.platform_info(), snp::platform_info::kSmtEnabled);
  Flag(json, "platform_tsme_enabled", report.platform_info(), snp::platform_info::kTsmeEnabled);
  Number(json, "policy_abi_major", (policy & snp::guest_policy::kAbiMajorMask) >> 8);
  Number(json, "policy_abi_minor", policy & snp::guest_policy::kAbiMinorMask);
  Flag(json, "policy_debug_allowed", policy, snp::guest_policy::kDebug);
  Flag(json, "policy_migrate_ma", policy, snp::guest_policy::kMigrateMa);
  Flag(json, "policy_single_socket", policy, snp::guest_policy::kSingleSocket);
  Flag(json, "policy_smt_allowed", policy, snp::guest_policy::kSmt);
  Number(json, "reported_tcb_bootloader", reported.bootloader);
  if (reported.layout == snp::TcbLayout::kTurin) Number(json, "reported_tcb_fmc", reported.fmc);
  Number(json, "reported_tcb_microcode", reported.microcode);
  Number(json, "reported_tcb_snp", reported.snp);
  Number(json, "reported_tcb_tee", reported.tee);
  json.EndObject();
}

}  // namespace

Result<std::string> EvidenceClaims(const JudgedEvidence& judged,
                                   const kbs::Attestation& attestation) {
  if (!judged.report || !judged.tcbs) return Status(Code::kInternal, Source::kBroker);
  ByteVector text(4096 + 6 * attestation.additional_evidence.size());
  kbs::JsonWriter json(text);
  json.BeginObject();
  Hex(json, "init_data", judged.report->host_data());
  json.Key("init_data_claims");
  json.Null();
  Hex(json, "report_data", judged.report->report_data());
  json.Key("runtime_data_claims");
  json.BeginObject();
  json.Key("additional-evidence");
  json.Escaped(attestation.additional_evidence);
  json.Key("nonce");
  json.String(attestation.nonce);
  Key(json, attestation.key);
  json.EndObject();
  Report(json, *judged.report, judged.tcbs->reported);
  json.EndObject();
  SVSM_ASSIGN_OR_RETURN(const ByteView whole, json.Finish());
  return std::string(whole.begin(), whole.end());
}

}  // namespace svsm::broker
