#include "svsm/snp_verify/crl.h"

#include <gtest/gtest.h>

#include "tests/snp_verify/vectors.h"
#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;
using ::testing::ElementsAre;
using ::testing::Optional;

forge::CrlSpec Spec() {
  forge::CrlSpec spec;
  spec.issuer = forge::AmdName("ARK-Milan");
  return spec;
}

TEST(ParseCrl, ReadsEveryField) {
  forge::CrlSpec spec = Spec();
  spec.revoked = {0x10001, 0x80};
  const ByteVector der = forge::MakeCrl(spec);
  SVSM_ASSERT_OK_AND_ASSIGN(const Crl crl, ParseCrl(der));
  EXPECT_EQ(crl.this_update, spec.this_update);
  EXPECT_THAT(crl.next_update, Optional(*spec.next_update));
  EXPECT_THAT(crl.revoked, ElementsAre(BytesAre("010001"), BytesAre("0080")));
}

TEST(ParseCrl, ReadsAListWithoutEntriesAndEnd) {
  forge::CrlSpec spec = Spec();
  spec.next_update.reset();
  const ByteVector der = forge::MakeCrl(spec);
  SVSM_ASSERT_OK_AND_ASSIGN(const Crl crl, ParseCrl(der));
  EXPECT_TRUE(crl.revoked.empty());
  EXPECT_FALSE(crl.next_update.has_value());
}

TEST(ParseCrl, RejectsEveryTruncation) {
  forge::CrlSpec spec = Spec();
  spec.revoked = {1};
  const ByteVector der = forge::MakeCrl(spec);
  for (std::size_t size = 0; size < der.size(); ++size) {
    ASSERT_EQ(ParseCrl(ByteView(der).first(size)).status().code(), Code::kMalformed) << size;
  }
}

TEST(ParseCrl, RejectsBytesAfterIt) {
  ByteVector der = forge::MakeCrl(Spec());
  const auto size = static_cast<std::uint32_t>(der.size());
  der.push_back(0);
  EXPECT_THAT(ParseCrl(der), IsStatus(Code::kMalformed, Source::kSnpVerify, size));
}

TEST(ParseCrl, RejectsWhatIsTooLarge) {
  const ByteVector der(kMaxCrlSize + 1);
  EXPECT_THAT(ParseCrl(der), IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxCrlSize));
}

TEST(ParseCrl, KnowsNoCriticalExtension) {
  forge::CrlSpec spec = Spec();
  spec.critical_extension = true;
  EXPECT_EQ(ParseCrl(forge::MakeCrl(spec)).status().code(), Code::kUnsupported);
}

TEST(ParseCrl, KnowsVersionTwoOnly) {
  ByteVector der = forge::MakeCrl(Spec());
  ASSERT_THAT(ByteView(der).subspan(7, 3), BytesAre("020101"));
  der[9] = 0;
  EXPECT_EQ(ParseCrl(der).status().code(), Code::kUnsupported);
}

TEST(ParseCrl, RejectsACertificate) {
  const ByteVector der = forge::Make(forge::Ark(Product::kMilan));
  EXPECT_EQ(ParseCrl(der).status().code(), Code::kUnsupported);  // no version where a list has one
}

TEST(ReadCrlFile, ReadsDerAndPem) {
  const ByteVector der = forge::MakeCrl(Spec());
  EXPECT_THAT(*ReadCrlFile(der), ElementsAre(der));
  EXPECT_THAT(*ReadCrlFile(AsBytes(forge::Pem("X509 CRL", der))), ElementsAre(der));
}

TEST(ReadCrlFile, RejectsOtherFiles) {
  EXPECT_THAT(ReadCrlFile(AsBytes("hello")), IsStatus(Code::kMalformed, Source::kSnpVerify));
  const std::string other = forge::Pem("CERTIFICATE", forge::MakeCrl(Spec()));
  EXPECT_THAT(ReadCrlFile(AsBytes(other)), IsStatus(Code::kNotFound, Source::kSnpVerify));
}

TEST(ParseCrl, ReadsAmdsOwn) {
  const std::string folder = SnpVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no snp";
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector file, ReadFile(folder + "/crl/milan.pem"));
  SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<ByteVector> ders, ReadCrlFile(file));
  ASSERT_EQ(ders.size(), 1u);
  SVSM_ASSERT_OK_AND_ASSIGN(const Crl crl, ParseCrl(ders[0]));
  EXPECT_EQ(FormatRfc3339(crl.this_update), "2025-05-06T12:39:06Z");
  EXPECT_EQ(FormatRfc3339(*crl.next_update), "2026-05-12T00:00:00Z");
  EXPECT_TRUE(crl.revoked.empty());
}

}  // namespace
}  // namespace svsm::snp
