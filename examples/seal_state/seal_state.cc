// Counts its own runs in a sealed file: example-seal-state FILE. The key stands here in the open;
// in an SVSM it is derived by the AMD-SP or released by a key broker.
#include <cstdio>
#include <memory>

#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sealed_file/sealed_file.h"

namespace {

using namespace svsm;

Status Run(const char* path) {
  crypto::HardwareCpuRandom cpu;
  crypto::RdRandSource rdrand(cpu);
  Secret<96> seed;
  SVSM_TRY(rdrand.Fill(seed.writable()));
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  crypto::Drbg rng(hmac);
  const ByteView inputs[] = {seed.view()};
  SVSM_TRY(rng.Seed(inputs));

  const Secret<32> key{FixedView<32>(Ascii("not a secret: 32 bytes of a text"))};
  crypto::OpensslAesGcm aead;
  SVSM_ASSIGN_OR_RETURN(const auto store,
                        sealed_file::SealedFileStore::Open(
                            path, key, aead, rng, sealed_file::SealedFileStore::IfAbsent::kCreate));
  Bytes<8> blob{};
  const Result<std::size_t> size = store->Read("runs", blob);
  if (!size.ok() && size.status().code() != Code::kNotFound) return size.status();
  wire::Le64 runs = wire::Read<wire::Le64>(blob).value();
  runs = runs.get() + 1;
  SVSM_TRY(store->Write("runs", wire::ToBytes(runs)));
  std::printf("run %llu\n", static_cast<unsigned long long>(runs.get()));
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: example-seal-state FILE\n", stderr), 2;
  const Status status = Run(argv[1]);
  if (!status.ok()) std::printf("%s\n", ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
