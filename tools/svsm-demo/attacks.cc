#include <regex>

#include "svsm/crypto/cpu_entropy.h"
#include "svsm/evidence/report_data.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "tools/svsm-demo/broker_storage.h"
#include "tools/svsm-demo/owner.h"
#include "tools/svsm-demo/stage.h"

namespace svsm::demo {
namespace {

constexpr std::size_t kReportDataAt = 0x50;
constexpr std::size_t kRsaEk = 0;  // in ManufacturedVtpm::eks
constexpr std::size_t kP256Ek = 1;
constexpr char kTrust[] = " --certs machine/certs --roots machine/roots.pem --policy policy.json";

ByteVector MustRead(const Stage& stage, const std::string& name) {
  Result<ByteVector> bytes = ReadFile(stage.Path(name));
  Expect(name.c_str(), bytes.status());
  return *std::move(bytes);
}

void MustWrite(const Stage& stage, const std::string& name, ByteView bytes) {
  Expect(name.c_str(), WriteFileAtomically(stage.Path(name), bytes, FileMode::kPublic));
}

// `line` with long numbers cut short.
std::string Shortened(const std::string& line) {
  return std::regex_replace(line, std::regex("([0-9a-f]{8})[0-9a-f]{24,}"), "$1...");
}

CommandResult Judge(Stage& stage, const std::string& arguments) {
  return RunShell(stage.folder, stage.VerifierEnvironment(), "svsm-verify " + arguments);
}

// What svsm-verify has against it, which must be `reason`, one of its stable names.
void MustRefuse(Stage& stage, const std::string& attack, const std::string& reason,
                const std::string& arguments) {
  const CommandResult result = Judge(stage, arguments);
  const std::string start = "refused: " + reason + ": ";
  const std::size_t at = result.output.find(start);
  if (result.exit_code != 1 || at == std::string::npos) {
    throw StoryEnds{attack + ": not refused for " + reason + " (exit code " +
                    std::to_string(result.exit_code) + ")\n" + result.output};
  }
  const std::size_t from = at + start.size() - reason.size() - 2;
  stage.tell.Refused(attack,
                     Shortened(result.output.substr(from, result.output.find('\n', at) - from)));
}

// A report over an EK, asked for by whoever has `attester`.
ByteVector ReportOver(snp::GuestMessageSession& attester, Vmpl vmpl, ByteView ek) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const Result<evidence::ReportData> data = evidence::EkReportData(sha512, ek);
  Expect("REPORT_DATA", data.status());
  ByteVector report(snp::kReportSize);
  Expect("report",
         attester.RequestReport(*data, vmpl, snp::ReportKey::kVlekIfLoaded, report, {}).status());
  return report;
}

// A TPM that the host runs in software, and its EK.
ByteVector FakeTpmsEk(Stage& stage) {
  MemoryStateStore store;
  const auto engine = vtpm::LibtpmsEngine::Create(store, stage.host_rng);
  Expect("fake TPM", engine.status());
  Expect("fake TPM", (*engine)->PowerOn(vtpm::StoredVolatile::kDelete));
  Bytes<vtpm::kTpmHeaderSize + 2> command{};
  ByteVector response(vtpm::kMaxTpmBuffer);
  const Result<ByteView> startup = vtpm::BuildStartup(vtpm::StartupKind::kClear, command);
  Expect("fake TPM", startup.status());
  Expect("fake TPM", (*engine)->Execute(0, *startup, response).status());
  auto data = vtpm::ListenUnix(stage.Path("fake.sock"), 0600);
  auto control = vtpm::ListenUnix(stage.Path("fake.sock.ctrl"), 0600);
  Expect("fake TPM", data.status());
  Expect("fake TPM", control.status());
  vtpm::SocketServer server(**engine, *std::move(data), *std::move(control), {});
  std::thread thread([&] { (void)server.Run(); });
  const CommandResult made =
      RunShell(stage.folder, {"TPM2TOOLS_TCTI=swtpm:path=" + stage.Path("fake.sock")},
               "tpm2_createek -c fake.ctx -G ecc -u fake.pub");
  server.Stop();
  thread.join();
  if (made.exit_code != 0) throw StoryEnds{"fake TPM: " + made.output};
  return MustRead(stage, "fake.pub");
}

std::unique_ptr<ConfidentialVm> BootWith(Stage& stage, const std::string& program,
                                         const std::string& state, crypto::CpuRandom& cpu) {
  auto vm = ConfidentialVm::Boot(*stage.platform, program,
                                 std::make_unique<SealedStorage>(stage.Path(state)), cpu);
  Expect("boot", vm.status());
  return *std::move(vm);
}

void ForgeIdentity(Stage& stage, ByteView fake_ek) {
  MustRefuse(stage, "a fake vTPM beside the genuine report", "ek-binding",
             std::string("report.bin --ek fake.pub") + kTrust);
  ByteVector forged = MustRead(stage, "report.bin");
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const Result<evidence::ReportData> data = evidence::EkReportData(sha512, fake_ek);
  Expect("REPORT_DATA", data.status());
  Copy(ByteSpan(forged).subspan(kReportDataAt), *data);
  MustWrite(stage, "forged.bin", forged);
  MustRefuse(stage, "a report forged for the fake vTPM", "report-signature",
             std::string("forged.bin --ek fake.pub") + kTrust);
}

void BorrowReports(Stage& stage) {
  crypto::HardwareCpuRandom cpu;
  {
    const auto other = BootWith(stage, "somebody's own SVSM", "other.sealed", cpu);
    const ByteView ek = other->vtpm().eks[kP256Ek].tpm2b_public();
    MustWrite(stage, "other.pub", ek);
    MustWrite(stage, "other.bin", ReportOver(other->svsm().attester(), Vmpl(0), ek));
  }
  MustRefuse(stage, "the genuine report of another VM", "measurement",
             std::string("other.bin --ek other.pub") + kTrust);
  {
    const auto earlier = BootWith(stage, stage.program, "earlier.sealed", cpu);
    const ByteView ek = earlier->vtpm().eks[kP256Ek].tpm2b_public();
    MustWrite(stage, "earlier.bin", ReportOver(earlier->svsm().attester(), Vmpl(0), ek));
  }
  MustRefuse(stage, "the report of an earlier boot, which had another EK", "ek-binding",
             std::string("earlier.bin --ek ek.pub") + kTrust);
  MustRefuse(stage, "the attestation of an earlier boot with the same EK, new nonce", "report-data",
             "service.report --manifest service.manifest --service-nonce " + std::string(128, '5') +
                 kTrust);
}

void AskFromBelow(Stage& stage) {
  const ByteVector ek = MustRead(stage, "ek.pub");
  sim::MachineOptions options;
  options.guest_vmpl = Vmpl(1);
  auto machine = sim::Machine::Launch(stage.platform->sp(), stage.platform->host(),
                                      sim::SvsmImage(AsBytes(stage.program)), options);
  Expect("launch", machine.status());
  Expect("guest", (*machine)->StartGuest());
  auto vmpck1 = (*machine)->GuestVmpck(snp::VmpckId(1));
  Expect("VMPCK 1", vmpck1.status());
  crypto::OpensslAesGcm aead;
  SystemClock clock;
  snp::SessionOptions session_options;
  session_options.vmpl = Vmpl(1);
  snp::GuestMessageSession session(aead, *std::move(vmpck1), (*machine)->port(), clock,
                                   session_options);
  for (const std::uint32_t vmpl : {1u, 2u, 3u}) {
    MustWrite(stage, "below.bin", ReportOver(session, Vmpl(vmpl), ek));
    MustRefuse(stage, "a report from VMPL " + std::to_string(vmpl), "vmpl",
               std::string("below.bin --ek ek.pub") + kTrust);
  }
}

void GoWithoutSvsm(Stage& stage, ByteView fake_ek) {
  crypto::HardwareCpuRandom cpu;
  const auto plain =
      tool::SimVm::Boot(*stage.platform, sim::PlainImage(AsBytes(stage.program)), cpu);
  Expect("boot", plain.status());
  MustWrite(stage, "plain.bin", ReportOver((*plain)->attester(), Vmpl(0), fake_ek));
  MustRefuse(stage, "a VM with no SVSM, whose guest runs at VMPL 0", "measurement",
             std::string("plain.bin --ek fake.pub") + kTrust);
}

// A guest that has a service attested with a nonce of its choice gets a signature over
// nonce || manifest, so it writes the beginning of an "EK" itself: here all of the RSA template,
// with a modulus that ends in the manifest.
void CraftAnEk(Stage& stage, ConfidentialVm& vm) {
  constexpr std::size_t kModulusAt = 60;  // in a TPM2B_PUBLIC of template L-1
  const ByteView rsa_ek = vm.vtpm().eks[kRsaEk].tpm2b_public();
  const ByteView p256_ek = vm.vtpm().eks[kP256Ek].tpm2b_public();
  const std::size_t manifest_size = p256_ek.size() - 2;  // TPMT_PUBLIC
  const std::size_t size = protocol::kAttestationNonceSize + manifest_size;
  Bytes<protocol::kAttestationNonceSize> nonce{};
  Copy(nonce, rsa_ek.first(kModulusAt));
  Copy(nonce, wire::ToBytes(wire::Be16(static_cast<std::uint16_t>(size - 2))));
  Copy(ByteSpan(nonce).subspan(kModulusAt - 2),
       wire::ToBytes(wire::Be16(static_cast<std::uint16_t>(size - kModulusAt))));
  const Result<ServiceEvidence> evidence = vm.AttestVtpm(nonce);
  Expect("attestation service", evidence.status());
  ByteVector crafted(nonce.begin(), nonce.end());
  crafted.insert(crafted.end(), evidence->manifest.begin(), evidence->manifest.end());
  MustWrite(stage, "crafted.pub", crafted);
  MustWrite(stage, "crafted.bin", evidence->report);
  MustRefuse(stage, "an EK public area crafted to a signed digest", "ek-template",
             std::string("crafted.bin --ek crafted.pub") + kTrust);
}

void AbuseTheGuest(Stage& stage, const Services& services) {
  crypto::HardwareCpuRandom cpu;
  const auto booted = ConfidentialVm::Boot(
      *stage.platform, stage.program,
      std::make_unique<BrokerStorage>(BrokerStorageOptions{
          services.socket(), stage.Path("disk.img"), PinnedBroker(stage), {}, {}}),
      cpu);
  Expect("boot", booted.status());
  const std::unique_ptr<ConfidentialVm>& vm = *booted;
  Expect("socket", vm->Serve(stage.Path("tpm.sock")));
  const auto guest = [&](const std::string& command) {
    const CommandResult result = RunShell(stage.folder, stage.GuestEnvironment(), command);
    if (result.exit_code != 0) throw StoryEnds{command + "\n" + result.output};
  };
  CraftAnEk(stage, *vm);
  guest(
      "tpm2_createek -c ek.ctx -G ecc && tpm2_createak -C ek.ctx -c foreign.ctx -G ecc -g sha256 "
      "-s ecdsa -u foreign.pub && tpm2_flushcontext -t && "
      "tpm2_quote -c foreign.ctx -l sha256:0,6,7,16 -q $(cat nonce) -m foreign.msg "
      "-s foreign.sig -o foreign.pcrs -F values");
  MustRefuse(stage, "a quote by a foreign AK after a valid registration", "quote-signature",
             std::string("report.bin --ek ek.pub --quote foreign.msg --quote-sig foreign.sig "
                         "--pcrs foreign.pcrs --ak ak.pub --nonce $(cat nonce)") +
                 kTrust);
  const CommandResult write = RunShell(stage.folder, stage.GuestEnvironment(),
                                       "printf x | tpm2_nvwrite 0x01C0000A -C p -i -");
  if (write.exit_code == 0 || write.output.find("0x148") == std::string::npos) {
    throw StoryEnds{"a guest wrote an EK certificate index, or it failed otherwise:\n" +
                    write.output};
  }
  stage.tell.Refused("a guest that writes an EK certificate index", "TPM_RC_NV_LOCKED");
  guest(
      "tpm2_nvundefine 0x01C0000A -C p && "
      "tpm2_nvdefine 0x01C0000A -C p -s 1184 -a 'ppwrite|ppread|ownerread|authread|platformcreate' "
      "&& "
      "head -c 1184 /dev/urandom | tpm2_nvwrite 0x01C0000A -C p -i - && "
      "tpm2_nvread 0x01C0000A -C o -o garbage.bin");
  const CommandResult garbage = Judge(stage, std::string("garbage.bin --ek ek.pub") + kTrust);
  if (garbage.exit_code != 2) throw StoryEnds{"garbage was judged:\n" + garbage.output};
  stage.tell.Refused("garbage in the EK certificate index, defined anew",
                     garbage.output.substr(0, garbage.output.find('\n')));
}

// A CPU whose RDSEED and RDRAND give the same word for ever.
class StuckCpu final : public crypto::CpuRandom {
 public:
  bool HasRdSeed() const override { return true; }
  bool HasRdRand() const override { return true; }
  bool RdSeed(std::uint64_t& word) override { return RdRand(word); }
  bool RdRand(std::uint64_t& word) override {
    word = 0x5EEDED5EEDED5EED;
    return true;
  }
};

void BreakTheCpu(Stage& stage) {
  StuckCpu cpu;
  ByteVector eks[2];
  Status health;
  for (int boot = 0; boot < 2; ++boot) {
    const auto vm = BootWith(stage, stage.program, "stuck" + std::to_string(boot) + ".sealed", cpu);
    health = vm->svsm().cpu_status();
    eks[boot] = ToVector(vm->vtpm().eks[kP256Ek].tpm2b_public());
  }
  if (health.ok() || Equal(eks[0], eks[1])) throw StoryEnds{"a stuck RDRAND went unnoticed"};
  stage.tell.Refused("a broken RDRAND", "the health test says " + ToString(health) +
                                            "; the EKs of two boots still differ");
}

void MustNotOpen(Stage& stage, const std::string& attack, tool::SimPlatform& platform,
                 const std::string& program, const std::string& state) {
  crypto::HardwareCpuRandom cpu;
  const auto vm = ConfidentialVm::Boot(platform, program,
                                       std::make_unique<SealedStorage>(stage.Path(state)), cpu);
  if (vm.ok()) throw StoryEnds{attack + ": NOT REFUSED"};
  if (vm.status().code() != Code::kAuthFailed) Expect(attack.c_str(), vm.status());
  stage.tell.Refused(attack, ToString(vm.status()));
}

void MoveTheState(Stage& stage) {
  const auto other_chip = tool::SimPlatform::Open(stage.Path("other-machine"),
                                                  stage.Path("machine/authority"), stage.host_rng);
  Expect("another chip", other_chip.status());
  MustNotOpen(stage, "the sealed state on another chip", **other_chip, stage.program,
              "earlier.sealed");
  MustNotOpen(stage, "the sealed state under another SVSM's measurement", *stage.platform,
              "somebody's own SVSM", "earlier.sealed");
  ByteVector state = MustRead(stage, "earlier.sealed");
  state[state.size() / 2] ^= 1;
  MustWrite(stage, "flipped.sealed", state);
  MustNotOpen(stage, "one flipped bit in the sealed state", *stage.platform, stage.program,
              "flipped.sealed");
}

}  // namespace

void PlayAttacks(Stage& stage, Services& services) {
  stage.tell.Chapter("Attacks on the vTPM and its identity");
  const ByteVector fake_ek = FakeTpmsEk(stage);
  ForgeIdentity(stage, fake_ek);
  BorrowReports(stage);
  AskFromBelow(stage);
  GoWithoutSvsm(stage, fake_ek);
  AbuseTheGuest(stage, services);
  BreakTheCpu(stage);
  MoveTheState(stage);
}

}  // namespace svsm::demo
