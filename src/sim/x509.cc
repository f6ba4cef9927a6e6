#include "sim/x509.h"

#include <openssl/sha.h>

#include "sim/der.h"

namespace svsm::sim::x509 {

namespace {

using der::Explicit;
using der::Implicit;
using der::Integer;
using der::Join;
using der::Oid;
using der::Sequence;
using der::Text;
using der::Tlv;

void Append(ByteVector& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// id-RSASSA-PSS with SHA-384, MGF1 with SHA-384, salt 48 (RFC 4055 section 3.1).
ByteVector PssAlgorithm() {
  const ByteVector sha384 = Sequence({Oid({2, 16, 840, 1, 101, 3, 4, 2, 2}), der::Null()});
  const ByteVector mgf1 = Sequence({Oid({1, 2, 840, 113549, 1, 1, 8}), sha384});
  const ByteVector parameters =
      Sequence({Tlv(Explicit(0), sha384), Tlv(Explicit(1), mgf1), Tlv(Explicit(2), Integer(48))});
  return Sequence({Oid({1, 2, 840, 113549, 1, 1, 10}), parameters});
}

ByteVector NameAttribute(std::uint32_t arc, std::uint8_t string_tag, std::string_view value) {
  return Join(der::kSet, {Sequence({Oid({2, 5, 4, arc}), Text(string_tag, value)})});
}

ByteVector Name(std::string_view common_name) {
  return Sequence({NameAttribute(11, der::kUtf8String, "Engineering"),
                   NameAttribute(6, der::kPrintableString, "US"),
                   NameAttribute(7, der::kUtf8String, "Santa Clara"),
                   NameAttribute(8, der::kUtf8String, "CA"),
                   NameAttribute(10, der::kUtf8String, "Advanced Micro Devices"),
                   NameAttribute(3, der::kUtf8String, common_name)});
}

ByteVector Extension(ByteView oid, ByteView value) {
  return Sequence({oid, Tlv(der::kOctetString, value)});
}

ByteVector CriticalExtension(ByteView oid, ByteView value) {
  return Sequence({oid, der::Boolean(true), Tlv(der::kOctetString, value)});
}

// SHA-1 of the public key's BIT STRING content (RFC 5280 section 4.2.1.2, method 1).
ByteVector KeyId(ByteView spki) {
  constexpr std::size_t kRsa4096SpkiHeader = 24;  // up to and with the BIT STRING's unused bits
  const ByteView key = spki.subspan(kRsa4096SpkiHeader);
  ByteVector out(SHA_DIGEST_LENGTH);
  SHA1(key.data(), key.size(), out.data());
  return out;
}

ByteVector SubjectKeyId(ByteView spki) {
  return Extension(Oid({2, 5, 29, 14}), Tlv(der::kOctetString, KeyId(spki)));
}

ByteVector AuthorityKeyId(ByteView spki) {
  return Extension(Oid({2, 5, 29, 35}), Sequence({Tlv(Implicit(0), KeyId(spki))}));
}

ByteVector CrlDistributionPoint(std::string_view url) {
  const ByteVector uri = Text(Implicit(6), url);
  const ByteVector full_name = Tlv(Explicit(0), uri);
  const ByteVector point = Sequence({Tlv(Explicit(0), full_name)});
  return Extension(Oid({2, 5, 29, 31}), Sequence({point}));
}

ByteVector KeyUsage(std::uint8_t bits, std::uint8_t unused_bits) {
  return CriticalExtension(Oid({2, 5, 29, 15}), der::BitString({&bits, 1}, unused_bits));
}

ByteVector BasicConstraints(ByteView content) {
  return CriticalExtension(Oid({2, 5, 29, 19}), Tlv(der::kSequence, content));
}

ByteVector AmdOid(std::initializer_list<std::uint32_t> tail) {
  ByteVector content = Oid({1, 3, 6, 1, 4, 1, 3704, 1});
  content.erase(content.begin(), content.begin() + 2);  // tag and length
  for (const std::uint32_t arc : tail) content.push_back(static_cast<std::uint8_t>(arc));
  return Tlv(0x06, content);
}

// What VCEK and VLEK have in common, then `whose`: the extension that says whose key it is.
ByteVector LeafExtensions(const ProductLine& line, std::string_view product_name,
                          const snp::RawTcb& tcb, ByteView whose) {
  ByteVector content;
  Append(content, Extension(AmdOid({1}), Integer(line.struct_version)));
  Append(content, Extension(AmdOid({2}), Text(der::kIa5String, product_name)));
  for (const SplField& spl : line.spls) {
    Append(content, Extension(AmdOid({3, spl.oid_arc}), Integer(tcb[spl.tcb_byte])));
  }
  Append(content, whose);
  return Tlv(der::kSequence, content);
}

Result<ByteVector> SignTbs(ByteView tbs, const RsaKey& key) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector signature, key.Sign(tbs));
  return Sequence({tbs, PssAlgorithm(), der::BitString(signature, 0)});
}

}  // namespace

Result<ByteVector> Sign(const Certificate& certificate, const RsaKey& key) {
  const ByteVector version = Tlv(Explicit(0), Integer(2));
  const ByteVector validity =
      Sequence({der::UtcTime(certificate.not_before), der::UtcTime(certificate.not_after)});
  return SignTbs(Sequence({version, Integer(certificate.serial), PssAlgorithm(),
                           Name(certificate.issuer), validity, Name(certificate.subject),
                           certificate.spki, Tlv(Explicit(3), certificate.extensions)}),
                 key);
}

ByteVector RootExtensions(ByteView own_spki, std::string_view crl_url) {
  return Sequence({KeyUsage(0x06, 1),  // keyCertSign, cRLSign
                   SubjectKeyId(own_spki), BasicConstraints(der::Boolean(true)),
                   CrlDistributionPoint(crl_url)});
}

ByteVector IntermediateExtensions(ByteView own_spki, ByteView issuer_spki,
                                  std::string_view crl_url) {
  ByteVector constraints = der::Boolean(true);
  Append(constraints, Integer(0));          // pathLenConstraint
  return Sequence({SubjectKeyId(own_spki),  //
                   AuthorityKeyId(issuer_spki), BasicConstraints(constraints),
                   KeyUsage(0x04, 2),  // keyCertSign
                   CrlDistributionPoint(crl_url)});
}

ByteVector VcekExtensions(const ProductLine& line, ByteView hwid, const snp::RawTcb& tcb) {
  const ByteVector raw = Extension(AmdOid({4}), hwid);  // raw bytes, as AMD's
  return LeafExtensions(line, line.product_name, tcb, raw);
}

ByteVector VlekExtensions(const ProductLine& line, std::string_view csp_id,
                          const snp::RawTcb& tcb) {
  const ByteVector id = Extension(AmdOid({5}), Text(der::kIa5String, csp_id));
  return LeafExtensions(line, line.name, tcb, id);
}

ByteVector EcSpki(const crypto::EcPointView& point) {
  const ByteVector algorithm =
      Sequence({Oid({1, 2, 840, 10045, 2, 1}), Oid({1, 3, 132, 0, 34})});  // P-384
  ByteVector key{0x04};
  Append(key, point.x);
  Append(key, point.y);
  return Sequence({algorithm, der::BitString(key, 0)});
}

Result<ByteVector> SignCrl(const CrlRequest& request, std::string_view issuer, ByteView issuer_spki,
                           const RsaKey& key) {
  ByteVector entries;
  for (const std::uint64_t serial : request.revoked_serials) {
    Append(entries, Sequence({Integer(serial), der::UtcTime(request.this_update_unix_s)}));
  }
  // An empty list of entries is left out (RFC 5280 section 5.1.2.6).
  const ByteVector revoked = entries.empty() ? ByteVector() : Tlv(der::kSequence, entries);
  const ByteVector number = Extension(Oid({2, 5, 29, 20}), Integer(request.crl_number));
  const ByteVector extensions = Tlv(Explicit(0), Sequence({AuthorityKeyId(issuer_spki), number}));
  return SignTbs(
      Sequence({Integer(1), PssAlgorithm(), Name(issuer), der::UtcTime(request.this_update_unix_s),
                der::UtcTime(request.next_update_unix_s), revoked, extensions}),
      key);
}

}  // namespace svsm::sim::x509
