#include "svsm/snp_verify/chain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string kAmd = "1.3.6.1.4.1.3704.1.";

struct Judged {
  Leaf leaf;
  Refusals refusals;
};

class Leaves : public ::testing::Test {
 protected:
  Judged Judge(const forge::CertificateSpec& spec) { return JudgeBytes(forge::Make(spec)); }
  Judged JudgeBytes(const ByteVector& der) {
    Judged out;
    const Result<X509Certificate> certificate = ParseCertificate(der);
    EXPECT_THAT(certificate, IsOk());
    const Result<Leaf> leaf = JudgeLeaf(store_, *certificate, out.refusals);
    EXPECT_THAT(leaf, IsOk());
    out.leaf = *leaf;
    return out;
  }
  // The one reason why a leaf is refused.
  void Expect(const forge::CertificateSpec& spec, Reason reason) {
    EXPECT_THAT(ReasonsOf(Judge(spec).refusals), ElementsAre(reason));
  }

  static forge::CertificateSpec Vcek(Product product = Product::kMilan) {
    return forge::Vcek(product, forge::Tcb(product), forge::Hwid(product));
  }
  static forge::CertificateSpec Vlek() {
    return forge::Vlek(Product::kMilan, forge::Tcb(Product::kMilan), "CN=csp.example");
  }

  TrustStore store_ = forge::StoreOf({forge::Ark(Product::kMilan), forge::Ask(Product::kMilan),
                                      forge::Asvk(Product::kMilan), forge::Ark(Product::kTurin),
                                      forge::Ask(Product::kTurin)});
};

TEST_F(Leaves, OfAChipIsRead) {
  const Judged judged = Judge(Vcek());
  EXPECT_THAT(judged.refusals, IsEmpty());
  EXPECT_EQ(judged.leaf.kind, LeafKind::kVcek);
  EXPECT_EQ(judged.leaf.product, Product::kMilan);
  EXPECT_EQ(judged.leaf.tcb, forge::Tcb(Product::kMilan));
  EXPECT_EQ(judged.leaf.hwid, forge::Hwid(Product::kMilan));
  EXPECT_EQ(judged.leaf.csp_id, "");
  EXPECT_EQ(ToHex(judged.leaf.serial), "00");
  ASSERT_TRUE(judged.leaf.issuer && judged.leaf.ark);
  EXPECT_EQ(store_.authorities()[*judged.leaf.issuer].common_name, "SEV-Milan");
  EXPECT_EQ(store_.authorities()[*judged.leaf.ark].common_name, "ARK-Milan");
}

TEST_F(Leaves, OfATurinChipIsRead) {
  const Judged judged = Judge(Vcek(Product::kTurin));
  EXPECT_THAT(judged.refusals, IsEmpty());
  EXPECT_EQ(judged.leaf.tcb, forge::Tcb(Product::kTurin));
  EXPECT_EQ(judged.leaf.hwid.size(), 8u);
}

TEST_F(Leaves, OfAProviderIsRead) {
  const Judged judged = Judge(Vlek());
  EXPECT_THAT(judged.refusals, IsEmpty());
  EXPECT_EQ(judged.leaf.kind, LeafKind::kVlek);
  EXPECT_EQ(judged.leaf.csp_id, "CN=csp.example");
  EXPECT_THAT(judged.leaf.hwid, IsEmpty());
}

TEST_F(Leaves, ProductNameMayHaveAStepping) {
  forge::CertificateSpec spec = Vcek();
  spec.At(kAmd + "2").value = *FromHex("16084d696c616e2d4230");  // Milan-B0
  EXPECT_THAT(Judge(spec).refusals, IsEmpty());
  for (const char* hex : {"16084d696c616e2d4242", "16074d696c616e4230", "1604526f6d65",
                          "0c054d696c616e", "16064d696c616e", "1600"}) {
    spec.At(kAmd + "2").value = *FromHex(hex);
    Expect(spec, Reason::kExtensionValue);
  }
}

TEST_F(Leaves, OfAnotherLineThanItsIssuerIsRefused) {
  forge::CertificateSpec spec = Vcek();
  spec.At(kAmd + "2").value = *FromHex("160547656e6f61");  // Genoa
  Expect(spec, Reason::kCertificateProduct);
}

TEST_F(Leaves, OfAnOldVersionIsRefused) {
  forge::CertificateSpec spec = Vcek();
  spec.version = 1;
  Expect(spec, Reason::kCertificateVersion);
}

TEST_F(Leaves, OtherNamesAreRefused) {
  const forge::Name name = forge::AmdName("SEV-VCEK");
  std::vector<forge::Name> wrong(5, name);
  wrong[0][4].value = "Advanced Micro Device";
  wrong[1].erase(wrong[1].begin());
  wrong[2].push_back({"O", "Advanced Micro Devices"});
  wrong[3].push_back({"serialNumber", "1"});
  wrong[4][2].value = "santa clara";
  for (const forge::Name& each : wrong) {
    forge::CertificateSpec spec = Vcek();
    spec.subject = each;
    Expect(spec, Reason::kCertificateSubject);
  }
}

TEST_F(Leaves, TheOrderOfAttributesIsFree) {
  forge::CertificateSpec spec = Vcek();
  std::swap(spec.subject[0], spec.subject[5]);
  EXPECT_THAT(Judge(spec).refusals, IsEmpty());
}

TEST_F(Leaves, OfAnotherNameIsRefused) {
  for (const char* cn : {"VCEK", "SEV-VCEKS", "SEV-Milan", "sev-vcek"}) {
    forge::CertificateSpec spec = Vcek();
    spec.subject = forge::AmdName(cn);
    const Judged judged = Judge(spec);
    EXPECT_THAT(ReasonsOf(judged.refusals), ElementsAre(Reason::kCertificateSubject)) << cn;
    EXPECT_FALSE(judged.leaf.kind.has_value());
  }
}

TEST_F(Leaves, OtherKeysAreRefused) {
  for (const forge::Key key : {forge::Key::kP256, forge::Key::kOther}) {
    forge::CertificateSpec spec = Vcek();
    spec.key = key;
    const Judged judged = Judge(spec);
    EXPECT_THAT(ReasonsOf(judged.refusals), ElementsAre(Reason::kCertificateKey));
    EXPECT_FALSE(judged.leaf.key.has_value());
  }
}

TEST_F(Leaves, OtherSignatureSchemesAreRefused) {
  for (const forge::Scheme scheme :
       {forge::Scheme::kAmdSalt32, forge::Scheme::kAmdSha256, forge::Scheme::kPkcs1Sha384}) {
    forge::CertificateSpec spec = Vcek();
    spec.scheme = scheme;
    Expect(spec, Reason::kCertificateAlgorithm);
  }
}

TEST_F(Leaves, AForgedSignatureIsRefused) {
  forge::CertificateSpec spec = Vcek();
  spec.signer = forge::Key::kOther;
  Expect(spec, Reason::kCertificateSignature);
}

TEST_F(Leaves, AChangedByteOfTheSignedPartIsRefused) {
  ByteVector der = forge::Make(Vcek());
  const std::string_view hwid_begin = "\x02\x03\x04\x05\x06";
  const auto at = std::search(der.begin(), der.end(), hwid_begin.begin(), hwid_begin.end());
  ASSERT_NE(at, der.end());
  *at ^= 1;
  EXPECT_THAT(ReasonsOf(JudgeBytes(der).refusals), ElementsAre(Reason::kCertificateSignature));
}

TEST_F(Leaves, OfAnUnknownIssuerIsRefused) {
  Expect(Vcek(Product::kGenoa), Reason::kCertificateIssuer);
}

TEST_F(Leaves, OfTheWrongKindOfIssuerIsRefused) {
  forge::CertificateSpec vcek = Vcek();
  vcek.issuer = forge::AmdName("SEV-VLEK-Milan");
  vcek.signer = forge::Key::kAsvk;
  Expect(vcek, Reason::kCertificateIssuer);
  forge::CertificateSpec vlek = Vlek();
  vlek.issuer = forge::AmdName("SEV-Milan");
  vlek.signer = forge::Key::kAsk;
  Expect(vlek, Reason::kCertificateIssuer);
  vlek.issuer = forge::AmdName("ARK-Milan");
  vlek.signer = forge::Key::kArk;
  Expect(vlek, Reason::kCertificateIssuer);
}

TEST_F(Leaves, TheSecondOfTwoKeysOfANameMaySign) {
  forge::CertificateSpec second = forge::Ask(Product::kMilan);
  second.key = forge::Key::kOther;
  const ByteVector der = forge::Make(second);
  Refusals why;
  ASSERT_THAT(store_.AddIntermediate(*ParseCertificate(der), why), IsOk());
  forge::CertificateSpec spec = Vcek();
  EXPECT_THAT(Judge(spec).refusals, IsEmpty());
  spec.signer = forge::Key::kOther;
  EXPECT_THAT(Judge(spec).refusals, IsEmpty());
  spec.signer = forge::Key::kAsvk;
  Expect(spec, Reason::kCertificateSignature);
}

TEST_F(Leaves, UnknownExtensionsAreRefused) {
  for (const char* oid : {"1.2.3", "2.5.29.19", "1.3.6.1.4.1.3704.1.6", "1.3.6.1.4.1.3704.1.3.10",
                          "1.3.6.1.4.1.3704.1", "1.3.6.1.4.1.3704.1.3"}) {
    forge::CertificateSpec spec = Vcek();
    spec.extensions.push_back({oid, {0x05, 0x00}});
    Expect(spec, Reason::kExtensionUnknown);
  }
}

TEST_F(Leaves, AnAuthorityKeyIdentifierIsFree) {
  forge::CertificateSpec spec = Vcek();
  spec.extensions.push_back({"2.5.29.35", {0x30, 0x00}});
  EXPECT_THAT(Judge(spec).refusals, IsEmpty());
  spec.extensions.push_back({"2.5.29.35", {0x30, 0x00}});
  Expect(spec, Reason::kExtensionRepeated);
}

TEST_F(Leaves, RepeatedExtensionsAreRefused) {
  for (const char* arc : {"1", "2", "3.8", "4"}) {
    forge::CertificateSpec spec = Vcek();
    spec.extensions.push_back(spec.At(kAmd + arc));
    Expect(spec, Reason::kExtensionRepeated);
  }
}

TEST_F(Leaves, CriticalExtensionsAreRefused) {
  forge::CertificateSpec spec = Vcek();
  spec.At(kAmd + "3.8").critical = true;
  Expect(spec, Reason::kExtensionCritical);
}

TEST_F(Leaves, MissingExtensionsAreRefused) {
  for (const char* arc : {"1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "4"}) {
    forge::CertificateSpec spec = Vcek();
    spec.Remove(kAmd + arc);
    const Judged judged = Judge(spec);
    EXPECT_THAT(ReasonsOf(judged.refusals), ElementsAre(Reason::kExtensionMissing)) << arc;
  }
  forge::CertificateSpec vlek = Vlek();
  vlek.Remove(kAmd + "5");
  Expect(vlek, Reason::kExtensionMissing);
  forge::CertificateSpec turin = Vcek(Product::kTurin);
  turin.Remove(kAmd + "3.9");
  Expect(turin, Reason::kExtensionMissing);
}

TEST_F(Leaves, ExtensionsOfAnotherLineOrKindAreRefused) {
  forge::CertificateSpec turin = Vcek(Product::kTurin);
  turin.extensions.push_back({kAmd + "3.4", {0x02, 0x01, 0x00}});
  Expect(turin, Reason::kExtensionUnknown);
  forge::CertificateSpec milan = Vcek();
  milan.extensions.push_back({kAmd + "3.9", {0x02, 0x01, 0x00}});
  Expect(milan, Reason::kExtensionUnknown);
  forge::CertificateSpec vcek = Vcek();
  vcek.extensions.push_back({kAmd + "5", *FromHex("160141")});
  Expect(vcek, Reason::kExtensionUnknown);
  forge::CertificateSpec vlek = Vlek();
  vlek.extensions.push_back({kAmd + "4", forge::Hwid(Product::kMilan)});
  Expect(vlek, Reason::kExtensionUnknown);
}

TEST_F(Leaves, TcbComponentsAreShortestIntegers) {
  for (const char* hex :
       {"02020018", "0201ff", "02020100", "0200", "0a0118", "020118ff", "18", ""}) {
    forge::CertificateSpec spec = Vcek();
    spec.At(kAmd + "3.3").value = *FromHex(hex);
    const Judged judged = Judge(spec);
    EXPECT_THAT(ReasonsOf(judged.refusals), ElementsAre(Reason::kExtensionValue)) << hex;
    EXPECT_FALSE(judged.leaf.tcb.has_value());
  }
}

TEST_F(Leaves, ReservedComponentsAreZero) {
  for (const char* arc : {"3.4", "3.5", "3.6", "3.7"}) {
    forge::CertificateSpec spec = Vcek();
    spec.At(kAmd + arc).value = {0x02, 0x01, 0x01};
    Expect(spec, Reason::kExtensionValue);
  }
}

TEST_F(Leaves, StructVersionIsKnown) {
  forge::CertificateSpec spec = Vcek();
  spec.At(kAmd + "1").value = {0x02, 0x01, 0x02};
  Expect(spec, Reason::kExtensionValue);
}

TEST_F(Leaves, HwidIsRawAndOfTheLinesSize) {
  ByteVector wrapped = {0x04, 0x40};
  const ByteVector hwid = forge::Hwid(Product::kMilan);
  wrapped.insert(wrapped.end(), hwid.begin(), hwid.end());
  for (const ByteVector& value : {wrapped, ByteVector(8), ByteVector()}) {
    forge::CertificateSpec spec = Vcek();
    spec.At(kAmd + "4").value = value;
    Expect(spec, Reason::kExtensionValue);
  }
  forge::CertificateSpec turin = Vcek(Product::kTurin);
  turin.At(kAmd + "4").value = ByteVector(64, 1);
  Expect(turin, Reason::kExtensionValue);
}

TEST_F(Leaves, CspIdIsAString) {
  ByteVector long_id = {0x16, 0x81, 0x81};
  long_id.resize(3 + 129, 'a');
  for (const ByteVector& value :
       {*FromHex("1600"), *FromHex("0c0141"), *FromHex("16010a"), long_id}) {
    forge::CertificateSpec spec = Vlek();
    spec.At(kAmd + "5").value = value;
    Expect(spec, Reason::kExtensionValue);
  }
}

TEST_F(Leaves, AllThatIsWrongIsListed) {
  forge::CertificateSpec spec = Vcek();
  spec.key = forge::Key::kP256;
  spec.signer = forge::Key::kOther;
  spec.Remove(kAmd + "3.8");
  spec.extensions.push_back({"1.2.3", {}, true});
  EXPECT_THAT(ReasonsOf(Judge(spec).refusals),
              UnorderedElementsAre(Reason::kCertificateKey, Reason::kExtensionCritical,
                                   Reason::kExtensionUnknown, Reason::kExtensionMissing,
                                   Reason::kCertificateSignature));
}

class Validity : public Leaves {
 protected:
  std::vector<Reason> Reasons(const Leaf& leaf, std::int64_t now,
                              CrlRule rule = CrlRule::kIfPresent) {
    Refusals refusals;
    JudgeValidity(store_, leaf, now, rule, refusals);
    return ReasonsOf(refusals);
  }
  void AddCrl(const forge::CrlSpec& spec) {
    const ByteVector der = forge::MakeCrl(spec);
    ASSERT_THAT(store_.AddCrl(*ParseCrl(der)), IsOk());
  }
  forge::CrlSpec crl_{.issuer = forge::AmdName("ARK-Milan")};
};

TEST_F(Validity, TheBoundsOfTheLeafBelongToIt) {
  forge::CertificateSpec spec = Vcek();
  spec.not_before = forge::kNow;
  spec.not_after = forge::kNow + 100;
  const Leaf leaf = Judge(spec).leaf;
  EXPECT_THAT(Reasons(leaf, forge::kNow), IsEmpty());
  EXPECT_THAT(Reasons(leaf, forge::kNow + 100), IsEmpty());
  EXPECT_THAT(Reasons(leaf, forge::kNow - 1), ElementsAre(Reason::kCertificateNotYetValid));
  EXPECT_THAT(Reasons(leaf, forge::kNow + 101), ElementsAre(Reason::kCertificateExpired));
}

TEST_F(Validity, TheChainHasDatesToo) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  forge::CertificateSpec ask = forge::Ask(Product::kMilan);
  ark.not_after = forge::kNow - 2;
  ask.not_before = forge::kNow + 2;
  store_ = forge::StoreOf({ark, ask});
  const Leaf leaf = Judge(Vcek()).leaf;
  EXPECT_THAT(Reasons(leaf, forge::kNow),
              ElementsAre(Reason::kCertificateNotYetValid, Reason::kCertificateExpired));
}

TEST_F(Validity, AListMayBeRequired) {
  const Leaf leaf = Judge(Vcek()).leaf;
  EXPECT_THAT(Reasons(leaf, forge::kNow), IsEmpty());
  EXPECT_THAT(Reasons(leaf, forge::kNow, CrlRule::kRequired), ElementsAre(Reason::kCrlMissing));
  AddCrl(crl_);
  EXPECT_THAT(Reasons(leaf, forge::kNow, CrlRule::kRequired), IsEmpty());
}

TEST_F(Validity, ARevokedIssuerIsRefused) {
  crl_.revoked = {0x99, 0x10001, 0x03};
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vcek()).leaf, forge::kNow), ElementsAre(Reason::kCertificateRevoked));
  EXPECT_THAT(Reasons(Judge(Vlek()).leaf, forge::kNow), IsEmpty());
}

TEST_F(Validity, ARevokedAsvkIsRefused) {
  crl_.revoked = {0x10101};
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vlek()).leaf, forge::kNow), ElementsAre(Reason::kCertificateRevoked));
}

TEST_F(Validity, ARevokedLeafOrArkIsRefused) {
  forge::CertificateSpec spec = Vcek();
  spec.serial = 0x1234;
  crl_.revoked = {0x1234, 0x10000};
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(spec).leaf, forge::kNow),
              ElementsAre(Reason::kCertificateRevoked, Reason::kCertificateRevoked));
}

TEST_F(Validity, AForgedListIsRefused) {
  crl_.signer = forge::Key::kOther;
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vcek()).leaf, forge::kNow), ElementsAre(Reason::kCrlSignature));
}

TEST_F(Validity, AListHasDates) {
  AddCrl(crl_);
  const Leaf leaf = Judge(Vcek()).leaf;
  EXPECT_THAT(Reasons(leaf, crl_.this_update), IsEmpty());
  EXPECT_THAT(Reasons(leaf, crl_.this_update - 1), ElementsAre(Reason::kCrlNotYetValid));
  EXPECT_THAT(Reasons(leaf, *crl_.next_update), IsEmpty());
  EXPECT_THAT(Reasons(leaf, *crl_.next_update + 1), ElementsAre(Reason::kCrlStale));
  EXPECT_THAT(Reasons(leaf, *crl_.next_update + 1, CrlRule::kRequired),
              ElementsAre(Reason::kCrlStale));
  EXPECT_THAT(Reasons(leaf, *crl_.next_update + 1, CrlRule::kIfPresentStale), IsEmpty());
}

TEST_F(Validity, AStaleListStillRevokes) {
  crl_.revoked = {0x10001};
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vcek()).leaf, *crl_.next_update + 1, CrlRule::kIfPresentStale),
              ElementsAre(Reason::kCertificateRevoked));
}

TEST_F(Validity, AListWithoutAnEndIsStale) {
  crl_.next_update.reset();
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vcek()).leaf, forge::kNow), ElementsAre(Reason::kCrlStale));
}

TEST_F(Validity, AListOfAnotherLineDoesNotCount) {
  crl_.issuer = forge::AmdName("ARK-Turin");
  crl_.revoked = {0x10001};
  AddCrl(crl_);
  EXPECT_THAT(Reasons(Judge(Vcek()).leaf, forge::kNow), IsEmpty());
}

}  // namespace
}  // namespace svsm::snp
