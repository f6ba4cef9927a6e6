#include "svsm/broker/signing_key.h"

#include <atomic>
#include <thread>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using testing::IsOk;
using testing::IsStatus;

// The key of RFC 6979, A.2.5.
constexpr const char* kScalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";

ByteVector Hex(const char* text) { return *FromHex(text); }

TEST(SigningKeyTest, SignsAsTheRfcSays) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key,
                            SigningKey::FromScalar(crypto::Curve::kP256, Hex(kScalar)));
  EXPECT_EQ(ToHex(key->public_key().x),
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
  // SHA-256 of "sample".
  SVSM_ASSERT_OK_AND_ASSIGN(
      const SignatureBytes signature,
      key->Sign(Hex("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf")));
  EXPECT_EQ(ToHex(signature.r), "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
  EXPECT_EQ(ToHex(signature.s), "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
}

TEST(SigningKeyTest, NamesAKeyByItsThumbprint) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key,
                            SigningKey::FromScalar(crypto::Curve::kP256, Hex(kScalar)));
  EXPECT_EQ(key->id(), KeyId(key->public_key()));
  EXPECT_EQ(key->id().size(), 43u);
  PublicKey other = key->public_key();
  other.curve = crypto::Curve::kP521;
  EXPECT_NE(KeyId(other), key->id());
}

TEST(SigningKeyTest, RefusesWhatIsNoKey) {
  const ByteVector scalar = Hex(kScalar);
  EXPECT_THAT(SigningKey::FromScalar(crypto::Curve::kP521, ByteVector(66, 1)),
              IsStatus(Code::kUnsupported, Source::kBroker));
  EXPECT_THAT(SigningKey::FromScalar(crypto::Curve::kP256, ByteView(scalar).first(31)),
              IsStatus(Code::kInvalidArgument, Source::kCrypto));
  EXPECT_THAT(SigningKey::FromScalar(crypto::Curve::kP256, ByteVector(32)),
              IsStatus(Code::kMalformed, Source::kCrypto));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key, SigningKey::FromScalar(crypto::Curve::kP256, scalar));
  EXPECT_THAT(key->Sign(ByteVector(31)), IsStatus(Code::kInvalidArgument, Source::kCrypto));
}

TEST(SigningKeyTest, SignsInManyThreads) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key,
                            SigningKey::FromScalar(crypto::Curve::kP384, ByteVector(48, 7)));
  const ByteVector digest(48, 0x11);
  SVSM_ASSERT_OK_AND_ASSIGN(const SignatureBytes wanted, key->Sign(digest));
  std::atomic<int> equal = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const Result<SignatureBytes> signature = key->Sign(digest);
        if (signature.ok() && signature->r == wanted.r && signature->s == wanted.s) ++equal;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, 160);
}

}  // namespace
}  // namespace svsm::broker
