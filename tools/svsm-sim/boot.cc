#include "tools/svsm-sim/boot.h"

#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/protocol/client.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/sim/host.h"
#include "svsm/sim/machine.h"
#include "svsm/snp/guest_message_session.h"

namespace svsm::tool {

namespace {

constexpr std::uint32_t kTscKhz = 2'000'000;
constexpr snp::SessionOptions kPatient = {
    .vmpl = Vmpl(0), .busy_budget_ms = 10'000, .busy_interval_ms = 5};

bool TakeNumber(std::string_view& text, std::string_view name, std::uint64_t& value) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// As an SVSM seeds its generator: from the CPU, a derived key, and a VMPCK that nobody else has.
Status Seed(sim::Outside& outside, sim::Machine& machine, snp::GuestMessageSession& session,
            crypto::Drbg& drbg) {
  Secret<48> from_cpu;
  crypto::RdSeedSource rdseed(outside.cpu());
  SVSM_TRY(rdseed.Fill(from_cpu.writable()));
  Secret<32> derived;
  SVSM_TRY(session.DeriveKey({}, derived));
  SVSM_ASSIGN_OR_RETURN(const snp::VmpckHandover vmpck3, machine.TakeVmpck(snp::VmpckId(3)));
  const ByteView inputs[] = {from_cpu.view(), derived.view(), vmpck3.key.view()};
  return drbg.Seed(inputs);
}

Status RunSvsm(sim::Outside& outside, sim::Machine& machine) {
  SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover vmpck0, machine.TakeVmpck(snp::VmpckId(0)));
  sim::RecordedPort port(outside, machine.port());
  crypto::OpensslAesGcm aead;
  const auto session = std::make_unique<snp::GuestMessageSession>(aead, std::move(vmpck0), port,
                                                                  outside.clock(), kPatient);
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  SVSM_TRY(Seed(outside, machine, *session, drbg));
  SVSM_ASSIGN_OR_RETURN(const snp::TscInfo tsc, session->RequestTscInfo());
  outside.NoteResult("tsc scale", wire::ToBytes(wire::Le64(tsc.scale)));
  // A nonce, then the date.
  Bytes<kReportDataSize> report_data{};
  SVSM_TRY(drbg.Generate(ByteSpan(report_data).first(32)));
  Copy(ByteSpan(report_data).subspan(32),
       wire::ToBytes(wire::Le64(static_cast<std::uint64_t>(outside.clock().UnixSeconds()))));
  Bytes<snp::kReportSize> report{};
  SVSM_TRY(session->Attest(report_data, report, {}).status());
  outside.NoteResult("report", report);
  return OkStatus();
}

Status RunGuest(sim::Outside& outside, sim::Machine& machine) {
  SVSM_TRY(machine.StartGuest());
  protocol::Client client(machine.boot_vcpu(), machine.boot_calling_area(), {});
  SVSM_ASSIGN_OR_RETURN(const protocol::VersionRange core, client.QueryProtocol(0, 1));
  outside.NoteResult("core protocol", wire::ToBytes(wire::Le32(core.max)));
  std::vector<protocol::PvalidateEntry> entries(4);
  for (const auto state : {protocol::PageState::kInvalid, protocol::PageState::kValid}) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i].gpa = Gpa(sim::kGuestHeap.value() + i * kPageSize);
      entries[i].state = state;
    }
    SVSM_TRY(client.Pvalidate(entries));
  }
  SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover vmpck, machine.GuestVmpck(snp::VmpckId(2)));
  sim::RecordedPort port(outside, machine.port());
  crypto::OpensslAesGcm aead;
  const auto session = std::make_unique<snp::GuestMessageSession>(aead, std::move(vmpck), port,
                                                                  outside.clock(), kPatient);
  Bytes<snp::kReportSize> report{};
  SVSM_TRY(
      session->RequestReport(Bytes<64>{}, Vmpl(2), snp::ReportKey::kVcek, report, {}).status());
  outside.NoteResult("guest report", report);
  SVSM_ASSIGN_OR_RETURN(vmpck, session->Release());
  return machine.ReturnGuestVmpck(vmpck);
}

// SHA-384 over all memory that is there.
Status NoteMemory(sim::Outside& outside, sim::Machine& machine) {
  const std::size_t num_pages = machine.ram().page_map().num_pages();
  ByteVector memory(num_pages * kPageSize);
  for (std::size_t page = 0; page < num_pages; ++page) {
    // A page that is not there reads as zeros.
    (void)machine.ram().ReadAs(Vmpl(0), Gpa(page * kPageSize),
                               ByteSpan(memory).subspan(page * kPageSize, kPageSize));
  }
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Bytes<crypto::kSha384Size> digest{};
  const Status hashed = sha384.Digest(ByteView(memory), digest);
  Wipe(memory);
  SVSM_TRY(hashed);
  outside.NoteResult("memory", digest);
  return OkStatus();
}

}  // namespace

const sim::ProductLine& LineOf(const std::string& product) {
  if (product == sim::kGenoa.name) return sim::kGenoa;
  return product == sim::kTurin.name ? sim::kTurin : sim::kMilan;
}

std::string SettingText(const BootSetting& setting) {
  return "product=" + setting.product + " chip=" + std::to_string(setting.chip) +
         " busy=" + std::to_string(setting.busy);
}

Result<BootSetting> ParseSetting(const std::string& text) {
  const Status malformed(Code::kMalformed, Source::kCaller);
  BootSetting setting;
  std::string_view rest = text;
  if (!rest.starts_with("product=")) return malformed;
  setting.product = text.substr(8, text.find(' ') - 8);
  rest.remove_prefix(8 + setting.product.size());
  std::uint64_t busy = 0;
  if (!TakeNumber(rest, " chip=", setting.chip) || !TakeNumber(rest, " busy=", busy)) {
    return malformed;
  }
  setting.busy = static_cast<std::uint32_t>(busy);
  // Only what SettingText() writes.
  if (SettingText(setting) != text || LineOf(setting.product).name != setting.product) {
    return malformed;
  }
  return setting;
}

Status Boot(sim::Outside& outside, const BootSetting& setting, ByteView program) {
  const sim::ProductLine& line = LineOf(setting.product);
  sim::SeededRng chip_rng(setting.chip);
  SVSM_ASSIGN_OR_RETURN(sim::Chip chip, sim::Chip::Make(line, chip_rng));
  sim::AmdSp sp(std::move(chip), sim::UsualPlatform(line), outside.rng());
  sim::Host host(sp, setting.chip);
  host.Plan(std::vector<sim::HostMove>(setting.busy, sim::HostMove::kBusy));
  sim::MachineOptions options;
  options.start.desired_tsc_khz = kTscKhz;
  SVSM_ASSIGN_OR_RETURN(const std::unique_ptr<sim::Machine> machine,
                        sim::Machine::Launch(sp, host, sim::SvsmImage(program), options));
  outside.NoteResult("measurement", machine->measurement());
  SVSM_TRY(RunSvsm(outside, *machine));
  SVSM_TRY(RunGuest(outside, *machine));
  SVSM_TRY(NoteMemory(outside, *machine));
  return outside.Finish();
}

}  // namespace svsm::tool
