#include "svsm/snp_verify/crl.h"

#include "snp/verify/der.h"
#include "snp/verify/pem.h"

namespace svsm::snp {
namespace {

// Extensions, of which none may be critical: nothing here acts on one.
Status ReadExtensions(der::Reader list) {
  list.Require(!list.empty());
  while (!list.empty()) {
    der::Reader extension = list.Enter(der::kSequence);
    (void)extension.Content(der::kOid);
    extension.Require(!extension.Next(der::kBoolean), Code::kUnsupported);
    (void)extension.Content(der::kOctetString);
    SVSM_TRY(extension.Finish());
  }
  return list.Finish();
}

Status ReadEntries(der::Reader list, std::vector<ByteView>& out) {
  list.Require(!list.empty());
  while (!list.empty()) {
    der::Reader entry = list.Enter(der::kSequence);
    const ByteView serial = entry.Integer();
    (void)entry.Time();
    if (entry.Next(der::kSequence)) SVSM_TRY(ReadExtensions(entry.Enter(der::kSequence)));
    SVSM_TRY(entry.Finish());
    out.push_back(serial);
  }
  return list.Finish();
}

Status ReadTbs(der::Reader tbs, Crl& out) {
  tbs.Require(tbs.Next(der::kInteger), Code::kUnsupported);
  const std::uint8_t version = tbs.SmallInteger();
  tbs.Require(version == 1, Code::kUnsupported);
  const ByteView signature_algorithm = tbs.Element(der::kSequence);
  tbs.Require(Equal(signature_algorithm, out.signature_algorithm));
  out.issuer = tbs.Element(der::kSequence);
  out.this_update = tbs.Time();
  if (tbs.Next(der::kUtcTime) || tbs.Next(der::kGeneralizedTime)) out.next_update = tbs.Time();
  if (tbs.Next(der::kSequence)) SVSM_TRY(ReadEntries(tbs.Enter(der::kSequence), out.revoked));
  if (tbs.Next(der::Context(0))) {
    der::Reader wrapper = tbs.Enter(der::Context(0));
    SVSM_TRY(ReadExtensions(wrapper.Enter(der::kSequence)));
    SVSM_TRY(wrapper.Finish());
  }
  return tbs.Finish();
}

}  // namespace

Result<Crl> ParseCrl(ByteView der) {
  if (der.size() > kMaxCrlSize) {
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxCrlSize);
  }
  Crl out;
  out.der = der;
  der::Reader file(der);
  der::Reader list = file.Enter(der::kSequence);
  SVSM_TRY(file.Finish());
  der::Reader ahead = list;
  out.tbs = ahead.Element(der::kSequence);
  out.signature_algorithm = ahead.Element(der::kSequence);
  out.signature = ahead.BitString();
  SVSM_TRY(ahead.Finish());
  SVSM_TRY(ReadTbs(list.Enter(der::kSequence), out));
  return out;
}

Result<std::vector<ByteVector>> ReadCrlFile(ByteView file) {
  return ReadDerOrPem(file, "X509 CRL");
}

}  // namespace svsm::snp
