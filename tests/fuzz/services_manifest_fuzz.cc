// Services manifests from outside: what is accepted is built again byte for byte.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "svsm/protocol/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm::protocol;
  const svsm::ByteView in(data, size);
  std::array<ManifestEntry, 64> slots;
  const auto entries = ParseServicesManifest(in, slots);
  if (entries.ok()) {
    std::vector<std::uint8_t> again(ServicesManifestSize(*entries));
    const auto built = BuildServicesManifest(*entries, again);
    if (!built.ok() || *built != size || !svsm::Equal(again, in)) std::abort();
  }
  const auto manifest = VtpmManifestV0(in);
  if (manifest.ok() && manifest->size() + 2 != size) std::abort();
  return 0;
}
