#include "svsm/snp_verify/pcr_table.h"

#include "svsm/core/reader.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;

// tpm2-tools writes the C structures of the TPM software stack as they lie in memory, numbers
// little-endian: TPML_PCR_SELECTION of 16 banks (4 + 16 * 8 bytes), a count, then of each
// TPML_DIGEST a count and 8 digests of 2 + 64 bytes.
constexpr std::size_t kMaxBanks = 16;
constexpr std::size_t kDigestsPerList = 8;
constexpr std::size_t kDigestRoom = 64;
constexpr std::size_t kSelectionsSize = 4 + kMaxBanks * 8;
constexpr std::size_t kListSize = 4 + kDigestsPerList * (2 + kDigestRoom);

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kSnpVerify, static_cast<std::uint32_t>(offset));
}

bool LooksSerialized(ByteView file) {
  if (file.size() < kSelectionsSize + 4 || (file.size() - kSelectionsSize - 4) % kListSize != 0) {
    return false;
  }
  const std::size_t lists = (file.size() - kSelectionsSize - 4) / kListSize;
  wire::Reader r(file);
  const std::uint32_t banks = r.Le32();
  r.Skip(kSelectionsSize - 4);
  return banks != 0 && banks <= kMaxBanks && r.Le32() == lists;
}

bool LooksLikeJson(ByteView file) {
  for (const std::uint8_t byte : file) {
    if (byte == '[' || byte == '{') return true;
    if (byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n') return false;
  }
  return false;
}

// The next bank of a serialized selection: u16 hash, u8 size, 4 bytes of bits, 1 of padding.
Result<evidence::PcrSelection> ReadSelection(wire::Reader& r) {
  evidence::PcrSelection selection;
  selection.bank = static_cast<TpmAlg>(r.Le16());
  const std::size_t size = r.U8();
  const std::uint32_t bits = r.Le32();
  r.Skip(1);
  if (evidence::TpmDigestSize(selection.bank) == 0) {
    return Status(Code::kUnsupported, Source::kSnpVerify,
                  static_cast<std::uint32_t>(selection.bank));
  }
  if (size > 4) return Malformed(r.offset());
  selection.mask = size == 4 ? bits : bits & ((std::uint32_t{1} << 8 * size) - 1);
  if (selection.mask >> evidence::kNumPcrs != 0) return Malformed(r.offset());
  return selection;
}

// Which PCRs the digests are of, in their order. A bank may come in several rounds of eight.
Result<PcrTable> ReadSelections(wire::Reader r) {
  PcrTable table;
  const std::uint32_t banks = r.Le32();
  for (std::uint32_t i = 0; i < banks; ++i) {
    SVSM_ASSIGN_OR_RETURN(const evidence::PcrSelection bank, ReadSelection(r));
    for (std::uint32_t index = 0; index < evidence::kNumPcrs; ++index) {
      if ((bank.mask >> index & 1) != 0) table.push_back({bank.bank, index, {}});
    }
  }
  return table;
}

bool HasRepeats(const PcrTable& table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (table[i].bank == table[j].bank && table[i].index == table[j].index) return true;
    }
  }
  return false;
}

}  // namespace

const char* PcrBankName(TpmAlg bank) {
  switch (bank) {
    case TpmAlg::kSha1:
      return "sha1";
    case TpmAlg::kSha256:
      return "sha256";
    case TpmAlg::kSha384:
      return "sha384";
    case TpmAlg::kSha512:
      return "sha512";
    default:
      return "?";
  }
}

Result<PcrTable> ReadPcrFile(ByteView file, const evidence::PcrSelectionList& selection,
                             std::string& error) {
  error = "neither JSON, nor tpm2-tools' serialized form, nor the quoted values one after another";
  if (file.size() > kMaxPcrFileSize) {
    error = "larger than " + std::to_string(kMaxPcrFileSize) + " bytes";
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxPcrFileSize);
  }
  // Raw values first: their size alone is exact, and their bytes may look like anything.
  if (Result<PcrTable> values = ParsePcrValues(file, selection); values.ok()) return values;
  if (LooksSerialized(file)) return ParsePcrSerialized(file);
  if (!LooksLikeJson(file)) return Malformed(0);
  return ParsePcrJson(
      std::string_view(static_cast<const char*>(static_cast<const void*>(file.data())),
                       file.size()),
      error);
}

Result<PcrTable> ParsePcrSerialized(ByteView file) {
  if (!LooksSerialized(file)) return Malformed(0);
  wire::Reader r(file);
  SVSM_ASSIGN_OR_RETURN(PcrTable table, ReadSelections(r));
  r.Skip(kSelectionsSize);
  const std::uint32_t lists = r.Le32();
  std::size_t next = 0;
  for (std::uint32_t list = 0; list < lists; ++list) {
    const std::uint32_t digests = r.Le32();
    if (digests > kDigestsPerList) return Malformed(r.offset());
    for (std::uint32_t i = 0; i < kDigestsPerList; ++i) {
      const std::size_t size = r.Le16();
      const ByteView room = r.Take(kDigestRoom);
      if (i >= digests) continue;
      const bool fits = next < table.size() && size == evidence::TpmDigestSize(table[next].bank);
      if (!fits) return Malformed(r.offset());
      table[next++].value = ToVector(room.first(size));
    }
  }
  SVSM_TRY(r.Finish());
  if (next != table.size() || HasRepeats(table)) return Malformed(file.size());
  return table;
}

Result<PcrTable> ParsePcrValues(ByteView file, const evidence::PcrSelectionList& selection) {
  wire::Reader r(file);
  PcrTable table;
  for (const evidence::PcrSelection& bank : selection.view()) {
    for (std::uint32_t index = 0; index < evidence::kNumPcrs; ++index) {
      if ((bank.mask >> index & 1) == 0) continue;
      table.push_back({bank.bank, index, ToVector(r.Take(evidence::TpmDigestSize(bank.bank)))});
    }
  }
  if (!r.Finish().ok() || table.empty()) return Malformed(r.offset());
  return table;
}

}  // namespace svsm::snp
