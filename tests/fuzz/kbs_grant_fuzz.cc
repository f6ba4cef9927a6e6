// What a broker releases, once it is decrypted. A grant that is taken is encoded to the same
// fields, and to the same bytes where it has no record beyond those that this version writes.
#include <cstdlib>

#include "svsm/core/bytes.h"
#include "svsm/kbs/grant.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

bool Inside(ByteView whole, ByteView part) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

bool Same(const Grant& a, const Grant& b) {
  return Equal(a.key_seed.view(), b.key_seed.view()) && a.vm_id == b.vm_id && a.boot == b.boot &&
         Equal(a.resource, b.resource);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  Grant grant;
  Fill(grant.key_seed.writable(), 1);
  if (!DecodeGrant(in, grant).ok()) {
    Require(IsZero(grant.key_seed.view()));
    return 0;
  }
  Require(size <= kMaxGrantSize && Inside(in, grant.resource));
  Bytes<kGrantSize> buffer{};
  const Result<ByteView> text = EncodeGrant(grant, buffer);
  Require(text.ok() && text->size() <= size);
  Require(text->size() < size || Equal(*text, in));
  Grant again;
  Require(DecodeGrant(*text, again).ok() && Same(grant, again));
  return 0;
}
