#include "svsm/snp/product.h"

namespace svsm::snp {
namespace {

struct ModelRange {
  std::uint8_t family;
  std::uint8_t first_model;
  std::uint8_t last_model;
  Product product;
};

constexpr ModelRange kModels[] = {
    {0x19, 0x00, 0x0F, Product::kMilan},  {0x19, 0x10, 0x1F, Product::kGenoa},
    {0x19, 0xA0, 0xAF, Product::kGenoa},  {0x1A, 0x00, 0x11, Product::kTurin},
    {0x1A, 0x50, 0x57, Product::kVenice}, {0x1A, 0x90, 0x9F, Product::kVenice},
    {0x1A, 0xA0, 0xAF, Product::kVenice}, {0x1A, 0xC0, 0xC7, Product::kVenice},
};

constexpr std::size_t kShortChipIdSize = 8;

}  // namespace

const char* ProductName(Product product) {
  switch (product) {
    case Product::kMilan:
      return "Milan";
    case Product::kGenoa:
      return "Genoa";
    case Product::kTurin:
      return "Turin";
    case Product::kVenice:
      return "Venice";
  }
  return "?";
}

Result<Product> ProductFromCpuid(std::uint8_t family, std::uint8_t model) {
  for (const ModelRange& range : kModels) {
    if (family == range.family && model >= range.first_model && model <= range.last_model) {
      return range.product;
    }
  }
  return Status(Code::kUnsupported, Source::kSnp, static_cast<std::uint32_t>(family) << 8 | model);
}

ChipIdForm ClassifyChipId(FixedView<kChipIdSize> chip_id) {
  if (IsZero(chip_id)) return ChipIdForm::kMasked;
  return IsZero(chip_id.subspan(kShortChipIdSize)) ? ChipIdForm::kFirstEight : ChipIdForm::kFull;
}

}  // namespace svsm::snp
