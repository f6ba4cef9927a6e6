#include <cstdio>

#include "svsm/crypto/cpu_entropy.h"
#include "tools/svsm-demo/broker_storage.h"
#include "tools/svsm-demo/owner.h"
#include "tools/svsm-demo/stage.h"

namespace svsm::demo {
namespace {

std::unique_ptr<ConfidentialVm> BootAndServe(Stage& stage, const Services& services) {
  crypto::HardwareCpuRandom cpu;
  auto storage = std::make_unique<BrokerStorage>(
      BrokerStorageOptions{services.socket(), stage.Path("disk.img"), PinnedBroker(stage), {}, {}});
  const BrokerStorage& opened = *storage;
  auto vm = ConfidentialVm::Boot(*stage.platform, stage.program, std::move(storage), cpu);
  Expect("boot", vm.status());
  Expect("socket", (*vm)->Serve(stage.Path("tpm.sock")));
  stage.tell.Detail("the broker whose key was measured signed the grant, for boot " +
                    std::to_string(opened.broker().boot.value));
  stage.tell.Detail(std::string("the disk was ") + (opened.was_new() ? "made" : "opened") +
                    " with the key of the grant; root digest " +
                    ToHex(opened.file_system().root_digest()).substr(0, 16) + "...");
  stage.tell.Detail(opened.times() + ", vTPM ready in " + (*vm)->vtpm_time());
  return *std::move(vm);
}

void TellEks(Stage& stage, const vtpm::ManufacturedVtpm& made) {
  for (const vtpm::EkOutcome& ek : made.eks) {
    char line[120];
    std::snprintf(line, sizeof(line), "EK %08x %s; VMPL 0 report over it in NV %08x, locked",
                  ek.handle, ek.state == vtpm::EkState::kFound ? "found again" : "created",
                  ek.certificate_index);
    stage.tell.Detail(line);
  }
}

void RegisterAk(Stage& stage) {
  stage.tell.Step(
      "The guest makes an attestation key; the verifier challenges it (make and activate "
      "credential)");
  stage.Guest("tpm2_createek -c ek.ctx -G ecc -u ek.pub && tpm2_flushcontext -t");
  stage.Guest(
      "tpm2_createak -C 0x81010002 -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pub -n ak.name > "
      "/dev/null && tpm2_flushcontext -t");
  stage.Verifier("head -c 32 /dev/urandom > challenge");
  stage.Verifier(
      "tpm2_makecredential -T none -Q -e ek.pub -s challenge "
      "-n $(xxd -p -c 80 ak.name) -o credential");
  stage.Guest(
      "tpm2_startauthsession --policy-session -S session.ctx && "
      "tpm2_policysecret -Q -S session.ctx -c e && "
      "tpm2_activatecredential -Q -c ak.ctx -C 0x81010002 -i credential -o answer "
      "-P session:session.ctx && tpm2_flushcontext session.ctx && tpm2_flushcontext -t");
  stage.Verifier("cmp challenge answer && echo \"the AK lives in the TPM of this EK\"");
}

void Quote(Stage& stage) {
  stage.tell.Step("The guest measures, and quotes over the verifier's nonce");
  stage.Verifier("head -c 20 /dev/urandom | xxd -p -c 40 > nonce");
  stage.Guest("tpm2_pcrextend 16:sha256=$(printf measured | sha256sum | cut -c1-64)");
  stage.Guest(
      "tpm2_quote -Q -c ak.ctx -l sha256:0,6,7,16 -q $(cat nonce) -m quote.msg -s quote.sig "
      "-o quote.pcrs -F values && tpm2_flushcontext -t");
  stage.Verifier(
      "tpm2_checkquote -Q -u ak.pub -m quote.msg -s quote.sig -q $(cat nonce) && "
      "echo \"tpm2_checkquote agrees\"");
}

void Judge(Stage& stage) {
  stage.tell.Step("The verifier judges report, chain, measurement, VMPL and EK");
  stage.Verifier(
      "svsm-verify report.bin --certs machine/certs --roots machine/roots.pem "
      "--policy policy.json --ek ek.pub");
  stage.tell.Step("and the quote");
  stage.tell.RunForFirstLine(
      stage.folder, stage.VerifierEnvironment(),
      "svsm-verify report.bin --certs machine/certs --roots machine/roots.pem "
      "--policy policy.json --ek ek.pub --quote quote.msg --quote-sig quote.sig "
      "--pcrs quote.pcrs --ak ak.pub --nonce $(cat nonce)");
}

// Leaves the evidence and its nonce in files of that name.
void Keep(Stage& stage, const std::string& name, ByteView nonce,
          const Result<ServiceEvidence>& evidence) {
  Expect("attestation service", evidence.status());
  const ByteVector text = ToVector(AsBytes(ToHex(nonce) + "\n"));
  for (const auto& [file, bytes] : {std::pair{name + ".report", ByteView(evidence->report)},
                                    std::pair{name + ".manifest", ByteView(evidence->manifest)},
                                    std::pair{name + ".nonce", ByteView(text)}}) {
    Expect(file.c_str(), WriteFileAtomically(stage.Path(file), bytes, FileMode::kPublic));
  }
}

void JudgeFreshness(Stage& stage, ConfidentialVm& vm) {
  stage.tell.Step("For freshness the verifier's nonce goes to the SVSM's attestation service");
  Bytes<protocol::kAttestationNonceSize> nonce{};
  Expect("nonce", stage.host_rng.Generate(nonce));
  Keep(stage, "service", nonce, vm.AttestVtpm(nonce));
  stage.Verifier(
      "svsm-verify service.report --certs machine/certs --roots machine/roots.pem "
      "--policy policy.json --manifest service.manifest "
      "--service-nonce $(cat service.nonce)");
  stage.tell.Step("which also says, for all services, whose key the disk was opened with");
  Expect("nonce", stage.host_rng.Generate(nonce));
  Keep(stage, "services", nonce, vm.AttestServices(nonce));
  stage.Verifier(
      "svsm-verify services.report --certs machine/certs --roots machine/roots.pem "
      "--policy policy.json --manifest services.manifest "
      "--service-nonce $(cat services.nonce) | grep -E '^(trusted|broker|boot-number|fresh)'");
}

// The counter's value after one more increment.
std::uint64_t IncrementCounter(Stage& stage) {
  return std::stoull(
      stage.Guest("tpm2_nvincrement -Q 0x01500001 -C o && "
                  "tpm2_nvread -Q 0x01500001 -C o -s 8 -o counter && xxd -p counter"),
      nullptr, 16);
}

// Gives the counter's value.
std::uint64_t UseTheTpm(Stage& stage) {
  stage.tell.Step("The guest keeps a counter, and seals the key of a LUKS2 disk to its PCRs");
  stage.Guest("tpm2_nvdefine -Q 0x01500001 -C o -a \"nt=counter|ownerread|ownerwrite\"");
  const std::uint64_t counter = IncrementCounter(stage);
  stage.Guest(
      "tpm2_createprimary -Q -C o -G ecc -c srk.ctx && tpm2_flushcontext -t && "
      "tpm2_pcrread -Q sha256:0,6,7 -o sealed.pcrs && "
      "tpm2_createpolicy -Q --policy-pcr -l sha256:0,6,7 -f sealed.pcrs -L sealed.policy && "
      "head -c 32 /dev/urandom > disk.key && truncate -s 32M luks.img && "
      "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks.img "
      "disk.key && "
      "tpm2_create -Q -C srk.ctx -L sealed.policy -i disk.key -u sealed.pub -r sealed.priv && "
      "rm disk.key && echo sealed");
  return counter;
}

void FindEverythingAgain(Stage& stage, std::uint64_t counter) {
  stage.tell.Step("The same EK");
  stage.Guest(
      "tpm2_createek -c ek2.ctx -G ecc -u ek2.pub && tpm2_flushcontext -t && "
      "cmp ek.pub ek2.pub && echo same");
  stage.tell.Step("The counter goes on");
  if (IncrementCounter(stage) != counter + 1) throw StoryEnds{"the counter did not go on"};
  stage.tell.Step("The key unseals, and opens the disk");
  const std::string load =
      "tpm2_createprimary -Q -C o -G ecc -c srk.ctx && tpm2_flushcontext -t && "
      "tpm2_load -Q -C srk.ctx -u sealed.pub -r sealed.priv -c sealed.ctx && tpm2_flushcontext -t";
  const std::string unseal = "tpm2_unseal -c sealed.ctx -p pcr:sha256:0,6,7";
  stage.Guest(load);
  stage.Guest(unseal +
              " | cryptsetup open --test-passphrase --key-file - luks.img && echo the disk opens");
  stage.tell.Step("and not with another PCR");
  stage.Guest("tpm2_flushcontext -t && tpm2_pcrextend 7:sha256=" + std::string(64, 'e'));
  stage.Guest(load);
  stage.tell.RunToFail(stage.folder, stage.GuestEnvironment(), unseal, "a policy check failed");
}

}  // namespace

void PlayStory(Stage& stage, Services& services) {
  std::uint64_t counter = 0;
  stage.tell.Chapter("First boot");
  stage.tell.Step(
      "The AMD-SP launches and measures a VM whose first pages are an SVSM. It attests itself "
      "through the host's proxy");
  {
    const auto vm = BootAndServe(stage, services);
    stage.tell.Step("The SVSM manufactures a vTPM from RDSEED, an AMD-SP key and VMPCK 3");
    TellEks(stage, vm->vtpm());
    stage.tell.Step("The guest reads the report with unmodified tpm2-tools");
    stage.Guest(
        "tpm2_nvread 0x01C0000A -C o -o report.bin 2> /dev/null && stat -c '%n %s bytes' "
        "report.bin");
    RegisterAk(stage);
    Quote(stage);
    Judge(stage);
    JudgeFreshness(stage, *vm);
    counter = UseTheTpm(stage);
    stage.tell.Step("The guest shuts down; power off");
    stage.Guest("tpm2_shutdown -c");
  }
  stage.tell.Chapter("Second boot");
  stage.tell.Step("Another launch, another report, another boot number; the same disk");
  const auto vm = BootAndServe(stage, services);
  TellEks(stage, vm->vtpm());
  FindEverythingAgain(stage, counter);
}

}  // namespace svsm::demo
