#include "svsm/vtpm/mssim_service.h"

#include "svsm/core/wire.h"
#include "svsm/core/writer.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {
namespace {

using Then = MssimReply::Then;

constexpr std::uint32_t kServerVersion = 1;
// A platform port is there (1), and commands reach the TPM as they are (4).
constexpr std::uint32_t kServerFlags = 1 | 4;

MssimReply Words(std::initializer_list<std::uint32_t> words, Then then = Then::kGoOn) {
  MssimReply reply;
  for (const std::uint32_t word : words) {
    const auto bytes = wire::ToBytes(wire::Be32(word));
    reply.bytes.insert(reply.bytes.end(), bytes.begin(), bytes.end());
  }
  reply.then = then;
  return reply;
}

MssimReply Done(Status status) { return Words({status.ok() ? 0u : 1u}); }

MssimReply Response(ByteView response, Then then = Then::kGoOn) {
  MssimReply reply;
  reply.bytes.resize(4 + response.size() + 4);
  wire::Writer w(reply.bytes);
  w.PutBe32Sized(response);
  w.Zeros(4);
  reply.then = then;
  return reply;
}

constexpr Bytes<kTpmHeaderSize> Error(std::uint8_t code) {
  return {0x80, 0x01, 0, 0, 0, kTpmHeaderSize, 0, 0, 0x01, code};
}
constexpr Bytes<kTpmHeaderSize> kFailure = Error(0x01);
constexpr Bytes<kTpmHeaderSize> kBadLocality = Error(0x07);
constexpr Bytes<kTpmHeaderSize> kBadSize = Error(0x42);

bool IsSizedAsItSays(ByteView command) {
  return command.size() >= kTpmHeaderSize &&
         wire::Read<wire::Be32>(command.subspan(2)).value().get() == command.size();
}

}  // namespace

MssimReply MssimService::Execute(const MssimRequest& request) {
  if (request.is_known && request.code == MssimCode::kSessionEnd) return Words({}, Then::kClose);
  if (request.is_known && request.code == MssimCode::kStop) return Words({}, Then::kShutDown);
  return request.port == MssimPort::kCommand ? ExecuteCommandPort(request)
                                             : ExecutePlatformPort(request);
}

MssimReply MssimService::ExecuteCommandPort(const MssimRequest& request) {
  switch (request.code) {
    case MssimCode::kSendCommand:
      return SendCommand(request);
    case MssimCode::kRemoteHandshake:
      if (request.number == 0) return Words({}, Then::kClose);
      return Words({kServerVersion, kServerFlags, 0});
    case MssimCode::kSetAlternativeResult:
      return Words({0});
    case MssimCode::kHashStart:
      return Done(engine_.HashStart());
    case MssimCode::kHashData:
      if (request.is_too_long) return Words({1}, Then::kClose);
      return Done(engine_.HashData(request.data));
    case MssimCode::kHashEnd:
      return Done(engine_.HashEnd());
    default:
      return Words({}, Then::kClose);
  }
}

MssimReply MssimService::ExecutePlatformPort(const MssimRequest& request) {
  switch (request.code) {
    case MssimCode::kPowerOn:
      return Done(engine_.powered() ? OkStatus() : engine_.PowerOn(StoredVolatile::kKeep));
    case MssimCode::kPowerOff:
      engine_.PowerOff();
      return Words({0});
    case MssimCode::kReset:
    case MssimCode::kRestart:
      engine_.PowerOff();
      return Done(engine_.PowerOn(StoredVolatile::kKeep));
    case MssimCode::kCancelOn:
      engine_.Cancel();
      return Words({0});
    case MssimCode::kCancelOff:
    case MssimCode::kNvOn:
    case MssimCode::kNvOff:
    case MssimCode::kPhysicalPresenceOn:
    case MssimCode::kPhysicalPresenceOff:
      return Words({0});
    default:
      return Words({1}, Then::kClose);
  }
}

MssimReply MssimService::SendCommand(const MssimRequest& request) {
  if (request.is_too_long) return Response(kBadSize, Then::kClose);
  if (!IsSizedAsItSays(request.data)) return Response(kBadSize);
  if (request.locality > kMaxLocality) return Response(kBadLocality);
  ByteVector response(kMaxTpmBuffer);
  const Result<std::size_t> size = engine_.Execute(request.locality, request.data, response);
  if (!size.ok()) return Response(kFailure);
  return Response(ByteView(response).first(*size));
}

}  // namespace svsm::vtpm
