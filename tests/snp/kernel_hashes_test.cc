#include "svsm/snp/kernel_hashes.h"

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;

const crypto::OpensslHash& Sha256() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha256);
  return hash;
}

TEST(KernelHashesTest, HashesWhatIsThere) {
  const auto hashes = HashKernel(Sha256(), AsBytes("abc"), {}, {});
  ASSERT_THAT(hashes, IsOk());
  EXPECT_THAT(hashes->kernel,
              BytesAre("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_THAT(hashes->initrd,
              BytesAre("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  // One NUL.
  EXPECT_THAT(hashes->command_line,
              BytesAre("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
}

TEST(KernelHashesTest, PutsTheTableIntoAZeroedPage) {
  const auto hashes = HashKernel(Sha256(), AsBytes("abc"), AsBytes("def"), AsBytes(" ro "));
  ASSERT_THAT(hashes, IsOk());
  Bytes<kPageSize> page;
  page.fill(0xEE);
  ASSERT_THAT(BuildKernelHashPage(*hashes, 0xC00, page), IsOk());
  const ByteView view(page);
  EXPECT_TRUE(IsZero(view.first(0xC00)));
  EXPECT_TRUE(IsZero(view.subspan(0xC00 + 168)));
  EXPECT_THAT(view.subspan(0xC00, 18), BytesAre("06d63894224fc94cb479a793d411fd21a800"));
  EXPECT_THAT(view.subspan(0xC00 + 18, 18), BytesAre("d82dd09720bd944caa78e7714d36ab2a3200"));
  EXPECT_THAT(view.subspan(0xC00 + 36, 32), SameBytes(hashes->command_line));
  EXPECT_THAT(view.subspan(0xC00 + 68, 18), BytesAre("31f7ba442f3ad74b9af141e29169781d3200"));
  EXPECT_THAT(view.subspan(0xC00 + 86, 32), SameBytes(hashes->initrd));
  EXPECT_THAT(view.subspan(0xC00 + 118, 18), BytesAre("3794e74dd2ab7f42b835d5b172d2045b3200"));
  EXPECT_THAT(view.subspan(0xC00 + 136, 32), SameBytes(hashes->kernel));
}

TEST(KernelHashesTest, TheTableStaysInThePage) {
  Bytes<kPageSize> page;
  EXPECT_THAT(BuildKernelHashPage({}, kPageSize - kKernelHashTableSize, page), IsOk());
  for (const std::size_t offset : {kPageSize - kKernelHashTableSize + 1, ~std::uint64_t{0}}) {
    EXPECT_THAT(BuildKernelHashPage({}, offset, page),
                IsStatus(Code::kInvalidArgument, Source::kSnp));
  }
}

TEST(KernelHashesDeathTest, WantsSha256) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  EXPECT_DEATH((void)HashKernel(sha384, {}, {}, {}), "check failed");
}

}  // namespace
}  // namespace svsm::snp
