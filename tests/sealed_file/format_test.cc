#include "src/sealed_file/format.h"

#include <string>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/sealed_file/folder.h"

namespace svsm::sealed_file::internal {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

class FormatTest : public ::testing::Test {
 protected:
  FormatTest() { EXPECT_THAT(aead_.SetKey(ByteVector(32, 0x2A)), IsOk()); }

  Blobs TwoBlobs() { return {{"a", {1, 2, 3}}, {"permanent", ByteVector(40, 9)}}; }
  ByteVector Sealed() {
    const Result<ByteVector> file = Seal(TwoBlobs(), 7, aead_, rng_);
    EXPECT_THAT(file, IsOk());
    return *file;
  }

  CountingRng rng_;
  crypto::OpensslAesGcm aead_;
};

TEST_F(FormatTest, OpensWhatItSealed) {
  SVSM_ASSERT_OK_AND_ASSIGN(const Unsealed read, Unseal(Sealed(), aead_));
  EXPECT_EQ(read.blobs, TwoBlobs());
  EXPECT_EQ(read.generation, 7u);
}

// The example of FORMAT.md, which another AES-GCM made, is in the document as it comes from here.
TEST_F(FormatTest, DocumentShowsTheBytes) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector file, Seal({}, 1, aead_, rng_));
  EXPECT_THAT(file, BytesAre("5356534d5345414c010000004000000004000000000000000100000000000000"
                             "000102030405060708090a0b00000000712e4e56d06c8976562a0c35ae712019"
                             "4c2d5448"));
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector document,
                            ReadFile(SVSM_TESTS_DIR "/../src/sealed_file/FORMAT.md"));
  const std::string text(document.begin(), document.end());
  EXPECT_NE(text.find("71 2e 4e 56 d0 6c 89 76  56 2a 0c 35 ae 71 20 19"), std::string::npos);
  EXPECT_NE(text.find("4c 2d 54 48"), std::string::npos);
}

TEST_F(FormatTest, EveryFlippedBitIsRefused) {
  const ByteVector file = Sealed();
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    ByteVector changed = file;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const Status status = Unseal(changed, aead_).status();
    ASSERT_FALSE(status.ok()) << bit;
    const std::size_t at = bit / 8;
    const bool free_form = at >= offsetof(Header, generation) &&
                           (at < offsetof(Header, reserved) || at >= offsetof(Header, tag));
    if (free_form) {
      EXPECT_EQ(status.code(), Code::kAuthFailed) << bit;
    }
  }
}

TEST_F(FormatTest, EveryOtherLengthIsRefused) {
  ByteVector file = Sealed();
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::size_t offset = size < sizeof(Header) ? size : offsetof(Header, payload_size);
    EXPECT_THAT(Unseal(ByteView(file).first(size), aead_),
                IsStatus(Code::kMalformed, Source::kSealedFile, offset));
  }
  file.push_back(0);
  EXPECT_THAT(Unseal(file, aead_), IsStatus(Code::kMalformed, Source::kSealedFile, 0x10));
}

TEST_F(FormatTest, NamesTheFieldThatIsWrong) {
  const auto patched = [this](std::size_t at, std::uint8_t value) {
    ByteVector file = Sealed();
    file[at] = value;
    return Unseal(file, aead_).status();
  };
  EXPECT_THAT(patched(0x00, 'X'), IsStatus(Code::kMalformed, Source::kSealedFile, 0));
  EXPECT_THAT(patched(0x08, 2), IsStatus(Code::kUnsupported, Source::kSealedFile, 2));
  EXPECT_THAT(patched(0x0C, 0x41), IsStatus(Code::kMalformed, Source::kSealedFile, 0x0C));
  EXPECT_THAT(patched(0x10, 1), IsStatus(Code::kMalformed, Source::kSealedFile, 0x10));
  EXPECT_THAT(patched(0x2C, 1), IsStatus(Code::kMalformed, Source::kSealedFile, 0x2C));
}

TEST_F(FormatTest, AnotherKeyIsRefused) {
  const ByteVector file = Sealed();
  ASSERT_THAT(aead_.SetKey(ByteVector(32, 0x2B)), IsOk());
  EXPECT_THAT(Unseal(file, aead_), IsStatus(Code::kAuthFailed, Source::kCrypto));
}

TEST_F(FormatTest, AuthenticNonsenseIsDataLoss) {
  const std::string payloads[] = {
      "",                                                 // no count
      std::string("\2\0\0\0\1b\0\0\0\0\1a\0\0\0\0", 16),  // order
      std::string("\2\0\0\0\1a\0\0\0\0\1a\0\0\0\0", 16),  // twice
      std::string("\1\0\0\0\1A\0\0\0\0", 10),             // name
      std::string("\1\0\0\0\2a\0\0\0\0\0", 11),           // NUL in a name
      std::string("\1\0\0\0\0\0\0\0\0", 9),               // no name
      std::string("\1\0\0\0\1a\1\0\0\0", 10),             // blob ends early
      std::string("\0\0\0\0\0", 5),                       // goes on
      std::string("\xff\xff\xff\xff", 4),                 // absurd count
  };
  for (const std::string& payload : payloads) {
    EXPECT_THAT(DecodePayload(AsBytes(payload)), IsStatus(Code::kDataLoss, Source::kSealedFile));
  }
}

TEST_F(FormatTest, DrawsANonceEachTime) {
  const ByteVector first = Sealed();
  const ByteVector second = Sealed();
  EXPECT_NE(ToHex(ByteView(first).subspan(0x20, 12)), ToHex(ByteView(second).subspan(0x20, 12)));
  rng_.failing = true;
  EXPECT_THAT(Seal({}, 1, aead_, rng_), IsStatus(Code::kExhausted, Source::kCaller));
}

}  // namespace
}  // namespace svsm::sealed_file::internal
