#include "svsm/snp/id_block.h"

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/launch_files.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

class FailingHash final : public crypto::Hash {
 public:
  crypto::HashAlg algorithm() const override { return crypto::HashAlg::kSha384; }
  Status Digest(std::span<const ByteView>, ByteSpan) const override {
    return Status(Code::kInternal, Source::kOpenssl, 5);
  }
};

class IdBlockTest : public ::testing::Test {
 protected:
  IdBlockTest() : id_key_(crypto::Curve::kP384), author_key_(crypto::Curve::kP384) {
    Bytes<48> scalar{};
    scalar[47] = 7;
    EXPECT_THAT(id_key_.SetPrivateKey(scalar), IsOk());
    scalar[47] = 9;
    EXPECT_THAT(author_key_.SetPrivateKey(scalar), IsOk());
    Bytes<48> digest{};
    digest.fill(0x5A);
    IdBlockFields fields;
    fields.family_id[0] = 1;
    fields.image_id[15] = 2;
    fields.guest_svn = 3;
    block_ = MakeIdBlock(digest, fields);
    EXPECT_THAT(SignIdBlock(Sha384(), block_, id_key_, &author_key_, auth_), IsOk());
  }
  Status Check() {
    crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
    return CheckIdBlock(Sha384(), block_, auth_, verifier);
  }

  crypto::OpensslEcdsaSigner id_key_;
  crypto::OpensslEcdsaSigner author_key_;
  IdBlock block_{};
  IdAuthentication auth_{};
};

TEST_F(IdBlockTest, WhatIsSignedChecks) {
  EXPECT_THAT(Check(), IsOk());
  EXPECT_THAT(ByteView(wire::ToBytes(block_)).subspan(0x30),
              BytesAre("01000000000000000000000000000000"
                       "00000000000000000000000000000002"
                       "01000000030000000000030000000000"));
  ASSERT_THAT(SignIdBlock(Sha384(), block_, id_key_, nullptr, auth_), IsOk());
  EXPECT_EQ(auth_.author_key_algorithm.get(), 0u);
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(IdBlockTest, KnowsVersionAlgorithmAndCurve) {
  const auto unknown = [](unsigned offset) {
    return IsStatus(Code::kUnsupported, Source::kSnp, offset);
  };
  const IdAuthentication good = auth_;
  auth_.id_key_algorithm = 2;
  EXPECT_THAT(Check(), unknown(0));
  auth_ = good;
  auth_.author_key_algorithm = 2;
  EXPECT_THAT(Check(), unknown(4));
  auth_ = good;
  auth_.id_key.curve = 1;
  EXPECT_THAT(Check(), unknown(0x240));
  auth_ = good;
  auth_.author_key.curve = 3;
  EXPECT_THAT(Check(), unknown(0x880));
  auth_ = good;
  block_.version = 2;
  EXPECT_THAT(Check(), unknown(0x50));
}

TEST_F(IdBlockTest, ReservedBytesAreZero) {
  // Where a set byte is, and what offset is named.
  const std::size_t places[][2] = {{0x008, 0x008}, {0x087, 0x040}, {0x0CF, 0x088}, {0x23F, 0x0D0},
                                   {0x274, 0x244}, {0x2D3, 0x28C}, {0x643, 0x2D4}, {0x67F, 0x644},
                                   {0x6C7, 0x680}, {0x70F, 0x6C8}, {0x87F, 0x710}, {0x8CB, 0x884},
                                   {0x913, 0x8CC}, {0xC83, 0x914}, {0xFFF, 0xC84}};
  const Bytes<0x1000> good = wire::ToBytes(auth_);
  for (const auto& place : places) {
    SCOPED_TRACE(place[0]);
    Bytes<0x1000> bytes = good;
    bytes[place[0]] ^= 0x80;
    auth_ = *wire::Read<IdAuthentication>(bytes);
    EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kSnp, place[1]));
  }
}

TEST_F(IdBlockTest, WithoutAuthorItsFieldsAreZero) {
  auth_.author_key_algorithm = 0;
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kSnp, 0x680));
  auth_.id_key_signature = IdSignature{};
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kSnp, 0x880));
  auth_.author_key = IdPublicKey{};
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(IdBlockTest, KeysAreOnTheCurve) {
  const IdAuthentication good = auth_;
  auth_.id_key.x[0] ^= 1;
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kSnp, 0x240));
  auth_ = good;
  auth_.author_key.y[0] ^= 1;
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kSnp, 0x880));
}

TEST_F(IdBlockTest, SignaturesAreChecked) {
  const auto forged = IsStatus(Code::kAuthFailed, Source::kSnp);
  const IdAuthentication good = auth_;
  for (Bytes<72>* number : {&auth_.block_signature.r, &auth_.block_signature.s,
                            &auth_.id_key_signature.r, &auth_.id_key_signature.s}) {
    (*number)[3] ^= 1;
    EXPECT_THAT(Check(), forged);
    auth_ = good;
  }
  block_.policy = 0xB0000;
  EXPECT_THAT(Check(), forged);
}

TEST_F(IdBlockTest, FailuresOfKeysAndHashLeaveZeros) {
  crypto::OpensslEcdsaSigner empty(crypto::Curve::kP384);
  EXPECT_THAT(SignIdBlock(Sha384(), block_, id_key_, &empty, auth_),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  EXPECT_TRUE(IsZero(wire::ToBytes(auth_)));
  const FailingHash failing;
  const auto internal = IsStatus(Code::kInternal, Source::kOpenssl, 5);
  EXPECT_THAT(SignIdBlock(failing, block_, id_key_, nullptr, auth_), internal);
  EXPECT_TRUE(IsZero(wire::ToBytes(auth_)));
  EXPECT_THAT(IdKeyDigest(failing, auth_.id_key), internal);
}

TEST_F(IdBlockTest, RecordedFilesCheck) {
  const std::string folder = testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  for (const char* name : {"py-1", "virtee-1", "virtee-2"}) {
    SCOPED_TRACE(name);
    const ByteVector block = *ReadFile(folder + "id-block/id-block-" + name + ".bin");
    const ByteVector auth = *ReadFile(folder + "id-block/id-auth-" + name + ".bin");
    block_ = *wire::Read<IdBlock>(block);
    auth_ = *wire::Read<IdAuthentication>(auth);
    EXPECT_THAT(Check(), IsOk());
    const auto id = IdKeyDigest(Sha384(), auth_.id_key);
    ASSERT_THAT(id, IsOk());
    EXPECT_THAT(*id, BytesAre("22c29b02dc6a63828ad042f69e34c56d2130345a0d9777cc9079b652884b3b8302b9"
                              "b00b8c27b4308dd324513987da09"));
    const auto author = IdKeyDigest(Sha384(), auth_.author_key);
    ASSERT_THAT(author, IsOk());
    EXPECT_THAT(*author,
                BytesAre("6d5312d6a3f55086bd1aea03f3c84407c11db61bb4109c077fe9bbf779ecf401ad8094"
                         "a5eb369f495d84e9c2cddc55f5"));
    // The same fields make the same block.
    IdBlockFields fields;
    fields.family_id = block_.family_id;
    fields.image_id = block_.image_id;
    fields.guest_svn = block_.guest_svn.get();
    fields.policy = block_.policy.get();
    EXPECT_TRUE(Equal(wire::ToBytes(MakeIdBlock(block_.launch_digest, fields)), block));
  }
}

}  // namespace
}  // namespace svsm::snp
