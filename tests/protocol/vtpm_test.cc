#include "svsm/protocol/vtpm.h"

#include <vector>

#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using testing::IsOkAnd;
using testing::IsStatus;

struct VtpmCodec : ::testing::Test {
  VtpmCodec() : buffer(kMaxTpmCommand) {}
  void Put(Gpa gpa, std::uint32_t command, std::uint8_t locality, std::uint32_t size) {
    TpmRequestHeader header{};
    header.platform_command = command;
    header.locality = locality;
    header.size = size;
    machine.Poke(gpa, wire::ToBytes(header));
  }
  ResultCode Read(Gpa gpa) {
    machine.StartCounting();
    const ResultCode code = ReadTpmRequest(machine, gpa, buffer, request);
    EXPECT_LE(machine.MostReads(), 1u);
    if (code != ResultCode::kSuccess) {
      EXPECT_TRUE(request.command.empty());
    }
    return code;
  }
  FakeMachine machine;
  std::vector<std::uint8_t> buffer;
  TpmRequest request;
};

TEST_F(VtpmCodec, ReadsARequestAtAnyAlignment) {
  for (const std::uint64_t offset : {0u, 1u, 0xFFFu, 0x801u}) {
    const Gpa gpa = Plus(kFree, offset);
    Put(gpa, 8, 0, 3);
    machine.Poke(Plus(gpa, 9), Bytes<4>{0xA, 0xB, 0xC, 0xD});
    ASSERT_EQ(Read(gpa), ResultCode::kSuccess);
    EXPECT_THAT(request.command, testing::BytesAre("0a0b0c"));
    EXPECT_EQ(request.locality, 0);
  }
}

TEST_F(VtpmCodec, ReadsEachByteOfAnyLengthOnce) {
  for (const std::uint32_t size : {118u, 119u, 120u, 121u, 4000u}) {
    for (const std::uint64_t offset : {0u, 0xF7Fu, 0xF80u, 0xF81u, 0xFF7u, 0xFFCu}) {
      const Gpa gpa = Plus(kFree, offset);
      std::vector<std::uint8_t> command(size);
      for (std::size_t i = 0; i < size; ++i) command[i] = static_cast<std::uint8_t>(i * 7 + 1);
      Put(gpa, 8, 0, size);
      machine.Poke(Plus(gpa, 9), command);
      ASSERT_EQ(Read(gpa), ResultCode::kSuccess);
      EXPECT_THAT(request.command, testing::SameBytes(command));
    }
  }
}

TEST_F(VtpmCodec, BoundsTheSize) {
  Put(kFree, 8, 0, 4087);
  ASSERT_EQ(Read(kFree), ResultCode::kSuccess);
  EXPECT_EQ(request.command.size(), 4087u);
  Put(kFree, 8, 0, 4088);
  EXPECT_EQ(Read(kFree), ResultCode::kInvalidParameter);
  Put(kFree, 8, 0, 0xFFFFFFFF);
  EXPECT_EQ(Read(kFree), ResultCode::kInvalidParameter);
  Put(kFree, 8, 0, 0);
  EXPECT_EQ(Read(kFree), ResultCode::kSuccess);
}

TEST_F(VtpmCodec, RefusesOtherLocalitiesAndCommands) {
  Put(kFree, 8, 1, 10);
  EXPECT_EQ(Read(kFree), ResultCode::kInvalidParameter);
  for (const std::uint32_t unknown : {0u, 19u, 22u, 31u, 32u, 40u, 64u + 8, 0x80000008u}) {
    Put(kFree, unknown, 0, 10);
    EXPECT_EQ(Read(kFree), ResultCode::kInvalidParameter) << unknown;
  }
  for (const std::uint32_t known : {1u, 2u, 9u, 11u, 18u, 20u, 21u, 25u, 26u, 30u}) {
    Put(kFree, known, 0, 10);
    EXPECT_EQ(Read(kFree), ResultCode::kUnsupportedCall) << known;
  }
}

TEST_F(VtpmCodec, RefusesBadAddresses) {
  EXPECT_EQ(Read(Gpa(0)), ResultCode::kInvalidParameter);
  const Gpa bad[] = {kSvsmPage,
                     Plus(kSvsmPage, -std::uint64_t{1}),
                     kNowhere,
                     Plus(kNowhere, -std::uint64_t{0xFFF}),
                     Gpa(~std::uint64_t{0}),
                     FakeMachine::Frame(FakeMachine::kFirstInvalid)};
  for (const Gpa gpa : bad) EXPECT_EQ(Read(gpa), ResultCode::kInvalidAddress) << gpa.value();
  // The second of the two pages that an unaligned buffer spans.
  Put(kFree, 8, 0, 4087);
  machine.page(0x41).faults = true;
  EXPECT_EQ(Read(kFree), ResultCode::kSuccess);
  Put(Plus(kFree, 0x10), 8, 0, 4087);
  EXPECT_EQ(Read(Plus(kFree, 0x10)), ResultCode::kInvalidAddress);
}

TEST_F(VtpmCodec, WritesTheResponseAndNothingElse) {
  Fill(machine.Map(kFree, kPageSize), 0xEE);
  EXPECT_EQ(WriteTpmResponse(machine, kFree, Bytes<3>{1, 2, 3}), ResultCode::kSuccess);
  EXPECT_THAT(machine.Map(kFree, 9), testing::BytesAre("03000000010203eeee"));
}

TEST_F(VtpmCodec, ResponseErrors) {
  const std::vector<std::uint8_t> most(4092, 1);
  const std::vector<std::uint8_t> more(4093, 1);
  EXPECT_EQ(WriteTpmResponse(machine, kFree, most), ResultCode::kSuccess);
  Fill(machine.Map(kFree, kPageSize), 0);
  EXPECT_EQ(WriteTpmResponse(machine, kFree, more), ResultCode::kInvalidRequest);
  EXPECT_TRUE(IsZero(machine.Map(kFree, kPageSize)));
  EXPECT_EQ(WriteTpmResponse(machine, kSvsmPage, most), ResultCode::kInvalidAddress);
  EXPECT_EQ(WriteTpmResponse(machine, Gpa(~std::uint64_t{0} - 100), most),
            ResultCode::kInvalidAddress);
}

TEST_F(VtpmCodec, EncodesARequest) {
  std::vector<std::uint8_t> page(4096, 0xEE);
  EXPECT_THAT(EncodeTpmRequest(Bytes<2>{0x80, 0x01}, page), IsOkAnd(11u));
  EXPECT_THAT(ByteView(page).first(12), testing::BytesAre("0800000000020000008001ee"));
  const std::vector<std::uint8_t> most(4087, 1);
  const std::vector<std::uint8_t> more(4088, 1);
  EXPECT_THAT(EncodeTpmRequest(most, page), IsOkAnd(4096u));
  EXPECT_THAT(EncodeTpmRequest(more, page),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 4088));
  EXPECT_THAT(EncodeTpmRequest({}, ByteSpan(page).first(4095)),
              IsStatus(Code::kBufferTooSmall, Source::kProtocol, 4096));
}

TEST_F(VtpmCodec, DecodesAResponse) {
  std::vector<std::uint8_t> page(4096);
  page[0] = 2;
  page[4] = 7;
  page[5] = 8;
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView response, DecodeTpmResponse(page));
  EXPECT_THAT(response, testing::BytesAre("0708"));
  EXPECT_THAT(DecodeTpmResponse(ByteView(page).first(5)),
              IsStatus(Code::kMalformed, Source::kProtocol, 2));
  EXPECT_THAT(DecodeTpmResponse(ByteView(page).first(3)),
              IsStatus(Code::kTruncated, Source::kProtocol, 4));
  page.resize(8192);
  page[0] = 0xFD;
  page[1] = 0x0F;
  EXPECT_THAT(DecodeTpmResponse(page), IsStatus(Code::kMalformed, Source::kProtocol, 4093));
}

}  // namespace
}  // namespace svsm::protocol
