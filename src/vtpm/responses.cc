#include "svsm/vtpm/responses.h"

#include "svsm/core/reader.h"

namespace svsm::vtpm {
namespace {

using wire::Reader;

constexpr std::uint32_t kCapPcrs = 5;
constexpr std::uint32_t kCapTpmProperties = 6;
constexpr std::uint32_t kPtNvBufferMax = 0x12C;

// A cursor that has passed the header, or has failed with what the header says.
Reader Parameters(ByteView response) {
  Reader r(response);
  const auto tag = static_cast<TpmTag>(r.Be16());
  r.Require(tag == TpmTag::kNoSessions || tag == TpmTag::kSessions);
  const std::uint32_t size = r.Be32();
  r.Require(size == response.size());
  const std::uint32_t code = r.Be32();
  if (r.ok() && code != kTpmRcSuccess) {
    r.Fail(Status(Code::kFailedPrecondition, Source::kVtpm, code));
  }
  return r;
}

// The response to a command with a password session: behind the handles the size of the parameters,
// behind those the session's part.
ByteView SessionParameters(Reader& r) {
  const ByteView parameters = r.TakeBe32Sized();
  r.Skip(r.Be16());  // nonce
  (void)r.U8();      // session attributes
  r.Skip(r.Be16());  // acknowledgement
  return parameters;
}

// Views with offsets of their own would name places in the parameters; what fails there is reported
// at the place where the parameters begin.
Status Nested(const Reader& outer, const Reader& inner) {
  SVSM_TRY(outer.Finish());
  return inner.Finish();
}

// A TPM2B as a view that includes its size.
ByteView TakeWithSize(Reader& r, ByteView whole) {
  const std::size_t start = r.offset();
  (void)r.TakeBe16Sized();
  return r.ok() ? whole.subspan(start, r.offset() - start) : ByteView();
}

}  // namespace

Status CheckResponse(ByteView response) {
  Reader r = Parameters(response);
  (void)r.Rest();
  return r.Finish();
}

Result<PcrBanks> ParseGetPcrBanks(ByteView response) {
  Reader r = Parameters(response);
  (void)r.U8();  // more data
  r.Require(r.Be32() == kCapPcrs);
  PcrBanks banks = 0;
  for (std::uint32_t left = r.Be32(); left != 0 && r.ok(); --left) {
    const std::uint16_t hash = r.Be16();
    const ByteView select = r.Take(r.U8());
    for (const PcrBank& bank : kPcrBanks) {
      if (static_cast<std::uint16_t>(bank.hash) == hash && !IsZero(select)) banks |= bank.bit;
    }
  }
  SVSM_TRY(r.Finish());
  return banks;
}

Result<bool> ParsePcrAllocate(ByteView response) {
  Reader r = Parameters(response);
  Reader p(SessionParameters(r));
  const std::uint8_t done = p.U8();
  (void)p.Be32();  // PCRs at most
  (void)p.Be32();  // bytes needed
  (void)p.Be32();  // bytes available
  SVSM_TRY(Nested(r, p));
  return done != 0;
}

Result<std::uint32_t> ParseGetNvBufferMax(ByteView response) {
  Reader r = Parameters(response);
  (void)r.U8();  // more data
  r.Require(r.Be32() == kCapTpmProperties);
  r.Require(r.Be32() == 1);
  r.Require(r.Be32() == kPtNvBufferMax);
  const std::uint32_t value = r.Be32();
  SVSM_TRY(r.Finish());
  return value;
}

Result<CreatePrimaryResponse> ParseCreatePrimary(ByteView response) {
  Reader r = Parameters(response);
  CreatePrimaryResponse out;
  out.handle = r.Be32();
  const ByteView parameters = SessionParameters(r);
  Reader p(parameters);
  out.tpm2b_public = TakeWithSize(p, parameters);
  (void)p.TakeBe16Sized();  // creation data
  (void)p.TakeBe16Sized();  // creation hash
  (void)p.Be16();           // ticket: tag, hierarchy, digest
  (void)p.Be32();
  (void)p.TakeBe16Sized();
  (void)p.TakeBe16Sized();  // name
  SVSM_TRY(Nested(r, p));
  return out;
}

Result<CreateLoadedResponse> ParseCreateLoaded(ByteView response) {
  Reader r = Parameters(response);
  CreateLoadedResponse out;
  out.handle = r.Be32();
  const ByteView parameters = SessionParameters(r);
  Reader p(parameters);
  out.tpm2b_private = TakeWithSize(p, parameters);
  out.tpm2b_public = TakeWithSize(p, parameters);
  (void)p.TakeBe16Sized();  // name
  SVSM_TRY(Nested(r, p));
  return out;
}

Result<ReadPublicResponse> ParseReadPublic(ByteView response) {
  Reader r = Parameters(response);
  ReadPublicResponse out;
  out.tpm2b_public = TakeWithSize(r, response);
  out.name = r.TakeBe16Sized();
  out.qualified_name = r.TakeBe16Sized();
  SVSM_TRY(r.Finish());
  return out;
}

Result<NvPublic> ParseNvReadPublic(ByteView response) {
  Reader r = Parameters(response);
  Reader area(r.TakeBe16Sized());
  (void)r.TakeBe16Sized();  // name
  NvPublic out;
  out.index = area.Be32();
  out.name_alg = static_cast<evidence::TpmAlg>(area.Be16());
  out.attributes = area.Be32();
  const ByteView policy = area.TakeBe16Sized();
  out.data_size = area.Be16();
  SVSM_TRY(Nested(r, area));
  if (!policy.empty()) {
    return Status(Code::kUnsupported, Source::kVtpm, static_cast<std::uint32_t>(policy.size()));
  }
  return out;
}

Result<ByteView> ParseNvRead(ByteView response) {
  Reader r = Parameters(response);
  Reader p(SessionParameters(r));
  const ByteView data = p.TakeBe16Sized();
  SVSM_TRY(Nested(r, p));
  return data;
}

Result<ByteView> ParsePcrEvent(ByteView response) {
  Reader r = Parameters(response);
  const ByteView digests = SessionParameters(r);
  SVSM_TRY(r.Finish());
  return digests;
}

Result<QuoteResponse> ParseQuoteResponse(ByteView response) {
  Reader r = Parameters(response);
  Reader p(SessionParameters(r));
  QuoteResponse out;
  out.attest = p.TakeBe16Sized();
  out.signature = p.Rest();
  SVSM_TRY(Nested(r, p));
  return out;
}

Result<ByteView> ParseGetRandom(ByteView response) {
  Reader r = Parameters(response);
  const ByteView bytes = r.TakeBe16Sized();
  SVSM_TRY(r.Finish());
  return bytes;
}

}  // namespace svsm::vtpm
