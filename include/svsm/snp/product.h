// svsm/snp/product.h: which processor line a report comes from.
//
//   SVSM_ASSIGN_OR_RETURN(const Product product, ProductFromCpuid(0x19, 0x11));
//   const char* const name = ProductName(product);      // "Genoa"
//
// A line shares one key hierarchy (ARK, ASK, ASVK) and one layout of TCB_VERSION. Bergamo and Siena
// are of Genoa's line.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: AMD 57230 (VCEK and KDS), product names; AMD 56860, CPUID_FAM_ID and CPUID_MOD_ID.
#ifndef SVSM_SNP_PRODUCT_H_
#define SVSM_SNP_PRODUCT_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::snp {

inline constexpr std::size_t kChipIdSize = 64;

enum class Product : std::uint8_t { kMilan, kGenoa, kTurin, kVenice };

// The line's name as AMD's key distribution service spells it: "Milan", "Genoa", "Turin", "Venice";
// "?" for a value outside the list.
const char* ProductName(Product product);

// The line of a combined (base plus extended) CPUID family and model: 19h/00-0F Milan, 19h/10-1F
// and A0-AF Genoa, 1Ah/00-11 Turin, 1Ah/50-57, 90-9F, A0-AF and C0-C7 Venice. Errors: kUnsupported
// (detail = family << 8 | model).
Result<Product> ProductFromCpuid(std::uint8_t family, std::uint8_t model);

// What a CHIP_ID says about the line by its form: since Turin only its first eight bytes are used.
enum class ChipIdForm : std::uint8_t {
  kMasked,     // all zero: MASK_CHIP_ID is set, or a VLEK signs; says nothing
  kFull,       // Milan or Genoa
  kFirstEight  // Turin or later
};
ChipIdForm ClassifyChipId(FixedView<kChipIdSize> chip_id);

}  // namespace svsm::snp

#endif  // SVSM_SNP_PRODUCT_H_
