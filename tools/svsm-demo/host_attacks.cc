#include <nlohmann/json.hpp>

#include "svsm/core/hosted.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/evidence/report_data.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/proxy_protocol.h"
#include "tools/svsm-demo/broker_storage.h"
#include "tools/svsm-demo/owner.h"
#include "tools/svsm-demo/stage.h"

namespace svsm::demo {
namespace {

using nlohmann::json;

constexpr char kSomebodys[] = "somebody's own SVSM";
// The generator of P-521, whose private key everybody knows: 1.
constexpr char kGeneratorX[] =
    "AMaFjga3BATpzZ4+y2YjlbRCnGSBOQU/tSH4KK9ga009"
    "uqFLXnfv51ko/h3BJ6L/qN4zSLPBhWpCm/l+fjHC5b1m";
constexpr char kGeneratorY[] =
    "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5m"
    "LJfucple9CZAxVC5AT+tB2E1PHCGonLCQIi+lHaf0WZQ";

BrokerStorageOptions Honest(const Stage& stage, const Services& services) {
  return {services.socket(), stage.Path("disk.img"), PinnedBroker(stage), {}, {}};
}

// Boots the genuine SVSM, or `program`, which must not open its disk.
Status MustFail(Stage& stage, const std::string& attack, const BrokerStorageOptions& options,
                const std::string& program) {
  crypto::HardwareCpuRandom cpu;
  const auto vm =
      ConfidentialVm::Boot(*stage.platform, program, std::make_unique<BrokerStorage>(options), cpu);
  if (vm.ok()) throw StoryEnds{attack + ": NOT REFUSED"};
  return vm.status();
}

// The SVSM itself refuses, with `code`.
void SvsmRefuses(Stage& stage, const std::string& attack, const BrokerStorageOptions& options,
                 Code code) {
  const Status status = MustFail(stage, attack, options, stage.program);
  if (status.code() != code) throw StoryEnds{attack + ": " + ToString(status)};
  stage.tell.Refused(attack, "by the SVSM: " + ToString(status));
}

// The broker refuses, and its log has `reason`.
void BrokerRefuses(Stage& stage, const Services& services, const std::string& attack,
                   const BrokerStorageOptions& options, const std::string& program,
                   const std::string& reason) {
  const Status status = MustFail(stage, attack, options, program);
  const std::string line = services.LastRefusal();
  const std::size_t at = line.find(reason);
  if (status.code() != Code::kPermissionDenied || at == std::string::npos) {
    throw StoryEnds{attack + ": " + ToString(status) + "; the broker: " + line};
  }
  stage.tell.Refused(attack, "by the broker: " + line.substr(at, 90));
}

// A lie about one member of one frame's body.
Lie Change(Frame which, const std::function<void(json&)>& change) {
  return [which, change](Frame frame, ByteVector& bytes) {
    if (frame != which) return;
    json body = json::parse(BodyOf(bytes));
    change(body);
    bytes = FrameOf(body.dump());
  };
}

std::string Decoded(kbs::Base64 variant, const std::string& text) {
  ByteVector out(text.size());
  const Result<ByteView> bytes = kbs::DecodeBase64(variant, AsBytes(text), out);
  Expect("base64", bytes.status());
  return {bytes->begin(), bytes->end()};
}

std::string Encoded(kbs::Base64 variant, const std::string& bytes) {
  ByteVector out(2 * bytes.size() + 4);
  const Result<ByteView> text = kbs::EncodeBase64(variant, AsBytes(bytes), out);
  Expect("base64", text.status());
  return {text->begin(), text->end()};
}

void LieAboutTheBinding(Stage& stage, const Services& services) {
  BrokerStorageOptions options = Honest(stage, services);
  std::string real_nonce;
  options.lie = [&real_nonce](Frame frame, ByteVector& bytes) {
    if (frame != Frame::kChallenge && frame != Frame::kAttestationRequest) return;
    json body = json::parse(BodyOf(bytes));
    if (frame == Frame::kChallenge) real_nonce = body.at("challenge");
    body["challenge"] = frame == Frame::kChallenge ? std::string(43, 'A') + "=" : real_nonce;
    bytes = FrameOf(body.dump());
  };
  BrokerRefuses(stage, services, "the proxy swaps the nonce", options, stage.program,
                "report-data");
  options.lie = Change(Frame::kAttestationRequest, [](json& body) {
    body["key"] = {{"x", kGeneratorX}, {"y", kGeneratorY}};
  });
  BrokerRefuses(stage, services, "the proxy swaps the key", options, stage.program, "report-data");
  options.lie = Change(Frame::kChallenge, [](json& body) { body["params"] = {"Challenge"}; });
  SvsmRefuses(stage, "the proxy wants only its challenge signed", options, Code::kUnsupported);
  options.lie = Change(Frame::kChallenge, [](json& body) {
    body["params"] = {"Challenge", "EcPublicKeyBytes"};
  });
  SvsmRefuses(stage, "the proxy wants another order of fields", options, Code::kUnsupported);
}

// What an honest boot gets as its answer; the boot goes on as if nothing was.
ByteVector RecordAnswer(Stage& stage, const Services& services) {
  ByteVector answer;
  BrokerStorageOptions options = Honest(stage, services);
  options.lie = [&answer](Frame frame, ByteVector& bytes) {
    if (frame == Frame::kAnswer) answer = bytes;
  };
  crypto::HardwareCpuRandom cpu;
  Expect("boot", ConfidentialVm::Boot(*stage.platform, stage.program,
                                      std::make_unique<BrokerStorage>(options), cpu)
                     .status());
  return answer;
}

void LieAboutTheBroker(Stage& stage, const Services& services) {
  BrokerStorageOptions options = Honest(stage, services);
  const ByteVector answer = RecordAnswer(stage, services);
  options.lie = [&answer](Frame frame, ByteVector& bytes) {
    if (frame == Frame::kAnswer) bytes = answer;
  };
  SvsmRefuses(stage, "the answer of an earlier boot", options, Code::kAuthFailed);
  options.lie = Change(Frame::kAnswer, [](json& body) {
    json& text = body.at("decryption").at("aad");
    json header = json::parse(Decoded(kbs::Base64::kUrl, Decoded(kbs::Base64::kStandard, text)));
    header.erase("svsm");
    text = Encoded(kbs::Base64::kStandard, Encoded(kbs::Base64::kUrl, header.dump()));
  });
  SvsmRefuses(stage, "an answer without its signature", options, Code::kPermissionDenied);
  const std::string chip = "/kds-store/vcek/" + ToHex(stage.platform->sp().chip().hwid());
  RunShell(stage.folder, {},
           "mkdir -p foreign" + chip + " && cp machine/certs/vcek.der foreign" + chip +
               " && cp -r kbs/repository foreign/");
  const Services foreign(stage, "foreign", "foreign.sock");
  options = Honest(stage, foreign);
  SvsmRefuses(stage, "a broker of the host's, with the genuine policy and secret", options,
              Code::kPermissionDenied);
}

// Asks the genuine SVSM's AMD-SP for a report of a lower level, as a guest below could.
class AttesterBelow final : public Attester {
 public:
  explicit AttesterBelow(Stage& stage) : stage_(stage) {}
  Status Prepare() {
    SVSM_ASSIGN_OR_RETURN(
        vm_, tool::SimVm::Boot(*stage_.platform, sim::SvsmImage(AsBytes(stage_.program)), cpu_));
    return OkStatus();
  }
  AttestationSizes Sizes() const override { return vm_->attester().Sizes(); }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> data, ByteSpan report,
                                  ByteSpan certificates) override {
    return vm_->attester().RequestReport(data, Vmpl(1), snp::ReportKey::kVlekIfLoaded, report,
                                         certificates);
  }

 private:
  Stage& stage_;
  crypto::HardwareCpuRandom cpu_;
  std::unique_ptr<tool::SimVm> vm_;
};

void BorrowEvidence(Stage& stage, const Services& services) {
  BrokerStorageOptions options = Honest(stage, services);
  BrokerRefuses(stage, services, "the report of another VM", options, kSomebodys, "measurement");
  AttesterBelow below(stage);
  Expect("boot", below.Prepare());
  options.attester = &below;
  BrokerRefuses(stage, services, "the report of another VMPL", options, stage.program, "vmpl");
}

void BreakFrames(Stage& stage, const Services& services) {
  struct Damage {
    const char* name;
    Code code;
    void (*apply)(ByteVector&);
  };
  const Damage damages[] = {
      {"cut off in the middle", Code::kConnectionClosed,
       [](ByteVector& frame) { frame.resize(frame.size() / 2); }},
      {"of 2^63 bytes", Code::kOutOfRange,
       [](ByteVector& frame) { frame[kbs::kFrameHeaderSize - 1] = 0x80; }},
      {"of garbage", Code::kMalformed,
       [](ByteVector& frame) {
         for (std::size_t i = kbs::kFrameHeaderSize; i < frame.size(); ++i) frame[i] ^= 0x5A;
       }},
  };
  BrokerStorageOptions options = Honest(stage, services);
  for (const auto& [which, name] :
       {std::pair{Frame::kChallenge, "a challenge "}, std::pair{Frame::kAnswer, "an answer "}}) {
    for (const Damage& damage : damages) {
      options.lie = [which = which, &damage](Frame frame, ByteVector& bytes) {
        if (frame == which) damage.apply(bytes);
      };
      SvsmRefuses(stage, std::string(name) + damage.name, options, damage.code);
    }
  }
}

void BootHonestly(Stage& stage, const Services& services) {
  crypto::HardwareCpuRandom cpu;
  Expect("boot", ConfidentialVm::Boot(*stage.platform, stage.program,
                                      std::make_unique<BrokerStorage>(Honest(stage, services)), cpu)
                     .status());
}

ByteVector MustReadDisk(const Stage& stage) {
  Result<ByteVector> disk = ReadFile(stage.Path("disk.img"));
  Expect("disk.img", disk.status());
  return *std::move(disk);
}

// Of the blocks that differ, every second one becomes what it was.
void PutBackEverySecond(const ByteVector& before, ByteVector& now) {
  constexpr std::size_t kBlock = 512;
  std::size_t changed = 0;
  for (std::size_t at = 0; at + kBlock <= now.size(); at += kBlock) {
    const ByteView old = ByteView(before).subspan(at, kBlock);
    const ByteSpan block = ByteSpan(now).subspan(at, kBlock);
    if (!Equal(old, block) && changed++ % 2 == 0) Copy(block, old);
  }
}

void ChangeTheDisk(Stage& stage, const Services& services) {
  const CommandResult made =
      RunShell(stage.folder, stage.VerifierEnvironment(),
               "head -c 32 /dev/urandom > other.key && truncate -s 8M other.img && "
               "svsm-cocoonfs -i other.img -f mkfs -k other.key -H sha2 -C aes -t 128 -s 8M -I 00");
  if (made.exit_code != 0) throw StoryEnds{made.output};
  BrokerStorageOptions options = Honest(stage, services);
  options.image = stage.Path("other.img");
  SvsmRefuses(stage, "a disk that was made under another key", options, Code::kAuthFailed);
  const ByteVector before = MustReadDisk(stage);
  BootHonestly(stage, services);
  ByteVector mixed = MustReadDisk(stage);
  PutBackEverySecond(before, mixed);
  Expect("mixed.img", WriteFileAtomically(stage.Path("mixed.img"), mixed, FileMode::kPublic));
  options.image = stage.Path("mixed.img");
  SvsmRefuses(stage, "a disk with some blocks of an earlier boot", options, Code::kAuthFailed);
}

void FindItWhole(Stage& stage, const Services& services) {
  stage.tell.Step("After all of that, an honest boot: nothing is lost");
  crypto::HardwareCpuRandom cpu;
  const auto vm =
      ConfidentialVm::Boot(*stage.platform, stage.program,
                           std::make_unique<BrokerStorage>(Honest(stage, services)), cpu);
  Expect("boot", vm.status());
  Expect("socket", (*vm)->Serve(stage.Path("tpm.sock")));
  stage.Guest(
      "tpm2_createek -c ek3.ctx -G ecc -u ek3.pub && tpm2_flushcontext -t && cmp ek.pub ek3.pub && "
      "tpm2_nvread -Q 0x01500001 -C o -s 8 -o counter3 && cmp counter counter3 && echo the same "
      "EK, "
      "the same counter");
}

}  // namespace

void PlayHostAttacks(Stage& stage, Services& services) {
  stage.tell.Chapter("Attacks on the way of the disk's key");
  LieAboutTheBinding(stage, services);
  LieAboutTheBroker(stage, services);
  BorrowEvidence(stage, services);
  BreakFrames(stage, services);
  ChangeTheDisk(stage, services);
  FindItWhole(stage, services);
}

}  // namespace svsm::demo
