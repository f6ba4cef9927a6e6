#include "tools/svsm-sim/verbs.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/kds.h"
#include "svsm/sim/machine.h"
#include "svsm/sim/outside.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/snp/certificate_table.h"
#include "svsm/snp/guest_message_session.h"
#include "tools/common/entropy.h"
#include "tools/svsm-sim/boot.h"

namespace svsm::tool {

namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kCrlDays = 365;

std::int64_t Yesterday() { return SystemClock().UnixSeconds() - kSecondsPerDay; }

const sim::ProductLine& LineOf(const PlatformOptions& options) {
  return tool::LineOf(options.product);
}

Result<sim::CertificateAuthority> OpenAuthority(const PlatformOptions& options,
                                                const std::string& keys) {
  const auto signs = options.vlek ? sim::EndorsementKey::kVlek : sim::EndorsementKey::kVcek;
  return sim::CertificateAuthority::Open(LineOf(options), keys, signs);
}

Result<sim::Chip> MakeChip(const sim::ProductLine& line, std::uint64_t seed) {
  sim::SeededRng rng(seed);
  return sim::Chip::Make(line, rng);
}

Result<ByteVector> MakeTable(const sim::CertificateAuthority& ca, ByteView leaf) {
  const bool vlek = ca.signs() == sim::EndorsementKey::kVlek;
  const snp::Certificate certificates[] = {{vlek ? snp::kVlekGuid : snp::kVcekGuid, leaf},
                                           {snp::kAskGuid, ca.ask()},
                                           {snp::kArkGuid, ca.ark()}};
  ByteVector table(0x4000);
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, snp::BuildCertificateTable(certificates, table));
  table.resize(size);
  return table;
}

Status WriteCertificates(const std::string& folder, const sim::CertificateAuthority& ca,
                         ByteView leaf) {
  if (folder.empty()) return OkStatus();
  const bool vlek = ca.signs() == sim::EndorsementKey::kVlek;
  SVSM_TRY(WriteFileAtomically(folder + "/ark.der", ca.ark(), FileMode::kPublic));
  SVSM_TRY(
      WriteFileAtomically(folder + (vlek ? "/asvk.der" : "/ask.der"), ca.ask(), FileMode::kPublic));
  return WriteFileAtomically(folder + (vlek ? "/vlek.der" : "/vcek.der"), leaf, FileMode::kPublic);
}

Result<ByteVector> Program(const std::string& path) {
  if (!path.empty()) return ReadFile(path, sim::kMaxProgramSize);
  return ToVector(AsBytes("svsm-sim"));
}

Result<Bytes<snp::kReportSize>> RequestReport(sim::Machine& machine, std::uint32_t vmpl,
                                              FixedView<kReportDataSize> report_data) {
  const snp::VmpckId id(static_cast<std::uint8_t>(vmpl));
  SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover vmpck, machine.TakeVmpck(id));
  crypto::OpensslAesGcm aead;
  SystemClock clock;
  snp::SessionOptions options;
  options.vmpl = Vmpl(vmpl);
  const auto session = std::make_unique<snp::GuestMessageSession>(aead, std::move(vmpck),
                                                                  machine.port(), clock, options);
  Bytes<snp::kReportSize> report{};
  SVSM_TRY(session->Attest(report_data, report, {}).status());
  return report;
}

Status WriteIfNamed(const std::string& path, ByteView bytes) {
  return path.empty() ? OkStatus() : WriteFileAtomically(path, bytes, FileMode::kPublic);
}

template <typename T>
Status ReadStruct(const std::string& path, T& out) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector bytes, ReadFile(path, sizeof(T)));
  if (bytes.size() != sizeof(T)) return Status(Code::kInvalidArgument, Source::kCaller);
  SVSM_ASSIGN_OR_RETURN(out, wire::Read<T>(bytes));
  return OkStatus();
}

// What the host and the guest's owner give to the launch. `launch` borrows `identity`.
Status ReadLaunch(const ReportOptions& options, sim::LaunchIdentity& identity,
                  sim::MachineOptions& launch) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector host_data, FromHex(options.host_data));
  if (host_data.size() > launch.finish.host_data.size()) {
    return Status(Code::kInvalidArgument, Source::kCaller);
  }
  Copy(launch.finish.host_data, host_data);
  if (options.id_block.empty()) return OkStatus();
  SVSM_TRY(ReadStruct(options.id_block, identity.block));
  SVSM_TRY(ReadStruct(options.id_auth, identity.authentication));
  launch.finish.identity = &identity;
  return OkStatus();
}

}  // namespace

Status WriteRoots(const RootsOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                        OpenAuthority(options.platform, options.keys));
  return WriteFileAtomically(options.out, AsBytes(ca.ChainPem()), FileMode::kPublic);
}

Status WriteKds(const KdsOptions& options) {
  const sim::ProductLine& line = LineOf(options.platform);
  const std::int64_t since = Yesterday();
  SVSM_ASSIGN_OR_RETURN(const sim::Chip chip, MakeChip(line, options.seed));
  for (const auto signs : {sim::EndorsementKey::kVcek, sim::EndorsementKey::kVlek}) {
    SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                          sim::CertificateAuthority::Open(line, options.keys, signs));
    SVSM_ASSIGN_OR_RETURN(
        const ByteVector crl,
        ca.IssueCrl({options.revoked, since, since + kCrlDays * kSecondsPerDay, 1}));
    SVSM_TRY(sim::WriteKdsLine(options.out, ca, crl));
    if (signs == sim::EndorsementKey::kVlek) continue;  // VLEKs go to their providers only
    const snp::RawTcb tcbs[] = {line.usual_tcb};
    SVSM_TRY(sim::WriteKdsChip(options.out, ca, chip, tcbs, since));
  }
  return OkStatus();
}

Status WriteReport(const ReportOptions& options) {
  const sim::ProductLine& line = LineOf(options.platform);
  SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                        OpenAuthority(options.platform, options.keys));
  SVSM_ASSIGN_OR_RETURN(const ByteVector program, Program(options.program));
  SVSM_ASSIGN_OR_RETURN(const ByteVector hex, FromHex(options.report_data));
  Bytes<kReportDataSize> report_data{};
  if (hex.size() > report_data.size()) return Status(Code::kInvalidArgument, Source::kCaller);
  Copy(report_data, hex);

  SVSM_ASSIGN_OR_RETURN(sim::Chip chip, MakeChip(line, options.seed));
  sim::SeededRng rng(options.seed);
  sim::SeededRng provider_rng(options.seed + 1);
  SVSM_ASSIGN_OR_RETURN(const sim::Provider provider,
                        sim::Provider::Make(line, "svsm-sim", provider_rng));
  sim::PlatformState platform = sim::UsualPlatform(line);
  platform.report_version = options.version;
  if (options.mask_chip_id) platform.mask_chip_id = sim::Masking::kOn;
  sim::LaunchIdentity identity;
  sim::MachineOptions launch;
  SVSM_TRY(ReadLaunch(options, identity, launch));
  sim::AmdSp sp(std::move(chip), platform, rng);
  if (options.platform.vlek) SVSM_TRY(sp.LoadVlek(provider));
  sim::Host host(sp, options.seed);
  SVSM_ASSIGN_OR_RETURN(const std::unique_ptr<sim::Machine> machine,
                        sim::Machine::Launch(sp, host, sim::SvsmImage(program), launch));
  SVSM_ASSIGN_OR_RETURN(const auto report, RequestReport(*machine, options.vmpl, report_data));
  SVSM_ASSIGN_OR_RETURN(const ByteVector leaf,
                        options.platform.vlek
                            ? provider.IssueVlek(ca, line.usual_tcb, Yesterday())
                            : sp.chip().IssueVcek(ca, line.usual_tcb, Yesterday()));
  SVSM_ASSIGN_OR_RETURN(const ByteVector table, MakeTable(ca, leaf));
  ByteVector full = ToVector(report);
  full.insert(full.end(), table.begin(), table.end());
  SVSM_TRY(WriteIfNamed(options.full, full));
  SVSM_TRY(WriteIfNamed(options.report, report));
  SVSM_TRY(WriteCertificates(options.certificates, ca, leaf));
  return WriteIfNamed(options.table, table);
}

Status RecordBoot(const RecordOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector program, Program(options.program));
  sim::SeededRng seeded(options.seed.value_or(0));
  Entropy entropy;
  SVSM_TRY(entropy.Seed());
  SystemClock clock;
  sim::Outside outside(options.seed ? static_cast<crypto::Rng&>(seeded) : entropy.rng(), clock);
  outside.SetSetting(SettingText(options.setting));
  SVSM_TRY(Boot(outside, options.setting, program));
  SVSM_ASSIGN_OR_RETURN(
      const std::string text,
      sim::EncodeRecording(outside.recording(), options.with_secrets ? sim::Secrets::kIncluded
                                                                     : sim::Secrets::kRedacted));
  return WriteFileAtomically(options.out, AsBytes(text),
                             options.with_secrets ? FileMode::kPrivate : FileMode::kPublic);
}

Status ReplayBoot(const ReplayOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector program, Program(options.program));
  SVSM_ASSIGN_OR_RETURN(const ByteVector bytes, ReadFile(options.recording));
  SVSM_ASSIGN_OR_RETURN(sim::Recording recording,
                        sim::DecodeRecording(std::string(bytes.begin(), bytes.end())));
  SVSM_ASSIGN_OR_RETURN(const BootSetting setting, ParseSetting(recording.setting));
  const std::size_t num_events = recording.events.size();
  sim::SeededRng seeded(options.seed.value_or(0));
  sim::Outside outside(std::move(recording), options.seed ? &seeded : nullptr);
  const Status booted = Boot(outside, setting, program);
  // What was wrong first is what matters.
  const Status status = outside.status().ok() ? booted : outside.status();
  if (status.ok()) {
    std::printf("replayed %zu events, bit for bit\n", num_events);
  } else if (status.source() == Source::kSim && status.detail() < num_events) {
    const char* const kind = sim::EventKindName(outside.recording().events[status.detail()].kind);
    const bool secret = status.code() == Code::kFailedPrecondition;
    std::fprintf(stderr, "svsm-sim: %s at event %u of %zu (%s)\n",
                 secret ? "the secrets are redacted, and there is no seed,"
                        : "the replay leaves the recording",
                 status.detail(), num_events, kind);
  }
  return status;
}

}  // namespace svsm::tool
