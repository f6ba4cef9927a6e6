#include "svsm/sim/certificates.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* crl) const { X509_CRL_free(crl); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* ctx) const { X509_STORE_CTX_free(ctx); }
};
using X509Ptr = std::unique_ptr<X509, FreeX509>;

X509Ptr Parse(ByteView der) {
  const std::uint8_t* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  EXPECT_EQ(at, der.data() + der.size());
  return certificate;
}

ByteVector NameBytes(const X509_NAME* name) {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(X509_NAME_get0_der(name, &bytes, &size), 1);
  return ToVector({bytes, size});
}

std::string OidText(const X509_EXTENSION* extension) {
  char text[64] = {};
  OBJ_obj2txt(text, sizeof(text), X509_EXTENSION_get_object(const_cast<X509_EXTENSION*>(extension)),
              1);
  return text;
}

std::vector<std::string> ExtensionOids(const X509* certificate) {
  std::vector<std::string> out;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    out.push_back(OidText(X509_get_ext(certificate, i)));
  }
  return out;
}

ByteVector ExtensionValue(const X509* certificate, const std::string& oid) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* const extension = X509_get_ext(certificate, i);
    if (OidText(extension) != oid) continue;
    const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(extension);
    return ToVector(
        {ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
  }
  return {};
}

std::string TextOf(const ASN1_TIME* time) {
  return std::string(ASN1_STRING_get0_data(time),
                     ASN1_STRING_get0_data(time) + ASN1_STRING_length(time));
}

// OpenSSL's own judgement of leaf, intermediate and root at `time`: X509_V_OK or an error.
int VerifyChain(X509* leaf, X509* ask, X509* ark, std::int64_t time) {
  const std::unique_ptr<X509_STORE, FreeX509> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), ark);
  const std::unique_ptr<X509_STORE_CTX, FreeX509> ctx(X509_STORE_CTX_new());
  STACK_OF(X509)* const untrusted = sk_X509_new_null();
  sk_X509_push(untrusted, ask);
  X509_STORE_CTX_init(ctx.get(), store.get(), leaf, untrusted);
  X509_STORE_CTX_set_time(ctx.get(), 0, time);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx.get()), X509_V_FLAG_CHECK_SS_SIGNATURE);
  const int result =
      X509_verify_cert(ctx.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx.get());
  sk_X509_free(untrusted);
  return result;
}

Result<ByteVector> IssueTestVcek(const snp::RawTcb& tcb) {
  return MakeChip(kMilan, 1).IssueVcek(TestAuthority(), tcb, kTestTime);
}

// A real certificate of the recorded vectors, or nothing.
ByteVector Recorded(const std::string& name) {
  const char* const folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr) return {};
  const Result<ByteVector> bytes = ReadFile(std::string(folder) + "/snp/" + name);
  return bytes.ok() ? *bytes : ByteVector();
}

constexpr snp::RawTcb kTcb = {4, 0, 0, 0, 0, 0, 24, 0xDB};

TEST(CertificateAuthority, OpensslVerifiesTheChain) {
  const X509Ptr ark = Parse(TestAuthority().ark());
  const X509Ptr ask = Parse(TestAuthority().ask());
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der, IssueTestVcek(kTcb));
  const X509Ptr vcek = Parse(der);
  ASSERT_TRUE(ark && ask && vcek);
  EXPECT_EQ(VerifyChain(vcek.get(), ask.get(), ark.get(), kTestTime + 1), X509_V_OK);
  EXPECT_EQ(VerifyChain(vcek.get(), ask.get(), ark.get(), kTestTime - 1),
            X509_V_ERR_CERT_NOT_YET_VALID);
  // Seven years.
  EXPECT_EQ(VerifyChain(vcek.get(), ask.get(), ark.get(), 1988150400 - 1), X509_V_OK);
  EXPECT_EQ(VerifyChain(vcek.get(), ask.get(), ark.get(), 1988150400 + 86400),
            X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(CertificateAuthority, AFlippedBitInTheLeafDoesNotVerify) {
  const X509Ptr ark = Parse(TestAuthority().ark());
  const X509Ptr ask = Parse(TestAuthority().ask());
  SVSM_ASSERT_OK_AND_ASSIGN(ByteVector der, IssueTestVcek(kTcb));
  der[der.size() - 1] ^= 1;
  const X509Ptr vcek = Parse(der);
  EXPECT_EQ(VerifyChain(vcek.get(), ask.get(), ark.get(), kTestTime + 1),
            X509_V_ERR_CERT_SIGNATURE_FAILURE);
}

TEST(CertificateAuthority, SignaturesArePssWithSha384AndSalt48) {
  for (const ByteView der : {TestAuthority().ark(), TestAuthority().ask()}) {
    const X509Ptr certificate = Parse(der);
    int digest = 0;
    int key_type = 0;
    int bits = 0;
    std::uint32_t flags = 0;
    ASSERT_EQ(X509_get_signature_info(certificate.get(), &digest, &key_type, &bits, &flags), 1);
    EXPECT_EQ(digest, NID_sha384);
    EXPECT_EQ(key_type, EVP_PKEY_RSA_PSS);
    EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
    EXPECT_EQ(EVP_PKEY_get_base_id(key), EVP_PKEY_RSA);
    EXPECT_EQ(EVP_PKEY_get_bits(key), 4096);
  }
  // The parameters, byte for byte as AMD's newer certificates have them.
  const std::string hex = ToHex(TestAuthority().ask());
  EXPECT_NE(
      hex.find("304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a"
               "864886f70d010108300d06096086480165030402020500a203020130"),
      std::string::npos);
}

TEST(CertificateAuthority, RootAndIntermediateHaveAmdsShape) {
  const X509Ptr ark = Parse(TestAuthority().ark());
  const X509Ptr ask = Parse(TestAuthority().ask());
  EXPECT_EQ(ASN1_INTEGER_get(X509_get0_serialNumber(ark.get())), 0x10000);
  EXPECT_EQ(ASN1_INTEGER_get(X509_get0_serialNumber(ask.get())), 0x10001);
  EXPECT_EQ(X509_get_version(ark.get()), X509_VERSION_3);
  EXPECT_EQ(ExtensionOids(ark.get()),
            (std::vector<std::string>{"2.5.29.15", "2.5.29.14", "2.5.29.19", "2.5.29.31"}));
  EXPECT_EQ(
      ExtensionOids(ask.get()),
      (std::vector<std::string>{"2.5.29.14", "2.5.29.35", "2.5.29.19", "2.5.29.15", "2.5.29.31"}));
  EXPECT_THAT(ExtensionValue(ark.get(), "2.5.29.15"), BytesAre("03020106"));
  EXPECT_THAT(ExtensionValue(ask.get(), "2.5.29.15"), BytesAre("03020204"));
  EXPECT_THAT(ExtensionValue(ask.get(), "2.5.29.19"), BytesAre("30060101ff020100"));
  EXPECT_EQ(X509_check_issued(ark.get(), ask.get()), X509_V_OK);  // key identifiers match, too
}

TEST(CertificateAuthority, ExtensionsAndNamesEqualThoseOfRealCertificates) {
  const ByteVector real_der = Recorded("milan-v3/vcek.der");
  if (real_der.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no recorded certificates";
  const X509Ptr real = Parse(real_der);
  const ByteVector hwid = ExtensionValue(real.get(), "1.3.6.1.4.1.3704.1.4");
  const Bytes<48> coordinate{};
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector der,
      TestAuthority().IssueVcek({hwid, kTcb, {coordinate, coordinate}, 1770253473}));
  const X509Ptr ours = Parse(der);
  EXPECT_THAT(NameBytes(X509_get_subject_name(ours.get())),
              SameBytes(NameBytes(X509_get_subject_name(real.get()))));
  EXPECT_THAT(NameBytes(X509_get_issuer_name(ours.get())),
              SameBytes(NameBytes(X509_get_issuer_name(real.get()))));
  EXPECT_EQ(ExtensionOids(ours.get()), ExtensionOids(real.get()));
  for (const std::string& oid : ExtensionOids(real.get())) {
    EXPECT_THAT(ExtensionValue(ours.get(), oid), SameBytes(ExtensionValue(real.get(), oid))) << oid;
  }
  EXPECT_EQ(TextOf(X509_get0_notBefore(ours.get())), TextOf(X509_get0_notBefore(real.get())));
  EXPECT_EQ(TextOf(X509_get0_notAfter(ours.get())), TextOf(X509_get0_notAfter(real.get())));
  EXPECT_EQ(der.size(), real_der.size());
}

TEST(CertificateAuthority, LeafHasRawHwidAndMinimalSpls) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der, IssueTestVcek(kTcb));
  const X509Ptr vcek = Parse(der);
  EXPECT_EQ(ASN1_INTEGER_get(X509_get0_serialNumber(vcek.get())), 0);
  EXPECT_THAT(ExtensionValue(vcek.get(), "1.3.6.1.4.1.3704.1.4"),
              SameBytes(MakeChip(kMilan, 1).chip_id()));
  EXPECT_THAT(ExtensionValue(vcek.get(), "1.3.6.1.4.1.3704.1.3.1"), BytesAre("020104"));
  EXPECT_THAT(ExtensionValue(vcek.get(), "1.3.6.1.4.1.3704.1.3.3"), BytesAre("020118"));
  EXPECT_THAT(ExtensionValue(vcek.get(), "1.3.6.1.4.1.3704.1.3.8"), BytesAre("020200db"));
  EXPECT_THAT(ExtensionValue(vcek.get(), "1.3.6.1.4.1.3704.1.2"), BytesAre("16084d696c616e2d4230"));
  for (int i = 0; i < X509_get_ext_count(vcek.get()); ++i) {
    EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(vcek.get(), i)), 0);
  }
}

TEST(CertificateAuthority, RefusesRequestsThatCannotBe) {
  const Bytes<64> hwid{};
  const Bytes<48> coordinate{};
  const crypto::EcPointView key{coordinate, coordinate};
  const CertificateAuthority& ca = TestAuthority();
  EXPECT_THAT(ca.IssueVcek({ByteView(hwid).first(8), kTcb, key, kTestTime}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 1));
  EXPECT_THAT(ca.IssueVcek({hwid, kTcb, {ByteView(coordinate).first(32), coordinate}, kTestTime}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 2));
  EXPECT_THAT(ca.IssueVcek({hwid, kTcb, key, 2524608000 - 86400}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 3));
  EXPECT_THAT(ca.IssueCrl({{}, kTestTime, 2524608000, 1}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 3));
}

TEST(CertificateAuthority, CrlIsSignedByTheRootAndListsSerials) {
  const std::uint64_t revoked[] = {0x10001, 7};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der,
                            TestAuthority().IssueCrl({revoked, kTestTime, kTestTime + 86400, 6}));
  const std::uint8_t* at = der.data();
  const std::unique_ptr<X509_CRL, FreeX509> crl(
      d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  ASSERT_TRUE(crl);
  EXPECT_EQ(at, der.data() + der.size());
  const X509Ptr ark = Parse(TestAuthority().ark());
  const X509Ptr ask = Parse(TestAuthority().ask());
  EXPECT_EQ(X509_CRL_verify(crl.get(), X509_get0_pubkey(ark.get())), 1);
  EXPECT_NE(X509_CRL_verify(crl.get(), X509_get0_pubkey(ask.get())), 1);
  EXPECT_EQ(X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_subject_name(ark.get())), 0);
  X509_REVOKED* entry = nullptr;
  EXPECT_EQ(X509_CRL_get0_by_cert(crl.get(), &entry, ask.get()), 1);
  EXPECT_EQ(X509_CRL_get0_by_cert(crl.get(), &entry, ark.get()), 0);
}

TEST(CertificateAuthority, AnEmptyCrlHasNoList) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der,
                            TestAuthority().IssueCrl({{}, kTestTime, kTestTime + 86400, 1}));
  const std::uint8_t* at = der.data();
  const std::unique_ptr<X509_CRL, FreeX509> crl(
      d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  ASSERT_TRUE(crl);
  EXPECT_EQ(X509_CRL_get_REVOKED(crl.get()), nullptr);
}

TEST(CertificateAuthority, IsFoundAgainInItsFolder) {
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateAuthority again,
                            CertificateAuthority::Open(kMilan, TestKeyFolder()));
  EXPECT_THAT(again.ark(), SameBytes(TestAuthority().ark()));
  EXPECT_THAT(again.ask(), SameBytes(TestAuthority().ask()));
  struct stat key = {};
  ASSERT_EQ(stat((TestKeyFolder() + "/Milan/ark.key").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777u, 0600u);
}

TEST(CertificateAuthority, ChainIsAskThenArkAndNothingElse) {
  const std::string pem = TestAuthority().ChainPem();
  EXPECT_EQ(pem, ToPem(PemKind::kCertificate, TestAuthority().ask()) +
                     ToPem(PemKind::kCertificate, TestAuthority().ark()));
  EXPECT_EQ(pem.substr(pem.size() - 26), "-----END CERTIFICATE-----\n");
}

std::string CommonNameOf(const X509_NAME* name) {
  char text[64] = {};
  X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof(text));
  return text;
}

TEST(VlekAuthority, HasAmdsShape) {
  const CertificateAuthority ca = OpenAuthority(kMilan, EndorsementKey::kVlek);
  EXPECT_EQ(ca.signs(), EndorsementKey::kVlek);
  EXPECT_THAT(ca.ark(), SameBytes(TestAuthority().ark()));
  const X509Ptr ark = Parse(ca.ark());
  const X509Ptr asvk = Parse(ca.ask());
  EXPECT_EQ(ASN1_INTEGER_get(X509_get0_serialNumber(asvk.get())), 0x10101);
  EXPECT_EQ(CommonNameOf(X509_get_subject_name(asvk.get())), "SEV-VLEK-Milan");
  const ByteVector points = ExtensionValue(asvk.get(), "2.5.29.31");
  EXPECT_NE(
      std::string(points.begin(), points.end()).find("https://kdsintf.amd.com/vlek/v1/Milan/crl"),
      std::string::npos);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector der,
                            MakeProvider(kMilan, 1).IssueVlek(ca, kTcb, kTestTime));
  const X509Ptr vlek = Parse(der);
  EXPECT_EQ(ASN1_INTEGER_get(X509_get0_serialNumber(vlek.get())), 0);
  EXPECT_EQ(CommonNameOf(X509_get_subject_name(vlek.get())), "SEV-VLEK");
  EXPECT_THAT(ExtensionValue(vlek.get(), "1.3.6.1.4.1.3704.1.2"), BytesAre("16054d696c616e"));
  EXPECT_THAT(ExtensionValue(vlek.get(), "1.3.6.1.4.1.3704.1.5"),
              BytesAre("160d6578616d706c652d636c6f7564"));
  EXPECT_TRUE(ExtensionValue(vlek.get(), "1.3.6.1.4.1.3704.1.4").empty());
  EXPECT_EQ(VerifyChain(vlek.get(), asvk.get(), ark.get(), kTestTime + 1), X509_V_OK);
  // A year.
  EXPECT_EQ(VerifyChain(vlek.get(), asvk.get(), ark.get(), kTestTime + 366 * 86400),
            X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(VlekAuthority, RefusesRequestsThatCannotBe) {
  const CertificateAuthority ca = OpenAuthority(kMilan, EndorsementKey::kVlek);
  const Bytes<48> coordinate{};
  const crypto::EcPointView key{coordinate, coordinate};
  const auto refused = [](std::uint32_t detail) {
    return IsStatus(Code::kInvalidArgument, Source::kSim, detail);
  };
  EXPECT_THAT(ca.IssueVlek({"x", kTcb, key, kTestTime}), IsOk());
  EXPECT_THAT(ca.IssueVlek({"", kTcb, key, kTestTime}), refused(1));
  EXPECT_THAT(ca.IssueVlek({std::string(65, 'x'), kTcb, key, kTestTime}), refused(1));
  EXPECT_THAT(ca.IssueVlek({"\xC3\xA4", kTcb, key, kTestTime}), refused(1));
  EXPECT_THAT(ca.IssueVlek({"x", kTcb, {coordinate, {}}, kTestTime}), refused(2));
  EXPECT_THAT(ca.IssueVlek({"x", kTcb, key, 2524608000 - 86400}), refused(3));
  EXPECT_THAT(ca.IssueVcek({Bytes<64>{}, kTcb, key, kTestTime}), refused(4));
  EXPECT_THAT(TestAuthority().IssueVlek({"x", kTcb, key, kTestTime}), refused(4));
}

// A copy of the test authority's folder in which one file can be damaged.
class DamagedFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    (void)TestAuthority();
    folder_ = ::testing::TempDir() + "/svsm-sim-damaged-" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::filesystem::copy(TestKeyFolder() + "/Milan", folder_ + "/Milan");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Status OpenWith(const std::string& file, const std::string& contents) {
    std::ofstream(folder_ + "/Milan/" + file, std::ios::trunc) << contents;
    return CertificateAuthority::Open(kMilan, folder_).status();
  }
  std::string folder_;
};

TEST_F(DamagedFolder, NamesTheDamagedFile) {
  EXPECT_THAT(OpenWith("ark.key", "x"), IsStatus(Code::kDataLoss, Source::kSim, 1));
}
TEST_F(DamagedFolder, NamesTheDamagedIntermediateKey) {
  EXPECT_THAT(OpenWith("ask.key", "x"), IsStatus(Code::kDataLoss, Source::kSim, 2));
}
TEST_F(DamagedFolder, NamesTheDamagedRoot) {
  EXPECT_THAT(OpenWith("ark.der", "x"), IsStatus(Code::kDataLoss, Source::kSim, 3));
}
TEST_F(DamagedFolder, ACertificateOfAnotherKeyIsDamage) {
  const ByteView ark = TestAuthority().ark();
  EXPECT_THAT(OpenWith("ask.der", std::string(ark.begin(), ark.end())),
              IsStatus(Code::kDataLoss, Source::kSim, 4));
}

TEST_F(DamagedFolder, NamesTheDamagedFileOfAChainForVleks) {
  (void)OpenAuthority(kMilan, EndorsementKey::kVlek);
  const std::filesystem::path from = TestKeyFolder() + "/Milan";
  for (const char* name : {"asvk.key", "asvk.der"}) {
    std::filesystem::copy(from / name, folder_ + "/Milan/" + name,
                          std::filesystem::copy_options::overwrite_existing);
  }
  std::ofstream(folder_ + "/Milan/asvk.der", std::ios::trunc) << "x";
  EXPECT_THAT(CertificateAuthority::Open(kMilan, folder_, EndorsementKey::kVlek),
              IsStatus(Code::kDataLoss, Source::kSim, 6));
  std::ofstream(folder_ + "/Milan/asvk.key", std::ios::trunc) << "x";
  EXPECT_THAT(CertificateAuthority::Open(kMilan, folder_, EndorsementKey::kVlek),
              IsStatus(Code::kDataLoss, Source::kSim, 5));
  EXPECT_THAT(CertificateAuthority::Open(kMilan, folder_), IsOk());
}

TEST(CertificateAuthority, SaysWhyAFolderCannotBeMade) {
  EXPECT_THAT(CertificateAuthority::Open(kMilan, "/dev/null/keys"),
              IsStatus(Code::kIoError, Source::kSystem, ENOTDIR));
  const ClosedFolder closed;
  const Unprivileged unprivileged;
  EXPECT_THAT(CertificateAuthority::Open(kMilan, closed.path),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
}

}  // namespace
}  // namespace svsm::sim
