#include "svsm/core/hosted.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;
using ::testing::Eq;

TEST(ToString, NamesCodeSourceAndDetail) {
  EXPECT_EQ(ToString(OkStatus()), "Ok");
  EXPECT_EQ(ToString(Status(Code::kAuthFailed, Source::kSnp, 17)), "AuthFailed (Snp, detail 17)");
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(ToHex(Bytes<3>{0x00, 0xAB, 0xFF}), "00abff");
  EXPECT_THAT(FromHex("00aBFf"), IsOkAnd(BytesAre("00abff")));
  EXPECT_THAT(FromHex(""), IsOkAnd(BytesAre("")));
}

TEST(Hex, SaysWhereItIsMalformed) {
  EXPECT_THAT(FromHex("00g0"), IsStatus(Code::kMalformed, Source::kCore, 2));
  EXPECT_THAT(FromHex("000"), IsStatus(Code::kMalformed, Source::kCore, 3));
}

TEST(MemoryStateStore, KeepsBlobs) {
  MemoryStateStore store;
  const Bytes<3> blob = {1, 2, 3};
  EXPECT_THAT(store.Write("tpm.permanent", blob), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsOkAnd(Eq(3u)));
  Bytes<4> out = {9, 9, 9, 9};
  EXPECT_THAT(store.Read("tpm.permanent", out), IsOkAnd(Eq(3u)));
  EXPECT_EQ(out, (Bytes<4>{1, 2, 3, 0}));
  EXPECT_THAT(store.Write("tpm.permanent", {}), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsOkAnd(Eq(0u)));
  EXPECT_THAT(store.Remove("tpm.permanent"), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsStatus(Code::kNotFound, Source::kCore));
}

TEST(MemoryStateStore, RefusesWhatItMust) {
  MemoryStateStore store;
  const Bytes<3> blob = {1, 2, 3};
  ASSERT_THAT(store.Write("a", blob), IsOk());
  Bytes<2> out = {9, 9};
  EXPECT_THAT(store.Read("a", out), IsStatus(Code::kBufferTooSmall, Source::kCore, 3));
  EXPECT_EQ(out, (Bytes<2>{}));
  EXPECT_THAT(store.Read("b", out), IsStatus(Code::kNotFound, Source::kCore));
  EXPECT_THAT(store.Remove("b"), IsStatus(Code::kNotFound, Source::kCore));
  for (const char* name :
       {"", "A", "a/b", "../x", ".x", "a b", "0123456789012345678901234567890123"}) {
    EXPECT_THAT(store.Write(name, blob), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Read(name, out), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Size(name), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Remove(name), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
  }
}

}  // namespace
}  // namespace svsm
