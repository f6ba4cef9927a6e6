// A boot of a simulated VM, from launch to the guest's first calls, with everything from outside
// through one place.
#ifndef SVSM_TOOLS_SVSM_SIM_BOOT_H_
#define SVSM_TOOLS_SVSM_SIM_BOOT_H_

#include <cstdint>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/sim/outside.h"
#include "svsm/sim/product_line.h"

namespace svsm::tool {

// What a boot depends on besides its program and the outside.
struct BootSetting {
  std::string product = "Milan";
  std::uint64_t chip = 1;  // the seed that makes it
  std::uint32_t busy = 0;  // so often the host says BUSY first
};

// "product=Milan chip=1 busy=0", and back. Errors: kMalformed.
std::string SettingText(const BootSetting& setting);
Result<BootSetting> ParseSetting(const std::string& text);

// "Milan", "Genoa" or "Turin"; Milan for anything else.
const sim::ProductLine& LineOf(const std::string& product);

// Launches the VM; seeds the SVSM's generator; gets a report over a nonce and the date; starts the
// guest, which makes calls and gets a report of its own. What comes of it goes to
// outside.NoteResult(). Errors: those of the parts, and outside.Finish().
Status Boot(sim::Outside& outside, const BootSetting& setting, ByteView program);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_SIM_BOOT_H_
