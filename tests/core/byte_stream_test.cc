#include "svsm/core/byte_stream.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

// Gives one byte a call, then the connection is gone.
class Dripping final : public ByteStream {
 public:
  explicit Dripping(ByteView bytes) : bytes_(bytes) {}
  Result<std::size_t> ReadSome(ByteSpan out) override {
    if (bytes_.empty()) return Status(Code::kConnectionClosed, Source::kCaller);
    out[0] = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return std::size_t{1};
  }
  Status WriteAll(ByteView) override { return OkStatus(); }

 private:
  ByteView bytes_;
};

TEST(ReadExactly, ReadsAsOftenAsItTakes) {
  const Bytes<4> sent = {1, 2, 3, 4};
  Dripping stream(sent);
  Bytes<4> got{};
  EXPECT_THAT(ReadExactly(stream, got), IsOk());
  EXPECT_EQ(got, sent);
}

TEST(ReadExactly, ZeroesWhatItHadWhenTheStreamEnds) {
  const Bytes<2> sent = {1, 2};
  Dripping stream(sent);
  Bytes<4> got = {9, 9, 9, 9};
  EXPECT_THAT(ReadExactly(stream, got), IsStatus(Code::kConnectionClosed, Source::kCaller));
  EXPECT_EQ(got, (Bytes<4>{}));
}

// Gives three bytes, then fails with `status`.
class Failing final : public ByteStream {
 public:
  explicit Failing(Status status) : status_(status) {}
  Result<std::size_t> ReadSome(ByteSpan out) override {
    if (given_) return status_;
    given_ = true;
    Fill(out.first(3), 7);
    return std::size_t{3};
  }
  Status WriteAll(ByteView) override { return status_; }

 private:
  Status status_;
  bool given_ = false;
};

TEST(ReadExactly, PassesTheStreamsErrorOn) {
  for (const Code code : {Code::kConnectionClosed, Code::kExhausted, Code::kIoError}) {
    Failing stream(Status(code, Source::kSystem, 5));
    Bytes<4> got = {9, 9, 9, 9};
    EXPECT_THAT(ReadExactly(stream, got), IsStatus(code, Source::kSystem, 5));
    EXPECT_EQ(got, (Bytes<4>{}));
  }
}

}  // namespace
}  // namespace svsm
