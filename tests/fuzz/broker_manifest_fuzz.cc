// A broker's manifest from outside: what is taken has one spelling.
#include <cstdlib>

#include "svsm/evidence/broker_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svsm::ByteView in(data, size);
  const auto manifest = svsm::evidence::DecodeBrokerManifest(in);
  if (!manifest.ok()) return 0;
  const auto again = svsm::evidence::EncodeBrokerManifest(*manifest);
  if (!again.ok() || !svsm::Equal(*again, in)) std::abort();
  return 0;
}
