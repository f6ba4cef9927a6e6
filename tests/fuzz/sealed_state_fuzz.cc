// A sealed file from outside. The first byte says what follows: 0 a whole file, which is opened
// with a fixed key; else a payload, as if it had been authentic.
#include <cstdlib>

#include "src/sealed_file/format.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/rng.h"

using namespace svsm;                         // NOLINT(google-build-using-namespace)
using namespace svsm::sealed_file::internal;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static crypto::OpensslAesGcm aead;
  static const bool keyed = aead.SetKey(ByteVector(32, 0x2A)).ok();
  Require(keyed);
  if (size == 0) return 0;
  const ByteView in = ByteView(data, size).subspan(1);
  if (data[0] == 0) {
    const Result<Unsealed> unsealed = Unseal(in, aead);
    Require(!unsealed.ok() || sizeof(Header) + PayloadSize(unsealed->blobs) == in.size());
    return 0;
  }
  const Result<Blobs> blobs = DecodePayload(in);
  if (!blobs.ok()) return 0;
  Require(Equal(EncodePayload(*blobs), in));
  svsm::testing::FakeRng rng;
  const Result<ByteVector> file = Seal(*blobs, 1, aead, rng);
  Require(file.ok());
  const Result<Unsealed> again = Unseal(*file, aead);
  Require(again.ok() && again->blobs == *blobs && again->generation == 1);
  return 0;
}
