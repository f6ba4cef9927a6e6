#include "svsm/core/wire.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm::wire {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsStatus;

struct Sample {
  Le16 a;
  Be32 b;
  Bytes<2> c;
};
static_assert(Struct<Sample> && sizeof(Sample) == 8 && offsetof(Sample, b) == 2);
static_assert(!Struct<std::uint32_t>);

TEST(Wire, ReadsAndWritesFields) {
  const Bytes<9> in = {0x34, 0x12, 0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3};
  SVSM_ASSERT_OK_AND_ASSIGN(Sample sample, Read<Sample>(in));
  EXPECT_EQ(sample.a.get(), 0x1234);
  EXPECT_EQ(sample.b.get(), 0xDEADBEEFu);
  sample.a = 1;
  EXPECT_THAT(ToBytes(sample), BytesAre("0100deadbeef0102"));
}

TEST(Wire, ReadRefusesShortInput) {
  EXPECT_THAT(Read<Sample>(Bytes<7>{}), IsStatus(Code::kTruncated, Source::kCore, 8));
}

TEST(Wire, FieldsWorkAtCompileTime) {
  static_assert(Be64(0x0102030405060708).get() == 0x0102030405060708);
  static_assert(Le64(7) == Le64(7));
}

}  // namespace
}  // namespace svsm::wire
