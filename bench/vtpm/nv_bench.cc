// Persistent NV writes: TPM2_NV_Write of 64 bytes that differ each time, answered when they are
// stored. A is swtpm behind its UNIX socket, which writes a file and never syncs; B is ours with
// its state in a CocoonFS image and all its flushes, behind a socket or in this process. Both keep
// their files on a memory-backed disk (/dev/shm). The image has the IO blocks of 512 bytes that a
// virtual disk has. Ours on the disk of TMPDIR, in IO blocks of its file system's size, is printed
// beside, without a ratio.
//
// This program and the servers share one CPU, so that the ratios are those of the TPMs and not of
// the CPUs that the scheduler picks for them.
//
// A_us and B_us are wall-clock times; A_cpu_us and B_cpu_us what the process that holds the TPM
// spent on CPUs.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bench/compare.h"
#include "bench/vtpm/one_cpu.h"
#include "bench/vtpm/socket_tpm.h"
#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/state_store.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint32_t kIndex = 0x01500002;
constexpr std::uint16_t kWriteSize = 64;
constexpr std::uint64_t kImageSize = 1 << 20;
constexpr char kMemoryDisk[] = "/dev/shm";

using Channel = std::function<ByteView(ByteView)>;
using CpuClock = std::function<double()>;

class Random {
 public:
  Random() {
    const Bytes<96> seed = {1};
    const ByteView inputs[] = {seed};
    ok_ = drbg_.Seed(inputs).ok();
  }
  bool ok() const { return ok_; }
  crypto::Rng& rng() { return drbg_; }

 private:
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha512};
  crypto::Drbg drbg_{hmac_};
  bool ok_ = false;
};

// IO blocks of 512 bytes, whatever the folder's file system has; or of 4096.
enum class IoBlocks { kSmall, kLarge };

// A folder with an empty image and its key.
class ImageFolder {
 public:
  ImageFolder(const std::string& base, IoBlocks blocks)
      : path_(base + "/nv-bench-XXXXXX"), blocks_(blocks) {
    Random random;
    ok_ = ::mkdtemp(path_.data()) != nullptr && random.ok() && Make(random.rng()).ok();
  }
  ImageFolder(const ImageFolder&) = delete;
  ImageFolder& operator=(const ImageFolder&) = delete;
  ~ImageFolder() { std::filesystem::remove_all(path_, ignored_); }
  bool ok() const { return ok_; }
  std::string image() const { return path_ + "/image"; }
  std::vector<std::string> Options() const {
    std::vector<std::string> options = {"--image", image(), "--key", "file=" + path_ + "/key"};
    if (blocks_ == IoBlocks::kSmall) options.push_back("--ignore-block-size");
    return options;
  }

 private:
  Status Make(crypto::Rng& rng) {
    SVSM_TRY(WriteFileAtomically(path_ + "/key", Bytes<32>{1}, FileMode::kPrivate));
    cocoonfs::FileDeviceOptions file;
    file.creation = cocoonfs::FileCreation::kMustNotExist;
    file.max_block_size_bytes = blocks_ == IoBlocks::kSmall ? 512 : 0;
    SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device, cocoonfs::FileDevice::Open(image(), file));
    SVSM_TRY(device.Resize(kImageSize));
    MallocAllocator heap;
    cocoonfs::FormatOptions format;
    if (blocks_ == IoBlocks::kLarge) format.layout.io_block_log2 = 5;
    return cocoonfs::Format(device, crypto::OpensslSymmetric(), rng, heap, Bytes<32>{1}, format);
  }

  std::string path_;
  IoBlocks blocks_;
  std::error_code ignored_;
  bool ok_ = false;
};

// Ours, in this process.
class OwnTpm {
 public:
  Status Start(const std::string& image) {
    SVSM_ASSIGN_OR_RETURN(device_, OpenDevice(image));
    fs_ = std::make_unique<cocoonfs::FileSystem>(*device_, symmetric_, random_.rng(), heap_);
    SVSM_TRY(fs_->Open(Bytes<32>{1}, {}));
    store_ = std::make_unique<cocoonfs::FixedStateStore>(
        *fs_, cocoonfs::TpmInodes(kLibtpmsState.tag), kLibtpmsStateNames);
    SVSM_ASSIGN_OR_RETURN(engine_, LibtpmsEngine::Create(*store_, random_.rng()));
    SVSM_TRY(engine_->PowerOn(StoredVolatile::kDelete));
    Bytes<16> buffer;
    SVSM_ASSIGN_OR_RETURN(const ByteView startup, BuildStartup(StartupKind::kClear, buffer));
    return CheckResponse(Run(startup));
  }
  ByteView Run(ByteView command) {
    const auto size = engine_->Execute(0, command, response_);
    return size.ok() ? ByteView(response_).first(*size) : ByteView();
  }

 private:
  static Result<std::unique_ptr<cocoonfs::FileDevice>> OpenDevice(const std::string& image) {
    cocoonfs::FileDeviceOptions file;
    file.max_block_size_bytes = 512;
    SVSM_ASSIGN_OR_RETURN(cocoonfs::FileDevice device, cocoonfs::FileDevice::Open(image, file));
    return std::make_unique<cocoonfs::FileDevice>(std::move(device));
  }

  Random random_;
  MallocAllocator heap_;
  crypto::OpensslSymmetric symmetric_;
  std::unique_ptr<cocoonfs::FileDevice> device_;
  std::unique_ptr<cocoonfs::FileSystem> fs_;
  std::unique_ptr<cocoonfs::FixedStateStore> store_;
  std::unique_ptr<LibtpmsEngine> engine_;
  Bytes<kMaxTpmBuffer> response_{};
};

double OwnCpuUs() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Writes another value each time.
class Writer {
 public:
  Writer(Channel channel, CpuClock cpu) : channel_(std::move(channel)), cpu_(std::move(cpu)) {
    Bytes<256> buffer;
    const auto define =
        BuildNvDefineSpace({kIndex, evidence::TpmAlg::kSha256,
                            kNvPlatformCreate | kNvPpWrite | kNvAuthRead | kNvNoDa, kWriteSize},
                           buffer);
    ok_ = define.ok() && CheckResponse(channel_(*define)).ok();
    for (int i = 0; i < 20; ++i) (void)Run();
  }
  bool Run() {
    Bytes<kWriteSize> data{};
    ++value_;
    for (std::size_t i = 0; i < sizeof(value_); ++i) {
      data[i] = static_cast<std::uint8_t>(value_ >> (8 * i));
    }
    Bytes<256> buffer;
    const auto write = BuildNvWrite(kIndex, data, 0, buffer);
    ok_ = ok_ && write.ok() && CheckResponse(channel_(*write)).ok();
    return ok_;
  }
  // Microseconds of one of `batch` writes; adds up what they cost.
  double TimeUs(int batch) {
    const double before = cpu_();
    auto work = [this] { return Run(); };
    const double us = bench::TimeUs(work, batch);
    cpu_us_ += cpu_() - before;
    writes_ += batch;
    return us;
  }
  double cpu_us() const { return writes_ == 0 ? 0 : cpu_us_ / writes_; }
  bool ok() const { return ok_; }

 private:
  Channel channel_;
  CpuClock cpu_;
  std::uint64_t value_ = 0;
  double cpu_us_ = 0;
  double writes_ = 0;
  bool ok_ = false;
};

constexpr int kBatch = 20;

void Compare(benchmark::State& state, Writer& a, Writer& b) {
  bench::CompareTimes(
      state, [&] { return a.TimeUs(kBatch); }, [&] { return b.TimeUs(kBatch); });
  state.counters["A_cpu_us"] = a.cpu_us();
  state.counters["B_cpu_us"] = b.cpu_us();
  if (!a.ok() || !b.ok()) state.SkipWithError("a TPM refused");
}

void Alone(benchmark::State& state, Writer& b) {
  for (auto _ : state) state.SetIterationTime(b.TimeUs(kBatch) * 1e-6);
  state.counters["B_cpu_us"] = b.cpu_us();
  if (!b.ok()) state.SkipWithError("the TPM refused");
}

Writer Through(SocketTpm& tpm) {
  return Writer([&tpm](ByteView command) { return tpm.Run(command); },
                [&tpm] { return tpm.CpuUs(); });
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("A and B", "named A:B in each line; medians, run in turns");
  if (!StayOnOneCpu()) std::fprintf(stderr, "not on one CPU: socket rows say where they ran\n");
  const std::string disk = std::filesystem::temp_directory_path().string();
  const auto program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "svsm-vtpm")
          .string();
  const ImageFolder own_image(kMemoryDisk, IoBlocks::kSmall);
  const ImageFolder socket_image(kMemoryDisk, IoBlocks::kSmall);
  const ImageFolder disk_image(disk, IoBlocks::kLarge);
  OwnTpm own;
  if (!own_image.ok() || !socket_image.ok() || !disk_image.ok() ||
      !own.Start(own_image.image()).ok()) {
    std::fprintf(stderr, "the TPM does not start\n");
    return 1;
  }
  const auto swtpm = SocketTpm::StartIn(kMemoryDisk, "swtpm", {});
  const auto ours = SocketTpm::StartIn(kMemoryDisk, program, socket_image.Options());
  const auto on_disk = SocketTpm::StartIn(kMemoryDisk, program, disk_image.Options());
  Writer in_process([&own](ByteView command) { return own.Run(command); }, OwnCpuUs);
  std::optional<Writer> a, b, c;
  const auto configure = [](benchmark::internal::Benchmark* row) {
    row->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMicrosecond);
  };
  if (swtpm != nullptr) {
    a.emplace(Through(*swtpm));
    configure(benchmark::RegisterBenchmark(
        "NV_Write/swtpm:engine", [&](benchmark::State& state) { Compare(state, *a, in_process); }));
  } else {
    std::fprintf(stderr, "swtpm is not installed: nothing to compare with\n");
  }
  if (swtpm != nullptr && ours != nullptr) {
    b.emplace(Through(*ours));
    configure(benchmark::RegisterBenchmark(
        "NV_Write/swtpm:svsm-vtpm", [&](benchmark::State& state) { Compare(state, *a, *b); }));
  }
  if (on_disk != nullptr) {
    c.emplace(Through(*on_disk));
    configure(benchmark::RegisterBenchmark("NV_Write_disk/svsm-vtpm",
                                           [&](benchmark::State& state) { Alone(state, *c); }));
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace svsm::vtpm

int main(int argc, char** argv) { return svsm::vtpm::Main(argc, argv); }
