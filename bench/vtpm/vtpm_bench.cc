// The vTPM through the whole SVSM call path (client, calling area, dispatcher, service, engine),
// against libtpms called directly, and against TPMs behind UNIX sockets.
//
// Each benchmark runs A and B in turns on the same work and prints the medians of both, the median
// of the ratios A / B, and what B costs more than A.
//
// PCR_Read: 8 digests, PCR 0-7 of the SHA-256 bank. PCR_Extend: PCR 16, one SHA-256 digest. Quote:
// PCR 0-7 of the SHA-256 bank, ECC P-256. CreatePrimary: ECC P-256, with the FlushContext that
// frees the slot. All on TPMs with four active banks.
//
// This program and the servers behind the sockets share one CPU, so that the ratios are those of
// the TPMs and not of the CPUs that the scheduler picks for them.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/vtpm/one_cpu.h"
#include "bench/vtpm/socket_tpm.h"
#include "svsm/core/hosted.h"
#include "svsm/core/log.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/vcpu_registry.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"
#include "svsm/vtpm/service.h"
#include "vtpm/libtpms/api.h"

namespace svsm::vtpm {
namespace {

using evidence::KeyTemplate;

using Channel = std::function<ByteView(ByteView)>;

// A guest of eight pages and one vCPU.
class Guest final : public protocol::GuestMemory, public protocol::GuestExit {
 public:
  static constexpr std::uint64_t kPages = 8;
  static constexpr Gpa kVmsa = Gpa(0x1000);
  static constexpr Gpa kCallingArea = Gpa(0x2000);
  static constexpr Gpa kBuffer = Gpa(0x3000);

  protocol::PageKind Classify(Gpa page) const override {
    return page.value() < kPages * kPageSize ? protocol::PageKind::kGuest
                                             : protocol::PageKind::kUnmapped;
  }
  Status Read(Gpa from, ByteSpan out) const override {
    if (!Inside(from, out.size())) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(out, ByteView(bytes_).subspan(from.value(), out.size()));
    return OkStatus();
  }
  Status Write(Gpa to, ByteView bytes) override {
    if (!Inside(to, bytes.size())) return Status(Code::kOutOfRange, Source::kCaller);
    Copy(ByteSpan(bytes_).subspan(to.value()), bytes);
    return OkStatus();
  }
  Status RunSvsm(protocol::CallRegisters& registers) override {
    return dispatcher->Dispatch(kVmsa, registers).status();
  }
  protocol::GuestBuffer Page(Gpa gpa) {
    return {gpa, ByteSpan(bytes_).subspan(gpa.value(), kPageSize)};
  }

  protocol::Dispatcher* dispatcher = nullptr;

 private:
  bool Inside(Gpa gpa, std::size_t size) const {
    return gpa.value() <= bytes_.size() && size <= bytes_.size() - gpa.value();
  }
  ByteVector bytes_ = ByteVector(kPages * kPageSize);
};

// One TPM, spoken to in two ways.
class OurTpm {
 public:
  OurTpm() {
    const Bytes<96> seed = {1};
    const ByteView inputs[] = {seed};
    ok_ = drbg_.Seed(inputs).ok();
    auto engine = LibtpmsEngine::Create(store_, drbg_);
    ok_ = ok_ && engine.ok();
    if (!ok_) return;
    engine_ = *std::move(engine);
    service_ = std::make_unique<VtpmService>(*engine_, tpm_lock_, work_, ByteView());
    guest_.dispatcher = &dispatcher_;
    protocol::Vcpu vcpu;
    vcpu.vmsa = Guest::kVmsa;
    vcpu.calling_area = Guest::kCallingArea;
    vcpu.vmpl = Vmpl(2);
    Bytes<64> buffer;
    const auto startup = BuildStartup(StartupKind::kClear, buffer);
    ok_ = engine_->PowerOn(StoredVolatile::kDelete).ok() && vcpus_.AddStartup(vcpu).ok() &&
          dispatcher_.Register(*service_).ok() && startup.ok() && !RunCallPath(*startup).empty();
  }
  bool ok() const { return ok_; }

  ByteView RunRaw(ByteView command) {
    Copy(raw_command_, command);
    std::uint32_t size = 0;
    if (svsm_TPMLIB_Process(&raw_response_, &size, &raw_capacity_, raw_command_.data(),
                            static_cast<std::uint32_t>(command.size())) != TPM_SUCCESS) {
      return {};
    }
    return ByteView(raw_response_, size);
  }
  ByteView RunEngine(ByteView command) {
    const auto size = engine_->Execute(0, command, engine_response_);
    return size.ok() ? ByteView(engine_response_).first(*size) : ByteView();
  }
  ByteView RunCallPath(ByteView command) {
    const auto response = client_.SendTpmCommand(command, guest_.Page(Guest::kBuffer));
    return response.ok() ? *response : ByteView();
  }

 private:
  MemoryStateStore store_;
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha512};
  crypto::Drbg drbg_{hmac_};
  std::unique_ptr<LibtpmsEngine> engine_;
  std::unique_ptr<VtpmService> service_;
  SpinLock tpm_lock_;
  SpinLock vcpu_lock_;
  VtpmWorkArea work_{};
  Guest guest_;
  std::array<protocol::Vcpu, 4> vcpu_slots_{};
  protocol::VcpuRegistry vcpus_{vcpu_slots_, vcpu_lock_};
  std::array<protocol::Service*, 4> service_slots_{};
  NullLog log_;
  protocol::Dispatcher dispatcher_{vcpus_, guest_, service_slots_, log_};
  protocol::Client client_{guest_, guest_.Page(Guest::kCallingArea), {}};
  Bytes<kMaxTpmBuffer> engine_response_{};
  Bytes<kMaxTpmBuffer> raw_command_{};
  unsigned char* raw_response_ = nullptr;
  std::uint32_t raw_capacity_ = 0;
  bool ok_ = false;
};

// Commands of one kind of work, made once a channel: a quote needs the handle of that TPM's key.
class Work {
 public:
  Work(Channel channel, TpmCommand kind) : channel_(std::move(channel)), kind_(kind) {
    const evidence::PcrSelection pcrs{evidence::TpmAlg::kSha256, 0xFF};
    const Bytes<32> value = {7};
    const PcrDigest digest{evidence::TpmAlg::kSha256, value};
    if (kind == TpmCommand::kPcrRead) {
      Keep(BuildPcrRead({&pcrs, 1}, buffer_));
    } else if (kind == TpmCommand::kPcrExtend) {
      Keep(BuildPcrExtend(16, {&digest, 1}, buffer_));
    } else if (kind == TpmCommand::kQuote) {
      Keep(Primary(KeyTemplate::kAkP256));
      key_ = Create();
      Keep(BuildQuote(key_, AsBytes("nonce"), {&pcrs, 1}, buffer_));
    } else {
      Keep(Primary(KeyTemplate::kSrkP256));
    }
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() {
    if (key_ != 0) Flush(key_);
  }

  bool Run() {
    if (kind_ != TpmCommand::kCreatePrimary) return CheckResponse(channel_(command_)).ok();
    const std::uint32_t handle = Create();
    return handle != 0 && Flush(handle);
  }

 private:
  Result<ByteView> Primary(KeyTemplate id) {
    Bytes<1024> area;
    const auto tmpl = evidence::BuildTpmtPublic(evidence::TemplatePublic(id), area);
    return tmpl.ok() ? BuildCreatePrimary(kTpmRhOwner, *tmpl, buffer_) : tmpl;
  }
  void Keep(const Result<ByteView>& command) {
    if (command.ok()) command_ = ToVector(*command);
  }
  std::uint32_t Create() {
    const auto made = ParseCreatePrimary(channel_(command_));
    return made.ok() ? made->handle : 0;
  }
  bool Flush(std::uint32_t handle) {
    Bytes<32> buffer;
    const auto flush = BuildFlushContext(handle, buffer);
    return flush.ok() && CheckResponse(channel_(*flush)).ok();
  }

  Channel channel_;
  TpmCommand kind_;
  ByteVector command_;
  Bytes<kMaxTpmBuffer> buffer_{};
  std::uint32_t key_ = 0;
};

void Compare(benchmark::State& state, const Channel& a, const Channel& b, TpmCommand kind) {
  Work work_a(a, kind);
  Work work_b(b, kind);
  // The first use of an algorithm runs the TPM's test of it, and answers that once with "retry".
  for (int i = 0; i < 4; ++i) {
    (void)work_a.Run();
    (void)work_b.Run();
  }
  bool ok = true;
  bench::Compare(
      state, [&] { ok = work_a.Run() && ok; }, [&] { ok = work_b.Run() && ok; });
  if (!ok) state.SkipWithError("a TPM refused");
}

struct Named {
  const char* name;
  TpmCommand kind;
};
constexpr Named kWorks[] = {{"PCR_Read", TpmCommand::kPcrRead},
                            {"PCR_Extend", TpmCommand::kPcrExtend},
                            {"Quote", TpmCommand::kQuote},
                            {"CreatePrimary", TpmCommand::kCreatePrimary}};

void Register(const std::string& pair, const Channel& a, const Channel& b) {
  for (const Named& work : kWorks) {
    const TpmCommand kind = work.kind;
    benchmark::RegisterBenchmark(
        (std::string(work.name) + "/" + pair).c_str(),
        [a, b, kind](benchmark::State& state) { Compare(state, a, b, kind); })
        ->UseManualTime()
        ->MinTime(0.2)
        ->Unit(benchmark::kMicrosecond);
  }
}

Channel Through(SocketTpm& tpm) {
  return [&tpm](ByteView command) { return tpm.Run(command); };
}

// What the paper measured of its own system, for the reader of the table.
void PrintContext() {
  benchmark::AddCustomContext("A and B", "named A:B in each line; medians, run in turns");
  benchmark::AddCustomContext("ACSAC'23 (PCR_Read, PCR_Extend, Quote, CreatePrimary)",
                              "5, 1.8, 5, 3.5 times faster than QEMU with swtpm");
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  PrintContext();
  if (!StayOnOneCpu()) std::fprintf(stderr, "not on one CPU: socket rows say where they ran\n");
  OurTpm ours;
  if (!ours.ok()) {
    std::fprintf(stderr, "the TPM does not start\n");
    return 1;
  }
  const Channel raw = [&ours](ByteView command) { return ours.RunRaw(command); };
  const Channel call_path = [&ours](ByteView command) { return ours.RunCallPath(command); };
  const Channel engine = [&ours](ByteView command) { return ours.RunEngine(command); };
  Register("libtpms:engine", raw, engine);
  Register("libtpms:call_path", raw, call_path);

  const std::unique_ptr<SocketTpm> swtpm = SocketTpm::Start("swtpm");
  if (swtpm != nullptr) Register("swtpm:call_path", Through(*swtpm), call_path);
  const auto own_program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "svsm-vtpm";
  std::unique_ptr<SocketTpm> own_socket;
  if (std::filesystem::exists(own_program)) own_socket = SocketTpm::Start(own_program.string());
  if (swtpm != nullptr && own_socket != nullptr) {
    Register("swtpm:svsm-vtpm", Through(*swtpm), Through(*own_socket));
  }
  if (swtpm == nullptr) std::fprintf(stderr, "swtpm is not installed: nothing to compare with\n");
  if (own_socket == nullptr) std::fprintf(stderr, "svsm-vtpm is not built: sockets left out\n");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace svsm::vtpm

int main(int argc, char** argv) { return svsm::vtpm::Main(argc, argv); }
