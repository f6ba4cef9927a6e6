#include "svsm/crypto/cpu_entropy.h"

namespace svsm::crypto {

bool EntropyHealth::CountByte(std::uint8_t byte) {
  if (in_window_ == 0) {
    sample_ = byte;
    found_ = 0;
  }
  if (byte == sample_) ++found_;
  in_window_ = (in_window_ + 1) % kWindowBytes;
  return found_ < kCutoff;
}

bool EntropyHealth::Accept(std::uint64_t word) {
  if (word == 0 || word == ~std::uint64_t{0} || (any_ && word == last_)) healthy_ = false;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    if (!CountByte(static_cast<std::uint8_t>(word >> shift))) healthy_ = false;
  }
  any_ = true;
  last_ = word;
  return healthy_;
}

namespace {

// `draw` executes the instruction once.
template <typename Draw>
Status NextWord(EntropyHealth& health, unsigned tries, Draw draw, std::uint64_t& word) {
  for (unsigned i = 0; i < tries; ++i) {
    if (!draw(word)) continue;
    if (health.Accept(word)) return OkStatus();
    return Status(Code::kDataLoss, Source::kCrypto);
  }
  return Status(Code::kExhausted, Source::kCrypto);
}

template <typename Draw>
Status FillWords(EntropyHealth& health, bool& started, unsigned tries, Draw draw, ByteSpan out) {
  if (!health.healthy()) return Status(Code::kDataLoss, Source::kCrypto);
  std::uint64_t word = 0;
  Status status;
  if (!started) {
    for (unsigned i = 0; i < kStartUpWords && status.ok(); ++i) {
      status = NextWord(health, tries, draw, word);
    }
    started = status.ok();
  }
  for (std::size_t i = 0; i < out.size() && status.ok(); ++i) {
    if (i % sizeof(word) == 0) status = NextWord(health, tries, draw, word);
    out[i] = static_cast<std::uint8_t>(word >> (8 * (i % sizeof(word))));
  }
  word = 0;
  asm volatile("" : "+r"(word));  // no copy of the last word stays in the variable
  return status;
}

}  // namespace

Status RdSeedSource::Fill(ByteSpan out) {
  Status status(Code::kUnavailable, Source::kCrypto);
  if (cpu_.HasRdSeed()) {
    const auto draw = [this](std::uint64_t& word) { return cpu_.RdSeed(word); };
    status = FillWords(health_, started_, kMaxTries, draw, out);
  }
  if (!status.ok()) Wipe(out);
  return status;
}

Status RdRandSource::Fill(ByteSpan out) {
  Status status(Code::kUnavailable, Source::kCrypto);
  if (cpu_.HasRdRand()) {
    const auto draw = [this](std::uint64_t& word) { return cpu_.RdRand(word); };
    status = FillWords(health_, started_, kMaxTries, draw, out);
  }
  if (!status.ok()) Wipe(out);
  return status;
}

#if defined(__x86_64__)

namespace {

struct CpuidRegisters {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidRegisters Cpuid(std::uint32_t leaf) {
  CpuidRegisters out;
  asm volatile("cpuid"
               : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
               : "a"(leaf), "c"(0));
  return out;
}

}  // namespace

HardwareCpuRandom::HardwareCpuRandom() {
  const std::uint32_t max_leaf = Cpuid(0).eax;
  has_rdrand_ = max_leaf >= 1 && (Cpuid(1).ecx >> 30 & 1) != 0;
  has_rdseed_ = max_leaf >= 7 && (Cpuid(7).ebx >> 18 & 1) != 0;
}

bool HardwareCpuRandom::RdSeed(std::uint64_t& word) {
  bool ok = false;
  asm volatile("rdseed %0" : "=r"(word), "=@ccc"(ok));
  if (!ok) asm volatile("pause");
  return ok;
}

bool HardwareCpuRandom::RdRand(std::uint64_t& word) {
  bool ok = false;
  asm volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
  return ok;
}

#else

HardwareCpuRandom::HardwareCpuRandom() = default;

bool HardwareCpuRandom::RdSeed(std::uint64_t& word) {
  word = 0;
  return false;
}

bool HardwareCpuRandom::RdRand(std::uint64_t& word) {
  word = 0;
  return false;
}

#endif

}  // namespace svsm::crypto
