// svsm/snp/tcb.h: TCB_VERSION, the security version numbers of the firmware parts below a guest.
//
// Eight bytes, whose meaning depends on the product. Two of them are compared component by
// component and never as an integer: a higher microcode does not make up for a lower SNP firmware.
//
//   SVSM_ASSIGN_OR_RETURN(const TcbVersion reported, DecodeTcb(report.reported_tcb(), product));
//   if (const auto low = FirstBelow(reported, minimum)) return Refuse(TcbComponentName(*low));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: AMD 56860, "TCB_VERSION" (both layouts).
#ifndef SVSM_SNP_TCB_H_
#define SVSM_SNP_TCB_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/snp/product.h"

namespace svsm::snp {

inline constexpr std::size_t kTcbSize = 8;

// TCB_VERSION as it stands in reports and messages. Says nothing without a product.
using RawTcb = Bytes<kTcbSize>;

enum class TcbLayout : std::uint8_t {
  kMilan,  // bootloader, TEE, 4 reserved, SNP, microcode: Milan and Genoa
  kTurin   // FMC, bootloader, TEE, SNP, 3 reserved, microcode: Turin and Venice
};
constexpr TcbLayout TcbLayoutOf(Product product) {
  return product == Product::kMilan || product == Product::kGenoa ? TcbLayout::kMilan
                                                                  : TcbLayout::kTurin;
}

enum class TcbComponent : std::uint8_t { kFmc, kBootloader, kTee, kSnp, kMicrocode };
inline constexpr std::array<TcbComponent, 5> kTcbComponents = {
    TcbComponent::kFmc, TcbComponent::kBootloader, TcbComponent::kTee, TcbComponent::kSnp,
    TcbComponent::kMicrocode};
// "FMC", "bootloader", "TEE", "SNP", "microcode"; "?" for a value outside the list.
const char* TcbComponentName(TcbComponent component);

struct TcbVersion {
  TcbLayout layout = TcbLayout::kMilan;
  std::uint8_t fmc = 0;  // zero in layout kMilan, which has none
  std::uint8_t bootloader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;

  constexpr std::uint8_t component(TcbComponent which) const {
    switch (which) {
      case TcbComponent::kFmc:
        return fmc;
      case TcbComponent::kBootloader:
        return bootloader;
      case TcbComponent::kTee:
        return tee;
      case TcbComponent::kSnp:
        return snp;
      case TcbComponent::kMicrocode:
        return microcode;
    }
    return 0;
  }
  friend constexpr bool operator==(const TcbVersion&, const TcbVersion&) = default;
};

// Errors: kMalformed (detail = index 0..7 of the first reserved byte that is not zero).
Result<TcbVersion> DecodeTcb(const RawTcb& raw, TcbLayout layout);
inline Result<TcbVersion> DecodeTcb(const RawTcb& raw, Product product) {
  return DecodeTcb(raw, TcbLayoutOf(product));
}
// The inverse. A non-zero fmc in layout kMilan has no place and is left out.
RawTcb EncodeTcb(const TcbVersion& tcb);

// The first component of `tcb` that is below that of `minimum`; none if each is at least as high.
// Versions of different layouts do not compare: kFmc is named then.
std::optional<TcbComponent> FirstBelow(const TcbVersion& tcb, const TcbVersion& minimum);
// Whether no component is below. Neither of two versions may be at least the other.
inline bool AtLeast(const TcbVersion& tcb, const TcbVersion& minimum) {
  return !FirstBelow(tcb, minimum).has_value();
}

}  // namespace svsm::snp

#endif  // SVSM_SNP_TCB_H_
