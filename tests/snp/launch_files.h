// The recorded launch vectors, and small firmware images that are built here.
#ifndef SVSM_TESTS_SNP_LAUNCH_FILES_H_
#define SVSM_TESTS_SNP_LAUNCH_FILES_H_

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "svsm/core/guid.h"
#include "svsm/core/hosted.h"

namespace svsm::snp::testing {

// The folder of the vectors, or "" where they are not recorded.
inline std::string LaunchVectors() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  if (folder == nullptr) return "";
  const std::string launch = std::string(folder) + "/launch/";
  return ReadFile(launch + "vectors.tsv").ok() ? launch : "";
}

// The lines of a table without its head, split at tabs.
inline std::vector<std::vector<std::string>> ReadTable(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  std::vector<std::vector<std::string>> rows;
  while (std::getline(in, line)) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
    rows.push_back(row);
  }
  return rows;
}

// A quoted cell's text: the escapes that the tables use, and no others.
inline std::string Unquote(const std::string& cell) {
  if (cell == "-") return "";
  std::string text;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    if (cell[i] != '\\') {
      text += cell[i];
    } else {
      ++i;
      text += cell[i] == 't' ? '\t' : cell[i];
    }
  }
  return text;
}

inline void PutLe(ByteVector& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

inline void Append(ByteVector& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

struct FirmwareSection {
  std::uint32_t gpa;
  std::uint32_t size;
  std::uint32_t type;
};

inline constexpr Guid kOtherEntry = Guid::Parse("4c2eb361-7d9b-4cc3-8081-127c90d3d294");
inline constexpr Guid kHashesEntry = Guid::Parse("7255371f-3a3b-4b04-927b-1da6efa8d454");
inline constexpr Guid kResetEntry = Guid::Parse("00f771de-1a7e-4fcb-890e-68c77e2fb44e");
inline constexpr Guid kMetadataEntry = Guid::Parse("dc886566-984a-4798-a75e-5585a7bf67cc");
inline constexpr Guid kSvsmEntry = Guid::Parse("a789a612-0597-4c4b-a49f-cbb1fe9d1ddd");
inline constexpr Guid kFooterEntry = Guid::Parse("96b582de-1fb2-45f7-baea-a366c55a082d");

// A firmware image whose every part can be made wrong.
struct FirmwareBuilder {
  std::size_t size = 0x2000;
  std::vector<FirmwareSection> sections = {
      {0x800000, 0x2000, 1}, {0x802000, 0x1000, 2}, {0x803000, 0x1000, 3}};
  struct Entry {
    Guid guid;
    ByteVector data;
    std::size_t length_error = 0;
  };
  std::vector<Entry> entries;
  std::uint32_t metadata_from_end = 0x300;
  std::string magic = "ASEV";
  std::uint32_t version = 1;
  std::uint32_t count_error = 0;
  std::uint32_t metadata_size_error = 0;
  Guid footer = kFooterEntry;
  int footer_length = -1;

  FirmwareBuilder() {
    Add(kMetadataEntry, 0x300);
    Add(kResetEntry, 0x0080B004);
  }
  void Add(const Guid& guid, std::uint32_t value) {
    Entry entry{guid, {}};
    PutLe(entry.data, value, 4);
    entries.push_back(entry);
  }
  ByteVector Build() const {
    ByteVector image(size, 0xA5);
    ByteVector metadata(magic.begin(), magic.end());
    PutLe(metadata, 16 + 12 * sections.size() + metadata_size_error, 4);
    PutLe(metadata, version, 4);
    PutLe(metadata, sections.size() + count_error, 4);
    for (const FirmwareSection& section : sections) {
      for (const std::uint32_t value : {section.gpa, section.size, section.type}) {
        PutLe(metadata, value, 4);
      }
    }
    Copy(ByteSpan(image).last(metadata_from_end), metadata);
    ByteVector table;
    for (const Entry& entry : entries) {
      Append(table, entry.data);
      PutLe(table, entry.data.size() + 18 + entry.length_error, 2);
      Append(table, entry.guid.mixed_endian());
    }
    PutLe(table, footer_length < 0 ? table.size() + 18 : static_cast<unsigned>(footer_length), 2);
    Append(table, footer.mixed_endian());
    Copy(ByteSpan(image).subspan(image.size() - 32 - table.size()), table);
    return image;
  }
};

}  // namespace svsm::snp::testing

#endif  // SVSM_TESTS_SNP_LAUNCH_FILES_H_
