#include "svsm/vtpm/state_envelope.h"

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kLeastVersion = 1;
constexpr std::uint16_t kHeaderSize = 10;
constexpr std::uint16_t kTagData = 1;
constexpr std::uint16_t kTagMigrationData = 4;
constexpr std::uint16_t kFlagEncrypted = 1;
constexpr std::uint16_t kFlagMigrationEncrypted = 2;
constexpr std::uint16_t kFlagMigrationData = 4;

Status Unsupported(std::uint32_t detail) {
  return Status(Code::kUnsupported, Source::kVtpm, detail);
}

ByteView TakeTagged(wire::Reader& r, std::uint16_t tag) {
  r.Require(r.Be16() == tag);
  return r.TakeBe32Sized();
}

// Everything before the tagged data, whose flags must be `wanted`.
Status ReadHeader(wire::Reader& r, std::size_t size, std::uint16_t wanted) {
  r.Skip(1);  // the writer's version; the least version decides
  const std::uint8_t least_version = r.U8();
  r.Require(r.Be16() == kHeaderSize);
  const std::uint16_t flags = r.Be16();
  r.Require(r.Be32() == size);
  SVSM_TRY(r.status());
  if (least_version > kVersion) return Unsupported(least_version);
  if ((flags & (kFlagEncrypted | kFlagMigrationEncrypted)) != 0) return Unsupported(flags);
  r.Require(flags == wanted);
  return OkStatus();
}

}  // namespace

Result<ByteView> WrapState(ByteView state, ByteSpan out) {
  wire::Writer w(out);
  w.U8(kVersion);
  w.U8(kLeastVersion);
  w.Be16(kHeaderSize);
  w.Be16(kFlagMigrationData);
  w.Be32(static_cast<std::uint32_t>(kStateEnvelopeSize + state.size()));
  w.Be16(kTagMigrationData);
  const wire::Writer::Mark outer = w.BeginBe32Sized();
  w.Be16(kTagData);
  w.PutBe32Sized(state);
  w.End(outer);
  return w.Finish();
}

Result<ByteView> UnwrapState(ByteView blob) {
  wire::Reader r(blob);
  SVSM_TRY(ReadHeader(r, blob.size(), kFlagMigrationData));
  const std::size_t at = r.offset();
  wire::Reader inner(TakeTagged(r, kTagMigrationData));
  SVSM_TRY(r.Finish());
  const ByteView state = TakeTagged(inner, kTagData);
  const Status status = inner.Finish();
  if (status.ok()) return state;
  return Status(status.code(), Source::kVtpm, static_cast<std::uint32_t>(at + 6 + status.detail()));
}

Result<ByteView> UnwrapStateFile(ByteView file) {
  wire::Reader r(file);
  SVSM_TRY(ReadHeader(r, file.size(), 0));
  const ByteView state = TakeTagged(r, kTagData);
  SVSM_TRY(r.Finish());
  return state;
}

}  // namespace svsm::vtpm
