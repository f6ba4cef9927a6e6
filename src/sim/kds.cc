#include "svsm/sim/kds.h"

#include "sim/folder.h"

namespace svsm::sim {

namespace {

std::string LinePath(const ProductLine& line, EndorsementKey key) {
  return std::string(key == EndorsementKey::kVlek ? "/vlek/v1/" : "/vcek/v1/") + line.name;
}

std::string Decimal(unsigned value, SplDigits digits) {
  const std::string text = std::to_string(value);
  return digits == SplDigits::kTwo && text.size() < 2 ? "0" + text : text;
}

}  // namespace

std::string KdsChainPath(const ProductLine& line, EndorsementKey key) {
  return LinePath(line, key) + "/cert_chain";
}

std::string KdsCrlPath(const ProductLine& line, EndorsementKey key) {
  return LinePath(line, key) + "/crl";
}

std::string KdsVcekPath(const ProductLine& line, ByteView hwid, const snp::RawTcb& tcb,
                        SplDigits digits) {
  std::string out = LinePath(line, EndorsementKey::kVcek) + "/" + ToHex(hwid);
  char separator = '?';
  for (const SplField& field : line.url) {
    out +=
        separator + std::string(field.url_parameter) + "=" + Decimal(tcb[field.tcb_byte], digits);
    separator = '&';
  }
  return out;
}

Status WriteKdsLine(const std::string& folder, const CertificateAuthority& ca, ByteView crl) {
  const ProductLine& line = ca.line();
  SVSM_TRY(MakeFolder(folder + LinePath(line, ca.signs())));
  const std::string chain = ca.ChainPem();
  SVSM_TRY(WriteFileAtomically(folder + KdsChainPath(line, ca.signs()), AsBytes(chain),
                               FileMode::kPublic));
  return WriteFileAtomically(folder + KdsCrlPath(line, ca.signs()), crl, FileMode::kPublic);
}

Status WriteKdsChip(const std::string& folder, const CertificateAuthority& ca, const Chip& chip,
                    std::span<const snp::RawTcb> tcbs, std::int64_t not_before_unix_s) {
  SVSM_TRY(MakeFolder(folder + LinePath(ca.line(), EndorsementKey::kVcek)));
  for (const snp::RawTcb& tcb : tcbs) {
    SVSM_ASSIGN_OR_RETURN(const ByteVector vcek, chip.IssueVcek(ca, tcb, not_before_unix_s));
    for (const SplDigits digits : {SplDigits::kPlain, SplDigits::kTwo}) {
      const std::string path = folder + KdsVcekPath(ca.line(), chip.hwid(), tcb, digits);
      SVSM_TRY(WriteFileAtomically(path, vcek, FileMode::kPublic));
    }
  }
  return OkStatus();
}

}  // namespace svsm::sim
