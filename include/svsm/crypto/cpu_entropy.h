// svsm/crypto/cpu_entropy.h: entropy from RDSEED and RDRAND, tested for health before it is used.
//
//   HardwareCpuRandom cpu;
//   RdSeedSource source(cpu);
//   Secret<48> seed;
//   SVSM_TRY(source.Fill(seed.writable()));   // kUnavailable where the CPU has no RDSEED
//
// Processors have shipped whose RDRAND says "success" and gives the same word for ever, so a word
// is believed only while it looks alive. That finds a stuck source, not a predictable one: mix
// several sources in crypto::Drbg::Seed().
//
// Spec: AMD APM vol. 3 (RDRAND, RDSEED, CPUID 1 and 7), NIST SP 800-90B, 4.4. Profile:
// freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_CRYPTO_CPU_ENTROPY_H_
#define SVSM_CRYPTO_CPU_ENTROPY_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/entropy_source.h"
#include "svsm/core/status.h"

namespace svsm::crypto {

// The two instructions, so that a test can be the CPU.
class CpuRandom {
 public:
  // What CPUID says. The Rd functions are called only if it says yes.
  virtual bool HasRdSeed() const = 0;
  virtual bool HasRdRand() const = 0;
  // One execution. False: the CPU had nothing to give; `word` is 0 then.
  virtual bool RdSeed(std::uint64_t& word) = 0;
  virtual bool RdRand(std::uint64_t& word) = 0;

 protected:
  ~CpuRandom() = default;
};

// This CPU. Threads: any, at once.
class HardwareCpuRandom final : public CpuRandom {
 public:
  // Executes CPUID, which a guest's #VC handler must be able to answer by now.
  HardwareCpuRandom();
  bool HasRdSeed() const override { return has_rdseed_; }
  bool HasRdRand() const override { return has_rdrand_; }
  bool RdSeed(std::uint64_t& word) override;
  bool RdRand(std::uint64_t& word) override;

 private:
  bool has_rdseed_ = false;
  bool has_rdrand_ = false;
};

// The health tests, over words of 64 bits: a word of zeros or ones fails, so does a word that
// equals the one before (repetition count, cutoff 2), and a byte value that is found kCutoff times
// or more in the window that it begins (adaptive proportion). A good source fails one window in
// 2^40.
class EntropyHealth {
 public:
  static constexpr unsigned kWindowBytes = 512;
  static constexpr unsigned kCutoff = 20;

  // False once a test has failed, and from then on.
  bool Accept(std::uint64_t word);
  bool healthy() const { return healthy_; }

 private:
  bool CountByte(std::uint8_t byte);
  bool healthy_ = true;
  bool any_ = false;
  std::uint64_t last_ = 0;
  std::uint8_t sample_ = 0;
  unsigned in_window_ = 0;
  unsigned found_ = 0;
};

// Fill() of both: the first one tests kStartUpWords words that are given to nobody. Errors:
// kUnavailable (not in CPUID), kExhausted (no word in kMaxTries executions), kDataLoss (a health
// test failed, now or earlier: this object gives nothing any more); the output is zero then.
inline constexpr unsigned kStartUpWords = 128;

class RdSeedSource final : public EntropySource {
 public:
  static constexpr unsigned kMaxTries = 1000;
  // Borrows `cpu` for its life.
  explicit RdSeedSource(CpuRandom& cpu) : cpu_(cpu) {}
  Status Fill(ByteSpan out) override;

 private:
  CpuRandom& cpu_;
  EntropyHealth health_;
  bool started_ = false;
};

class RdRandSource final : public EntropySource {
 public:
  static constexpr unsigned kMaxTries = 10;
  // Borrows `cpu` for its life.
  explicit RdRandSource(CpuRandom& cpu) : cpu_(cpu) {}
  Status Fill(ByteSpan out) override;

 private:
  CpuRandom& cpu_;
  EntropyHealth health_;
  bool started_ = false;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_CPU_ENTROPY_H_
