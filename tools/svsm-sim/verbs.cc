#include "tools/svsm-sim/verbs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/kds.h"
#include "svsm/sim/machine.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/snp/certificate_table.h"
#include "svsm/snp/guest_message_session.h"

namespace svsm::tool {

namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kCrlDays = 365;

std::int64_t Yesterday() { return SystemClock().UnixSeconds() - kSecondsPerDay; }

Result<sim::Chip> MakeChip(std::uint64_t seed) {
  sim::SeededRng rng(seed);
  return sim::Chip::Make(sim::kMilan, rng);
}

Result<ByteVector> MakeTable(const sim::CertificateAuthority& ca, const sim::AmdSp& sp) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector vcek,
                        sp.chip().IssueVcek(ca, sp.platform().reported_tcb, Yesterday()));
  const snp::Certificate certificates[] = {
      {snp::kVcekGuid, vcek}, {snp::kAskGuid, ca.ask()}, {snp::kArkGuid, ca.ark()}};
  ByteVector table(0x4000);
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, snp::BuildCertificateTable(certificates, table));
  table.resize(size);
  return table;
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

}  // namespace

Status WriteRoots(const RootsOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                        sim::CertificateAuthority::Open(sim::kMilan, options.keys));
  return WriteFileAtomically(options.out, AsBytes(ca.ChainPem()), FileMode::kPublic);
}

Status WriteKds(const KdsOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                        sim::CertificateAuthority::Open(sim::kMilan, options.keys));
  const std::int64_t since = Yesterday();
  SVSM_ASSIGN_OR_RETURN(const ByteVector crl,
                        ca.IssueCrl({{}, since, since + kCrlDays * kSecondsPerDay, 1}));
  SVSM_TRY(sim::WriteKdsLine(options.out, ca, crl));
  SVSM_ASSIGN_OR_RETURN(const sim::Chip chip, MakeChip(options.seed));
  const snp::RawTcb tcbs[] = {sim::PlatformState().reported_tcb};
  return sim::WriteKdsChip(options.out, ca, chip, tcbs, since);
}

Status WriteReport(const ReportOptions& options) {
  SVSM_ASSIGN_OR_RETURN(const sim::CertificateAuthority ca,
                        sim::CertificateAuthority::Open(sim::kMilan, options.keys));
  SVSM_ASSIGN_OR_RETURN(const ByteVector program, Program(options.program));
  SVSM_ASSIGN_OR_RETURN(const ByteVector hex, FromHex(options.report_data));
  Bytes<kReportDataSize> report_data{};
  if (hex.size() > report_data.size()) return Status(Code::kInvalidArgument, Source::kCaller);
  Copy(report_data, hex);

  SVSM_ASSIGN_OR_RETURN(sim::Chip chip, MakeChip(options.seed));
  sim::SeededRng rng(options.seed);
  sim::PlatformState platform;
  platform.report_version = options.version;
  sim::AmdSp sp(std::move(chip), platform, rng);
  sim::Host host(sp, options.seed);
  SVSM_ASSIGN_OR_RETURN(const std::unique_ptr<sim::Machine> machine,
                        sim::Machine::Launch(sp, host, sim::SvsmImage(program), {}));
  SVSM_ASSIGN_OR_RETURN(const auto report, RequestReport(*machine, options.vmpl, report_data));
  SVSM_ASSIGN_OR_RETURN(const ByteVector table, MakeTable(ca, sp));
  ByteVector full = ToVector(report);
  full.insert(full.end(), table.begin(), table.end());
  SVSM_TRY(WriteIfNamed(options.full, full));
  SVSM_TRY(WriteIfNamed(options.report, report));
  return WriteIfNamed(options.table, table);
}

}  // namespace svsm::tool
