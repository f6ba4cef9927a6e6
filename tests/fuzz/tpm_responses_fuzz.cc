// Every parser of responses.h over the same bytes: nothing is read past the end, views lie inside,
// and what parsed is what was there.
#include <cstdint>

#include "svsm/core/panic.h"
#include "svsm/vtpm/responses.h"

namespace {

using svsm::ByteView;

void CheckInside(ByteView whole, ByteView part) {
  if (part.empty()) return;
  SVSM_CHECK(part.data() >= whole.data() &&
             part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm::vtpm;
  const ByteView in(data, size);
  const bool good = CheckResponse(in).ok();
  SVSM_CHECK(!good || ResponseCode(in).ok());
  const auto banks = ParseGetPcrBanks(in);
  SVSM_CHECK(!banks.ok() || (good && (*banks & ~kAllPcrBanks) == 0));
  SVSM_CHECK(!ParsePcrAllocate(in).ok() || good);
  SVSM_CHECK(!ParseGetNvBufferMax(in).ok() || good);
  SVSM_CHECK(!ParseNvReadPublic(in).ok() || good);
  if (const auto made = ParseCreatePrimary(in); made.ok()) {
    SVSM_CHECK(made->tpm2b_public.size() >= 2);
    CheckInside(in, made->tpm2b_public);
  }
  if (const auto made = ParseCreateLoaded(in); made.ok()) {
    CheckInside(in, made->tpm2b_private);
    CheckInside(in, made->tpm2b_public);
  }
  if (const auto read = ParseReadPublic(in); read.ok()) {
    CheckInside(in, read->tpm2b_public);
    CheckInside(in, read->name);
    CheckInside(in, read->qualified_name);
    SVSM_CHECK(read->tpm2b_public.size() + read->name.size() + read->qualified_name.size() ==
               size - kTpmHeaderSize - 4);
  }
  if (const auto quote = ParseQuoteResponse(in); quote.ok()) {
    CheckInside(in, quote->attest);
    CheckInside(in, quote->signature);
  }
  for (const auto& part : {ParseNvRead(in), ParsePcrEvent(in), ParseGetRandom(in)}) {
    if (part.ok()) CheckInside(in, *part);
  }
  return 0;
}
