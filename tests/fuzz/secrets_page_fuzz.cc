// Secrets pages from firmware (what a hostile host may have put there) and from an SVSM (what a
// guest reads): nothing crashes, and no key below the guest's VMPL survives in its copy.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "svsm/protocol/secrets_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm;
  using namespace svsm::protocol;
  std::vector<std::uint8_t> storage(kPageSize);
  Copy(storage, ByteView(data, size < kPageSize ? size : kPageSize));
  const FixedSpan<kPageSize> page = ByteSpan(storage).first<kPageSize>();
  (void)CheckSecretsPage(page).ok();
  const auto place = FindSvsm(page);
  if (place.ok()) {
    // What can be found can be made, and is found again.
    std::vector<std::uint8_t> copy(kPageSize);
    const FixedSpan<kPageSize> guest = ByteSpan(copy).first<kPageSize>();
    if (!MakeGuestSecretsPage(page, *place, guest).ok() || !FindSvsm(guest).ok()) std::abort();
    for (std::uint32_t i = 0; i < place->guest_vmpl.value(); ++i) {
      if (TakeVmpck(guest, i).ok()) std::abort();
    }
  }
  for (std::size_t i = 0; i < kNumVmpcks; ++i) {
    const auto seqno = MessageSeqno(page, i);
    if (!seqno.ok() || !SetMessageSeqno(page, i, *seqno).ok()) std::abort();
    if (TakeVmpck(page, i).ok() && TakeVmpck(page, i).ok()) std::abort();
  }
  return 0;
}
