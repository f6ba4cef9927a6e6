#include "vtpm/measure.h"

#include "svsm/core/reader.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/manufacture.h"
#include "svsm/vtpm/responses.h"

namespace svsm::vtpm {
namespace {

// EV_EVENT_TAG.
constexpr std::uint32_t kTaggedEvent = 0x00000006;

struct BankDigest {
  PcrBanks bit = 0;
  evidence::TpmAlg hash = evidence::TpmAlg::kError;
  ByteView digest;
};

// The next of the TPM's digests. It hashes with every algorithm that it has, active bank or not.
BankDigest NextDigest(wire::Reader& r) {
  const std::uint16_t hash = r.Be16();
  for (const PcrBank& bank : kPcrBanks) {
    if (static_cast<std::uint16_t>(bank.hash) == hash) {
      return {bank.bit, bank.hash, r.Take(evidence::TpmDigestSize(bank.hash))};
    }
  }
  r.Require(false);  // a digest of unknown size
  return {};
}

}  // namespace

Result<ByteView> BuildMeasuredEvent(std::uint32_t id, ByteView digest, ByteSpan out) {
  wire::Writer w(out);
  w.Le32(id);
  w.Le32(static_cast<std::uint32_t>(digest.size()));
  w.Put(digest);
  return w.Finish();
}

Status MeasureDigest(OwnTpm& tpm, std::uint32_t pcr, std::uint32_t id, ByteView digest,
                     PcrBanks banks, wire::Writer& log) {
  Bytes<kMaxMeasuredEvent> buffer;
  SVSM_ASSIGN_OR_RETURN(const ByteView event, BuildMeasuredEvent(id, digest, buffer));
  SVSM_ASSIGN_OR_RETURN(const ByteView response,
                        tpm.Ask(BuildPcrEvent(pcr, event, tpm.command_buffer())));
  SVSM_ASSIGN_OR_RETURN(const ByteView digests, ParsePcrEvent(response));

  log.Le32(pcr);
  log.Le32(kTaggedEvent);
  std::uint32_t count = 0;
  for (const PcrBank& bank : kPcrBanks) count += (banks & bank.bit) != 0 ? 1 : 0;
  log.Le32(count);
  wire::Reader r(digests);
  PcrBanks seen = 0;
  for (std::uint32_t left = r.Be32(); left != 0 && r.ok(); --left) {
    const BankDigest item = NextDigest(r);
    if ((banks & item.bit) == 0) continue;
    r.Require((seen & item.bit) == 0);
    seen |= item.bit;
    log.Le16(static_cast<std::uint16_t>(item.hash));
    log.Put(item.digest);
  }
  SVSM_TRY(r.Finish());
  if (seen != banks) return Status(Code::kInternal, Source::kVtpm, seen);
  log.Le32(static_cast<std::uint32_t>(event.size()));
  log.Put(event);
  return OkStatus();
}

}  // namespace svsm::vtpm
