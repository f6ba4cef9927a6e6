#include "svsm/broker/vcek_store.h"

#include "svsm/snp/product.h"

namespace svsm::broker {
namespace {

constexpr std::size_t kMaxStoredCertificate = 8192;
constexpr std::size_t kShortHwidSize = 8;

// Decimal, of at least two digits.
std::string Number(std::uint8_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

std::string TcbPrefix(const snp::TcbVersion& tcb) {
  std::string prefix = "bl" + Number(tcb.bootloader) + "_tee" + Number(tcb.tee) + "_snp" +
                       Number(tcb.snp) + "_ucode" + Number(tcb.microcode);
  if (tcb.layout == snp::TcbLayout::kTurin) prefix += "_fmc" + Number(tcb.fmc);
  return prefix;
}

}  // namespace

Result<ByteVector> DirectoryVcekStore::Find(ByteView chip_id, const snp::TcbVersion& tcb) const {
  if (chip_id.size() != snp::kChipIdSize) return Status(Code::kInvalidArgument, Source::kBroker);
  ByteView hwid = chip_id;
  if (IsZero(hwid)) return Status(Code::kNotFound, Source::kBroker);
  if (tcb.layout == snp::TcbLayout::kTurin) hwid = hwid.first(kShortHwidSize);
  const std::string folder = folder_ + "/vcek/" + ToHex(hwid) + '/';
  for (const std::string& name : {TcbPrefix(tcb) + "_vcek.der", std::string("vcek.der")}) {
    Result<ByteVector> der = ReadFile(folder + name, kMaxStoredCertificate);
    if (der.ok()) return der;
    if (der.status().code() == Code::kOutOfRange) return Status(Code::kDataLoss, Source::kBroker);
    if (der.status().code() != Code::kNotFound) return der.status();
  }
  return Status(Code::kNotFound, Source::kBroker);
}

Result<ByteVector> NoVcekStore::Find(ByteView chip_id, const snp::TcbVersion&) const {
  const bool sized = chip_id.size() == snp::kChipIdSize;
  return Status(sized ? Code::kNotFound : Code::kInvalidArgument, Source::kBroker);
}

}  // namespace svsm::broker
