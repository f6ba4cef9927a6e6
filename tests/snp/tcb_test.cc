#include "svsm/snp/tcb.h"

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using ::testing::Eq;
using ::testing::Optional;
using ::testing::StrEq;

TEST(TcbTest, MilanAndGenoaHaveNoFmc) {
  const TcbVersion expected{TcbLayout::kMilan, 0, 4, 1, 0x18, 0xDB};
  for (const Product product : {Product::kMilan, Product::kGenoa}) {
    EXPECT_THAT(DecodeTcb(RawTcb{4, 1, 0, 0, 0, 0, 0x18, 0xDB}, product), IsOkAnd(Eq(expected)));
  }
}

TEST(TcbTest, TurinAndVeniceBeginWithFmc) {
  const TcbVersion expected{TcbLayout::kTurin, 9, 1, 2, 4, 0x51};
  for (const Product product : {Product::kTurin, Product::kVenice}) {
    EXPECT_THAT(DecodeTcb(RawTcb{9, 1, 2, 4, 0, 0, 0, 0x51}, product), IsOkAnd(Eq(expected)));
  }
}

TEST(TcbTest, ReservedBytesAreRefused) {
  for (std::uint8_t i = 0; i < kTcbSize; ++i) {
    RawTcb raw{};
    raw[i] = 1;
    const auto milan = DecodeTcb(raw, Product::kMilan);
    if (i >= 2 && i <= 5) {
      EXPECT_THAT(milan, IsStatus(Code::kMalformed, Source::kSnp, i));
    } else {
      EXPECT_TRUE(milan.ok());
    }
    const auto turin = DecodeTcb(raw, Product::kTurin);
    if (i >= 4 && i <= 6) {
      EXPECT_THAT(turin, IsStatus(Code::kMalformed, Source::kSnp, i));
    } else {
      EXPECT_TRUE(turin.ok());
    }
  }
}

TEST(TcbTest, EncodingIsTheInverse) {
  for (const RawTcb& raw : {RawTcb{4, 1, 0, 0, 0, 0, 0x18, 0xDB}, RawTcb{0, 0, 0, 0, 0, 0, 0, 0}}) {
    EXPECT_EQ(EncodeTcb(*DecodeTcb(raw, Product::kGenoa)), raw);
  }
  const RawTcb turin{9, 1, 2, 4, 0, 0, 0, 0x51};
  EXPECT_EQ(EncodeTcb(*DecodeTcb(turin, Product::kTurin)), turin);
  // There is no place for an FMC.
  EXPECT_EQ(EncodeTcb(TcbVersion{TcbLayout::kMilan, 7, 1, 2, 3, 4}),
            (RawTcb{1, 2, 0, 0, 0, 0, 3, 4}));
}

TEST(TcbTest, ComparesComponentByComponent) {
  const TcbVersion minimum{TcbLayout::kTurin, 1, 2, 3, 4, 5};
  EXPECT_TRUE(AtLeast(minimum, minimum));
  EXPECT_FALSE(FirstBelow(minimum, minimum).has_value());
  for (const TcbComponent component : kTcbComponents) {
    // All others are far higher: it does not help.
    TcbVersion tcb{TcbLayout::kTurin, 99, 99, 99, 99, 99};
    EXPECT_TRUE(AtLeast(tcb, minimum));
    const auto low = static_cast<std::uint8_t>(minimum.component(component) - 1);
    switch (component) {
      case TcbComponent::kFmc:
        tcb.fmc = low;
        break;
      case TcbComponent::kBootloader:
        tcb.bootloader = low;
        break;
      case TcbComponent::kTee:
        tcb.tee = low;
        break;
      case TcbComponent::kSnp:
        tcb.snp = low;
        break;
      case TcbComponent::kMicrocode:
        tcb.microcode = low;
        break;
    }
    EXPECT_EQ(tcb.component(component), low);
    EXPECT_FALSE(AtLeast(tcb, minimum));
    EXPECT_THAT(FirstBelow(tcb, minimum), Optional(component));
  }
}

TEST(TcbTest, NeitherOfTwoVersionsMayBeTheHigher) {
  const TcbVersion a{TcbLayout::kMilan, 0, 4, 0, 0x18, 0xDB};
  const TcbVersion b{TcbLayout::kMilan, 0, 3, 0, 0x18, 0xFF};
  EXPECT_FALSE(AtLeast(a, b));
  EXPECT_FALSE(AtLeast(b, a));
}

TEST(TcbTest, LayoutsDoNotCompare) {
  const TcbVersion milan{TcbLayout::kMilan, 0, 0, 0, 0, 0};
  const TcbVersion turin{TcbLayout::kTurin, 9, 9, 9, 9, 9};
  EXPECT_THAT(FirstBelow(turin, milan), Optional(TcbComponent::kFmc));
}

TEST(TcbTest, ComponentsHaveNames) {
  EXPECT_THAT(TcbComponentName(TcbComponent::kFmc), StrEq("FMC"));
  EXPECT_THAT(TcbComponentName(TcbComponent::kBootloader), StrEq("bootloader"));
  EXPECT_THAT(TcbComponentName(TcbComponent::kTee), StrEq("TEE"));
  EXPECT_THAT(TcbComponentName(TcbComponent::kSnp), StrEq("SNP"));
  EXPECT_THAT(TcbComponentName(TcbComponent::kMicrocode), StrEq("microcode"));
  EXPECT_THAT(TcbComponentName(static_cast<TcbComponent>(77)), StrEq("?"));
}

}  // namespace
}  // namespace svsm::snp
