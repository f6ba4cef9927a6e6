// svsm/snp_verify/pcr_table.h: PCR values that come with a quote, as files spell them.
//
//   std::string error;
//   SVSM_ASSIGN_OR_RETURN(const snp::PcrTable pcrs,
//                         snp::ReadPcrFile(file, quote.selection, error));
//
// Forms that are told apart by their bytes:
// - JSON: a list of hex strings, PCR 0 first, all of one bank that their length names; or an object
//   of banks, each such a list or an object of numbers: {"sha256": {"0": "00..", "7": "a1.."}};
// - tpm2-tools' `--pcrs_format=serialized` (the default of tpm2_quote -o);
// - raw values one after another in the order of the quote's selection (`--pcrs_format=values`).
//
// Profile: hosted. Allocates: the heap. Threads: functions are pure.
#ifndef SVSM_SNP_VERIFY_PCR_TABLE_H_
#define SVSM_SNP_VERIFY_PCR_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/evidence/attest.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxPcrFileSize = std::size_t{1} << 16;

struct PcrEntry {
  evidence::TpmAlg bank;
  std::uint32_t index;
  ByteVector value;
};
// Each PCR of a bank at most once.
using PcrTable = std::vector<PcrEntry>;

// Reads a file in any of the forms. After an error `error` is a line for people.
// Errors: kOutOfRange (above kMaxPcrFileSize), kMalformed (in none of the forms, or damaged in the
// one that it begins like), kUnsupported (a bank that is not SHA-1, SHA-256, SHA-384 or SHA-512).
Result<PcrTable> ReadPcrFile(ByteView file, const evidence::PcrSelectionList& selection,
                             std::string& error);

// The three forms. Errors: as ReadPcrFile().
Result<PcrTable> ParsePcrJson(std::string_view json, std::string& error);
Result<PcrTable> ParsePcrSerialized(ByteView file);
Result<PcrTable> ParsePcrValues(ByteView file, const evidence::PcrSelectionList& selection);

// "sha256", "sha1", ...; "?" for another algorithm.
const char* PcrBankName(evidence::TpmAlg bank);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_PCR_TABLE_H_
