#include "tests/snp_verify/forge.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace svsm::snp::forge {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using Owned = std::unique_ptr<T, Deleter<kFree>>;

// OpenSSL does what a test asks, or the test ends.
void Must(bool done) {
  if (!done) std::abort();
}
template <typename T>
T* Must(T* made) {
  Must(made != nullptr);
  return made;
}

#include "tests/snp_verify/forge_keys.inc"

EVP_PKEY* ReadKey(ByteView der) {
  const std::uint8_t* at = der.data();
  return Must(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

EVP_PKEY* MakeKey(Key key) {
  switch (key) {
    case Key::kArk:
      return ReadKey(kArkKey);
    case Key::kAsk:
      return ReadKey(kAskKey);
    case Key::kAsvk:
      return ReadKey(kAsvkKey);
    case Key::kOther:
      return ReadKey(kOtherKey);
    case Key::kSmallRsa:
      return ReadKey(kSmallKey);
    case Key::kChip:
    case Key::kOtherChip:
      return Must(EVP_EC_gen("P-384"));
    case Key::kP256:
      return Must(EVP_EC_gen("P-256"));
  }
  std::abort();
}
constexpr std::size_t kNumKeys = static_cast<std::size_t>(Key::kP256) + 1;

using X509Name = Owned<X509_NAME, X509_NAME_free>;
X509Name ToName(const Name& name) {
  X509Name out(Must(X509_NAME_new()));
  for (const NamePart& part : name) {
    const int type = part.type == "C" ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
    const auto* bytes = static_cast<const unsigned char*>(AsBytes(part.value).data());
    Must(X509_NAME_add_entry_by_txt(out.get(), part.type.c_str(), type, bytes,
                                    static_cast<int>(part.value.size()), -1, 0) == 1);
  }
  return out;
}

using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
Extension ToExtension(const ExtensionSpec& spec) {
  const Owned<ASN1_OBJECT, ASN1_OBJECT_free> oid(Must(OBJ_txt2obj(spec.oid.c_str(), 1)));
  const Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(Must(ASN1_OCTET_STRING_new()));
  Must(ASN1_OCTET_STRING_set(value.get(), spec.value.data(), static_cast<int>(spec.value.size())) ==
       1);
  return Extension(
      Must(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), spec.critical ? 1 : 0, value.get())));
}

using SignContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
SignContext Start(Key signer, Scheme scheme) {
  SignContext context(Must(EVP_MD_CTX_new()));
  const EVP_MD* md = scheme == Scheme::kAmdSha256 ? EVP_sha256() : EVP_sha384();
  EVP_PKEY_CTX* key = nullptr;
  Must(EVP_DigestSignInit(context.get(), &key, md, nullptr, KeyOf(signer)) == 1);
  if (scheme != Scheme::kPkcs1Sha384) {
    Must(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1);
    Must(EVP_PKEY_CTX_set_rsa_mgf1_md(key, md) == 1);
    Must(EVP_PKEY_CTX_set_rsa_pss_saltlen(key, scheme == Scheme::kAmdSalt32 ? 32 : 48) == 1);
  }
  return context;
}

ByteVector DerInteger(std::uint8_t value) {
  if (value < 0x80) return {0x02, 0x01, value};
  return {0x02, 0x02, 0x00, value};
}
ByteVector Ia5(const std::string& text) {
  ByteVector out(2 + text.size());
  out[0] = 0x16;
  out[1] = static_cast<std::uint8_t>(text.size());
  Copy(ByteSpan(out).subspan(2), AsBytes(text));
  return out;
}

const std::string kAmd = "1.3.6.1.4.1.3704.1.";

CertificateSpec Leaf(Product product, const TcbVersion& tcb) {
  const bool turin = TcbLayoutOf(product) == TcbLayout::kTurin;
  CertificateSpec out;
  const std::string name = ProductName(product);
  out.extensions = {{kAmd + "1", DerInteger(turin ? 1 : 0)}, {kAmd + "2", Ia5(name)}};
  if (turin) out.extensions.push_back({kAmd + "3.9", DerInteger(tcb.fmc)});
  out.extensions.push_back({kAmd + "3.1", DerInteger(tcb.bootloader)});
  out.extensions.push_back({kAmd + "3.2", DerInteger(tcb.tee)});
  if (!turin) out.extensions.push_back({kAmd + "3.4", DerInteger(0)});
  for (const char* each : {"3.5", "3.6", "3.7"}) {
    out.extensions.push_back({kAmd + each, DerInteger(0)});
  }
  out.extensions.push_back({kAmd + "3.3", DerInteger(tcb.snp)});
  out.extensions.push_back({kAmd + "3.8", DerInteger(tcb.microcode)});
  return out;
}

CertificateSpec Authority(const std::string& subject, const std::string& issuer) {
  CertificateSpec out;
  out.subject = AmdName(subject);
  out.issuer = AmdName(issuer);
  out.signer = Key::kArk;
  out.extensions = {{"2.5.29.19", {0x30, 0x03, 0x01, 0x01, 0xFF}, true},
                    {"2.5.29.15", {0x03, 0x02, 0x01, 0x06}, true}};
  return out;
}

}  // namespace

EVP_PKEY* KeyOf(Key key) {
  static std::array<EVP_PKEY*, kNumKeys> keys{};
  EVP_PKEY*& made = keys[static_cast<std::size_t>(key)];
  if (made == nullptr) made = MakeKey(key);
  return made;
}

Name AmdName(const std::string& common_name) {
  return {{"OU", "Engineering"},           {"C", "US"},        {"L", "Santa Clara"}, {"ST", "CA"},
          {"O", "Advanced Micro Devices"}, {"CN", common_name}};
}

ExtensionSpec& CertificateSpec::At(const std::string& oid) {
  const auto found = std::find_if(extensions.begin(), extensions.end(),
                                  [&](const ExtensionSpec& each) { return each.oid == oid; });
  Must(found != extensions.end());
  return *found;
}

void CertificateSpec::Remove(const std::string& oid) {
  Must(std::erase_if(extensions, [&](const ExtensionSpec& each) { return each.oid == oid; }) == 1);
}

CertificateSpec Ark(Product product) {
  const std::string name = std::string("ARK-") + ProductName(product);
  CertificateSpec out = Authority(name, name);
  out.serial = 0x10000;
  out.key = Key::kArk;
  return out;
}

CertificateSpec Ask(Product product) {
  const std::string line = ProductName(product);
  CertificateSpec out = Authority("SEV-" + line, "ARK-" + line);
  out.serial = 0x10001;
  out.key = Key::kAsk;
  out.At("2.5.29.15").value = {0x03, 0x02, 0x01, 0x04};
  return out;
}

CertificateSpec Asvk(Product product) {
  CertificateSpec out = Ask(product);
  out.subject = AmdName(std::string("SEV-VLEK-") + ProductName(product));
  out.serial = 0x10101;
  out.key = Key::kAsvk;
  return out;
}

CertificateSpec Vcek(Product product, const TcbVersion& tcb, ByteView hwid) {
  CertificateSpec out = Leaf(product, tcb);
  out.subject = AmdName("SEV-VCEK");
  out.issuer = AmdName(std::string("SEV-") + ProductName(product));
  out.extensions.push_back({kAmd + "4", ToVector(hwid)});
  return out;
}

CertificateSpec Vlek(Product product, const TcbVersion& tcb, const std::string& csp_id) {
  CertificateSpec out = Leaf(product, tcb);
  out.subject = AmdName("SEV-VLEK");
  out.issuer = AmdName(std::string("SEV-VLEK-") + ProductName(product));
  out.signer = Key::kAsvk;
  out.extensions.push_back({kAmd + "5", Ia5(csp_id)});
  return out;
}

ByteVector Make(const CertificateSpec& spec) {
  const Owned<X509, X509_free> x509(Must(X509_new()));
  Must(X509_set_version(x509.get(), spec.version - 1) == 1);
  Must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509.get()), spec.serial) == 1);
  Must(X509_set_issuer_name(x509.get(), ToName(spec.issuer).get()) == 1);
  Must(X509_set_subject_name(x509.get(), ToName(spec.subject).get()) == 1);
  Must(ASN1_TIME_set(X509_getm_notBefore(x509.get()), spec.not_before) != nullptr);
  Must(ASN1_TIME_set(X509_getm_notAfter(x509.get()), spec.not_after) != nullptr);
  Must(X509_set_pubkey(x509.get(), KeyOf(spec.key)) == 1);
  for (const ExtensionSpec& extension : spec.extensions) {
    Must(X509_add_ext(x509.get(), ToExtension(extension).get(), -1) == 1);
  }
  Must(X509_sign_ctx(x509.get(), Start(spec.signer, spec.scheme).get()) > 0);
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(x509.get(), &der);
  Must(size > 0);
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

ByteVector MakeCrl(const CrlSpec& spec) {
  const Owned<X509_CRL, X509_CRL_free> crl(Must(X509_CRL_new()));
  const Owned<ASN1_TIME, ASN1_TIME_free> this_update(ASN1_TIME_set(nullptr, spec.this_update));
  Must(X509_CRL_set_version(crl.get(), 1) == 1);
  Must(X509_CRL_set_issuer_name(crl.get(), ToName(spec.issuer).get()) == 1);
  Must(X509_CRL_set1_lastUpdate(crl.get(), this_update.get()) == 1);
  if (spec.next_update) {
    const Owned<ASN1_TIME, ASN1_TIME_free> next_update(ASN1_TIME_set(nullptr, *spec.next_update));
    Must(X509_CRL_set1_nextUpdate(crl.get(), next_update.get()) == 1);
  }
  for (const std::uint64_t serial : spec.revoked) {
    X509_REVOKED* entry = Must(X509_REVOKED_new());
    const Owned<ASN1_INTEGER, ASN1_INTEGER_free> number(Must(ASN1_INTEGER_new()));
    Must(ASN1_INTEGER_set_uint64(number.get(), serial) == 1);
    Must(X509_REVOKED_set_serialNumber(entry, number.get()) == 1);
    Must(X509_REVOKED_set_revocationDate(entry, this_update.get()) == 1);
    Must(X509_CRL_add0_revoked(crl.get(), entry) == 1);
  }
  const ExtensionSpec number{"2.5.29.20", {0x02, 0x01, 0x06}, spec.critical_extension};
  Must(X509_CRL_add_ext(crl.get(), ToExtension(number).get(), -1) == 1);
  Must(X509_CRL_sign_ctx(crl.get(), Start(spec.signer, spec.scheme).get()) > 0);
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &der);
  Must(size > 0);
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

std::string Pem(const char* label, ByteView der) {
  const Owned<BIO, BIO_free> bio(Must(BIO_new(BIO_s_mem())));
  Must(PEM_write_bio(bio.get(), label, "", der.data(), static_cast<long>(der.size())) > 0);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

ByteVector Hwid(Product product) {
  ByteVector out(TcbLayoutOf(product) == TcbLayout::kTurin ? 8 : 64);
  // As a chip's may: it begins like a DER INTEGER.
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(2 + i);
  return out;
}

TcbVersion Tcb(Product product) {
  const TcbLayout layout = TcbLayoutOf(product);
  return {.layout = layout,
          .fmc = static_cast<std::uint8_t>(layout == TcbLayout::kTurin ? 1 : 0),
          .bootloader = 4,
          .tee = 2,
          .snp = 24,
          .microcode = 0xDB};
}

void SetBodyTcb(ReportBody& body, const TcbVersion& tcb) {
  const RawTcb raw = EncodeTcb(tcb);
  body.current_tcb = body.reported_tcb = body.committed_tcb = body.launch_tcb = raw;
}

ReportBody Body(Product product) {
  ReportBody body{};
  const bool turin = product == Product::kTurin;
  body.version = turin ? 5 : 3;
  body.policy = guest_policy::kMustBeOne | guest_policy::kSmt;
  body.signature_algo = kSignatureEcdsaP384Sha384;
  SetBodyTcb(body, Tcb(product));
  body.cpuid_family = turin ? 0x1A : 0x19;
  body.cpuid_model = turin ? 0x02 : product == Product::kGenoa ? 0x11 : 0x01;
  body.cpuid_stepping = 1;
  Copy(body.chip_id, Hwid(product));
  Fill(body.report_id_ma, 0xFF);
  body.current_major = body.committed_major = 1;
  body.current_minor = body.committed_minor = 55;
  body.current_build = body.committed_build = 21;
  for (std::size_t i = 0; i < body.measurement.size(); ++i) {
    body.measurement[i] = static_cast<std::uint8_t>(0x40 + i);
  }
  return body;
}

ByteVector Sign(const ReportBody& body, Key key) {
  const Bytes<kReportBodySize> bytes = wire::ToBytes(body);
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(Must(EVP_MD_CTX_new()));
  Must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, KeyOf(key)) == 1);
  Bytes<128> der{};
  std::size_t size = der.size();
  Must(EVP_DigestSign(context.get(), der.data(), &size, bytes.data(), bytes.size()) == 1);
  const std::uint8_t* at = der.data();
  const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(
      Must(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size))));
  Bytes<kScalarSize> r{};
  Bytes<kScalarSize> s{};
  Must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), r.data(), kScalarSize) == kScalarSize);
  Must(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), s.data(), kScalarSize) == kScalarSize);
  const ReportLayout layout{body, EncodeReportSignature(r, s)};
  const Bytes<kReportSize> out = wire::ToBytes(layout);
  return ByteVector(out.begin(), out.end());
}

}  // namespace svsm::snp::forge
