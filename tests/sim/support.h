// What the tests of this room share.
#ifndef TESTS_SIM_SUPPORT_H_
#define TESTS_SIM_SUPPORT_H_

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "svsm/sim/amd_sp.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/chip.h"
#include "svsm/sim/provider.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"

namespace svsm::sim {

// 2026-01-01T00:00:00Z.
inline constexpr std::int64_t kTestTime = 1767225600;

// Keys are made once for a build folder, and only three of them, as an RSA-4096 key takes seconds.
// Each line has another of the three as its ARK's, ASK's and ASVK's.
inline std::string MakeTestKeyFolder() {
  const std::string folder = std::string(SVSM_BIN_DIR) + "/../sim-keys";
  for (const EndorsementKey signs : {EndorsementKey::kVcek, EndorsementKey::kVlek}) {
    EXPECT_THAT(CertificateAuthority::Open(kMilan, folder, signs), testing::IsOk());
  }
  const std::array<const char*, 3> names = {"/ark.key", "/ask.key", "/asvk.key"};
  std::size_t shift = 0;
  for (const ProductLine* line : {&kGenoa, &kTurin}) {
    ++shift;
    const std::string home = folder + "/" + line->name;
    mkdir(home.c_str(), 0755);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (access((home + names[i]).c_str(), F_OK) == 0) continue;
      const Result<ByteVector> key = ReadFile(folder + "/Milan" + names[(i + shift) % 3]);
      EXPECT_THAT(key, testing::IsOk());
      EXPECT_THAT(WriteFileAtomically(home + names[i], *key, FileMode::kPrivate), testing::IsOk());
    }
  }
  return folder;
}

inline const std::string& TestKeyFolder() {
  static const std::string kFolder = MakeTestKeyFolder();
  return kFolder;
}

inline const CertificateAuthority& TestAuthority() {
  static const Result<CertificateAuthority> kAuthority =
      CertificateAuthority::Open(kMilan, TestKeyFolder());
  return *kAuthority;
}

inline CertificateAuthority OpenAuthority(const ProductLine& line, EndorsementKey signs) {
  Result<CertificateAuthority> authority = CertificateAuthority::Open(line, TestKeyFolder(), signs);
  return *std::move(authority);
}

inline Provider MakeProvider(const ProductLine& line, std::uint64_t seed) {
  SeededRng rng(seed);
  Result<Provider> provider = Provider::Make(line, "example-cloud", rng);
  return *std::move(provider);
}

inline Chip MakeChip(const ProductLine& line, std::uint64_t seed) {
  SeededRng rng(seed);
  Result<Chip> chip = Chip::Make(line, rng);
  return *std::move(chip);
}

// While it lives, file permissions hold for this process even if it is root's.
class Unprivileged {
 public:
  Unprivileged() {
    if (was_root_) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ~Unprivileged() {
    if (was_root_) {
      EXPECT_EQ(seteuid(0), 0);
    }
  }

 private:
  const bool was_root_ = geteuid() == 0;
};

// A folder into which nobody without privileges may write.
class ClosedFolder {
 public:
  ClosedFolder() {
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(chmod(path.c_str(), 0555), 0);
  }
  ~ClosedFolder() { rmdir(path.c_str()); }
  const std::string path = ::testing::TempDir() + "svsm-sim-closed-" + std::to_string(getpid());
};

// An AMD-SP with a running guest whose four VMPCKs are known.
class LaunchedGuest {
 public:
  explicit LaunchedGuest(const PlatformState& state = PlatformState(), std::uint64_t seed = 1)
      : LaunchedGuest(kMilan, state, seed) {}
  LaunchedGuest(const ProductLine& line, const PlatformState& state, std::uint64_t seed)
      : rng_(seed), sp(MakeChip(line, 99), state, rng_) {
    handle = Launch({});
  }

  GuestHandle Launch(const LaunchFinishParameters& finish) {
    Result<GuestHandle> started = sp.LaunchStart({});
    EXPECT_THAT(started, testing::IsOk());
    Bytes<kPageSize> page{};
    page[0] = 0x5A;
    EXPECT_THAT(sp.LaunchUpdate(*started, snp::PageType::kNormal, Gpa(0x1000), page, {}),
                testing::IsOk());
    EXPECT_THAT(sp.LaunchUpdate(*started, snp::PageType::kSecrets, Gpa(0x2000), secrets, {}),
                testing::IsOk());
    EXPECT_THAT(sp.LaunchFinish(*started, finish), testing::IsOk());
    return *started;
  }

  Secret<snp::kVmpckSize> Vmpck(std::size_t index) const {
    return Secret<snp::kVmpckSize>(
        FixedView<snp::kVmpckSize>(ByteView(secrets).subspan(0x20 + 32 * index).first<32>()));
  }

 private:
  SeededRng rng_;

 public:
  AmdSp sp;
  GuestHandle handle;
  Bytes<kPageSize> secrets{};  // of the last guest launched
};

}  // namespace svsm::sim

#endif  // TESTS_SIM_SUPPORT_H_
