#include "svsm/snp_verify/certificate.h"

#include "snp/verify/der.h"
#include "snp/verify/name.h"
#include "snp/verify/pem.h"

namespace svsm::snp {
namespace {

// Extensions ::= SEQUENCE OF { OID, critical DEFAULT FALSE, OCTET STRING }, not empty.
Status ReadExtensions(der::Reader wrapper, X509Certificate& out) {
  der::Reader list = wrapper.Enter(der::kSequence);
  SVSM_TRY(wrapper.Finish());
  list.Require(!list.empty());
  while (!list.empty()) {
    list.Require(out.num_extensions < kMaxExtensions, Code::kUnsupported);
    der::Reader entry = list.Enter(der::kSequence);
    Extension extension;
    extension.oid = entry.Content(der::kOid);
    if (entry.Next(der::kBoolean)) {
      extension.critical = entry.Boolean();
      entry.Require(extension.critical);
    }
    extension.value = entry.Content(der::kOctetString);
    SVSM_TRY(entry.Finish());
    out.extension_storage[out.num_extensions++] = extension;
  }
  return list.Finish();
}

Status ReadTbs(der::Reader tbs, X509Certificate& out) {
  if (tbs.Next(der::Context(0))) {
    der::Reader version = tbs.Enter(der::Context(0));
    out.version = version.SmallInteger() + 1;
    version.Require(out.version == 2 || out.version == 3);  // 1 is the default, so not written
    SVSM_TRY(version.Finish());
  }
  out.serial = tbs.Integer();
  const ByteView signature_algorithm = tbs.Element(der::kSequence);
  tbs.Require(Equal(signature_algorithm, out.signature_algorithm));
  out.issuer = tbs.Element(der::kSequence);
  der::Reader validity = tbs.Enter(der::kSequence);
  out.not_before = validity.Time();
  out.not_after = validity.Time();
  SVSM_TRY(validity.Finish());
  out.subject = tbs.Element(der::kSequence);
  out.spki = tbs.Element(der::kSequence);
  tbs.Require(!tbs.Next(0x81) && !tbs.Next(0x82), Code::kUnsupported);
  if (tbs.Next(der::Context(3))) SVSM_TRY(ReadExtensions(tbs.Enter(der::Context(3)), out));
  return tbs.Finish();
}

}  // namespace

Result<X509Certificate> ParseCertificate(ByteView der) {
  if (der.size() > kMaxCertificateSize) {
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxCertificateSize);
  }
  X509Certificate out;
  out.der = der;
  der::Reader file(der);
  der::Reader certificate = file.Enter(der::kSequence);
  SVSM_TRY(file.Finish());
  der::Reader ahead = certificate;
  out.tbs = ahead.Element(der::kSequence);
  out.signature_algorithm = ahead.Element(der::kSequence);
  out.signature = ahead.BitString();
  SVSM_TRY(ahead.Finish());
  SVSM_TRY(ReadTbs(certificate.Enter(der::kSequence), out));
  return out;
}

CertificateKind KindOf(const X509Certificate& certificate) {
  const std::string_view name = CommonName(certificate.subject);
  if (name == "SEV-VCEK") return CertificateKind::kVcek;
  if (name == "SEV-VLEK") return CertificateKind::kVlek;
  if (name.starts_with("SEV-VLEK-")) return CertificateKind::kAsvk;
  if (name.starts_with("SEV-")) return CertificateKind::kAsk;
  if (name.starts_with("ARK-")) return CertificateKind::kArk;
  return CertificateKind::kOther;
}

std::string_view CommonName(ByteView name) { return CommonNameOf(name); }

Result<std::vector<ByteVector>> ReadCertificateFile(ByteView file) {
  return ReadDerOrPem(file, "CERTIFICATE");
}

}  // namespace svsm::snp
