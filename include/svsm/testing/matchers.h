// svsm/testing/matchers.h: GoogleMock matchers for Status, Result and bytes.
//
//   EXPECT_THAT(store.Write("state", blob), IsOk());
//   EXPECT_THAT(ParseReport(bytes), IsStatus(Code::kUnsupported, Source::kSnp, 9));
//   EXPECT_THAT(ReadSize(bytes), IsOkAnd(Eq(17u)));
//   EXPECT_THAT(digest, BytesAre("ba7816bf..."));
//   SVSM_ASSERT_OK_AND_ASSIGN(const auto report, ParseReport(bytes));
//
// Profile: hosted; needs GoogleTest and GoogleMock. Allocates: as they do. Threads: as
// GoogleTest's.
#ifndef SVSM_TESTING_MATCHERS_H_
#define SVSM_TESTING_MATCHERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"

namespace svsm {

// How GoogleTest prints what the matchers compare.
inline void PrintTo(const Status& status, std::ostream* os) { *os << ToString(status); }

namespace testing {

inline Status StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

// A Status or Result without error.
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << "which is " << ToString(StatusOf(arg));
  return StatusOf(arg).ok();
}

// A Status or Result with exactly this code, source and detail.
MATCHER_P3(IsStatus, code, source, detail,
           "is " + ToString(Status(code, source, static_cast<std::uint32_t>(detail)))) {
  *result_listener << "which is " << ToString(StatusOf(arg));
  return StatusOf(arg) == Status(code, source, static_cast<std::uint32_t>(detail));
}

// The same with the detail 0.
MATCHER_P2(IsStatus, code, source, "is " + ToString(Status(code, source))) {
  *result_listener << "which is " << ToString(StatusOf(arg));
  return StatusOf(arg) == Status(code, source);
}

// A Result whose value matches.
MATCHER_P(IsOkAnd, matcher, "is OK and its value matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << ToString(arg.status());
    return false;
  }
  return ::testing::ExplainMatchResult(matcher, *arg, result_listener);
}

// A range of bytes that equals these hex digits.
MATCHER_P(BytesAre, hex, "has the bytes " + std::string(hex)) {
  const std::string found = ToHex(ByteView(arg));
  *result_listener << "which has the bytes " << found;
  return found == std::string_view(hex);
}

// A range of bytes that equals this one.
template <typename Range>
auto SameBytes(const Range& bytes) {
  return BytesAre(ToHex(ByteView(bytes)));
}

}  // namespace testing
}  // namespace svsm

// Declares `lhs` with the value of `expr`, a Result, or ends the test.
#define SVSM_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  SVSM_INTERNAL_ASSERT_ASSIGN(SVSM_INTERNAL_CONCAT(svsm_result_, __LINE__), lhs, expr)
#define SVSM_INTERNAL_ASSERT_ASSIGN(result, lhs, expr) \
  auto result = (expr);                                \
  ASSERT_THAT(result, ::svsm::testing::IsOk());        \
  lhs = *std::move(result)

#endif  // SVSM_TESTING_MATCHERS_H_
