// Small IGVM files whose every part can be made wrong.
#ifndef SVSM_TESTS_SNP_IGVM_FILES_H_
#define SVSM_TESTS_SNP_IGVM_FILES_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "svsm/core/wire.h"
#include "tests/snp/launch_files.h"

namespace svsm::snp::testing {

inline std::uint32_t Crc(ByteView bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

// A file of headers and pages of data; file offsets in headers are counted from the data's start.
struct IgvmBuilder {
  std::uint32_t version = 1;
  std::uint32_t architecture = 0;
  std::uint32_t page_size = 4096;
  ByteVector headers;
  std::vector<std::size_t> offsets_at;  // where in `headers` a file offset is
  ByteVector data = ByteVector(0x2000, 0x11);

  void Header(std::uint32_t type, const std::vector<std::pair<std::uint64_t, int>>& fields) {
    ByteVector body;
    for (const auto& [value, size] : fields) PutLe(body, value, size);
    PutLe(headers, type, 4);
    PutLe(headers, body.size(), 4);
    Append(headers, body);
    headers.resize((headers.size() + 7) / 8 * 8);
  }
  void Platform(std::uint32_t mask, std::uint32_t type, std::uint32_t platform_version = 1) {
    Header(1, {{mask, 4}, {2, 1}, {type, 1}, {platform_version, 2}, {0, 8}});
  }
  void Policy(std::uint32_t mask = 1) { Header(0x101, {{0x30000, 8}, {mask, 4}, {0, 4}}); }
  // `at` below zero is an empty page.
  void Page(std::uint64_t gpa, int at, std::uint32_t flags = 0, std::uint32_t type = 0,
            std::uint32_t mask = 1) {
    if (at >= 0) offsets_at.push_back(headers.size() + 20);
    Header(0x302, {{gpa, 8}, {mask, 4}, {at < 0 ? 0 : at, 4}, {flags, 4}, {type, 2}, {0, 2}});
  }
  void Context(std::uint64_t gpa, int at, std::uint32_t mask = 1) {
    offsets_at.push_back(headers.size() + 20);
    Header(0x304, {{gpa, 8}, {mask, 4}, {at, 4}, {0, 2}, {0, 2}});
  }
  void Area(std::uint64_t size, std::uint32_t index) {
    Header(0x301, {{size, 8}, {index, 4}, {0, 4}});
  }
  void Insert(std::uint64_t gpa, std::uint32_t index) {
    Header(0x303, {{gpa, 8}, {1, 4}, {index, 4}});
  }

  ByteVector Build() const {
    const std::size_t fixed = version == 1 ? 24 : 32;
    ByteVector body = headers;
    for (const std::size_t at : offsets_at) {
      const std::uint64_t offset = wire::Read<wire::Le32>(ByteView(body).subspan(at))->get();
      ByteVector moved;
      PutLe(moved, offset + fixed + headers.size(), 4);
      Copy(ByteSpan(body).subspan(at), moved);
    }
    ByteVector file(4);
    Copy(file, AsBytes("IGVM"));
    PutLe(file, version, 4);
    PutLe(file, fixed, 4);
    PutLe(file, body.size(), 4);
    PutLe(file, fixed + body.size() + data.size(), 4);
    PutLe(file, 0, 4);
    if (version != 1) {
      PutLe(file, architecture, 4);
      PutLe(file, page_size, 4);
    }
    Append(file, body);
    Seal(file);
    Append(file, data);
    return file;
  }
  // Writes the checksum over the headers alone.
  static void Seal(ByteVector& headers_alone) {
    Fill(ByteSpan(headers_alone).subspan(20, 4), 0);
    ByteVector crc;
    PutLe(crc, Crc(headers_alone), 4);
    Copy(ByteSpan(headers_alone).subspan(20), crc);
  }
};

// One page for SEV-SNP.
inline IgvmBuilder Small() {
  IgvmBuilder builder;
  builder.Platform(1, 2);
  builder.Policy();
  builder.Page(0x100000, 0);
  return builder;
}

}  // namespace svsm::snp::testing

#endif  // SVSM_TESTS_SNP_IGVM_FILES_H_
