// A storage key's file, or the public area of a key that something is to be wrapped for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "src/snp/verify/tpm_wrap.h"
#include "svsm/snp_verify/storage_key.h"
#include "svsm/testing/rng.h"

using namespace svsm;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  svsm::testing::FakeRng rng;
  const Result<snp::StorageKey> key = snp::StorageKey::Read(in);
  if (key.ok()) {
    Require(Equal(key->file(), in));
    Require(key->Seal(in.first(1), {}, rng).ok());
    return 0;
  }
  const Result<evidence::TpmPublic> parent = evidence::ParseTpmtPublic(in);
  if (!parent.ok()) return 0;
  const Result<snp::SharedSeed> seed = snp::ShareSeed(*parent, snp::SeedUse::kDuplicate, rng);
  if (!seed.ok()) return 0;
  const Result<snp::WrapAlgorithms> algorithms = snp::AlgorithmsOf(*parent);
  Require(algorithms.ok());
  Require(seed->size == crypto::DigestSize(algorithms->hash));
  Require(snp::OuterWrap(*algorithms, seed->view(), {}, std::nullopt, in).ok());
  return 0;
}
