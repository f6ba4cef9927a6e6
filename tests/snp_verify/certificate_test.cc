#include "svsm/snp_verify/certificate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;
using ::testing::ElementsAre;

ByteVector Leaf() {
  return forge::Make(
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan)));
}

// The first place where `needle` is in `der`.
std::size_t Find(const ByteVector& der, std::string_view hex) {
  const ByteVector needle = *FromHex(hex);
  const auto at = std::search(der.begin(), der.end(), needle.begin(), needle.end());
  EXPECT_NE(at, der.end()) << hex;
  return static_cast<std::size_t>(at - der.begin());
}

TEST(ParseCertificate, ReadsEveryField) {
  const ByteVector der = Leaf();
  SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate leaf, ParseCertificate(der));
  EXPECT_EQ(leaf.version, 3);
  EXPECT_THAT(leaf.serial, BytesAre("00"));
  EXPECT_EQ(CommonName(leaf.subject), "SEV-VCEK");
  EXPECT_EQ(CommonName(leaf.issuer), "SEV-Milan");
  EXPECT_EQ(leaf.not_before, forge::kNow - forge::kYear);
  EXPECT_EQ(leaf.not_after, forge::kNow + forge::kYear);
  EXPECT_EQ(leaf.spki.size(), 120u);
  EXPECT_EQ(leaf.signature.size(), 256u);
  ASSERT_EQ(leaf.extensions().size(), 11u);
  EXPECT_THAT(leaf.extensions()[1].oid, BytesAre("2b060104019c780102"));
  EXPECT_THAT(leaf.extensions()[1].value, BytesAre("16054d696c616e"));
  EXPECT_FALSE(leaf.extensions()[1].critical);
  EXPECT_EQ(leaf.der.data(), der.data());
}

TEST(ParseCertificate, ReadsVersionOneWithoutExtensions) {
  forge::CertificateSpec spec = forge::Ark(Product::kMilan);
  spec.version = 1;
  spec.extensions.clear();
  const ByteVector der = forge::Make(spec);
  SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate ark, ParseCertificate(der));
  EXPECT_EQ(ark.version, 1);
  EXPECT_TRUE(ark.extensions().empty());
}

TEST(ParseCertificate, RejectsEveryTruncation) {
  const ByteVector der = Leaf();
  for (std::size_t size = 0; size < der.size(); ++size) {
    const Result<X509Certificate> parsed = ParseCertificate(ByteView(der).first(size));
    ASSERT_EQ(parsed.status().code(), Code::kMalformed) << size;
  }
}

TEST(ParseCertificate, RejectsBytesAfterIt) {
  ByteVector der = Leaf();
  const auto size = static_cast<std::uint32_t>(der.size());
  der.push_back(0);
  EXPECT_THAT(ParseCertificate(der), IsStatus(Code::kMalformed, Source::kSnpVerify, size));
}

TEST(ParseCertificate, RejectsWhatIsTooLarge) {
  const ByteVector der(kMaxCertificateSize + 1, 0x30);
  EXPECT_THAT(ParseCertificate(der),
              IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxCertificateSize));
}

TEST(ParseCertificate, RejectsDisagreeingAlgorithms) {
  ByteVector der = Leaf();
  der[Find(der, "a203020130") + 4] = 0x20;  // the salt's length in the signed copy
  EXPECT_EQ(ParseCertificate(der).status().code(), Code::kMalformed);
}

TEST(ParseCertificate, RejectsAWrittenDefaultOfCritical) {
  forge::CertificateSpec spec = forge::Ark(Product::kMilan);
  ByteVector der = forge::Make(spec);
  der[Find(der, "0603551d130101ff") + 7] = 0x00;
  EXPECT_EQ(ParseCertificate(der).status().code(), Code::kMalformed);
}

TEST(ParseCertificate, RejectsAWrittenDefaultOfVersion) {
  ByteVector der = Leaf();
  der[Find(der, "a003020102") + 4] = 0x00;
  EXPECT_EQ(ParseCertificate(der).status().code(), Code::kMalformed);
}

TEST(ParseCertificate, KnowsNoUniqueIdentifiers) {
  forge::CertificateSpec spec =
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan));
  spec.version = 2;
  spec.extensions = {{"1.2.3", {0x05, 0x00}}};
  ByteVector der = forge::Make(spec);
  const std::size_t at = Find(der, "a30c300a");  // the extensions become a subjectUniqueID
  der[at] = 0x82;
  EXPECT_THAT(ParseCertificate(der), IsStatus(Code::kUnsupported, Source::kSnpVerify, at));
}

TEST(ParseCertificate, KnowsAFixedNumberOfExtensions) {
  forge::CertificateSpec spec = forge::Ark(Product::kMilan);
  for (std::size_t i = spec.extensions.size(); i < kMaxExtensions; ++i) {
    spec.extensions.push_back({"1.2.3." + std::to_string(i), {0x05, 0x00}});
  }
  EXPECT_THAT(ParseCertificate(forge::Make(spec)), IsOk());
  spec.extensions.push_back({"1.2.4", {0x05, 0x00}});
  EXPECT_EQ(ParseCertificate(forge::Make(spec)).status().code(), Code::kUnsupported);
}

TEST(KindOf, GoesByTheCommonName) {
  const struct {
    const char* name;
    CertificateKind kind;
  } kCases[] = {{"ARK-Milan", CertificateKind::kArk},       {"SEV-Milan", CertificateKind::kAsk},
                {"SEV-VLEK-Milan", CertificateKind::kAsvk}, {"SEV-VCEK", CertificateKind::kVcek},
                {"SEV-VLEK", CertificateKind::kVlek},       {"example", CertificateKind::kOther}};
  for (const auto& c : kCases) {
    forge::CertificateSpec spec = forge::Ark(Product::kMilan);
    spec.subject = forge::AmdName(c.name);
    const ByteVector der = forge::Make(spec);
    SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate certificate, ParseCertificate(der));
    EXPECT_EQ(KindOf(certificate), c.kind) << c.name;
  }
}

TEST(CommonName, WantsExactlyOne) {
  for (const std::vector<const char*>& names :
       {std::vector<const char*>{}, std::vector<const char*>{"SEV-VCEK", "SEV-VCEK"}}) {
    forge::CertificateSpec spec = forge::Ark(Product::kMilan);
    spec.subject = {{"O", "Advanced Micro Devices"}};
    for (const char* name : names) spec.subject.push_back({"CN", name});
    const ByteVector der = forge::Make(spec);
    SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate certificate, ParseCertificate(der));
    EXPECT_EQ(CommonName(certificate.subject), "");
  }
  const Bytes<4> broken = {0x30, 0x02, 0x31, 0x01};
  EXPECT_EQ(CommonName(broken), "");
}

TEST(ReadCertificateFile, ReadsOneInDer) {
  const ByteVector der = Leaf();
  SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<ByteVector> ders, ReadCertificateFile(der));
  EXPECT_THAT(ders, ElementsAre(der));
}

TEST(ReadCertificateFile, ReadsPemBlocksInTheirOrder) {
  const ByteVector leaf = Leaf();
  const ByteVector ark = forge::Make(forge::Ark(Product::kMilan));
  const std::string text = "subject=whatever\n" + forge::Pem("CERTIFICATE", leaf) + "\n# next\n" +
                           forge::Pem("PUBLIC KEY", ark) + forge::Pem("CERTIFICATE", ark) + "end";
  SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<ByteVector> ders, ReadCertificateFile(AsBytes(text)));
  EXPECT_THAT(ders, ElementsAre(leaf, ark));
}

TEST(ReadCertificateFile, RejectsWhatIsNeither) {
  EXPECT_THAT(ReadCertificateFile({}), IsStatus(Code::kMalformed, Source::kSnpVerify));
  EXPECT_THAT(ReadCertificateFile(AsBytes("hello")),
              IsStatus(Code::kMalformed, Source::kSnpVerify));
}

TEST(ReadCertificateFile, RejectsADamagedBlock) {
  std::string text = forge::Pem("CERTIFICATE", Leaf());
  text[100] = '!';
  EXPECT_THAT(ReadCertificateFile(AsBytes(text)), IsStatus(Code::kMalformed, Source::kSnpVerify));
}

TEST(ReadCertificateFile, FindsNoneAmongOtherBlocks) {
  const std::string text = forge::Pem("X509 CRL", Leaf());
  EXPECT_THAT(ReadCertificateFile(AsBytes(text)), IsStatus(Code::kNotFound, Source::kSnpVerify));
}

}  // namespace
}  // namespace svsm::snp
