// Covers: svsm/conformance/subject.h
#include "svsm/conformance/pipe_subject.h"

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::conformance {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

// A program that expects one request and gives one answer.
std::unique_ptr<PipeSubject> Program(const std::string& request, const std::string& answer) {
  auto started = PipeSubject::Start(
      {"/bin/sh", "-c", "read -r x; [ \"$x\" = \"" + request + "\" ] && echo \"" + answer + "\""});
  EXPECT_THAT(started.status(), IsOk());
  return *std::move(started);
}

Status Malformed(const char (&first)[5]) {
  std::uint32_t detail = 0;
  for (std::size_t i = 0; i < 4; ++i) detail = detail << 8 | static_cast<unsigned char>(first[i]);
  return Status(Code::kMalformed, Source::kProtocol, detail);
}

const auto kEnded = IsStatus(Code::kIoError, Source::kSystem, 0);

TEST(PipeSubjectTest, Resets) {
  EXPECT_THAT(Program("reset", "ok")->Reset(), IsOk());
  EXPECT_EQ(Program("reset", "no!!")->Reset(), Malformed("no!!"));
  EXPECT_EQ(Program("reset", "")->Reset(), Malformed("\0\0\0\0"));
}

TEST(PipeSubjectTest, FindsPlaces) {
  EXPECT_THAT(Program("place free", "ok 12ab")->Place("free"), IsOkAnd(0x12ABu));
  EXPECT_THAT(Program("place free", "none")->Place("free"),
              IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_EQ(Program("place free", "ok 0x12")->Place("free").status(), Malformed("0x12"));
  EXPECT_EQ(Program("place free", "okay")->Place("free").status(), Malformed("okay"));
}

TEST(PipeSubjectTest, ReadsAndWrites) {
  Bytes<2> out{};
  EXPECT_THAT(Program("read 1000 2", "ok abcd")->Read(Gpa(0x1000), out), IsOk());
  EXPECT_THAT(out, SameBytes(Bytes<2>{0xAB, 0xCD}));
  EXPECT_THAT(Program("read 1000 2", "fault")->Read(Gpa(0x1000), out),
              IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_THAT(out, SameBytes(Bytes<2>{}));
  EXPECT_EQ(Program("read 1000 2", "ok abcdef")->Read(Gpa(0x1000), out), Malformed("abcd"));
  EXPECT_EQ(Program("read 1000 2", "ok abcx")->Read(Gpa(0x1000), out), Malformed("abcx"));
  EXPECT_THAT(Program("write 1000 0102", "ok")->Write(Gpa(0x1000), Bytes<2>{1, 2}), IsOk());
  EXPECT_THAT(Program("write 1000 0102", "fault")->Write(Gpa(0x1000), Bytes<2>{1, 2}),
              IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_EQ(Program("write 1000 0102", "what")->Write(Gpa(0x1000), Bytes<2>{1, 2}),
            Malformed("what"));
}

TEST(PipeSubjectTest, Calls) {
  protocol::CallRegisters registers{1, 2, 3, 4, 0x5F};
  EXPECT_THAT(Program("call 8000 1 2 3 4 5f", "ok 6 7 8 9 a")->Call(Gpa(0x8000), registers),
              IsOk());
  EXPECT_EQ(registers, (protocol::CallRegisters{6, 7, 8, 9, 10}));
  EXPECT_THAT(Program("call 8000 6 7 8 9 a", "gone")->Call(Gpa(0x8000), registers),
              IsStatus(Code::kConnectionClosed, Source::kProtocol));
  EXPECT_THAT(Program("call 8000 6 7 8 9 a", "none")->Call(Gpa(0x8000), registers),
              IsStatus(Code::kUnsupported, Source::kProtocol));
  EXPECT_EQ(Program("call 8000 6 7 8 9 a", "ok 1 2 3 4")->Call(Gpa(0x8000), registers).code(),
            Code::kMalformed);
}

TEST(PipeSubjectTest, NoticesTheEndOfTheProgram) {
  EXPECT_THAT(PipeSubject::Start({}).status(), IsStatus(Code::kInvalidArgument, Source::kProtocol));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto missing, PipeSubject::Start({"/no/such/program"}));
  EXPECT_THAT(missing->Reset(), kEnded);
  EXPECT_THAT(missing->Reset(), kEnded);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto quiet, PipeSubject::Start({"/bin/true"}));
  EXPECT_THAT(quiet->Place("free").status(), kEnded);
}

TEST(PipeSubjectTest, BoundsTheLengthOfALine) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto endless,
                            PipeSubject::Start({"/bin/sh", "-c", "yes | tr -d '\\n' 2>/dev/null"}));
  EXPECT_EQ(endless->Reset(), Malformed("yyyy"));
}

}  // namespace
}  // namespace svsm::conformance
