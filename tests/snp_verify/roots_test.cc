#include "svsm/snp_verify/roots.h"

#include <gtest/gtest.h>

#include "tests/snp_verify/vectors.h"
#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kBasicConstraints = "2.5.29.19";
constexpr const char* kKeyUsage = "2.5.29.15";

// Parses into `ders`, which must outlive the result.
std::vector<X509Certificate> Parse(const std::vector<forge::CertificateSpec>& specs,
                                   std::vector<ByteVector>& ders) {
  for (const forge::CertificateSpec& spec : specs) ders.push_back(forge::Make(spec));
  std::vector<X509Certificate> out;
  for (const ByteVector& der : ders) out.push_back(*ParseCertificate(der));
  return out;
}

struct Made {
  Status status;
  std::vector<Reason> reasons;
};
Made StoreOf(const std::vector<forge::CertificateSpec>& specs) {
  std::vector<ByteVector> ders;
  Refusals why;
  const Status status = TrustStore::FromCertificates(Parse(specs, ders), why).status();
  return {status, ReasonsOf(why)};
}

const Status kRefused(Code::kAuthFailed, Source::kSnpVerify);

// An ARK with a change is refused for one reason.
void ExpectArk(const forge::CertificateSpec& ark, Reason reason) {
  const Made made = StoreOf({ark});
  EXPECT_EQ(made.status, kRefused);
  EXPECT_THAT(made.reasons, ElementsAre(reason));
}
// So is an ASK under a good ARK.
void ExpectAsk(const forge::CertificateSpec& ask, Reason reason) {
  const Made made = StoreOf({forge::Ark(Product::kMilan), ask});
  EXPECT_EQ(made.status, kRefused);
  EXPECT_THAT(made.reasons, ElementsAre(reason));
}

TEST(TrustStore, HasAmdsNineKeys) {
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustStore store, TrustStore::Amd());
  std::vector<std::string> names;
  for (const Authority& authority : store.authorities()) names.push_back(authority.common_name);
  EXPECT_THAT(names,
              ElementsAre("ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan", "ARK-Genoa", "SEV-Genoa",
                          "SEV-VLEK-Genoa", "ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin"));
  ASSERT_NE(store.Ark(Product::kTurin), nullptr);
  EXPECT_EQ(ToHex(store.Ark(Product::kTurin)->serial), "030000");
  EXPECT_EQ(store.Ark(Product::kVenice), nullptr);
}

TEST(TrustStore, TakesCertificatesInAnyOrder) {
  std::vector<ByteVector> ders;
  Refusals why;
  const auto certificates =
      Parse({forge::Asvk(Product::kMilan), forge::Ask(Product::kGenoa), forge::Ark(Product::kMilan),
             forge::Ark(Product::kGenoa), forge::Ask(Product::kMilan)},
            ders);
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustStore store,
                            TrustStore::FromCertificates(certificates, why));
  EXPECT_EQ(store.authorities().size(), 5u);
  EXPECT_THAT(why, IsEmpty());
  EXPECT_EQ(store.Named(certificates[4].subject).size(), 1u);
  EXPECT_EQ(store.Named(certificates[4].subject)[0]->kind, AuthorityKind::kAsk);
}

TEST(TrustStore, TakesTheOrganizationThatItIsTold) {
  const auto named = [](forge::CertificateSpec spec) {
    for (forge::Name* name : {&spec.issuer, &spec.subject}) {
      for (forge::NamePart& part : *name) {
        if (part.type == "O") part.value = "Laboratory";
      }
    }
    return spec;
  };
  forge::CertificateSpec leaf = named(
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan)));
  for (const char* spl : {".3.4", ".3.5", ".3.6", ".3.7"}) {
    leaf.Remove(std::string("1.3.6.1.4.1.3704.1") + spl);
  }
  std::vector<ByteVector> ders;
  Refusals why;
  const auto all =
      Parse({named(forge::Ark(Product::kMilan)), named(forge::Ask(Product::kMilan))}, ders);
  EXPECT_EQ(TrustStore::FromCertificates(all, why).status(), kRefused);
  EXPECT_THAT(ReasonsOf(why), ElementsAre(Reason::kCertificateSubject));

  why.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustStore whole,
                            TrustStore::FromCertificates(all, {.organization = "Laboratory"}, why));
  std::vector<ByteVector> leaf_der;
  const auto leaves = Parse({leaf}, leaf_der);
  ASSERT_THAT(JudgeLeaf(whole, leaves[0], why), IsOk());
  EXPECT_THAT(ReasonsOf(why), ElementsAre(Reason::kExtensionMissing, Reason::kExtensionMissing,
                                          Reason::kExtensionMissing, Reason::kExtensionMissing));

  why.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(
      const TrustStore lenient,
      TrustStore::FromCertificates(
          all, {.organization = "Laboratory", .reserved_components = false}, why));
  ASSERT_THAT(JudgeLeaf(lenient, leaves[0], why), IsOk());
  EXPECT_THAT(why, IsEmpty());
}

TEST(TrustStore, WantsAnArk) {
  EXPECT_EQ(StoreOf({}).status, Status(Code::kNotFound, Source::kSnpVerify));
  EXPECT_EQ(StoreOf({forge::Ask(Product::kMilan)}).status,
            Status(Code::kNotFound, Source::kSnpVerify));
}

TEST(TrustStore, WantsTheArkOfEachIntermediate) {
  EXPECT_EQ(StoreOf({forge::Ark(Product::kGenoa), forge::Ask(Product::kMilan)}).status,
            Status(Code::kNotFound, Source::kSnpVerify));
}

TEST(TrustStore, TakesNoTwoArksOfALine) {
  EXPECT_EQ(StoreOf({forge::Ark(Product::kMilan), forge::Ark(Product::kMilan)}).status,
            Status(Code::kAlreadyExists, Source::kSnpVerify));
}

TEST(TrustStore, TakesAuthoritiesOnly) {
  const forge::CertificateSpec leaf =
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan));
  EXPECT_EQ(StoreOf({forge::Ark(Product::kMilan), leaf}).status,
            Status(Code::kUnsupported, Source::kSnpVerify, 1));
  forge::CertificateSpec unknown = forge::Ark(Product::kMilan);
  unknown.subject = unknown.issuer = forge::AmdName("ARK-Rome");
  EXPECT_EQ(StoreOf({unknown}).status, Status(Code::kUnsupported, Source::kSnpVerify, 0));
}

TEST(TrustStore, RefusesAnArkThatIsNoCa) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.At(kBasicConstraints).value = {0x30, 0x00};
  ExpectArk(ark, Reason::kCertificateNotCa);
  ark.Remove(kBasicConstraints);
  ExpectArk(ark, Reason::kCertificateNotCa);
}

TEST(TrustStore, RefusesAnAuthorityThatMayNotSignCertificates) {
  forge::CertificateSpec ask = forge::Ask(Product::kMilan);
  ask.At(kKeyUsage).value = {0x03, 0x02, 0x01, 0x02};  // cRLSign
  ExpectAsk(ask, Reason::kCertificateNotCa);
  ask.At(kKeyUsage).value = {0x04, 0x02, 0x01, 0x04};  // no BIT STRING
  ExpectAsk(ask, Reason::kCertificateNotCa);
  ask.Remove(kKeyUsage);
  ExpectAsk(ask, Reason::kCertificateNotCa);
}

TEST(TrustStore, RefusesOldVersions) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.version = 1;
  ExpectArk(ark, Reason::kCertificateVersion);
}

TEST(TrustStore, RefusesOtherNames) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.subject[4].value = "Another Company";
  ark.issuer = ark.subject;
  ExpectArk(ark, Reason::kCertificateSubject);
}

TEST(TrustStore, RefusesUnknownCriticalExtensionsAndLetsOthersPass) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.extensions.push_back({"2.5.29.31", {0x30, 0x00}, false});
  EXPECT_THAT(StoreOf({ark}).status, IsOk());
  ark.At("2.5.29.31").critical = true;
  ExpectArk(ark, Reason::kExtensionCritical);
}

TEST(TrustStore, RefusesRepeatedExtensions) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.extensions.push_back(ark.At(kKeyUsage));
  ExpectArk(ark, Reason::kExtensionRepeated);
}

TEST(TrustStore, RefusesOtherKeys) {
  forge::CertificateSpec ask = forge::Ask(Product::kMilan);
  for (const forge::Key key : {forge::Key::kSmallRsa, forge::Key::kChip}) {
    ask.key = key;
    ExpectAsk(ask, Reason::kCertificateKey);
  }
}

TEST(TrustStore, RefusesAnArkThatAnotherKeySigned) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.signer = forge::Key::kOther;
  ExpectArk(ark, Reason::kCertificateSignature);
}

TEST(TrustStore, RefusesAnArkThatAnotherNameIssued) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.issuer = forge::AmdName("ARK-Genoa");
  ExpectArk(ark, Reason::kCertificateIssuer);
}

TEST(TrustStore, RefusesAnAskThatAnotherKeySigned) {
  forge::CertificateSpec ask = forge::Ask(Product::kMilan);
  ask.signer = forge::Key::kOther;
  ExpectAsk(ask, Reason::kCertificateSignature);
}

TEST(TrustStore, RefusesOtherSignatureSchemes) {
  forge::CertificateSpec ask = forge::Ask(Product::kMilan);
  for (const forge::Scheme scheme :
       {forge::Scheme::kAmdSalt32, forge::Scheme::kAmdSha256, forge::Scheme::kPkcs1Sha384}) {
    ask.scheme = scheme;
    ExpectAsk(ask, Reason::kCertificateAlgorithm);
  }
}

TEST(TrustStore, RefusesAnAskOfAnotherLine) {
  forge::CertificateSpec ask = forge::Ask(Product::kGenoa);
  ask.issuer = forge::AmdName("ARK-Milan");
  ExpectAsk(ask, Reason::kCertificateProduct);
}

TEST(TrustStore, ListsAllThatIsWrong) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.version = 1;
  ark.signer = forge::Key::kOther;
  ark.At(kBasicConstraints).value = {0x30, 0x00};
  EXPECT_THAT(StoreOf({ark}).reasons,
              ElementsAre(Reason::kCertificateVersion, Reason::kCertificateNotCa,
                          Reason::kCertificateSignature));
}

TEST(TrustStore, TakesANewIntermediate) {
  TrustStore store = forge::StoreOf({forge::Ark(Product::kMilan)});
  const ByteVector der = forge::Make(forge::Ask(Product::kMilan));
  SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate ask, ParseCertificate(der));
  Refusals why;
  EXPECT_THAT(store.AddIntermediate(ask, why), IsOk());
  EXPECT_THAT(store.AddIntermediate(ask, why), IsOk());
  EXPECT_EQ(store.authorities().size(), 2u);
  // A second key under the same name stands beside the first.
  forge::CertificateSpec other = forge::Ask(Product::kMilan);
  other.key = forge::Key::kOther;
  const ByteVector other_der = forge::Make(other);
  EXPECT_THAT(store.AddIntermediate(*ParseCertificate(other_der), why), IsOk());
  EXPECT_EQ(store.Named(ask.subject).size(), 2u);
}

TEST(TrustStore, StaysAsItWasWhenAnIntermediateIsRefused) {
  TrustStore store = forge::StoreOf({forge::Ark(Product::kMilan)});
  Refusals why;
  forge::CertificateSpec forged = forge::Ask(Product::kMilan);
  forged.signer = forge::Key::kOther;
  const ByteVector der = forge::Make(forged);
  EXPECT_THAT(store.AddIntermediate(*ParseCertificate(der), why),
              IsStatus(Code::kAuthFailed, Source::kSnpVerify));
  EXPECT_TRUE(Contains(why, Reason::kCertificateSignature));
  const ByteVector ark = forge::Make(forge::Ark(Product::kMilan));
  EXPECT_THAT(store.AddIntermediate(*ParseCertificate(ark), why),
              IsStatus(Code::kUnsupported, Source::kSnpVerify));
  const ByteVector foreign = forge::Make(forge::Ask(Product::kGenoa));
  EXPECT_THAT(store.AddIntermediate(*ParseCertificate(foreign), why),
              IsStatus(Code::kNotFound, Source::kSnpVerify));
  EXPECT_EQ(store.authorities().size(), 1u);
}

class Crls : public ::testing::Test {
 protected:
  Status Add(const forge::CrlSpec& spec) {
    const ByteVector der = forge::MakeCrl(spec);
    return store_.AddCrl(*ParseCrl(der));
  }
  const StoredCrl* Stored() const { return store_.CrlOf(*store_.Ark(Product::kMilan)); }

  TrustStore store_ = forge::StoreOf(Product::kMilan);
  forge::CrlSpec spec_{.issuer = forge::AmdName("ARK-Milan")};
};

TEST_F(Crls, AreKeptByIssuer) {
  EXPECT_EQ(Stored(), nullptr);
  EXPECT_THAT(Add(spec_), IsOk());
  ASSERT_NE(Stored(), nullptr);
  EXPECT_TRUE(Stored()->signature_good);
  spec_.issuer = forge::AmdName("ARK-Genoa");
  EXPECT_THAT(Add(spec_), IsStatus(Code::kNotFound, Source::kSnpVerify));
  spec_.issuer = forge::AmdName("SEV-Milan");
  EXPECT_THAT(Add(spec_), IsStatus(Code::kNotFound, Source::kSnpVerify));
}

TEST_F(Crls, TheNewestCounts) {
  EXPECT_THAT(Add(spec_), IsOk());
  spec_.this_update += 10;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_EQ(Stored()->this_update, spec_.this_update);
  spec_.this_update -= 20;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_EQ(Stored()->this_update, spec_.this_update + 20);
  EXPECT_EQ(store_.crls().size(), 1u);
}

TEST_F(Crls, AGoodOneCountsOverAForgedOne) {
  spec_.signer = forge::Key::kOther;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_FALSE(Stored()->signature_good);
  spec_.signer = forge::Key::kArk;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_TRUE(Stored()->signature_good);
  spec_.signer = forge::Key::kOther;
  spec_.this_update += 10;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_TRUE(Stored()->signature_good);
}

TEST_F(Crls, OfAnotherSchemeAreForged) {
  spec_.scheme = forge::Scheme::kPkcs1Sha384;
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_FALSE(Stored()->signature_good);
}

TEST_F(Crls, OfAnArkThatMayNotSignThemAreForged) {
  forge::CertificateSpec ark = forge::Ark(Product::kMilan);
  ark.At(kKeyUsage).value = {0x03, 0x02, 0x01, 0x04};
  store_ = forge::StoreOf({ark});
  EXPECT_THAT(Add(spec_), IsOk());
  EXPECT_FALSE(Stored()->signature_good);
}

// The table of AMD's keys against the certificates that it was made from.
TEST(AmdRoots, AreThoseOfAmdsCertificates) {
  const std::string folder = SnpVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no snp";
  SVSM_ASSERT_OK_AND_ASSIGN(const TrustStore amd, TrustStore::Amd());
  std::size_t compared = 0;
  for (const char* line : {"milan", "genoa", "turin"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector file,
                              ReadFile(folder + "/roots/" + line + "_ask_ark_asvk.pem"));
    SVSM_ASSERT_OK_AND_ASSIGN(const std::vector<ByteVector> ders, ReadCertificateFile(file));
    std::vector<X509Certificate> certificates;
    for (const ByteVector& der : ders) certificates.push_back(*ParseCertificate(der));
    Refusals why;
    SVSM_ASSERT_OK_AND_ASSIGN(const TrustStore store,
                              TrustStore::FromCertificates(certificates, why));
    EXPECT_EQ(store.authorities().size(), 3u);
    for (const Authority& authority : store.authorities()) {
      const auto named = amd.Named(authority.subject);
      ASSERT_EQ(named.size(), 1u) << authority.common_name;
      EXPECT_EQ(named[0]->kind, authority.kind);
      EXPECT_EQ(named[0]->product, authority.product);
      EXPECT_EQ(named[0]->common_name, authority.common_name);
      EXPECT_EQ(named[0]->spki, authority.spki);
      EXPECT_EQ(named[0]->serial, authority.serial);
      EXPECT_EQ(named[0]->not_before, authority.not_before);
      EXPECT_EQ(named[0]->not_after, authority.not_after);
      EXPECT_EQ(named[0]->signs_crls, authority.signs_crls);
      ++compared;
    }
  }
  EXPECT_EQ(compared, amd.authorities().size());
}

TEST(AmdRoots, SignedAmdsRevocationList) {
  const std::string folder = SnpVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no snp";
  SVSM_ASSERT_OK_AND_ASSIGN(TrustStore amd, TrustStore::Amd());
  const std::vector<ByteVector> ders = *ReadCrlFile(*ReadFile(folder + "/crl/milan.pem"));
  EXPECT_THAT(amd.AddCrl(*ParseCrl(ders[0])), IsOk());
  ASSERT_NE(amd.CrlOf(*amd.Ark(Product::kMilan)), nullptr);
  EXPECT_TRUE(amd.CrlOf(*amd.Ark(Product::kMilan))->signature_good);
}

}  // namespace
}  // namespace svsm::snp
