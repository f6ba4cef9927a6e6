#include "svsm/kbs/client_step.h"

#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

std::size_t Needed(FrameReceiver& receiver, ByteView in) {
  const auto step = receiver.Take(in);
  EXPECT_THAT(step, IsOk());
  return step.ok() && *step ? (*step)->need : 0;
}

TEST(FrameReceiverTest, AsksForHeaderAndBodyOfEachAnswer) {
  FrameReceiver receiver;
  for (const std::size_t size : {1u, 300u}) {
    EXPECT_EQ(Needed(receiver, {}), kFrameHeaderSize);
    EXPECT_EQ(Needed(receiver, wire::ToBytes(wire::Le64(size))), size);
    EXPECT_EQ(Needed(receiver, ByteVector(size)), 0u);
  }
}

TEST(FrameReceiverTest, SizesAreTheOnesAskedFor) {
  FrameReceiver receiver;
  EXPECT_THAT(receiver.Take(AsBytes("x")), Is(Code::kInvalidArgument));
  EXPECT_EQ(Needed(receiver, {}), kFrameHeaderSize);
  EXPECT_THAT(receiver.Take(AsBytes("x")), Is(Code::kInvalidArgument));
  EXPECT_THAT(receiver.Take(wire::ToBytes(wire::Le64(kMaxFrameBodySize + 1))),
              Is(Code::kOutOfRange, kMaxFrameBodySize));
  EXPECT_THAT(receiver.Take(ByteVector(8)), Is(Code::kMalformed));
}

class ScriptedClient {
 public:
  Result<ClientStep> Advance(ByteView in) {
    got.push_back(ToVector(in));
    if (steps.empty()) return Status(Code::kAuthFailed, Source::kKbs);
    const ClientStep step = steps.front();
    steps.erase(steps.begin());
    return step;
  }
  std::vector<ClientStep> steps;
  std::vector<ByteVector> got;
};

class ScriptedStream final : public ByteStream {
 public:
  Result<std::size_t> ReadSome(ByteSpan out) override {
    if (incoming.empty()) return Status(Code::kConnectionClosed, Source::kCaller);
    out[0] = incoming.front();
    incoming.erase(incoming.begin());
    return std::size_t{1};
  }
  Status WriteAll(ByteView in) override {
    written.insert(written.end(), in.begin(), in.end());
    return write_status;
  }
  ByteVector incoming;
  ByteVector written;
  Status write_status;
};

TEST(RunClientTest, CarriesWhatTheClientAsks) {
  const ByteVector hello = {1, 2, 3};
  ScriptedClient client;
  client.steps = {{.kind = ClientStep::Kind::kSend, .send = hello},
                  {.kind = ClientStep::Kind::kNeed, .need = 2},
                  {.kind = ClientStep::Kind::kDone}};
  ScriptedStream stream;
  stream.incoming = {8, 9, 10};
  ByteVector buffer(kMaxFrameBodySize);
  EXPECT_THAT(RunClient(client, stream, buffer), IsOk());
  EXPECT_THAT(stream.written, SameBytes(hello));
  EXPECT_EQ(client.got, (std::vector<ByteVector>{{}, {}, {8, 9}}));
}

TEST(RunClientTest, EndsAtTheFirstFailure) {
  ScriptedClient client;
  ScriptedStream stream;
  ByteVector buffer(kMaxFrameBodySize);
  EXPECT_THAT(RunClient(client, stream, ByteSpan(buffer).first(kMaxFrameBodySize - 1)),
              Is(Code::kInvalidArgument, kMaxFrameBodySize));
  EXPECT_THAT(RunClient(client, stream, buffer), Is(Code::kAuthFailed));
  client.steps = {{.kind = ClientStep::Kind::kNeed, .need = 2}};
  EXPECT_THAT(RunClient(client, stream, buffer),
              IsStatus(Code::kConnectionClosed, Source::kCaller));
  client.steps = {{.kind = ClientStep::Kind::kSend}};
  stream.write_status = Status(Code::kIoError, Source::kCaller, 5);
  EXPECT_THAT(RunClient(client, stream, buffer), IsStatus(Code::kIoError, Source::kCaller, 5));
}

}  // namespace
}  // namespace svsm::kbs
