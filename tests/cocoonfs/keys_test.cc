#include "cocoonfs/keys.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

Bytes<32> KeyOf(const ImageLayout& layout, ByteView salt, ByteView user_key, KeyPurpose purpose,
                std::uint64_t domain, Subdomain subdomain) {
  TestAllocator allocator;
  KeySet keys(LinkedBackend(), allocator);
  EXPECT_THAT(keys.Init(layout, salt, user_key), IsOk());
  Bytes<32> key{};
  EXPECT_THAT(keys.Derive(purpose, domain, subdomain, key), IsOk());
  return key;
}

TEST(KeySetTest, EveryInputCounts) {
  const ImageLayout layout;
  const auto salt = Ascii("abc");
  const auto user = Ascii("0123456789abcdef");
  const auto base = KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData);
  EXPECT_EQ(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 17, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kPreauth, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kExtentsList));
  EXPECT_NE(base, KeyOf(layout, Ascii("abd"), user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, ByteView(), user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  EXPECT_NE(base, KeyOf(layout, salt, ByteView(), KeyPurpose::kEncrypt, 16, Subdomain::kData));
  ImageLayout other = layout;
  other.node_hash = crypto::HashAlg::kSha512;
  EXPECT_NE(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  other = layout;
  other.key_bits = 256;
  EXPECT_NE(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
  other = layout;
  other.io_block_log2 = 3;  // geometry is authenticated elsewhere
  EXPECT_EQ(base, KeyOf(other, salt, user, KeyPurpose::kEncrypt, 16, Subdomain::kData));
}

TEST(KeySetTest, OutOfMemory) {
  TestAllocator allocator;
  for (std::uint64_t n = 1; n < 3; ++n) {
    allocator.FailAt(n);
    KeySet keys(LinkedBackend(), allocator);
    const Status status = keys.Init(ImageLayout(), ByteView(), ByteView());
    EXPECT_EQ(status.code(), Code::kOutOfMemory);
    allocator.FailAt(0);
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
