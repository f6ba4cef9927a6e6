#include "svsm/vtpm/control_service.h"

#include <algorithm>
#include <array>
#include <string>

#include "svsm/core/reader.h"
#include "svsm/core/wire.h"
#include "svsm/vtpm/state_envelope.h"

namespace svsm::vtpm {
namespace {

using Result32 = ControlResult;

// Capability bits 0 to 15: all commands of this channel, and framed commands on the data channel.
constexpr std::uint64_t kCapabilities = 0xFFFF;
// LOCK_STORAGE: only where there is a storage that can be locked.
constexpr std::uint64_t kCanLockStorage = 1u << 16;
constexpr std::uint32_t kInitDeleteVolatile = 1;
constexpr std::uint32_t kStateKeySet = 1;
// Any larger state is a bug of the engine.
constexpr std::size_t kMaxState = std::size_t{1} << 20;

class ReplyBuilder {
 public:
  explicit ReplyBuilder(Result32 result) { Be32(static_cast<std::uint32_t>(result)); }
  ReplyBuilder& Be32(std::uint32_t value) {
    const auto bytes = wire::ToBytes(wire::Be32(value));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ReplyBuilder& Put(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  // Fills with zeros up to the length that a client reads in any case.
  ReplyBuilder& PadTo(std::size_t size) {
    bytes_.resize(std::max(size, bytes_.size()));
    return *this;
  }
  ControlReply Build(ControlReply::Then then = ControlReply::Then::kGoOn) {
    return ControlReply{std::move(bytes_), then};
  }

 private:
  ByteVector bytes_;
};

ControlReply Reply(Result32 result) { return ReplyBuilder(result).Build(); }

Result32 FromStatus(Status status) {
  switch (status.code()) {
    case Code::kOk:
      return Result32::kSuccess;
    case Code::kFailedPrecondition:
      return Result32::kBadOrdinal;
    case Code::kPermissionDenied:
      return Result32::kBadLocality;
    case Code::kNotFound:
      return Result32::kNoSuchBlob;
    case Code::kMalformed:
    case Code::kInvalidArgument:
      return Result32::kBadParameter;
    case Code::kIoError:
      return Result32::kIoError;
    default:
      return Result32::kFail;
  }
}

// The length of a reply to a command also when it says an error; 4 unless QEMU reads more in any
// case.
std::size_t FullReplySize(ControlCommand command) {
  switch (command) {
    case ControlCommand::kGetCapability:
    case ControlCommand::kGetTpmEstablished:
    case ControlCommand::kGetConfig:
      return 8;
    case ControlCommand::kGetStateBlob:
    case ControlCommand::kSetBufferSize:
      return 16;
    default:
      return 4;
  }
}

ControlReply RefuseInFull(ControlCommand command, Result32 result) {
  return ReplyBuilder(result).PadTo(FullReplySize(command)).Build();
}

bool IsStateKind(std::uint32_t type) {
  return type >= static_cast<std::uint32_t>(StateKind::kPermanent) &&
         type <= static_cast<std::uint32_t>(StateKind::kSave);
}

constexpr char kSpecification[] = R"("TPMSpecification":{"family":"2.0","level":0,"revision":164})";
constexpr char kAttributes[] =
    R"("TPMAttributes":{"manufacturer":"id:00001014","version":"id:20191023","model":"svsm"})";

std::string InfoJson(std::uint64_t flags) {
  std::string json = "{";
  if ((flags & 1) != 0) json += kSpecification;
  if ((flags & 2) != 0) json += std::string(json.size() > 1 ? "," : "") + kAttributes;
  return json + "}";
}

}  // namespace

ControlReply ControlService::Execute(const ControlRequest& request, bool has_descriptor) {
  using enum ControlCommand;
  const ControlCommand command = request.command;
  if (command < kGetCapability || command > kLockStorage) return Reply(Result32::kBadOrdinal);
  if (!request.well_sized) return RefuseInFull(command, Result32::kBadParameter);
  switch (command) {
    case kGetCapability: {
      const auto flags =
          wire::ToBytes(wire::Be64(kCapabilities | (storage_is_locked_ ? kCanLockStorage : 0)));
      return ControlReply{ByteVector(flags.begin(), flags.end())};
    }
    case kInit:
      return Init(request.payload);
    case kShutdown:
      engine_.PowerOff();
      return ReplyBuilder(Result32::kSuccess).Build(ControlReply::Then::kShutDown);
    case kGetTpmEstablished:
      return GetEstablished();
    case kSetLocality:
      return SetLocality(request.payload);
    case kHashStart:
      return Reply(FromStatus(engine_.HashStart()));
    case kHashData:
      return Reply(FromStatus(engine_.HashData(request.payload.subspan(4))));
    case kHashEnd:
      return Reply(FromStatus(engine_.HashEnd()));
    case kCancelTpmCommand:
      return Reply(engine_.powered() ? Result32::kSuccess : Result32::kBadOrdinal);
    case kStoreVolatile:
      return Reply(FromStatus(engine_.StoreVolatile()));
    case kResetTpmEstablished:
      return Reply(FromStatus(engine_.ResetTpmEstablished(request.payload[0])));
    case kGetStateBlob:
      return GetStateBlob(request.payload);
    case kSetStateBlob:
      return SetStateBlob(request.payload);
    case kStop:
      engine_.PowerOff();
      return Reply(Result32::kSuccess);
    case kGetConfig:
      return ReplyBuilder(Result32::kSuccess).Be32(state_is_encrypted_ ? kStateKeySet : 0).Build();
    case kSetDataFd:
      if (!has_descriptor) return Reply(Result32::kBadParameter);
      return ReplyBuilder(Result32::kSuccess).Build(ControlReply::Then::kTakeDataFd);
    case kSetBufferSize:
      return SetBufferSize(request.payload);
    case kGetInfo:
      return GetInfo(request.payload);
    case kLockStorage:
      // Who holds the lock for its whole life has nothing to try again.
      return Reply(storage_is_locked_ ? Result32::kSuccess : Result32::kBadOrdinal);
  }
  return Reply(Result32::kBadOrdinal);
}

ControlReply ControlService::Refuse(ControlResult result) { return Reply(result); }

ControlReply ControlService::Init(ByteView payload) {
  wire::Reader r(payload);
  const bool delete_volatile = (r.Be32() & kInitDeleteVolatile) != 0;
  const Status status =
      engine_.PowerOn(delete_volatile ? StoredVolatile::kDelete : StoredVolatile::kKeep);
  return Reply(FromStatus(status));
}

ControlReply ControlService::GetEstablished() {
  const Result<bool> established = engine_.TpmEstablished();
  if (!established.ok()) {
    return RefuseInFull(ControlCommand::kGetTpmEstablished, FromStatus(established.status()));
  }
  const Bytes<4> bit = {static_cast<std::uint8_t>(*established ? 1 : 0), 0, 0, 0};
  return ReplyBuilder(Result32::kSuccess).Put(bit).Build();
}

ControlReply ControlService::SetLocality(ByteView payload) {
  if (payload[0] > kMaxLocality) return Reply(Result32::kBadLocality);
  locality_ = payload[0];
  return Reply(Result32::kSuccess);
}

ControlReply ControlService::GetStateBlob(ByteView payload) {
  wire::Reader r(payload);
  r.Skip(4);  // bit 0 asks for the decrypted form, the one there is
  const std::uint32_t type = r.Be32();
  const std::size_t offset = r.Be32();
  constexpr auto kCommand = ControlCommand::kGetStateBlob;
  if (!engine_.powered()) return RefuseInFull(kCommand, Result32::kBadOrdinal);
  if (!IsStateKind(type)) return RefuseInFull(kCommand, Result32::kNoSuchBlob);
  ByteVector state(kMaxState);
  const Result<std::size_t> size = engine_.GetState(static_cast<StateKind>(type), state);
  if (!size.ok()) return RefuseInFull(kCommand, FromStatus(size.status()));
  ByteVector blob(*size + kStateEnvelopeSize);
  const Result<ByteView> wrapped = WrapState(ByteView(state).first(*size), blob);
  Wipe(ByteSpan(state).first(*size));
  if (!wrapped.ok()) return RefuseInFull(kCommand, Result32::kFail);
  if (offset > blob.size()) return ReplyBuilder(Result32::kSuccess).PadTo(16).Build();
  const ByteView rest = ByteView(blob).subspan(offset);
  ControlReply reply = ReplyBuilder(Result32::kSuccess)
                           .Be32(0)
                           .Be32(static_cast<std::uint32_t>(blob.size()))
                           .Be32(static_cast<std::uint32_t>(rest.size()))
                           .Put(rest)
                           .Build();
  Wipe(blob);
  return reply;
}

ControlReply ControlService::SetStateBlob(ByteView payload) {
  wire::Reader r(payload);
  r.Skip(4);  // flags: what is encrypted says so itself
  const std::uint32_t type = r.Be32();
  const ByteView blob = r.TakeBe32Sized();
  if (engine_.powered()) return Reply(Result32::kBadOrdinal);
  if (!r.Finish().ok() || !IsStateKind(type)) return Reply(Result32::kBadParameter);
  if (blob.empty()) return Reply(FromStatus(engine_.SetState(static_cast<StateKind>(type), {})));
  const Result<ByteView> state = UnwrapState(blob);
  if (!state.ok()) return Reply(Result32::kBadParameter);
  return Reply(FromStatus(engine_.SetState(static_cast<StateKind>(type), *state)));
}

ControlReply ControlService::SetBufferSize(ByteView payload) {
  wire::Reader r(payload);
  const std::size_t wanted = r.Be32();
  BufferSizes sizes = engine_.buffer_sizes();
  if (wanted != 0) {
    const Result<BufferSizes> set = engine_.SetBufferSize(wanted);
    if (!set.ok()) return RefuseInFull(ControlCommand::kSetBufferSize, FromStatus(set.status()));
    sizes = *set;
  }
  return ReplyBuilder(Result32::kSuccess)
      .Be32(static_cast<std::uint32_t>(sizes.current))
      .Be32(static_cast<std::uint32_t>(sizes.min))
      .Be32(static_cast<std::uint32_t>(sizes.max))
      .Build();
}

ControlReply ControlService::GetInfo(ByteView payload) {
  wire::Reader r(payload);
  const std::uint64_t flags = r.Be64();
  const std::size_t offset = r.Be32();
  const std::string json = InfoJson(flags);
  const std::size_t total = json.size() + 1;
  if (offset >= total) return Reply(Result32::kBadParameter);
  const ByteView rest = AsBytes(std::string_view(json.c_str(), total)).subspan(offset);
  return ReplyBuilder(Result32::kSuccess)
      .Be32(static_cast<std::uint32_t>(total))
      .Be32(static_cast<std::uint32_t>(rest.size()))
      .Put(rest)
      .Build();
}

}  // namespace svsm::vtpm
