// What the AMD-SP keeps of one guest.
#ifndef SVSM_SIM_GUEST_H_
#define SVSM_SIM_GUEST_H_

#include <array>
#include <cstdint>
#include <optional>

#include "svsm/core/secret.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/snp/tsc_info.h"

namespace svsm::sim {

enum class GuestState : std::uint8_t { kLaunching, kRunning };

struct AmdSp::Guest {
  struct Vmpck {
    Secret<snp::kVmpckSize> key;
    std::uint64_t messages_used = 0;
  };

  GuestState state = GuestState::kLaunching;
  std::uint64_t policy = 0;
  Bytes<16> gosvw{};
  crypto::OpensslHash sha384{crypto::HashAlg::kSha384};
  snp::LaunchDigest digest{sha384};
  std::array<Vmpck, snp::kNumVmpcks> vmpcks;
  Bytes<snp::kReportIdSize> report_id{};
  Bytes<snp::kHostDataSize> host_data{};
  // From the ID block; zero without one.
  std::uint32_t guest_svn = 0;
  Bytes<snp::kIdSize> family_id{};
  Bytes<snp::kIdSize> image_id{};
  Bytes<snp::kKeyDigestSize> id_key_digest{};
  Bytes<snp::kKeyDigestSize> author_key_digest{};
  bool has_author_key = false;
  snp::RawTcb launch_tcb{};
  std::uint64_t launch_mit_vector = 0;
  std::optional<snp::TscInfo> tsc;
};

// What the AMD-SP says of a guest in a report and mixes into keys: a copy without secrets.
struct GuestFacts {
  std::uint64_t policy = 0;
  std::uint32_t guest_svn = 0;
  Bytes<snp::kIdSize> family_id{};
  Bytes<snp::kIdSize> image_id{};
  Bytes<snp::kLaunchDigestSize> measurement{};
  Bytes<snp::kHostDataSize> host_data{};
  Bytes<snp::kReportIdSize> report_id{};
  Bytes<snp::kKeyDigestSize> id_key_digest{};
  Bytes<snp::kKeyDigestSize> author_key_digest{};
  bool has_author_key = false;
  snp::RawTcb launch_tcb{};
  std::uint64_t launch_mit_vector = 0;
  std::optional<snp::TscInfo> tsc;  // with Secure TSC
};

inline Status Refused(Code code, FirmwareError error) {
  return Status(code, Source::kSim, static_cast<std::uint32_t>(error));
}

}  // namespace svsm::sim

#endif  // SVSM_SIM_GUEST_H_
