#include "svsm/snp/product.h"

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using ::testing::Eq;
using ::testing::StrEq;

TEST(ProductTest, NamesAreTheKeyServices) {
  EXPECT_THAT(ProductName(Product::kMilan), StrEq("Milan"));
  EXPECT_THAT(ProductName(Product::kGenoa), StrEq("Genoa"));
  EXPECT_THAT(ProductName(Product::kTurin), StrEq("Turin"));
  EXPECT_THAT(ProductName(Product::kVenice), StrEq("Venice"));
  EXPECT_THAT(ProductName(static_cast<Product>(9)), StrEq("?"));
}

struct Range {
  std::uint8_t family;
  std::uint8_t first;
  std::uint8_t last;
  Product product;
};

TEST(ProductTest, EveryFamilyAndModelIsInItsRangeOrUnsupported) {
  constexpr Range kRanges[] = {
      {0x19, 0x00, 0x0F, Product::kMilan},  {0x19, 0x10, 0x1F, Product::kGenoa},
      {0x19, 0xA0, 0xAF, Product::kGenoa},  {0x1A, 0x00, 0x11, Product::kTurin},
      {0x1A, 0x50, 0x57, Product::kVenice}, {0x1A, 0x90, 0xAF, Product::kVenice},
      {0x1A, 0xC0, 0xC7, Product::kVenice},
  };
  for (unsigned family = 0; family < 256; ++family) {
    for (unsigned model = 0; model < 256; ++model) {
      const Range* expected = nullptr;
      for (const Range& range : kRanges) {
        if (family == range.family && model >= range.first && model <= range.last) {
          expected = &range;
        }
      }
      const auto found =
          ProductFromCpuid(static_cast<std::uint8_t>(family), static_cast<std::uint8_t>(model));
      if (expected != nullptr) {
        EXPECT_THAT(found, IsOkAnd(Eq(expected->product))) << family << "/" << model;
      } else {
        EXPECT_THAT(found, IsStatus(Code::kUnsupported, Source::kSnp, family << 8 | model));
      }
    }
  }
}

TEST(ProductTest, ChipIdFormsAreToldApart) {
  Bytes<kChipIdSize> chip_id{};
  EXPECT_EQ(ClassifyChipId(chip_id), ChipIdForm::kMasked);
  chip_id[7] = 1;
  EXPECT_EQ(ClassifyChipId(chip_id), ChipIdForm::kFirstEight);
  chip_id[8] = 1;
  EXPECT_EQ(ClassifyChipId(chip_id), ChipIdForm::kFull);
  chip_id = {};
  chip_id[63] = 1;
  EXPECT_EQ(ClassifyChipId(chip_id), ChipIdForm::kFull);
}

}  // namespace
}  // namespace svsm::snp
