// svsm/snp/boot_entropy.h: how an SVSM seeds its generator at boot, when there is nothing yet that
// it could trust alone.
//
//   crypto::HardwareCpuRandom cpu;
//   VmpckHandover vmpck3{.id = VmpckId(3), .key = std::move(key)};      // from the secrets page
//   SVSM_ASSIGN_OR_RETURN(const BootEntropy from,
//                         SeedAtBoot(cpu, session, vmpck3, drbg));
//   if (from.cpu == CpuSource::kNone) Log("no entropy from the CPU");
//
// The seed is RDSEED || a key derived by the AMD-SP || a VMPCK that nobody uses. RDSEED is fresh,
// but a CPU may have none, or a stuck one; the other two are secret from host and guest, but the
// derived key is the same at every boot of this SVSM on this chip. The VMPCK is new at every
// launch. So any one of them that is sound suffices for secrecy, and RDSEED or the VMPCK for
// freshness.
//
// Profile: freestanding. Allocates: never. Threads: one call at a time on its arguments.
#ifndef SVSM_SNP_BOOT_ENTROPY_H_
#define SVSM_SNP_BOOT_ENTROPY_H_

#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/drbg.h"
#include "svsm/snp/guest_message_session.h"

namespace svsm::snp {

// GUEST_FIELD_SELECT of the derived key: no key that seals state is asked for so.
inline constexpr std::uint64_t kEntropyKeyFields = derived_key_field::kMeasurement;

// What the CPU's part came from.
enum class CpuSource : std::uint8_t {
  kRdSeed,
  kRdRand,  // RDSEED is absent or failed
  kNone,    // both are absent or failed: zeros, and the other two parts carry the seed
};

struct BootEntropy {
  CpuSource cpu = CpuSource::kNone;
  Status rdseed;  // what EntropySource::Fill() said of it
  Status rdrand;  // the same; OK also if it was not needed
};

// Seeds `drbg`. `session` is asked for one derived key, for VMPL 0. The key of `unused` is wiped
// once it is in the seed: nobody can send a message under it, nor learn the seed from it. After an
// error it is as it was, for another try. Errors: kInvalidArgument (messages were sent under it;
// detail = the low 32 bits of their number), those of GuestMessageSession::DeriveKey() and of
// Drbg::Seed(); `drbg` keeps the state that it had, except after an error of its own.
[[nodiscard]] Result<BootEntropy> SeedAtBoot(crypto::CpuRandom& cpu, GuestMessageSession& session,
                                             VmpckHandover& unused, crypto::Drbg& drbg);

}  // namespace svsm::snp

#endif  // SVSM_SNP_BOOT_ENTROPY_H_
