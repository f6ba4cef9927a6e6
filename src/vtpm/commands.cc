#include "svsm/vtpm/commands.h"

#include "svsm/core/writer.h"

namespace svsm::vtpm {
namespace {

using evidence::PcrSelection;
using evidence::TpmAlg;
using wire::Writer;

constexpr std::uint32_t kRsPassword = 0x40000009;
constexpr std::uint32_t kCapPcrs = 5;
constexpr std::uint32_t kCapTpmProperties = 6;
constexpr std::uint32_t kPtNvBufferMax = 0x12C;
// Bytes of a PCR bit map, and all PCRs in it.
constexpr std::uint8_t kSizeOfSelect = 3;
constexpr std::uint32_t kAllPcrs = (1u << evidence::kNumPcrs) - 1;

// A command whose size is filled in at the end.
class Command {
 public:
  Command(TpmTag tag, TpmCommand code, ByteSpan out) : writer_(out) {
    writer_.Be16(static_cast<std::uint16_t>(tag));
    writer_.Be32(0);
    writer_.Be32(static_cast<std::uint32_t>(code));
  }
  Writer& operator*() { return writer_; }
  Writer* operator->() { return &writer_; }

  // The authorisation area: one password session with the empty password.
  void EmptyPassword() {
    const Writer::Mark size = writer_.BeginBe32Sized();
    writer_.Be32(kRsPassword);
    writer_.Be16(0);  // nonce
    writer_.U8(0);    // session attributes
    writer_.Be16(0);  // password
    writer_.End(size);
  }

  Result<ByteView> Finish() {
    writer_.PatchBe32(2, static_cast<std::uint32_t>(writer_.size()));
    return writer_.Finish();
  }

 private:
  Writer writer_;
};

// A command that one handle authorises by the empty password.
Command Authorised(TpmCommand code, std::uint32_t handle, ByteSpan out) {
  Command command(TpmTag::kSessions, code, out);
  command->Be32(handle);
  command.EmptyPassword();
  return command;
}

void PutSelection(Writer& w, PcrSelection selection) {
  w.Be16(static_cast<std::uint16_t>(selection.bank));
  w.U8(kSizeOfSelect);
  for (std::uint32_t i = 0; i < kSizeOfSelect; ++i) {
    w.U8(static_cast<std::uint8_t>(selection.mask >> (8 * i)));
  }
}

void PutSelections(Writer& w, std::span<const PcrSelection> selections) {
  w.Be32(static_cast<std::uint32_t>(selections.size()));
  for (const PcrSelection& selection : selections) PutSelection(w, selection);
}

Result<ByteView> GetCapability(std::uint32_t capability, std::uint32_t property, ByteSpan out) {
  Command command(TpmTag::kNoSessions, TpmCommand::kGetCapability, out);
  command->Be32(capability);
  command->Be32(property);
  command->Be32(1);  // count
  return command.Finish();
}

Result<ByteView> OneHandle(TpmCommand code, std::uint32_t handle, ByteSpan out) {
  Command command(TpmTag::kNoSessions, code, out);
  command->Be32(handle);
  return command.Finish();
}

Result<ByteView> StartOrStop(TpmCommand code, StartupKind kind, ByteSpan out) {
  Command command(TpmTag::kNoSessions, code, out);
  command->Be16(static_cast<std::uint16_t>(kind));
  return command.Finish();
}

}  // namespace

Result<ByteView> BuildStartup(StartupKind kind, ByteSpan out) {
  return StartOrStop(TpmCommand::kStartup, kind, out);
}

Result<ByteView> BuildShutdown(StartupKind kind, ByteSpan out) {
  return StartOrStop(TpmCommand::kShutdown, kind, out);
}

Result<ByteView> BuildGetPcrBanks(ByteSpan out) { return GetCapability(kCapPcrs, 0, out); }

Result<ByteView> BuildGetNvBufferMax(ByteSpan out) {
  return GetCapability(kCapTpmProperties, kPtNvBufferMax, out);
}

Result<ByteView> BuildPcrAllocate(PcrBanks banks, ByteSpan out) {
  Command command = Authorised(TpmCommand::kPcrAllocate, kTpmRhPlatform, out);
  command->Be32(kPcrBanks.size());
  for (const PcrBank& bank : kPcrBanks) {
    PutSelection(*command, {bank.hash, (banks & bank.bit) != 0 ? kAllPcrs : 0});
  }
  return command.Finish();
}

Result<ByteView> BuildCreatePrimary(std::uint32_t hierarchy, ByteView tpmt_public, ByteSpan out) {
  Command command = Authorised(TpmCommand::kCreatePrimary, hierarchy, out);
  const Writer::Mark sensitive = command->BeginBe16Sized();
  command->Be16(0);  // password of the key
  command->Be16(0);  // data
  command->End(sensitive);
  command->PutBe16Sized(tpmt_public);
  command->Be16(0);  // outside information
  command->Be32(0);  // creation PCRs
  return command.Finish();
}

Result<ByteView> BuildCreateLoaded(std::uint32_t parent, ByteView sensitive_data,
                                   ByteView tpmt_public, ByteSpan out) {
  Command command = Authorised(TpmCommand::kCreateLoaded, parent, out);
  const Writer::Mark sensitive = command->BeginBe16Sized();
  command->Be16(0);  // password of the object
  command->PutBe16Sized(sensitive_data);
  command->End(sensitive);
  command->PutBe16Sized(tpmt_public);
  return command.Finish();
}

Result<ByteView> BuildEvictControl(std::uint32_t authorisation, std::uint32_t object,
                                   std::uint32_t persistent, ByteSpan out) {
  Command command(TpmTag::kSessions, TpmCommand::kEvictControl, out);
  command->Be32(authorisation);
  command->Be32(object);
  command.EmptyPassword();
  command->Be32(persistent);
  return command.Finish();
}

Result<ByteView> BuildFlushContext(std::uint32_t handle, ByteSpan out) {
  return OneHandle(TpmCommand::kFlushContext, handle, out);
}

Result<ByteView> BuildReadPublic(std::uint32_t handle, ByteSpan out) {
  return OneHandle(TpmCommand::kReadPublic, handle, out);
}

Result<ByteView> BuildNvReadPublic(std::uint32_t index, ByteSpan out) {
  return OneHandle(TpmCommand::kNvReadPublic, index, out);
}

Result<ByteView> BuildNvDefineSpace(const NvPublic& nv_public, ByteSpan out) {
  Command command = Authorised(TpmCommand::kNvDefineSpace, kTpmRhPlatform, out);
  command->Be16(0);  // password of the index
  const Writer::Mark area = command->BeginBe16Sized();
  command->Be32(nv_public.index);
  command->Be16(static_cast<std::uint16_t>(nv_public.name_alg));
  command->Be32(nv_public.attributes);
  command->Be16(0);  // policy
  command->Be16(nv_public.data_size);
  command->End(area);
  return command.Finish();
}

Result<ByteView> BuildNvUndefineSpace(std::uint32_t index, ByteSpan out) {
  Command command(TpmTag::kSessions, TpmCommand::kNvUndefineSpace, out);
  command->Be32(kTpmRhPlatform);
  command->Be32(index);
  command.EmptyPassword();
  return command.Finish();
}

Result<ByteView> BuildNvWrite(std::uint32_t index, ByteView data, std::uint16_t offset,
                              ByteSpan out) {
  Command command(TpmTag::kSessions, TpmCommand::kNvWrite, out);
  command->Be32(kTpmRhPlatform);
  command->Be32(index);
  command.EmptyPassword();
  command->PutBe16Sized(data);
  command->Be16(offset);
  return command.Finish();
}

Result<ByteView> BuildNvWriteLock(std::uint32_t index, ByteSpan out) {
  Command command(TpmTag::kSessions, TpmCommand::kNvWriteLock, out);
  command->Be32(kTpmRhPlatform);
  command->Be32(index);
  command.EmptyPassword();
  return command.Finish();
}

Result<ByteView> BuildNvRead(std::uint32_t index, std::uint16_t size, std::uint16_t offset,
                             ByteSpan out) {
  Command command(TpmTag::kSessions, TpmCommand::kNvRead, out);
  command->Be32(index);
  command->Be32(index);
  command.EmptyPassword();
  command->Be16(size);
  command->Be16(offset);
  return command.Finish();
}

Result<ByteView> BuildPcrEvent(std::uint32_t pcr, ByteView event, ByteSpan out) {
  Command command = Authorised(TpmCommand::kPcrEvent, pcr, out);
  command->PutBe16Sized(event);
  return command.Finish();
}

Result<ByteView> BuildPcrExtend(std::uint32_t pcr, std::span<const PcrDigest> digests,
                                ByteSpan out) {
  Command command = Authorised(TpmCommand::kPcrExtend, pcr, out);
  command->Be32(static_cast<std::uint32_t>(digests.size()));
  for (const PcrDigest& digest : digests) {
    command->Be16(static_cast<std::uint16_t>(digest.bank));
    command->Put(digest.digest);
  }
  return command.Finish();
}

Result<ByteView> BuildPcrRead(std::span<const PcrSelection> selection, ByteSpan out) {
  Command command(TpmTag::kNoSessions, TpmCommand::kPcrRead, out);
  PutSelections(*command, selection);
  return command.Finish();
}

Result<ByteView> BuildQuote(std::uint32_t key, ByteView qualifying_data,
                            std::span<const PcrSelection> selection, ByteSpan out) {
  Command command = Authorised(TpmCommand::kQuote, key, out);
  command->PutBe16Sized(qualifying_data);
  command->Be16(static_cast<std::uint16_t>(TpmAlg::kNull));
  PutSelections(*command, selection);
  return command.Finish();
}

Result<ByteView> BuildGetRandom(std::uint16_t size, ByteSpan out) {
  Command command(TpmTag::kNoSessions, TpmCommand::kGetRandom, out);
  command->Be16(size);
  return command.Finish();
}

}  // namespace svsm::vtpm
