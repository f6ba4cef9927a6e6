// Reads the record files of tests/vectors/snp: lines `field value`, records separated by empty
// lines.
#ifndef SVSM_TESTS_SNP_VECTOR_FILE_H_
#define SVSM_TESTS_SNP_VECTOR_FILE_H_

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"

namespace svsm::snp::testing {

struct VectorRecord {
  std::multimap<std::string, std::string> fields;

  std::string Text(const std::string& field) const {
    const auto found = fields.find(field);
    return found == fields.end() ? std::string() : found->second;
  }
  ByteVector Hex(const std::string& field) const { return FromHex(Text(field)).value(); }
  std::uint64_t Number(const std::string& field) const { return std::stoull(Text(field)); }
  std::vector<std::string> All(const std::string& field) const {
    std::vector<std::string> values;
    const auto range = fields.equal_range(field);
    for (auto it = range.first; it != range.second; ++it) values.push_back(it->second);
    return values;
  }
};

inline std::vector<VectorRecord> ReadVectorFile(const std::string& name) {
  std::ifstream in(std::string(SVSM_TESTS_DIR) + "/vectors/snp/" + name);
  std::vector<VectorRecord> records;
  VectorRecord record;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty()) {
      records.push_back(std::exchange(record, {}));
      continue;
    }
    const std::size_t space = line.find(' ');
    record.fields.emplace(line.substr(0, space), line.substr(space + 1));
  }
  if (!record.fields.empty()) records.push_back(record);
  return records;
}

inline VectorRecord FindRecord(const std::vector<VectorRecord>& records, const std::string& name) {
  for (const VectorRecord& record : records) {
    if (record.Text("name") == name) return record;
  }
  return {};
}

// The generator's stream(): SHA-256 of "label/0", "label/1", ...
inline ByteVector VectorStream(const std::string& label, std::size_t size) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  ByteVector out;
  for (int counter = 0; out.size() < size; ++counter) {
    Bytes<32> digest{};
    (void)sha256.Digest(AsBytes(label + "/" + std::to_string(counter)), digest);
    out.insert(out.end(), digest.begin(), digest.end());
  }
  out.resize(size);
  return out;
}

}  // namespace svsm::snp::testing

#endif  // SVSM_TESTS_SNP_VECTOR_FILE_H_
